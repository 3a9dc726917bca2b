package threat

import (
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// element is one element of the model as the rules see it.
type element struct {
	kind  Kind
	name  string
	shape *shape
	index *index

	part    *part
	flow    *system.Flow
	service *system.Service
	data    *system.Data
	zone    *system.Zone
	party   *system.Party
}

// shape is the facts that some elements share, and what the rules say of them.
type shape struct {
	facts    string // packed
	outcomes []outcome
}

// outcome is a rule that holds, or that cannot be decided.
type outcome struct {
	rule    *Rule
	missing []int // of the rule's vocabulary; none: the rule holds
}

// Derive asks the rules of every element of the model.
func Derive(in Input) *Set {
	if in.Duties == nil {
		in.Duties = responsibility.Resolve(in.Model, in.Catalog)
	}
	d := &derivation{
		Set:   &Set{Rules: in.Rules, Elements: map[Kind]int{}, index: newIndex(in.Model, in.Duties), all: map[string]*element{}},
		input: in, shapes: map[string]*shape{}, failed: map[*Premise]bool{},
	}
	d.run()
	d.settle()
	return d.Set
}

// derivation is the state of one call of Derive.
type derivation struct {
	*Set
	input   Input
	shapes  map[string]*shape // by kind and packed facts
	sheets  map[Kind]*sheet
	failed  map[*Premise]bool
	buffer  []byte
	missing []int
}

func (d *derivation) run() {
	words, err := vocabularies()
	if err != nil {
		d.Problems = append(d.Problems, Problem{Message: err.Error()})
		return
	}
	d.sheets = map[Kind]*sheet{}
	for kind, v := range words {
		d.sheets[kind] = &sheet{kind: kind, words: v, facts: make([]cel.Value, len(v.Names()))}
	}
	x, c := d.index, d.input.Catalog
	for _, component := range x.components {
		p := x.parts[component.Name]
		d.ask(&element{kind: Component, name: p.Name, part: p}, func(s *sheet) { x.fillComponent(s, p, c) })
	}
	d.flows()
	for _, s := range x.services {
		d.ask(&element{kind: Service, name: s.Name, service: s}, func(sh *sheet) { x.fillService(sh, s, c) })
	}
	for _, data := range byName(x.model.Data) {
		d.ask(&element{kind: Data, name: data.Name, data: data}, func(s *sheet) { x.fillData(s, data) })
	}
	for _, z := range x.zones {
		d.ask(&element{kind: Zone, name: z.Name, zone: z}, func(s *sheet) { x.fillZone(s, z, c) })
	}
	for _, p := range byName(x.model.Parties) {
		d.ask(&element{kind: Party, name: p.Name, party: p}, func(s *sheet) { x.fillParty(s, p) })
	}
	d.Shapes = len(d.shapes)
}

// flows asks the rules of each flow. Two flows between the same ends are told apart
// by their protocol and their data; what does not differ in these is one.
func (d *derivation) flows() {
	x := d.index
	for _, f := range x.model.Flows {
		name := f.Distinct(func(n string) bool { return d.all[string(Flow)+" "+n] != nil })
		if d.all[string(Flow)+" "+name] == nil {
			d.ask(&element{kind: Flow, name: name, flow: f}, func(s *sheet) { x.fillFlow(s, f) })
		}
	}
}

// ask asks the rules of one element.
func (d *derivation) ask(e *element, fill func(*sheet)) {
	e.index = d.index
	d.Elements[e.kind]++
	d.all[string(e.kind)+" "+e.name] = e
	s := d.sheets[e.kind]
	s.reset()
	fill(s)
	d.buffer = pack(append(d.buffer[:0], e.kind...), s.facts)
	e.shape = d.shapes[string(d.buffer)]
	if e.shape == nil {
		key := string(d.buffer)
		e.shape = &shape{facts: key[len(e.kind):], outcomes: d.judge(e.kind, s.facts)}
		d.shapes[key] = e.shape
	}
	for _, o := range e.shape.outcomes {
		id := o.rule.ID + "@" + e.name
		if len(o.missing) == 0 {
			d.Threats = append(d.Threats, Threat{ID: id, Rule: o.rule, Element: e.name, Kind: e.kind, Data: e.dataNames(), of: e})
			continue
		}
		d.Questions = append(d.Questions, Question{ID: id, Rule: o.rule, Element: e.name, Kind: e.kind, Missing: d.names(e.kind, o.missing), of: e})
	}
}

// judge asks the rules of the facts of a shape.
func (d *derivation) judge(kind Kind, facts []cel.Value) []outcome {
	var out []outcome
	for _, r := range d.Rules.byKind[kind] {
		holds := true
		d.missing = d.missing[:0]
		for _, p := range r.Premises {
			answer, missing, err := p.Decide(facts, d.missing)
			d.missing = missing
			if err != nil {
				d.fail(r, p, err)
				holds = false
			}
			if answer == cel.False {
				holds = false
			}
			if !holds {
				break
			}
		}
		if holds {
			out = append(out, outcome{r, each(d.missing)})
		}
	}
	return out
}

// each lists what is in a list once, in its order.
func each(list []int) []int {
	var out []int
	for _, i := range list {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// fail notes once that a premise fails.
func (d *derivation) fail(r *Rule, p *Premise, err error) {
	if !d.failed[p] {
		d.failed[p] = true
		d.Problems = append(d.Problems, Problem{p.Origin, fmt.Sprintf("rule %s cannot be asked: premise %q fails: %v", r.ID, p.Text, err)})
	}
}

// names lists facts by name. The lists are shared by all questions that miss the
// same.
func (d *derivation) names(kind Kind, slots []int) []string {
	out := make([]string, len(slots))
	for i, slot := range slots {
		out[i] = d.sheets[kind].words.Names()[slot]
	}
	return out
}

// settle puts the set in order and applies the assumptions.
func (d *derivation) settle() {
	place := make(map[*Rule]int, len(d.Rules.All))
	for i, r := range d.Rules.All {
		place[r] = i
	}
	slices.SortStableFunc(d.Threats, func(a, b Threat) int { return place[a.Rule] - place[b.Rule] })
	slices.SortStableFunc(d.Questions, func(a, b Question) int { return place[a.Rule] - place[b.Rule] })
	d.accept(d.input.Today)
}

// facts opens the packed facts of the element.
func (e *element) facts() []cel.Value { return unpack(e.shape.facts) }

// dataNames lists the classes of data that a threat to the element endangers.
func (e *element) dataNames() []string {
	switch {
	case e.part != nil:
		return e.part.data.names
	case e.flow != nil:
		return e.flow.Data
	case e.data != nil:
		return []string{e.data.Name}
	case e.service != nil:
		return e.index.dataIn(e.service.Name)
	case e.zone != nil:
		return e.index.dataIn(e.zone.Name)
	}
	return nil
}

// dataIn lists the classes of data in a service or zone.
func (x *index) dataIn(name string) []string {
	if known, ok := x.dataOf[name]; ok {
		return known
	}
	var all runners
	for _, p := range x.within(name) {
		for _, d := range p.data.names {
			all.add(d)
		}
	}
	slices.Sort(all)
	x.dataOf[name] = all
	return all
}

// affects lists the parties with a role on the service that holds an element, or on
// those that it is a part of; for a service those with a role on it.
func (e *element) affects(role system.Role) []string {
	x := e.index
	switch {
	case e.part != nil:
		return e.part.place.affected[role]
	case e.zone != nil:
		return x.placeOf(e.zone.Name).affected[role]
	case e.service != nil:
		return affected([]*system.Service{e.service})[role]
	case e.flow != nil:
		return union(x.end(e.flow.From).place.affected[role], x.end(e.flow.To).place.affected[role])
	case e.data != nil:
		var out []string
		for _, p := range x.uses[e.data.Name] {
			out = union(out, p.place.affected[role])
		}
		return out
	}
	return x.roles(e.party.Name, role)
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// roles is the party itself if it plays the role anywhere.
func (x *index) roles(party string, role system.Role) []string {
	d := x.deals[party]
	if role == system.Customer && d.buys > 0 || role == system.Provider && d.provides > 0 || role == system.Partner && d.partners > 0 {
		return []string{party}
	}
	return nil
}

// rowOf finds a row of X.1601.
func rowOf(c *catalog.Catalog, clause string) *catalog.Threat {
	for _, t := range c.Threats {
		if t.Clause == clause {
			return t
		}
	}
	return nil
}
