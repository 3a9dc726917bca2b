package threat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
)

// Record is a threat as it is compared: by its name and what it rests on.
type Record struct {
	ID       string
	Rule     string
	Version  string // of the rule
	Title    string
	Kind     Kind
	Element  string
	Accepted bool
	Facts    []Fact
}

// Snapshot is what is compared: the threats of a model, and the facts of its
// elements as far as they are known.
type Snapshot struct {
	Records  []Record
	Versions map[string]string // of the rules that were asked, by id; nil if that is not known
	facts    func(kind Kind, element string) (facts map[string]Fact, there bool)
}

// Snapshot returns the set for comparing.
func (s *Set) Snapshot() *Snapshot {
	out := &Snapshot{Versions: map[string]string{}, facts: s.factsOf}
	for _, r := range s.Rules.All {
		out.Versions[r.ID] = r.Version
	}
	for _, list := range [][]Threat{s.Threats, s.Accepted} {
		for i := range list {
			t := &list[i]
			out.Records = append(out.Records, Record{t.ID, t.Rule.ID, t.Rule.Version, t.Rule.Title, t.Kind, t.Element, t.Accepted != nil, t.Facts()})
		}
	}
	return out
}

func (s *Set) factsOf(kind Kind, name string) (map[string]Fact, bool) {
	e := s.all[string(kind)+" "+name]
	if e == nil {
		return nil, false
	}
	out := map[string]Fact{}
	for i, v := range e.facts() {
		f := e.fact(i, v)
		out[f.Name] = f
	}
	return out, true
}

// NewSnapshot makes a snapshot of what was written down: the threats, and the
// elements with their facts.
func NewSnapshot(records []Record, elements []Element) *Snapshot {
	known := map[string]map[string]Fact{}
	for _, e := range elements {
		facts := map[string]Fact{}
		for i := range vocabularyOf[e.Kind] {
			name := string(e.Kind) + "." + vocabularyOf[e.Kind][i].Name
			facts[name] = Fact{Name: name, Value: e.Facts[name]}
		}
		known[string(e.Kind)+" "+e.Name] = facts
	}
	return &Snapshot{Records: records, facts: func(kind Kind, element string) (map[string]Fact, bool) {
		f, there := known[string(kind)+" "+element]
		return f, there
	}}
}

// Change is threats that came, went, or were accepted or not any more, for one
// reason.
type Change struct {
	Reason                       string // such as component.encrypted of db: true, was false
	Origin                       surety.Origin
	Came, Went, Accepted, Undone []Record
}

// Count is the number of threats that changed.
func (c *Change) Count() int { return len(c.Came) + len(c.Went) + len(c.Accepted) + len(c.Undone) }

// Compare says which threats two snapshots do not share, by the fact that made the
// difference: the first that their rule reads and that is not the same in both.
func Compare(before, after *Snapshot) []Change {
	c := comparison{at: map[string]int{}}
	was, is := byID(before.Records), byID(after.Records)
	for _, r := range after.Records {
		old, both := was[r.ID]
		switch {
		case !both:
			reason, origin := difference(r, before, after)
			c.of(reason, origin).Came = append(c.of(reason, origin).Came, r)
		case r.Accepted && !old.Accepted:
			x := c.of("an assumption accepts it", surety.Origin{})
			x.Accepted = append(x.Accepted, r)
		case !r.Accepted && old.Accepted:
			x := c.of("no assumption accepts it any more", surety.Origin{})
			x.Undone = append(x.Undone, r)
		}
	}
	for _, r := range before.Records {
		if _, both := is[r.ID]; !both {
			reason, origin := difference(r, before, after)
			c.of(reason, origin).Went = append(c.of(reason, origin).Went, r)
		}
	}
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Count(), a.Count()), strings.Compare(a.Reason, b.Reason))
	})
	return c.changes
}

func byID(list []Record) map[string]Record {
	out := make(map[string]Record, len(list))
	for _, r := range list {
		out[r.ID] = r
	}
	return out
}

type comparison struct {
	changes []Change
	at      map[string]int // by reason
}

func (c *comparison) of(reason string, origin surety.Origin) *Change {
	i, ok := c.at[reason]
	if !ok {
		i = len(c.changes)
		c.at[reason] = i
		c.changes = append(c.changes, Change{Reason: reason, Origin: origin})
	}
	return &c.changes[i]
}

// difference says why only one of the snapshots has a threat.
func difference(r Record, before, after *Snapshot) (string, surety.Origin) {
	old, was := before.facts(r.Kind, r.Element)
	now, is := after.facts(r.Kind, r.Element)
	switch {
	case !was:
		return fmt.Sprintf("%s %s is new", r.Kind, r.Element), originOf(r)
	case !is:
		return fmt.Sprintf("%s %s is gone", r.Kind, r.Element), originOf(r)
	}
	for _, f := range r.Facts {
		a, b := old[f.Name], now[f.Name]
		if a.Value != b.Value {
			return fmt.Sprintf("%s of %s: %s, was %s", f.Name, r.Element, orUnstated(b.Value), orUnstated(a.Value)), b.Origin
		}
	}
	a, asked := before.Versions[r.Rule]
	b, asks := after.Versions[r.Rule]
	switch {
	case before.Versions == nil || after.Versions == nil:
		return "rule " + r.Rule + " is new, gone or changed", surety.Origin{}
	case !asked:
		return "rule " + r.Rule + " is new", surety.Origin{}
	case !asks:
		return "rule " + r.Rule + " is gone", surety.Origin{}
	case a != b:
		return "rule " + r.Rule + " was changed", surety.Origin{}
	}
	return "what it rests on differs", surety.Origin{}
}

func originOf(r Record) surety.Origin {
	if len(r.Facts) > 0 {
		return r.Facts[0].Origin
	}
	return surety.Origin{}
}

func orUnstated(value string) string {
	if value == "" {
		return "not stated"
	}
	return value
}
