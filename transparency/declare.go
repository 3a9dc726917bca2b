package transparency

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Declaration is what a leaf says by itself, where others only commit to a
// statement: about a key, or that results were erased. The party's own keys sign
// it, so that neither the log nor anybody else who writes to it can say it for them.
type Declaration struct {
	// Subject is the public key that is introduced, as policies write it; the id of
	// the key that is retired or compromised; "" for an erasure.
	Subject string
	// At is the log entry from which a compromised key counts for nothing, or that of
	// the statement whose results were erased; otherwise 0.
	At int64
	// Signatures are of Message, in base64: that of the leaf's Key, and of a key that
	// is introduced its own after that.
	Signatures []string
}

// declares reports whether leaves of the kind carry a Declaration.
func (k Kind) declares() bool { return k.AboutKey() || k == ErasureLeaf }

// AboutKey reports whether leaves of the kind say something about a key.
func (k Kind) AboutKey() bool {
	return k == KeyIntroduced || k == KeyRetired || k == KeyCompromised
}

// messageTitle stands before what declarations sign: no statement and no
// checkpoint begins so.
const messageTitle = "surety log entry v1\n"

// Message is what the signatures of a declaration are made of: a title, the origin
// of the one log it is meant for, and the leaf's text with no signature in it.
func (l *Leaf) Message(origin string) []byte {
	unsigned, bare := *l, *l.Declares
	bare.Signatures = nil
	unsigned.Declares = &bare
	return unsigned.Append([]byte(messageTitle + origin + "\n"))
}

func (d *Declaration) append(b []byte) []byte {
	b = append(append(append(b, `,"`...), d.Subject...), `",`...)
	b = append(strconv.AppendInt(b, d.At, 10), ",["...)
	for i, s := range d.Signatures {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), s...), '"')
	}
	return append(b, ']')
}

var keyText = regexp.MustCompile(`^(ed25519|p256):[A-Za-z0-9+/]+={0,2}$`)

// declare reads what follows the fields that every leaf has. Brackets and quotes that
// are missing or too many show in the leaf's one form.
func (l *Leaf) declare(parts []string) error {
	switch {
	case !l.Kind.declares() && len(parts) == 0:
		return nil
	case !l.Kind.declares() || len(parts) < 3:
		return fmt.Errorf("a leaf of kind %q has not %d parts", l.Kind, plainFields+len(parts))
	}
	at, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return err
	}
	d := &Declaration{Subject: strings.Trim(parts[0], `"`), At: at}
	for _, signature := range parts[2:] {
		d.Signatures = append(d.Signatures, strings.Trim(signature, `["]`))
	}
	l.Declares = d
	signers, subject := 1, shortHex(d.Subject)
	switch l.Kind {
	case KeyIntroduced:
		signers, subject = 2, keyText.MatchString(d.Subject)
	case ErasureLeaf:
		subject = d.Subject == ""
	}
	switch {
	case !subject:
		return errors.New("what it is about is not what its kind is about")
	case d.At < 0 || d.At > 0 && (l.Kind == KeyIntroduced || l.Kind == KeyRetired):
		return errors.New("it names no log entry that its kind can name")
	case len(d.Signatures) != signers || slices.ContainsFunc(d.Signatures, notSignature):
		return errors.New("its signatures are not those that its kind has")
	case l.Sequence != 1:
		return errors.New("it does not stand alone in its stream")
	case l.Kind.AboutKey() != l.Commitment.IsZero():
		return errors.New("what it says and what it commits to contradict each other")
	}
	return nil
}

// Signatures of Ed25519 have 64 bytes; those of P-256, in ASN.1, at most 72.
const minSignature, maxSignature = 8, 72

func notSignature(text string) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	return err != nil || len(raw) < minSignature || len(raw) > maxSignature
}
