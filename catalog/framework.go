package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Framework is a list of ids that others demand: a standard's controls, a
// regulator's indicators, an adversary's techniques.
type Framework struct {
	Key     string // nist-800-53r5
	Title   string
	Version string
	Source  string // where the ids come from
	Licence string // of its texts
	Entries []Entry
}

// Entry is one id of a framework with its short title, which may be empty.
type Entry struct{ ID, Title string }

// Entry returns the entry with this id in any case, and whether there is one.
func (f *Framework) Entry(id string) (Entry, bool) {
	for _, e := range f.Entries {
		if strings.EqualFold(e.ID, id) {
			return e, true
		}
	}
	return Entry{}, false
}

// Relation is how what a control demands stands to what an id demands, in the
// words of OSCAL's mapping model.
type Relation string

// The relations, the closest first.
const (
	Equal      Relation = "equal"      // the same, word for word
	Equivalent Relation = "equivalent" // the same in other words
	Superset   Relation = "superset"   // all of it and more
	Subset     Relation = "subset"     // a part of it
	Intersects Relation = "intersects" // they have a part in common
)

// Relations lists every relation, the closest first.
var Relations = []Relation{Equal, Equivalent, Superset, Subset, Intersects}

// Full reports whether whoever meets the control meets all that the id demands.
func (r Relation) Full() bool { return r == Equal || r == Equivalent || r == Superset }

// Inverse is the relation seen from the other side.
func (r Relation) Inverse() Relation {
	switch r {
	case Superset:
		return Subset
	case Subset:
		return Superset
	}
	return r
}

// Compose is what is known of a and c if a stands in r to b, and b in s to c:
// through the same thing the other relation holds, and a part of a part is a
// part. Of anything else only some overlap is supposed, which is the least that
// can be said and not sure.
func Compose(r, s Relation) Relation {
	switch {
	case r == Equal:
		return s
	case s == Equal:
		return r
	case r == Equivalent:
		return s
	case s == Equivalent:
		return r
	case r == s && (r == Subset || r == Superset):
		return r
	}
	return Intersects
}

// Mapping is an id that a control is mapped to.
type Mapping struct {
	ID       string
	Relation Relation // of the control to the id
}

// Link is one line of a crosswalk: a control, and an id of some framework.
type Link struct {
	Control  string
	Relation Relation // of the control to the id
	ID       string
	// Via names the id of an embedded framework that the link goes through, as
	// "nist-800-53r5 ac-3"; "" if somebody judged the pair itself.
	Via string
}

// x1601 is the key of the framework that is made of X.1601 itself.
const x1601 = "x1601"

// Framework returns the framework with this key, nil if there is none.
func (c *Catalog) Framework(key string) *Framework {
	for _, f := range c.Frameworks {
		if f.Key == key {
			return f
		}
	}
	return nil
}

// Links returns how the controls stand to the ids of an embedded framework, by
// control. Capabilities and clauses of the ITU-T demand more than one control
// each, so a control is a subset of them; a threat that it answers is met in part.
func (c *Catalog) Links(framework string) []Link {
	var out []Link
	for _, k := range c.Controls {
		for _, m := range c.mappings(k, framework) {
			out = append(out, Link{Control: k.ID, Relation: m.Relation, ID: m.ID})
		}
	}
	return out
}

func (c *Catalog) mappings(k *Control, framework string) []Mapping {
	if maps, ok := k.Frameworks[framework]; ok {
		return maps
	}
	var out []Mapping
	if framework == x1601 {
		out = append(out, Mapping{k.Capability, Subset})
		for _, t := range k.Threats {
			out = append(out, Mapping{t, Intersects})
		}
		return out
	}
	for _, clause := range k.Clauses {
		if text, id, _ := strings.Cut(clause, ":"); text == framework {
			out = append(out, Mapping{id, Subset})
		}
	}
	return out
}

// MappingsOf returns, by framework, the ids that a control is mapped to,
// including the clauses of the ITU-T.
func (c *Catalog) MappingsOf(k *Control) map[string][]Mapping {
	out := map[string][]Mapping{}
	for _, f := range c.Frameworks {
		if m := c.mappings(k, f.Key); len(m) > 0 {
			out[f.Key] = m
		}
	}
	return out
}

// Pair is one line of a mapping between two frameworks that are not ours, or
// from one of them to our controls: Source stands in Relation to Target.
type Pair struct {
	Source   string
	Relation Relation
	Target   string
}

// Walk turns pairs that begin at the ids of f into links from our controls to
// those ids. A target is a control, or an id of a framework of the catalogue
// (KEY:ID picks one; the ITU-T's clauses are only found so), where the link goes
// through the controls that are mapped to that id. Ids are compared in any case
// and with any padding: AC-02(1) is ac-2.1. It returns the sources and targets
// that are nowhere, sorted.
func (c *Catalog) Walk(f *Framework, pairs []Pair) (links []Link, unknown []string) {
	through := c.through()
	sources := map[string]string{}
	for _, e := range f.Entries {
		sources[normal(e.ID)] = e.ID
	}
	best, strange := map[[2]string]Link{}, map[string]bool{}
	add := func(l Link) {
		at := [2]string{l.Control, l.ID}
		if old, ok := best[at]; !ok || closer(l, old) {
			best[at] = l
		}
	}
	for _, p := range pairs {
		id, ok := sources[normal(p.Source)]
		if !ok {
			strange[p.Source] = true
			continue
		}
		chain, listed := through[normal(p.Target)]
		if k := c.Control(strings.ToUpper(p.Target)); k != nil {
			add(Link{Control: k.ID, Relation: p.Relation.Inverse(), ID: id})
		} else if !listed {
			strange[p.Target] = true
		}
		for _, l := range chain {
			add(Link{l.Control, Compose(l.Relation, p.Relation.Inverse()), id, l.Via})
		}
	}
	links = slices.SortedFunc(maps.Values(best), func(a, b Link) int {
		return cmp.Or(strings.Compare(a.Control, b.Control), strings.Compare(a.ID, b.ID))
	})
	return links, slices.Sorted(maps.Keys(strange))
}

// through gives the links by the normal form of an id that a mapping may name.
// An id that no control is mapped to has an empty list.
func (c *Catalog) through() map[string][]Link {
	out := map[string][]Link{}
	for _, f := range c.Frameworks {
		names := func(id string) []string {
			all := []string{normal(f.Key + ":" + id)}
			if !c.ownText(f.Key) {
				all = append(all, normal(id))
			}
			if f.Key == "iso-27001" {
				all = append(all, strings.TrimPrefix(normal(id), "a.")) // many write 5.15 for A.5.15
			}
			return all
		}
		for _, e := range f.Entries {
			for _, name := range names(e.ID) {
				out[name] = out[name][:len(out[name]):len(out[name])]
			}
		}
		for _, l := range c.Links(f.Key) {
			for _, name := range names(l.ID) {
				out[name] = append(out[name], Link{l.Control, l.Relation, l.ID, f.Key + " " + l.ID})
			}
		}
	}
	return out
}

// ownText reports whether a framework is made of a text of the ITU-T.
func (c *Catalog) ownText(key string) bool {
	return key == x1601 || slices.ContainsFunc(c.Recommendations, func(r *Recommendation) bool { return r.ID == key })
}

// normal is an id without case and padding, so that the ways to write one id
// compare equal: AC-02(01) and ac-2.1.
func normal(id string) string {
	var b strings.Builder
	digit := false
	for i := range len(id) {
		switch ch := id[i]; {
		case ch == '(':
			ch = '.'
			fallthrough
		default:
			b.WriteByte(ch)
			digit = ch >= '0' && ch <= '9'
		case ch == '0' && !digit && i+1 < len(id) && id[i+1] >= '0' && id[i+1] <= '9':
		case ch == ')' || ch == ' ':
		}
	}
	return strings.ToLower(b.String())
}

// closer reports whether a says more than b about the same pair.
func closer(a, b Link) bool {
	ra, rb := slices.Index(Relations, a.Relation), slices.Index(Relations, b.Relation)
	return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(len(a.Via), len(b.Via)), strings.Compare(a.Via, b.Via)) < 0
}
