package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// Policy is what a verifier believes and asks for.
type Policy struct {
	Issuers []Issuer
	Log     *transparency.Policy
	Fresh   time.Duration       // how old a statement may be, 0 if that is not asked
	Require []string            // controls that must be shown without fail or unknown
	Seen    []transparency.Head // of each log, up to which its key events were followed
}

// Issuer is a party's key that the verifier believes.
type Issuer struct {
	statement.Key
	System      string // what it may state something about, "" for anything
	From, Until int64  // the log entries it counts for, Until excluded; Until is -1 if it has no end
	Compromised bool   // why it has an end: it was stolen, not retired
	By          string // id of the key that vouched for it in a log, "" if the verifier put it there
	In          string // the log whose entries From and Until are, "" for any
}

// ParsePolicy reads a policy file: the lines of C2SP tlog-policy (see
// transparency.ParsePolicy), and
//
//	issuer NAME ed25519:KEY|p256:KEY [system NAME] [from ENTRY]
//	    [until ENTRY|compromised-at ENTRY] [by KEYID] [in ORIGIN]
//	fresh DAYSd
//	require CONTROL...
//	seen ORIGIN SIZE ROOT
//
// KEY is the base64 of the key's PKIX form (RFC 5280), or for ed25519 of its 32
// bytes. from, until and compromised-at are entries of the log ORIGIN: a key that
// was stolen is given the entry from which it counts for nothing. system keeps a
// statement about one system from being shown for another. by and seen are written
// by whoever follows a log's key events (see Follow). Every error names its line.
func ParsePolicy(text string) (*Policy, error) {
	p, err := parse(text)
	if err == nil && len(p.Issuers) == 0 {
		err = errors.New("read policy: it names no issuer, so nobody's statement could be believed")
	}
	if err == nil && len(p.Log.Logs) == 0 && !p.Log.Unwitnessed() {
		err = errors.New("read policy: it asks for a quorum of witnesses and names no log that they see")
	}
	if err == nil && len(p.Log.Logs) > 0 && !p.Log.Decided() {
		err = errors.New("read policy: there is no quorum; name a group or a witness, or say quorum none")
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// bounded refuses a key that counts for some entries of a log that is not named, while
// several are: entry 7 of one is not entry 7 of another, and who stole the key would
// take the log in which it counts.
func (p *Policy) bounded() error {
	for _, log := range p.Log.Logs {
		for i := range p.Issuers {
			if x := &p.Issuers[i]; log.Origin != p.Log.Logs[0].Origin && x.In == "" && (x.From > 0 || x.Until > 0) {
				return fmt.Errorf("key %s of %s counts for some log entries only, and the policy names several logs; say of which, such as in %s", x.ID, x.Name, log.Origin)
			}
		}
	}
	return nil
}

// CheckPolicy reports what is wrong with the lines of a policy that is being
// written: it may still lack an issuer or a quorum.
func CheckPolicy(text string) error {
	_, err := parse(text)
	return err
}

func parse(text string) (*Policy, error) {
	p := &Policy{}
	var err error
	p.Log, err = transparency.ParsePolicy(text, func(_ int, fields []string) (bool, error) {
		switch fields[0] {
		case "issuer":
			return true, p.issuer(fields[1:])
		case "fresh":
			return true, p.fresh(fields[1:])
		case "require":
			if len(fields) < 2 {
				return true, errors.New("write require with one or more control ids")
			}
			p.Require = append(p.Require, fields[1:]...)
			return true, nil
		case "seen":
			return true, p.seen(fields[1:])
		}
		return true, errors.New("it is no entry of a policy; use issuer, fresh, require, log, witness, group or quorum")
	})
	if err == nil {
		err = p.bounded()
	}
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return p, nil
}

func (p *Policy) issuer(args []string) error {
	if len(args) < 2 || len(args)%2 != 0 {
		return errors.New("write issuer NAME ed25519:KEY|p256:KEY [system NAME] [from ENTRY] [until ENTRY|compromised-at ENTRY] [by KEYID] [in ORIGIN]")
	}
	key, err := ParseKey(args[1])
	if err != nil {
		return err
	}
	named, err := statement.NewKey(args[0], key)
	if err != nil {
		return err
	}
	issuer := Issuer{Key: named, Until: -1}
	for i := 2; i < len(args); i += 2 {
		if err := issuer.set(args[i], args[i+1]); err != nil {
			return err
		}
	}
	if issuer.From > 0 && issuer.Until >= 0 && issuer.Until <= issuer.From {
		return fmt.Errorf("no log entry is from %d until %d", issuer.From, issuer.Until)
	}
	for _, known := range p.Issuers {
		if known.ID == issuer.ID {
			return fmt.Errorf("its key is %s's already", known.Name)
		}
	}
	p.Issuers = append(p.Issuers, issuer)
	return nil
}

func (i *Issuer) set(word, value string) (err error) {
	entry := func() int64 {
		n, parseErr := strconv.ParseInt(value, 10, 64)
		if parseErr != nil || n < 0 {
			err = fmt.Errorf("%q is not a log entry", value)
		}
		return n
	}
	switch word {
	case "system":
		i.System = value
	case "from":
		i.From = entry()
	case "until", "compromised-at":
		if i.Until >= 0 {
			return errors.New("it has an end already; give until or compromised-at, once")
		}
		i.Until, i.Compromised = entry(), word == "compromised-at"
	case "by":
		i.By = value
	case "in":
		i.In = value
	default:
		err = fmt.Errorf("%q is not known; use system, from, until, compromised-at, by or in", word)
	}
	return err
}

// Line writes the issuer as a line of a policy.
func (i *Issuer) Line() (string, error) {
	key, err := FormatKey(i.Public)
	if err != nil {
		return "", err
	}
	line := "issuer " + i.Name + " " + key
	if i.System != "" {
		line += " system " + i.System
	}
	if i.From > 0 {
		line += fmt.Sprintf(" from %d", i.From)
	}
	switch {
	case i.Until >= 0 && i.Compromised:
		line += fmt.Sprintf(" compromised-at %d", i.Until)
	case i.Until >= 0:
		line += fmt.Sprintf(" until %d", i.Until)
	}
	if i.By != "" {
		line += " by " + i.By
	}
	if i.In != "" {
		line += " in " + i.In
	}
	return line, nil
}

func (p *Policy) seen(args []string) error {
	if len(args) != 3 {
		return errors.New("write seen ORIGIN SIZE ROOT")
	}
	head := transparency.Head{Origin: args[0]}
	size, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil || size < 0 {
		return fmt.Errorf("%q is not a number of entries", args[1])
	}
	head.Size = size
	if head.Root, err = tlog.ParseHash(args[2]); err != nil {
		return fmt.Errorf("%q is not the root of a log", args[2])
	}
	for _, known := range p.Seen {
		if known.Origin == head.Origin {
			return fmt.Errorf("a head of %s is given already", head.Origin)
		}
	}
	p.Seen = append(p.Seen, head)
	return nil
}

// maxDays bounds how long a statement may count.
const maxDays = 3650

func (p *Policy) fresh(args []string) error {
	if len(args) != 1 {
		return errors.New("write fresh 30d")
	}
	if p.Fresh > 0 {
		return errors.New("there is a fresh line already; remove it first")
	}
	text, inDays := strings.CutSuffix(args[0], "d")
	days, err := strconv.Atoi(text)
	if err != nil || !inDays || days < 1 || days > maxDays {
		return fmt.Errorf("%q is not a number of days from 1d to %dd, such as 30d", args[0], maxDays)
	}
	p.Fresh = time.Duration(days) * 24 * time.Hour
	return nil
}

// ParseKey reads a public key as policies and key files write it.
func ParseKey(text string) (crypto.PublicKey, error) {
	kind, encoded, _ := strings.Cut(text, ":")
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%q is not a key: %w", text, err)
	}
	if kind == "ed25519" && len(raw) == ed25519.PublicKeySize {
		return ed25519.PublicKey(raw), nil
	}
	key, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%q is not a key: write ed25519:BASE64 or p256:BASE64", text)
	}
	switch key.(type) {
	case ed25519.PublicKey:
		if kind == "ed25519" {
			return key, nil
		}
	case *ecdsa.PublicKey:
		if kind == "p256" {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%q is not a %s key", text, kind)
}

// FormatKey writes a public key in the form ParseKey reads.
func FormatKey(key crypto.PublicKey) (string, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return "ed25519:" + base64.StdEncoding.EncodeToString(k), nil
	case *ecdsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return "", fmt.Errorf("write key: %w", err)
		}
		return "p256:" + base64.StdEncoding.EncodeToString(der), nil
	}
	return "", fmt.Errorf("write key: a %T is not supported", key)
}
