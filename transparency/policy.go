package transparency

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// maxEntries bounds the logs, witnesses and groups of a policy together.
const maxEntries = 1000

// Policy is whose log heads a verifier believes: any of its logs, once the quorum
// of witnesses has co-signed. It comes from the verifier, never from whoever has
// something to prove.
type Policy struct {
	Logs      []Log
	Witnesses []Witness
	groups    map[string]*group // by name; a witness is a group of itself
	quorum    *group            // nil: none is asked for
	decided   bool              // the policy says which quorum it asks for
}

// Log is a log that the verifier believes.
type Log struct {
	Origin   string
	URL      string // where it can be read, "" if not stated
	Verifier note.Verifier
}

// Witness is someone who co-signs heads.
type Witness struct {
	Name     string // by which the policy knows it
	URL      string
	Verifier note.Verifier
}

// group is satisfied if enough of its members are.
type group struct {
	name    string
	witness note.Verifier // of a single witness; members are then empty
	members []*group
	need    int
}

// ParsePolicy reads the text form of C2SP tlog-policy:
//
//	log VKEY [URL]
//	witness NAME VKEY [URL]
//	group NAME any|all|NUMBER MEMBER...
//	quorum NAME|none
//
// with comments after # at the start of a line. Lines with another first word go
// to other, which says whether it knows them. Every error names its line.
func ParsePolicy(text string, other func(line int, fields []string) (bool, error)) (*Policy, error) {
	p := &Policy{groups: map[string]*group{}}
	var errs []error
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		var err error
		known := true
		switch fields[0] {
		case "log":
			err = p.log(fields[1:])
		case "witness":
			err = p.witness(fields[1:])
		case "group":
			err = p.group(fields[1:])
		case "quorum":
			if p.decided {
				err = errors.New("there is a quorum already")
			} else {
				p.decided = true
				err = p.setQuorum(fields[1:])
			}
		default:
			if known = other != nil; known {
				known, err = other(n, fields)
			}
		}
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("line %d: %.*s: %w", n, maxWord, fields[0], err))
		case !known:
			errs = append(errs, fmt.Errorf("line %d: %.*q is not known; use log, witness, group or quorum", n, maxWord, fields[0]))
		}
	}
	if more := len(errs) - maxNamed; more > 0 {
		errs = append(errs[:maxNamed], fmt.Errorf("and %d lines more; is it a policy?", more))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// maxNamed is how many wrong lines an error names, and maxWord how much of their first
// words: what was given for a policy may be a key.
const (
	maxNamed = 5
	maxWord  = 20
)

var errTooMany = fmt.Errorf("more than %d entries", maxEntries)

func (p *Policy) log(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("write log VKEY [URL]")
	}
	v, err := note.NewVerifier(args[0])
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a verifier key: %w", args[0], err)
	case len(p.Logs) == maxEntries:
		return errTooMany
	}
	for _, l := range p.Logs {
		if alike(l.Verifier, v) {
			return fmt.Errorf("%s is given twice with the same key", l.Origin)
		}
	}
	for _, w := range p.Witnesses {
		if alike(w.Verifier, v) {
			return fmt.Errorf("its name and key hash are those of witness %s: their signatures could not be told apart", w.Name)
		}
	}
	l := Log{Origin: v.Name(), Verifier: v}
	if len(args) == 2 {
		l.URL = args[1]
	}
	p.Logs = append(p.Logs, l)
	return nil
}

func (p *Policy) witness(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return errors.New("write witness NAME VKEY [URL]")
	}
	v, err := witnessVerifier(args[1])
	if err != nil {
		return fmt.Errorf("%q is not a witness key: %w", args[1], err)
	}
	if err := p.free(args[0]); err != nil {
		return err
	}
	for _, w := range p.Witnesses {
		if alike(w.Verifier, v) {
			return fmt.Errorf("its key is %s's already: one witness cannot count twice", w.Name)
		}
	}
	for _, l := range p.Logs {
		if alike(l.Verifier, v) {
			return fmt.Errorf("its name and key hash are those of log %s: their signatures could not be told apart", l.Origin)
		}
	}
	w := Witness{Name: args[0], Verifier: v}
	if len(args) == 3 {
		w.URL = args[2]
	}
	p.Witnesses = append(p.Witnesses, w)
	p.groups[w.Name] = &group{name: w.Name, witness: v, need: 1}
	return nil
}

// alike reports whether signature lines of two keys begin with the same name and hash,
// which is all that a line says of its key. The hash has 32 bits: whoever likes to can
// make a key that has another's.
func alike(a, b note.Verifier) bool { return a.Name() == b.Name() && a.KeyHash() == b.KeyHash() }

// witnessVerifier reads a witness's key, NAME+HASH+KEY. Its hash must be that of the
// name and the key, which formats does not look at: a key that was mistyped or
// exchanged shows there.
func witnessVerifier(vkey string) (note.Verifier, error) {
	v, err := fnote.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return nil, err
	}
	name, rest, _ := strings.Cut(vkey, "+")
	said, encoded, _ := strings.Cut(rest, "+")
	key, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	if is := hex.EncodeToString(sum[:4]); !strings.EqualFold(said, is) {
		return nil, fmt.Errorf("its hash is %q, and that of its name and key is %s", said, is)
	}
	return v, nil
}

func (p *Policy) free(name string) error {
	switch {
	case name == "none" || name == "any" || name == "all":
		return fmt.Errorf("%q is a word of the policy and cannot be a name", name)
	case p.groups[name] != nil:
		return fmt.Errorf("%s is given already", name)
	case len(p.groups) == maxEntries:
		return errTooMany
	}
	return nil
}

// group reads a group of what stands above it, so that no group can hold itself.
func (p *Policy) group(args []string) error {
	if len(args) < 3 {
		return errors.New("write group NAME, then any, all or a NUMBER, then its members")
	}
	if err := p.free(args[0]); err != nil {
		return err
	}
	g := &group{name: args[0]}
	inside := map[string]bool{}
	for _, name := range args[2:] {
		member := p.groups[name]
		switch {
		case member == nil:
			return fmt.Errorf("%s is no witness or group above this line", name)
		case inside[name]:
			return fmt.Errorf("%s is in it twice", name)
		}
		inside[name] = true
		g.members = append(g.members, member)
	}
	switch args[1] {
	case "any":
		g.need = 1
	case "all":
		g.need = len(g.members)
	default:
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 || n > len(g.members) {
			return fmt.Errorf("%q of %d members cannot be met", args[1], len(g.members))
		}
		g.need = n
	}
	p.groups[g.name] = g
	return nil
}

func (p *Policy) setQuorum(args []string) error {
	if len(args) != 1 {
		return errors.New("write quorum NAME or quorum none")
	}
	if args[0] == "none" {
		return nil
	}
	if p.quorum = p.groups[args[0]]; p.quorum == nil {
		return fmt.Errorf("%s is no witness or group above this line", args[0])
	}
	return nil
}

// Decided reports whether the policy says which quorum it asks for, be it none.
// One that names logs must.
func (p *Policy) Decided() bool { return p.decided }

// Unwitnessed reports whether the policy asks for no witness.
func (p *Policy) Unwitnessed() bool { return p.quorum == nil }

// CanBeMet reports whether the witnesses that has picks are enough for the quorum.
func (p *Policy) CanBeMet(has func(Witness) bool) bool {
	signed := map[note.Verifier]bool{}
	for _, w := range p.Witnesses {
		signed[w.Verifier] = has(w)
	}
	return p.quorum == nil || p.quorum.met(signed)
}

// met reports whether enough members signed.
func (g *group) met(signed map[note.Verifier]bool) bool {
	if g.witness != nil {
		return signed[g.witness]
	}
	n := 0
	for _, m := range g.members {
		if m.met(signed) {
			n++
		}
	}
	return n >= g.need
}
