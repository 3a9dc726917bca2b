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
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/surety-cloud/surety"
)

// The types of the in-toto Statement and of our predicate.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://github.com/surety-cloud/surety/assessment-statement/v1"
)

// MaxStatement bounds the bytes of a statement.
const MaxStatement = 8 << 20

// Statement is an in-toto Statement v1 about an assessment.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is one thing that the statement is about, by its SHA-256.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
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

// Results commits to every result.
type Results struct {
	Root      surety.Digest     `json:"root"`
	Leaves    int64             `json:"leaves"` // of the run tree, padding included
	Counts    Counts            `json:"counts"`
	ByControl map[string]Counts `json:"by_control"`
	ByParty   map[string]Counts `json:"by_party"`
}

// Counts is a number per verdict name. Verdicts that did not occur are left out.
type Counts map[string]int

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
		s.Subject = append(s.Subject, Subject{name, map[string]string{"sha256": hex.EncodeToString(d[:])}})
	}
	add("results", p.Results.Root)
	add("evidence", p.Evidence.Root)
	add("policy", p.Policy.Digest)
	for _, name := range sortedNames(attachments) {
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
func Decode(raw []byte) (*Statement, error) {
	if len(raw) > MaxStatement {
		return nil, fmt.Errorf("decode statement: %d bytes, more than %d", len(raw), MaxStatement)
	}
	var s Statement
	if err := Strict(raw, &s); err != nil {
		return nil, fmt.Errorf("decode statement: %w", err)
	}
	if s.Type != StatementType || s.PredicateType != PredicateType {
		return nil, fmt.Errorf("decode statement: it is a %s about a %s, not an assessment statement", s.Type, s.PredicateType)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("decode statement: %w", err)
	}
	return &s, nil
}

// check holds the statement against itself.
func (s *Statement) check() error {
	p := &s.Predicate
	for name, d := range map[string]surety.Digest{"results": p.Results.Root, "evidence": p.Evidence.Root, "policy": p.Policy.Digest} {
		if got, ok := s.Digest(name); !ok || got != d {
			return fmt.Errorf("subject %s is not what the predicate says", name)
		}
	}
	total := p.Results.Counts.total()
	byParty := 0
	for _, c := range p.Results.ByParty {
		byParty += c.total()
	}
	switch {
	case total < 0 || byParty != total:
		return fmt.Errorf("%d results in all, %d by party", total, byParty)
	case int64(total) > p.Results.Leaves:
		return fmt.Errorf("%d results in a tree of %d leaves", total, p.Results.Leaves)
	case !p.Window.NotBefore.Before(p.Window.NotAfter):
		return errors.New("its window ends before it begins")
	case p.Sequence < 1 || (p.Sequence == 1) != (p.Previous == ""):
		return errors.New("its sequence and the statement before it contradict each other")
	}
	return nil
}

// Digest returns the SHA-256 of a subject.
func (s *Statement) Digest(name string) (surety.Digest, bool) {
	for _, subject := range s.Subject {
		if subject.Name == name {
			var d surety.Digest
			err := d.UnmarshalText([]byte("sha256:" + subject.Digest["sha256"]))
			return d, err == nil
		}
	}
	return surety.Digest{}, false
}

// total adds up counts; it is -1 if one is negative or of no verdict.
func (c Counts) total() int {
	sum := 0
	for name, n := range c {
		var v surety.Verdict
		if n < 0 || v.UnmarshalText([]byte(name)) != nil {
			return -1
		}
		sum += n
	}
	return sum
}

// Strict decodes JSON into dst and refuses what dst does not hold, and keys that
// are given twice, of which readers differ in which one counts.
func Strict(raw []byte, dst any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("something follows its end")
	}
	return unique(raw)
}
