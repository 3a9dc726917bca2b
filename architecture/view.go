package architecture

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// View is a system placed on the reference architecture. It is immutable.
type View struct {
	Model    *system.Model
	Assessed bool // there is evidence, so that the standings say something
	Parties  []*Party
	Layers   []*Layer
	Elements map[string]*Element // components, zones and services that controls act on
	Placed   int                 // components that stand on a functional component
	Unplaced []*system.Component // those of a type that placement.yaml does not know, by name
	Controls int                 // that apply to the system
	Checks   int                 // that stand on some functional component

	byParty map[string]*Party
}

// Party is a party of the system, or nobody, with what tells it from the others
// in a drawing.
type Party struct {
	Name     string // "" is nobody
	Title    string
	Letter   string
	Number   int // of its colour
	Controls int // it is accountable for, each counted once
	Provides []string
	Uses     []string
	Partners []string // services it is partner of
}

// Layer is a layer of the architecture or a group of functions across them.
type Layer struct {
	*catalog.FunctionalLayer
	Functions []*Function
}

// Function is a functional component and what stands on it.
type Function struct {
	*catalog.Component
	Controls   []*Control // that apply to the system, by id
	Idle       int        // controls of the catalogue that do not
	Checks     []string   // that show a control of this function, by id
	Components []*system.Component
	ByParty    map[string]int // controls that a party is accountable for
	Standing   Standing       // of Controls, each by the worst of its elements
}

// Control is a control that applies to the system.
type Control struct {
	*catalog.Control
	Parties  []string // accountable for it on some element, by name; "" is nobody
	Elements int      // it acts on
	Status   responsibility.Status
	Checks   []string // that show it
}

// Element is a component, zone or service with its responsibilities.
type Element struct {
	Party    *Party // accountable for most of them
	Sole     bool   // for all of them
	Controls int
	Standing Standing
}

// Standing counts responsibilities, or controls, by how they stand.
type Standing map[responsibility.Status]int

// Statuses lists the statuses, the worst first.
var Statuses = []responsibility.Status{
	responsibility.Violated, responsibility.Expired, responsibility.Unproven,
	responsibility.WaivedAll, responsibility.Inherited, responsibility.Met,
}

// Worst returns the worst status that occurs, "" if none does.
func (s Standing) Worst() responsibility.Status {
	for _, status := range Statuses {
		if s[status] > 0 {
			return status
		}
	}
	return ""
}

// New places the system of m under the controls of c. Without an assessment the
// view says who has what, but nothing of how it stands.
func New(m *system.Model, c *catalog.Catalog, duties *responsibility.Set, a *assessment.Assessment) (*View, error) {
	table, err := loadPlacement()
	if err != nil {
		return nil, err
	}
	v := &View{Model: m, Assessed: a != nil, Elements: map[string]*Element{}, byParty: map[string]*Party{}}
	v.parties()
	t := newTallies(v, c)
	if a != nil {
		for r := range a.Responsibilities() {
			t.add(r.Element, r.Row, r.Status)
		}
	} else {
		for r := range duties.All() {
			t.add(r.Element, r.Row, "")
		}
	}
	t.closeElement()
	v.layers(c, t, checksOf(c, a))
	v.components(c, table)
	return v, nil
}

// Party returns the party of this name, which may be nobody's "".
func (v *View) Party(name string) *Party { return v.byParty[name] }

// parties gives each party a letter: the first of its name that is free.
func (v *View) parties() {
	names := sortedKeys(v.Model.Parties)
	taken := map[string]bool{}
	for i, name := range names {
		p := &Party{Name: name, Title: v.Model.Parties[name].Title, Number: i, Letter: letter(name, taken)}
		v.Parties, v.byParty[name] = append(v.Parties, p), p
	}
	for _, name := range sortedKeys(v.Model.Services) {
		s := v.Model.Services[name]
		if p := v.byParty[s.Provider]; p != nil {
			p.Provides = append(p.Provides, name)
		}
		if p := v.byParty[s.Customer]; p != nil {
			p.Uses = append(p.Uses, name)
		}
		for _, partner := range s.Partners {
			if p := v.byParty[partner]; p != nil {
				p.Partners = append(p.Partners, name)
			}
		}
	}
}

func letter(name string, taken map[string]bool) string {
	for _, r := range strings.ToUpper(name) + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		if s := string(r); r < unicode.MaxASCII && unicode.IsLetter(r) && !taken[s] {
			taken[s] = true
			return s
		}
	}
	s := strconv.Itoa(len(taken) + 1)
	taken[s] = true
	return s
}

// party returns the party of a name, which the model may not have declared.
func (v *View) party(name string) *Party {
	p := v.byParty[name]
	if p == nil {
		p = &Party{Name: name, Letter: "?", Number: -1}
		v.byParty[name] = p
		v.Parties = append(v.Parties, p)
	}
	return p
}

// tallies adds up responsibilities, which come element by element.
type tallies struct {
	view     *View
	controls map[string]*controlTally
	name     string // of the element being counted
	element  *Element
	shares   map[string]int
}

type controlTally struct {
	elements int
	parties  map[string]bool
	standing Standing
}

func newTallies(v *View, c *catalog.Catalog) *tallies {
	t := &tallies{view: v, controls: make(map[string]*controlTally, len(c.Controls)), shares: map[string]int{}}
	for _, k := range c.Controls {
		t.controls[k.ID] = &controlTally{parties: map[string]bool{}, standing: Standing{}}
	}
	return t
}

func (t *tallies) add(element string, r *responsibility.Row, status responsibility.Status) {
	if t.element == nil || t.name != element {
		t.closeElement()
		t.name, t.element = element, &Element{Standing: Standing{}}
		t.view.Elements[element] = t.element
	}
	t.element.Controls++
	t.shares[r.Accountable]++
	k := t.controls[r.Control]
	if status != "" {
		t.element.Standing[status]++
	}
	if k == nil {
		return
	}
	k.elements++
	k.parties[r.Accountable] = true
	if status != "" {
		k.standing[status]++
	}
}

// closeElement finds the party that is accountable for most of the element.
func (t *tallies) closeElement() {
	if t.element == nil {
		return
	}
	most := 0
	for _, name := range sortedKeys(t.shares) {
		if n := t.shares[name]; n > most {
			most, t.element.Party = n, t.view.party(name)
		}
	}
	t.element.Sole = len(t.shares) == 1
	clear(t.shares)
}

// layers fills the functional components with controls and checks.
func (v *View) layers(c *catalog.Catalog, t *tallies, checks map[string][]string) {
	functions := map[string]*Function{}
	for _, l := range c.Architecture.Layers {
		layer := &Layer{FunctionalLayer: l}
		for _, k := range l.Components {
			f := &Function{Component: k, ByParty: map[string]int{}, Standing: Standing{}}
			layer.Functions, functions[k.ID] = append(layer.Functions, f), f
		}
		v.Layers = append(v.Layers, layer)
	}
	shown := map[string]bool{}
	for _, k := range c.Controls {
		f, n := functions[k.Component], t.controls[k.ID]
		if f == nil {
			continue
		}
		for _, id := range checks[k.ID] {
			shown[id] = true
			f.Checks = append(f.Checks, id)
		}
		if n.elements == 0 {
			f.Idle++
			continue
		}
		control := &Control{Control: k, Parties: sortedKeys(n.parties), Elements: n.elements, Status: n.standing.Worst(), Checks: checks[k.ID]}
		f.Controls = append(f.Controls, control)
		v.Controls++
		for _, name := range control.Parties {
			f.ByParty[name]++
			v.party(name).Controls++
		}
		if control.Status != "" {
			f.Standing[control.Status]++
		}
	}
	for _, f := range functions {
		slices.Sort(f.Checks)
		f.Checks = slices.Compact(f.Checks)
	}
	v.Checks = len(shown)
}

// checksOf gives the checks of the run, or of the catalogue without one, by the
// controls they show.
func checksOf(c *catalog.Catalog, a *assessment.Assessment) map[string][]string {
	out := map[string][]string{}
	if a != nil {
		for _, check := range a.Checks {
			for _, id := range check.Controls {
				out[id] = append(out[id], check.ID)
			}
		}
		return out
	}
	for check, ids := range c.Checks {
		for _, id := range ids {
			out[id] = append(out[id], check)
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// components puts each component on its function.
func (v *View) components(c *catalog.Catalog, table *placement) {
	functions := map[string]*Function{}
	for _, l := range v.Layers {
		for _, f := range l.Functions {
			functions[f.ID] = f
		}
	}
	for _, name := range sortedKeys(v.Model.Components) {
		component := v.Model.Components[name]
		if k := table.of(component, c); k != nil {
			f := functions[k.ID]
			f.Components = append(f.Components, component)
			v.Placed++
			continue
		}
		v.Unplaced = append(v.Unplaced, component)
	}
}

// PartiesOf lists the parties that have controls of f, those with most first.
func (v *View) PartiesOf(f *Function) []*Party {
	var out []*Party
	for _, p := range v.Parties {
		if f.ByParty[p.Name] > 0 {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b *Party) int { return cmp.Compare(f.ByParty[b.Name], f.ByParty[a.Name]) })
	return out
}

// UnplacedTypes counts the components that are not placed by their type.
func (v *View) UnplacedTypes() []TypeCount { return countTypes(v.Unplaced) }

// TypeCount is how many components are of a type.
type TypeCount struct {
	Type  string
	Count int
}

// countTypes counts components by type, the most frequent first.
func countTypes(list []*system.Component) []TypeCount {
	n := map[string]int{}
	for _, c := range list {
		n[typeOf(c)]++
	}
	var out []TypeCount
	for _, typ := range sortedKeys(n) {
		out = append(out, TypeCount{typ, n[typ]})
	}
	slices.SortStableFunc(out, func(a, b TypeCount) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

// typeOf is what a component is, in one word.
func typeOf(c *system.Component) string {
	if c.Type == "" && c.Service != "" {
		return "bought service"
	}
	return cmp.Or(c.Type, "no type")
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
