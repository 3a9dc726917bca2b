// Package statement is what a party signs about an assessment: a commitment to
// every result, the counts that make an omission visible, and the window in
// which it counts.
//
//	results --Commit--> disclosures and run tree      (disclosure.go, tree.go)
//	predicate --New--> in-toto Statement v1           (statement.go)
//	statement --Seal--> DSSE envelope --Open--> it    (envelope.go)
//
// Each result is hashed with a salt of its own, and the hashes are the leaves of a
// Merkle tree. The statement holds the tree's root and the counts by verdict,
// control and party, but no result: its issuer can later disclose one result with
// its path to the root, and nobody can learn or guess the others. Whoever sees 3
// disclosed passes and a count of 40 fails knows what was kept back. Once a salt
// is destroyed, its result can neither be shown nor guessed any more.
//
// Everything here is pure: randomness and times come in as arguments. The formats
// are specified in docs/statement.md, with vectors in testdata/vectors, so that
// they can be verified by code that is not this.
package statement

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/surety-cloud/surety"
)

// The types of the in-toto Statement and of our predicate.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://github.com/surety-cloud/surety/assessment-statement/v2"
)

// MaxStatement bounds the bytes of a statement. Two thousand controls and as many
// parties take a fifth of it.
const MaxStatement = 1 << 20

// Statement is an in-toto Statement v1 about an assessment.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is one thing that the statement is about.
type Subject struct {
	Name   string    `json:"name"`
	Digest DigestSet `json:"digest"`
}

// DigestSet is what in-toto calls a digest. Ours are by one algorithm.
type DigestSet struct {
	SHA256 string `json:"sha256"` // 64 hex digits
}

// Predicate says what was assessed, by what, and what came of it.
type Predicate struct {
	Issuer           Issuer                    `json:"issuer"`
	System           string                    `json:"system"`
	Policy           Policy                    `json:"policy"`
	Evidence         Evidence                  `json:"evidence"`
	Results          Results                   `json:"results"`
	Responsibilities map[string]map[string]int `json:"responsibilities"` // party -> status -> number
	Window           Window                    `json:"window"`
	Sequence         int64                     `json:"sequence"` // 1 for the issuer's first statement about the system
	Previous         string                    `json:"previous"` // SHA-256 of the envelope before, "" for the first
	Tool             Tool                      `json:"tool"`
}

// Issuer is who makes the statement.
type Issuer struct {
	Name string `json:"name"`
	Key  string `json:"key"` // id of the signing key
}

// Policy is by which checks was judged.
type Policy struct {
	Digest surety.Digest `json:"digest"`
	Checks int           `json:"checks"`
}

// Evidence is what was looked at, and how completely.
type Evidence struct {
	Root    surety.Digest `json:"root"`
	Items   int           `json:"items"`
	Sources []Source      `json:"sources"`
}

// Source is one source of evidence. Its name is not part of a statement, since it
// may tell of the issuer's insides.
type Source struct {
	Live     bool   `json:"live"`
	Status   string `json:"status"` // complete, partial, denied or failed
	Items    int    `json:"items"`
	Problems int    `json:"problems"`
}

func (s Source) negative() bool { return s.Items < 0 || s.Problems < 0 }

// statuses of sources, in words that readers are told.
var statuses = []string{"complete", "partial", "denied", "failed"}

func (s Source) unknown() bool { return !slices.Contains(statuses, s.Status) }

// Results commits to every result.
type Results struct {
	Root      surety.Digest `json:"root"`
	Leaves    int64         `json:"leaves"` // of the run tree, padding included
	Counts    Counts        `json:"counts"`
	ByControl Tally         `json:"by_control"` // of those that the issuer is accountable for
	ByParty   Tally         `json:"by_party"`
}

// Window is when the evidence was collected, and until when it counts.
type Window struct {
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// Tool is what made the statement.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// New makes the statement of a predicate. attachments are further subjects, such
// as the assessment's OSCAL file, by name.
func New(p Predicate, attachments map[string]surety.Digest) *Statement {
	s := &Statement{Type: StatementType, PredicateType: PredicateType, Predicate: p}
	add := func(name string, d surety.Digest) {
		s.Subject = append(s.Subject, Subject{name, DigestSet{hex.EncodeToString(d[:])}})
	}
	add("results", p.Results.Root)
	add("evidence", p.Evidence.Root)
	add("policy", p.Policy.Digest)
	for _, name := range slices.Sorted(maps.Keys(attachments)) {
		add(name, attachments[name])
	}
	return s
}

// Encode writes the statement. Its bytes are what is signed.
func (s *Statement) Encode() ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode statement: %w", err)
	}
	if len(b) > MaxStatement {
		return nil, fmt.Errorf("encode statement: %d bytes, more than %d", len(b), MaxStatement)
	}
	return b, nil
}

// Decode reads a statement strictly: an unknown or a repeated key, another type or
// predicate, or subjects that contradict the predicate are errors.
func Decode(text string) (*Statement, error) {
	if len(text) > MaxStatement {
		return nil, fmt.Errorf("decode statement: %d bytes, more than %d", len(text), MaxStatement)
	}
	var s Statement
	if err := Strict(text, &s); err != nil {
		return nil, fmt.Errorf("decode statement: %w", err)
	}
	if s.Type != StatementType || s.PredicateType != PredicateType {
		return nil, fmt.Errorf("decode statement: it is of type %q with a predicate of type %q, and no assessment statement", s.Type, s.PredicateType)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("decode statement: %w", err)
	}
	return &s, nil
}

// check holds the statement against itself.
func (s *Statement) check() error {
	p := &s.Predicate
	for _, is := range []struct {
		subject string
		digest  surety.Digest
	}{{"results", p.Results.Root}, {"evidence", p.Evidence.Root}, {"policy", p.Policy.Digest}} {
		at := slices.IndexFunc(s.Subject, func(x Subject) bool { return x.Name == is.subject })
		if at < 0 || s.Subject[at].Digest.SHA256 != string(hex.AppendEncode(make([]byte, 0, 64), is.digest[:])) {
			return fmt.Errorf("subject %s is not what the predicate says", is.subject)
		}
	}
	if err := p.Results.check(p.Issuer.Name); err != nil {
		return err
	}
	var previous surety.Digest
	switch {
	case p.System == "" || len(p.System) > maxName || p.Issuer.Name == "" || len(p.Issuer.Name) > maxName:
		return fmt.Errorf("its issuer or its system has no name, or one of more than %d bytes", maxName)
	case p.Evidence.Items < 0 || p.Policy.Checks < 0 || slices.ContainsFunc(p.Evidence.Sources, Source.negative):
		return errors.New("it counts less than nothing")
	case slices.ContainsFunc(p.Evidence.Sources, Source.unknown):
		return fmt.Errorf("a source of its evidence is none of %q", statuses)
	case !p.Window.NotBefore.Before(p.Window.NotAfter):
		return errors.New("its window ends before it begins")
	case !wholeUTC(p.Window.NotBefore) || !wholeUTC(p.Window.NotAfter):
		return errors.New("its window is not in whole seconds of UTC")
	case p.Sequence < 1 || (p.Sequence == 1) != (p.Previous == ""):
		return errors.New("its sequence and the statement before it contradict each other")
	case p.Previous != "" && previous.UnmarshalText([]byte(p.Previous)) != nil:
		return fmt.Errorf("the statement before it is %.80q, which is no digest", p.Previous)
	}
	return s.subjectsOnce()
}

// maxName bounds the names of issuer and system, in bytes.
const maxName = 1024

func wholeUTC(t time.Time) bool { return t.Location() == time.UTC && t.Nanosecond() == 0 }

// subjectsOnce refuses a subject that is named twice, of which readers could differ
// in which one counts.
func (s *Statement) subjectsOnce() error {
	seen := map[string]bool{}
	for _, subject := range s.Subject {
		if seen[subject.Name] {
			return fmt.Errorf("subject %.200q is given twice", subject.Name)
		}
		seen[subject.Name] = true
		if raw, err := hex.DecodeString(subject.Digest.SHA256); err != nil || len(raw) != len(surety.Digest{}) || hex.EncodeToString(raw) != subject.Digest.SHA256 {
			return fmt.Errorf("subject %.200q has no SHA-256 in 64 hex digits", subject.Name)
		}
	}
	return nil
}

// check holds the counts against each other: each result counts once for one party,
// and each that is the issuer's at least once for a control, where "" stands for none.
// What is required or inherited rests on the counts by control.
func (r *Results) check(issuer string) error {
	own := r.ByParty.Of(issuer)
	var byParty, byControl Counts
	for i := range r.ByParty {
		party := &r.ByParty[i]
		if !party.valid() {
			return fmt.Errorf("the counts of party %.200q are none", party.Name)
		}
		byParty = byParty.Plus(party.Counts)
	}
	for i := range r.ByControl {
		control := &r.ByControl[i]
		if !control.valid() {
			return fmt.Errorf("the counts of control %.200q are none", control.Name)
		}
		if v, more := control.Exceeds(own); more {
			return fmt.Errorf("%d results of control %.200q are %s, and %d of its issuer in all", control.Of(v), control.Name, v, own.Of(v))
		}
		byControl = byControl.Plus(control.Counts)
	}
	if v, more := own.Exceeds(byControl); more {
		return fmt.Errorf("%d results of its issuer are %s, and %d by control", own.Of(v), v, byControl.Of(v))
	}
	total := r.Counts.Total()
	switch {
	case !r.Counts.valid():
		return errors.New("the counts in all are none")
	case byParty != r.Counts:
		return fmt.Errorf("the counts are %s in all, and %s by party", r.Counts, byParty)
	case r.Leaves < 1 || r.Leaves > MaxLeaves || r.Leaves&(r.Leaves-1) != 0:
		return fmt.Errorf("a tree of %d leaves is no run tree", r.Leaves)
	case int64(total) > r.Leaves:
		return fmt.Errorf("%d results in a tree of %d leaves", total, r.Leaves)
	}
	return nil
}
