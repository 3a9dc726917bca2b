// Package transparency says what a log is trusted for, and checks it: the leaf
// that stands for a statement, the head that a log signs, the path between them,
// and the witnesses who have seen that head and no other.
//
//	Leaf    what a log holds: a commitment, never a name or a result
//	Policy  whose logs, which witnesses, how many of them; the verifier's own
//	Check   leaf + proof + policy -> where and when it was logged, who saw it
//
// A log is a list that only grows. Its head, the checkpoint, is signed by the log
// and co-signed by witnesses, who each refuse a head that does not extend the one
// they saw before. A log that shows two histories must therefore fool a quorum of
// them, and two heads of one size and different roots are proof that it tried
// (Conflict). What is logged is final once the policy's quorum has witnessed it.
//
// The formats are those of C2SP: signed-note, tlog-checkpoint, tlog-cosignature,
// tlog-proof and tlog-policy. The package is pure, and verifies only; writing to a
// log is done elsewhere.
package transparency

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
)

// MaxLeaf bounds the bytes of a leaf.
const MaxLeaf = 512

// Kind is what a leaf is about.
type Kind string

// The kinds of leaves.
const (
	StatementLeaf  Kind = "statement"      // a party's statement about an assessment
	AdminLeaf      Kind = "admin"          // what an administrator did to the log
	KeyIntroduced  Kind = "key-introduce"  // a signing key is used from here on
	KeyRetired     Kind = "key-retire"     // and no longer from here on
	KeyCompromised Kind = "key-compromise" // what it signs from here on counts for nothing
	ErasureLeaf    Kind = "erasure"        // salts were destroyed
)

// plainFields is how many fields every leaf has. Those of a Declaration follow.
const plainFields = 8

var kinds = []Kind{StatementLeaf, AdminLeaf, KeyIntroduced, KeyRetired, KeyCompromised, ErasureLeaf}

// Leaf is one entry of a log. It names nothing: the stream is a keyed pseudonym,
// and the commitment hides what it commits to.
type Leaf struct {
	Kind       Kind
	Stream     string        // 16 hex digits: one issuer's entries about one system, or a declaration
	Sequence   int64         // of the entry in its stream, from 1; a gap shows that one is missing
	Previous   surety.Digest // of the stream's leaf before, zero for the first
	Commitment surety.Digest // SHA-256 of the signed envelope or of the list of what was erased; zero for a key event
	Key        string        // id of the issuer's key, 16 hex digits
	Claimed    time.Time     // the issuer's clock, whole seconds; witnesses' times bound it
	Declares   *Declaration  // of a key event or an erasure, otherwise nil
}

// Append appends the one text of the leaf to b:
//
//	[1,"KIND","STREAM",SEQUENCE,"PREVIOUS","COMMITMENT","KEY","TIME"]
//
// with digests as 64 hex digits, the zero one as "". A declaration adds
//
//	,"SUBJECT",AT,["SIGNATURE",...]
func (l *Leaf) Append(b []byte) []byte {
	b = append(b, `[1,"`...)
	b = append(append(append(b, l.Kind...), `","`...), l.Stream...)
	b = strconv.AppendInt(append(b, `",`...), l.Sequence, 10)
	b = appendHex(append(b, `,"`...), l.Previous)
	b = appendHex(append(b, `","`...), l.Commitment)
	b = append(append(append(b, `","`...), l.Key...), `","`...)
	b = append(l.Claimed.UTC().AppendFormat(b, time.RFC3339), '"')
	if l.Declares != nil {
		b = l.Declares.append(b)
	}
	return append(b, ']')
}

func appendHex(b []byte, d surety.Digest) []byte {
	if d.IsZero() {
		return b
	}
	return hex.AppendEncode(b, d[:])
}

// Digest is what the next leaf of the stream calls Previous.
func (l *Leaf) Digest() surety.Digest { return surety.DigestOf(l.Append(nil)) }

func shortHex(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == "" }

// ParseLeaf reads a leaf. It accepts exactly the bytes that Append writes.
func ParseLeaf(raw []byte) (*Leaf, error) {
	fail := func(why string) (*Leaf, error) { return nil, errors.New("parse leaf: " + why) }
	if len(raw) > MaxLeaf {
		return fail(fmt.Sprintf("%d bytes, more than %d", len(raw), MaxLeaf))
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(string(raw), "["), "]"), ",")
	if len(parts) < plainFields {
		return fail("it is not an array of eight or more")
	}
	// Quotes that are missing or too many show in its one form, below.
	text := func(i int) string { return strings.Trim(parts[i], `"`) }
	l := Leaf{Kind: Kind(text(1)), Stream: text(2), Key: text(6)}
	previous, commitment, claimed := text(4), text(5), text(7)
	var errs [4]error
	l.Previous, errs[0] = digestOf(previous)
	l.Commitment, errs[1] = digestOf(commitment)
	l.Claimed, errs[2] = time.Parse(time.RFC3339, claimed)
	l.Sequence, errs[3] = strconv.ParseInt(parts[3], 10, 64)
	switch err := errors.Join(errs[:]...); {
	case err != nil:
		return fail(err.Error())
	case parts[0] != "1":
		return fail(fmt.Sprintf("version %q is not known", parts[0]))
	case !slices.Contains(kinds, l.Kind):
		return fail(fmt.Sprintf("kind %q is not known", l.Kind))
	case !shortHex(l.Stream) || !shortHex(l.Key):
		return fail("stream and key are 16 hex digits each")
	case l.Sequence < 1 || (l.Sequence == 1) != l.Previous.IsZero():
		return fail("its sequence and the leaf before it contradict each other")
	}
	if err := l.declare(parts[plainFields:]); err != nil {
		return fail(err.Error())
	}
	if !bytes.Equal(l.Append(make([]byte, 0, MaxLeaf)), raw) {
		return fail("it is not in its one form")
	}
	return &l, nil
}

func digestOf(text string) (d surety.Digest, err error) {
	if text == "" {
		return d, nil
	}
	err = d.UnmarshalText([]byte("sha256:" + text))
	return d, err
}
