package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/system"
)

// index builds the look-up tables and the frameworks that follow from the rest.
func (c *Catalog) index() {
	c.byID = make(map[string]*Control, len(c.Controls))
	for _, k := range c.Controls {
		k.Owner = c.Owners[k.Row]
		c.byID[k.ID] = k
	}
	c.byClause = make(map[string]*Capability, len(c.Capabilities))
	for _, p := range c.Capabilities {
		c.byClause[p.Clause] = p
	}
	c.components, c.activities = map[string]*Component{}, map[string]*Activity{}
	for _, l := range c.Architecture.Layers {
		for _, k := range l.Components {
			c.components[k.ID] = k
		}
	}
	for _, s := range c.Architecture.SubRoles {
		for _, a := range s.Activities {
			c.activities[a.ID] = a
		}
	}
	for id := range c.Checks {
		if strings.HasSuffix(id, "*") {
			c.families = append(c.families, id)
		}
	}
	slices.SortFunc(c.families, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	c.Frameworks = append(c.Frameworks, c.ownTexts()...)
}

// ownTexts are the ITU-T's texts as frameworks.
func (c *Catalog) ownTexts() []*Framework {
	const licence = "(c) ITU; clause numbers and short titles"
	frame := &Framework{Key: x1601, Title: "ITU-T X.1601 Security framework for cloud computing", Version: "10/2015",
		Source: "clauses 7, 8 and 9", Licence: licence}
	for _, t := range c.Threats {
		frame.Entries = append(frame.Entries, Entry{t.Clause, t.Title})
	}
	for _, p := range c.Capabilities {
		frame.Entries = append(frame.Entries, Entry{p.Clause, p.Title})
	}
	out := []*Framework{frame}
	for _, r := range c.Recommendations {
		f := &Framework{Key: r.ID, Title: r.Title, Version: r.Version, Source: "its clauses", Licence: licence, Entries: r.Clauses}
		if r.Reading {
			f.Source = "topics by Surety's own reading; the clauses of the text are not known"
		}
		out = append(out, f)
	}
	return out
}

// Control returns the control with this id, nil if there is none.
func (c *Catalog) Control(id string) *Control { return c.byID[id] }

// Capability returns the capability of this X.1601 clause, nil if there is none.
func (c *Catalog) Capability(clause string) *Capability { return c.byClause[clause] }

// ControlsOf returns the ids of the controls that a check shows: those of its
// own id, else those of the longest family that it belongs to; nil if none. The
// caller must not change the slice.
func (c *Catalog) ControlsOf(check string) []string {
	if ids, ok := c.Checks[check]; ok {
		return ids
	}
	for _, f := range c.families {
		if strings.HasPrefix(check, strings.TrimSuffix(f, "*")) {
			return c.Checks[f]
		}
	}
	return nil
}

// ChecksOf returns the checks and families that show a control, sorted.
func (c *Catalog) ChecksOf(control string) []string {
	var out []string
	for check, ids := range c.Checks {
		if slices.Contains(ids, control) {
			out = append(out, check)
		}
	}
	slices.Sort(out)
	return out
}

// Names reports whether name, as written in an override, means k: its id, its
// topic, or the code, clause or title of its capability, in any case.
func (c *Catalog) Names(name string, k *Control) bool {
	if strings.EqualFold(name, k.ID) || strings.EqualFold(name, k.Topic) {
		return true
	}
	p := c.byClause[k.Capability]
	return p != nil && (name == p.Clause || strings.EqualFold(name, p.Code) || strings.EqualFold(name, p.Title))
}

// Knows reports whether name, as written in an override or in terms, means any
// control.
func (c *Catalog) Knows(name string) bool {
	return slices.ContainsFunc(c.Controls, func(k *Control) bool { return c.Names(name, k) })
}

// Selection narrows down the controls. An empty field leaves them all.
type Selection struct {
	Capability string          // code, clause or title
	Category   system.Category // the control applies to such services
	Role       system.Role     // has a share in it
	Layer      string          // a layer of controls, or of the architecture
}

// Select returns the controls that fit, by id.
func (c *Catalog) Select(s Selection) []*Control {
	var out []*Control
	for _, k := range c.Controls {
		if c.fits(k, s) {
			out = append(out, k)
		}
	}
	return out
}

func (c *Catalog) fits(k *Control, s Selection) bool {
	part := func(r system.Role) bool {
		if s.Category != "" {
			return k.Owner[s.Category].Of(r) != NoShare
		}
		return slices.Contains(k.Roles(), r)
	}
	layer := func() bool {
		if string(k.Layer) == s.Layer {
			return true
		}
		component := c.components[k.Component]
		return component != nil && component.Layer == s.Layer
	}
	return (s.Capability == "" || c.Names(s.Capability, k)) &&
		(s.Category == "" || k.AppliesTo(s.Category)) &&
		(s.Role == "" || part(s.Role)) &&
		(s.Layer == "" || layer())
}

// Search returns the controls in whose words or ids every one of the words
// occurs, in any case: first those with all of them in id, topic or title.
func (c *Catalog) Search(words ...string) []*Control {
	var first, rest []*Control
	for _, k := range c.Controls {
		name := strings.Join([]string{k.ID, k.Topic, k.Title}, "\n")
		switch {
		case containsAll(name, words):
			first = append(first, k)
		case containsAll(name+"\n"+c.text(k), words):
			rest = append(rest, k)
		}
	}
	return append(first, rest...)
}

// text is all that a control says besides its name.
func (c *Catalog) text(k *Control) string {
	parts := []string{k.Statement, k.Test, k.Proof, k.Component, strings.Join(k.Clauses, "\n")}
	for _, duty := range k.Does {
		parts = append(parts, duty.Do)
	}
	for framework, ids := range k.Frameworks {
		for _, m := range ids {
			parts = append(parts, framework+" "+m.ID)
		}
	}
	if p := c.byClause[k.Capability]; p != nil {
		parts = append(parts, p.Title)
	}
	return strings.Join(parts, "\n")
}

func containsAll(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return len(words) > 0
}
