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
	"maps"
	"reflect"
	"slices"
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
func Decode(raw []byte) (*Statement, error) {
	if len(raw) > MaxStatement {
		return nil, fmt.Errorf("decode statement: %d bytes, more than %d", len(raw), MaxStatement)
	}
	var s Statement
	if err := Strict(raw, &s); err != nil {
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
	for name, d := range map[string]surety.Digest{"results": p.Results.Root, "evidence": p.Evidence.Root, "policy": p.Policy.Digest} {
		if got, ok := s.Digest(name); !ok || got != d {
			return fmt.Errorf("subject %s is not what the predicate says", name)
		}
	}
	if err := p.Results.check(); err != nil {
		return err
	}
	var previous surety.Digest
	switch {
	case p.System == "" || len(p.System) > maxName || p.Issuer.Name == "" || len(p.Issuer.Name) > maxName:
		return fmt.Errorf("its issuer or its system has no name, or one of more than %d bytes", maxName)
	case p.Evidence.Items < 0 || p.Policy.Checks < 0:
		return errors.New("it counts less than nothing")
	case !p.Window.NotBefore.Before(p.Window.NotAfter):
		return errors.New("its window ends before it begins")
	case !wholeUTC(p.Window.NotBefore) || !wholeUTC(p.Window.NotAfter):
		return errors.New("its window is not in whole seconds of UTC")
	case p.Sequence < 1 || (p.Sequence == 1) != (p.Previous == ""):
		return errors.New("its sequence and the statement before it contradict each other")
	case p.Previous != "" && previous.UnmarshalText([]byte(p.Previous)) != nil:
		return fmt.Errorf("the statement before it is %q, which is no digest", p.Previous)
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
			return fmt.Errorf("subject %s is given twice", subject.Name)
		}
		seen[subject.Name] = true
	}
	return nil
}

// check holds the counts against each other: each result counts once for one party
// and at least once for a control, where "" stands for none. What is required or
// inherited rests on the counts by control.
func (r *Results) check() error {
	total := r.Counts.total()
	byParty := 0
	for _, party := range slices.Sorted(maps.Keys(r.ByParty)) {
		c := r.ByParty[party]
		if c.total() < 0 {
			return fmt.Errorf("the counts of party %q are none", party)
		}
		byParty += c.total()
	}
	byControl := Counts{}
	for _, control := range slices.Sorted(maps.Keys(r.ByControl)) {
		c := r.ByControl[control]
		if c.total() < 0 {
			return fmt.Errorf("the counts of control %q are none", control)
		}
		for verdict, n := range c {
			if n > r.Counts[verdict] {
				return fmt.Errorf("%d results of control %s are %s, and %d in all", n, control, verdict, r.Counts[verdict])
			}
			byControl[verdict] += n
		}
	}
	for verdict, n := range r.Counts {
		if byControl[verdict] < n {
			return fmt.Errorf("%d results are %s, and %d by control", n, verdict, byControl[verdict])
		}
	}
	switch {
	case total < 0 || byParty != total:
		return fmt.Errorf("%d results in all, %d by party", total, byParty)
	case r.Leaves < 1 || r.Leaves > 1<<maxDepth || r.Leaves&(r.Leaves-1) != 0:
		return fmt.Errorf("a tree of %d leaves is no run tree", r.Leaves)
	case int64(total) > r.Leaves:
		return fmt.Errorf("%d results in a tree of %d leaves", total, r.Leaves)
	}
	return nil
}

// maxDepth bounds a run tree to 2^30 leaves.
const maxDepth = 30

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

// Strict decodes JSON into dst and refuses what dst does not hold, keys in another
// case than dst has them, and keys that are given twice: readers differ in what
// those mean.
func Strict(raw []byte, dst any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(dst); err != nil {
		return readable(err)
	}
	if dec.More() {
		return errors.New("something follows its end")
	}
	return exact(raw, reflect.TypeOf(dst))
}
