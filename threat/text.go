package threat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// piece is a part of a wording: text as it stands, or a word to be filled in.
type piece struct{ text, word string }

// words are what wordings can name, besides the facts of the element.
var words = map[Kind][]string{
	Component: {"name", "type", "data", "stored", "zone", "service", "provider", "customer", "operator", "exposed", "actors", "targets", "stack"},
	Flow:      {"name", "from", "to", "via", "data", "from.zone", "to.zone", "from.operator", "to.operator", "from.provider", "to.provider"},
	Service:   {"name", "data", "provider", "customer", "terms", "region", "regions", "beneath", "host", "strangers", "partners", "developers", "components", "software", "open", "actors", "vendor", "customers", "joined", "stack"},
	Data:      {"name", "stores", "handlers", "open", "bought", "operators", "providers", "regions", "need"},
	Zone:      {"name", "components", "operators", "open", "data", "service"},
	Party:     {"name", "operates", "services", "data", "targets"},
}

// pieces takes a wording apart. The error names a word that there is not.
func pieces(kind Kind, text string) ([]piece, error) {
	var out []piece
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		out = append(out, piece{text: before})
		if !found {
			break
		}
		word, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("{%s has no closing brace", rest)
		}
		known := slices.Clone(words[kind])
		for _, f := range vocabularyOf[kind] {
			known = append(known, string(kind)+"."+f.Name)
		}
		if !slices.Contains(known, word) {
			if near := strict.Nearest(word, known); near != "" {
				return nil, fmt.Errorf("there is no word {%s}; did you mean {%s}?", word, near)
			}
			return nil, fmt.Errorf("there is no word {%s}; use a fact, or one of %s", word, strings.Join(words[kind], ", "))
		}
		out = append(out, piece{word: word})
		text = after
	}
	return out, nil
}

// Because says in words why the threat applies.
func (t *Threat) Because() string { return t.of.fill(t.Rule.because) }

// fill fills in the words of a wording.
func (e *element) fill(list []piece) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.text)
		if p.word != "" {
			b.WriteString(e.word(p.word))
		}
	}
	return b.String()
}

// shownNames is how many names a wording holds before it counts the rest.
const shownNames = 4

func some(list []string) string {
	switch n := len(list); {
	case n == 0:
		return "nothing"
	case n == 1:
		return list[0]
	case n <= shownNames:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:shownNames-1], ", "), n-shownNames+1)
	}
}

// word gives what a word of a wording stands for.
func (e *element) word(word string) string {
	if word == "name" {
		return e.title()
	}
	if strings.HasPrefix(word, string(e.kind)+".") {
		if all, err := vocabularies(); err == nil {
			if i, ok := all[e.kind].Slot(word); ok {
				return shown(e.facts()[i])
			}
		}
	}
	switch e.kind {
	case Component:
		return e.index.componentWord(e.part, word)
	case Flow:
		return e.index.flowWord(e.flow, word)
	case Service:
		return e.index.serviceWord(e.service, word)
	case Data:
		return e.index.dataWord(e.data, word)
	case Zone:
		return e.index.zoneWord(e.zone, word)
	}
	return e.index.partyWord(e.party, word)
}

// title is the element's name in a sentence.
func (e *element) title() string {
	if e.flow != nil {
		return strings.Replace(e.name, "->", " -> ", 1)
	}
	return e.name
}

// shown writes a value of a fact.
func shown(v cel.Value) string {
	switch x := v.Any().(type) {
	case bool:
		if x {
			return "true"
		}
		return "false"
	case int:
		if x >= 1_000_000 && x%100_000 == 0 {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(x)/1e6), ".0") + " million"
		}
		return fmt.Sprint(x)
	case string:
		return x
	case []string:
		if len(x) == 0 {
			return "none"
		}
		return some(x)
	}
	return "not stated"
}

func (x *index) componentWord(p *part, word string) string {
	near := p.place.nearest()
	switch word {
	case "type":
		return p.Type
	case "data":
		return some(x.neediest(p.data.names))
	case "stored":
		return some(x.neediest(p.stored.names))
	case "zone":
		if z := p.place.zone(); z != nil {
			return z.Name
		}
		return "no zone"
	case "operator":
		return orNobody(p.runner)
	case "exposed":
		for _, f := range x.flowsOf[p.Name] {
			if zone := x.callers(f); p.Exposed == "" && f.To == p.Name && zone != "" {
				return zone
			}
		}
		return p.Exposed
	case "targets":
		return some(targetsOf(p))
	case "actors":
		return some(x.actorNames(p))
	case "stack":
		return stackWord(p.place.services)
	}
	if near == nil {
		return "no service"
	}
	switch word {
	case "service":
		return near.Name
	case "provider":
		return near.Provider
	}
	return near.Customer
}

// neediest sorts data by what it needs.
func (x *index) neediest(names []string) []string {
	out := slices.Clone(names)
	slices.SortStableFunc(out, func(a, b string) int { return x.greatest(b) - x.greatest(a) })
	return out
}

func (x *index) greatest(name string) int {
	d := x.model.Data[name]
	return max(d.Confidentiality, d.Integrity, d.Availability)
}

func targetsOf(p *part) []string {
	var out []string
	for _, verb := range sortedKeys(p.Can) {
		out = append(out, p.Can[verb]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// actorNames lists who has privileges on a component or on what holds it.
func (x *index) actorNames(p *part) []string {
	var out runners
	names := []string{p.Name}
	for _, z := range p.place.zones {
		names = append(names, z.Name)
	}
	for _, s := range p.place.services {
		names = append(names, s.Name)
	}
	for _, name := range names {
		for _, g := range x.acts[name] {
			if g.actor != p {
				out.add(g.actor.Name)
			}
		}
	}
	return out
}

func stackWord(services []*system.Service) string {
	var out []string
	for _, s := range services {
		out = append(out, s.Name+" of "+s.Provider)
	}
	return strings.Join(out, " on ")
}

func orNobody(party string) string {
	if party == "" {
		return "nobody named"
	}
	return party
}

func (x *index) flowWord(f *system.Flow, word string) string {
	if word == "data" {
		return some(x.neediest(f.Data))
	}
	e := x.end(f.From)
	side, what, _ := strings.Cut(word, ".")
	switch side {
	case "via":
		return f.Via
	case "to":
		e = x.end(f.To)
	}
	switch what {
	case "zone":
		if z := e.place.zone(); z != nil && e.zone == nil {
			return z.Name
		}
		if e.zone != nil {
			return e.zone.Name
		}
		return "no zone"
	case "operator":
		return orNobody(e.runner())
	case "provider":
		if near := e.place.nearest(); near != nil {
			return near.Provider
		}
		return "nobody named"
	}
	return e.name
}

func (x *index) serviceWord(s *system.Service, word string) string {
	stack := x.placeOf(s.Name).services
	parts := x.direct[s.Name]
	namesOf := func(want func(*part) bool) string {
		var out []string
		for _, p := range parts {
			if want(p) {
				out = append(out, p.Name)
			}
		}
		return some(out)
	}
	switch word {
	case "data":
		return some(x.neediest(x.dataIn(s.Name)))
	case "provider":
		return s.Provider
	case "customer":
		if s.Customer == system.Public {
			return "anyone"
		}
		return s.Customer
	case "terms":
		return s.Terms
	case "region":
		return s.Region
	case "stack":
		return stackWord(stack)
	case "host":
		if len(stack) > 1 {
			return stack[1].Provider
		}
		return "nobody named"
	case "components":
		return namesOf(func(*part) bool { return true })
	case "software":
		return namesOf(func(p *part) bool { return x.software(p, s) })
	case "open":
		return namesOf(func(p *part) bool { return p.open != nil && *p.open })
	case "vendor":
		return namesOf(func(p *part) bool { return p.typed && p.kind.Vendor })
	case "actors":
		var out runners
		for _, name := range x.elementsOf(s) {
			for _, g := range x.acts[name] {
				out.add(g.actor.Name)
			}
		}
		return some(out)
	}
	return some(x.serviceParties(s, stack, word))
}

// serviceParties lists the parties or regions that a word about a service means.
func (x *index) serviceParties(s *system.Service, stack []*system.Service, word string) []string {
	var out runners
	switch word {
	case "partners", "developers":
		for _, p := range s.Partners {
			if word == "partners" || x.isSub(p, "developer") || x.isSub(p, "integrator") {
				out.add(p)
			}
		}
	case "customers":
		if s.Customer == system.Public {
			out.add("anyone")
		}
		for _, c := range x.sharers(s) {
			if c == system.Public {
				c = "the public"
			}
			out.add(c)
		}
	case "joined", "regions":
		if word == "regions" {
			for _, b := range stack {
				if b.Region != "" {
					out.add(b.Name + " in " + b.Region)
				}
			}
		}
		for _, p := range x.direct[s.Name] {
			for _, f := range x.flowsOf[p.Name] {
				other := f.To
				if other == p.Name {
					other = f.From
				}
				near := x.end(other).place.nearest()
				if near == nil || near.Provider == p.place.nearest().Provider {
					continue
				}
				if word == "joined" {
					out.add(near.Name + " of " + near.Provider)
				} else if near.Region != "" {
					out.add(near.Name + " in " + near.Region)
				}
			}
		}
	default:
		for _, b := range stack {
			stranger := b.Provider != s.Customer && !x.dealings[[2]string{s.Customer, b.Provider}]
			if b.Provider != s.Provider && (word == "beneath" || stranger) {
				out.add(b.Provider)
			}
		}
	}
	return out
}

func (x *index) dataWord(d *system.Data, word string) string {
	var out runners
	for _, p := range x.uses[d.Name] {
		near := p.place.nearest()
		stores := slices.Contains(p.Stores, d.Name)
		switch {
		case word == "stores" && stores, word == "handlers" && !stores, word == "open" && p.open != nil && *p.open:
			out.add(p.Name)
		case word == "bought" && p.Service != "":
			out.add(p.Name + " of " + orNobody(p.runner))
		case word == "operators":
			out.add(orNobody(p.runner))
		case word == "providers" && near != nil:
			out.add(near.Provider)
		case word == "regions" && near != nil && near.Region != "":
			out.add(near.Region)
		}
	}
	if word == "need" {
		return needWords(d)
	}
	return some(out)
}

// needWords says what data needs, and its kinds.
func needWords(d *system.Data) string {
	var out []string
	if d.Confidentiality > 0 {
		out = append(out, system.SecrecyWord(d.Confidentiality))
	}
	if d.Integrity > 2 {
		out = append(out, "integrity "+system.NeedWord(d.Integrity))
	}
	if d.Availability > 2 {
		out = append(out, "availability "+system.NeedWord(d.Availability))
	}
	return strings.Join(append(out, d.Kinds...), ", ")
}

func (x *index) zoneWord(z *system.Zone, word string) string {
	var out runners
	for _, p := range x.inZone[z.Name] {
		switch word {
		case "components":
			out.add(p.Name)
		case "operators":
			out.add(orNobody(p.runner))
		case "open":
			if p.open != nil && *p.open {
				out.add(p.Name)
			}
		}
	}
	switch word {
	case "data":
		return some(x.neediest(x.dataIn(z.Name)))
	case "service":
		if near := x.placeOf(z.Name).nearest(); near != nil {
			return near.Name
		}
		return "no service"
	}
	return some(out)
}

func (x *index) partyWord(p *system.Party, word string) string {
	var out runners
	for _, c := range x.deals[p.Name].operates {
		switch word {
		case "operates":
			out.add(c.Name)
		case "data":
			for _, d := range c.data.names {
				out.add(d)
			}
		case "targets":
			for _, t := range targetsOf(c) {
				out.add(t)
			}
		}
	}
	if word == "services" {
		for _, s := range x.services {
			if relation(p.Name, s) != "other" {
				out.add(s.Name)
			}
		}
	}
	return some(out)
}

// Facts lists what the threat rests on, in the order of its rule's premises.
func (t *Threat) Facts() []Fact { return t.of.trace(t.Rule) }

// trace lists the facts that a rule reads of an element.
func (e *element) trace(r *Rule) []Fact {
	facts := e.facts()
	var out []Fact
	seen := map[int]bool{}
	for _, p := range r.Premises {
		for _, i := range p.Reads {
			if seen[i] {
				continue
			}
			seen[i] = true
			out = append(out, e.fact(i, facts[i]))
		}
	}
	return out
}

// fact names a fact of an element, with where it was stated.
func (e *element) fact(slot int, v cel.Value) Fact {
	f := &vocabularyOf[e.kind][slot]
	out := Fact{Name: string(e.kind) + "." + f.Name, Text: f.Doc, Origin: e.origin(f.Name)}
	if v.Stated() {
		out.Value = shown(v)
	}
	return out
}

// origin is where a fact about the element, or what it follows from, is stated.
func (e *element) origin(fact string) surety.Origin {
	x := e.index
	switch e.kind {
	case Component:
		return x.componentOrigin(e.part, fact)
	case Flow:
		if strings.HasPrefix(fact, "data.") && len(e.flow.Data) > 0 {
			return x.model.Data[x.neediest(e.flow.Data)[0]].Origin
		}
		return e.flow.Origin
	case Service:
		return x.serviceOrigin(e.service, fact)
	case Data:
		return e.data.Origin
	case Zone:
		if strings.HasPrefix(fact, "data.") {
			if names := x.dataIn(e.zone.Name); len(names) > 0 {
				return x.model.Data[x.neediest(names)[0]].Origin
			}
		}
		return e.zone.Origin
	}
	return e.party.Origin
}

func (x *index) componentOrigin(p *part, fact string) surety.Origin {
	prefix, _, _ := strings.Cut(fact, ".")
	switch {
	case prefix == "data" && len(p.data.names) > 0:
		return x.model.Data[x.neediest(p.data.names)[0]].Origin
	case prefix == "stored" && len(p.stored.names) > 0:
		return x.model.Data[x.neediest(p.stored.names)[0]].Origin
	case fact == "trust" && p.place.trust != nil:
		return p.place.trusted
	case prefix == "acted":
		for _, name := range x.actorNames(p) {
			return x.parts[name].Origin
		}
	case fact == "callers", fact == "calls", fact == "sends", (fact == "open" || fact == "reached") && p.Exposed == "":
		for _, f := range x.flowsOf[p.Name] {
			return f.Origin
		}
	case fact == "unclear":
		return x.unclearOrigin(p.Name, p.Origin)
	}
	if near := p.place.nearest(); near != nil && slices.Contains([]string{"category", "public", "shared", "depth", "parties"}, fact) {
		return near.Origin
	}
	return p.Origin
}

// unclearOrigin is where what makes a control unclear is stated.
func (x *index) unclearOrigin(name string, otherwise surety.Origin) surety.Origin {
	if at, ok := x.duties.Find(name); ok {
		for _, r := range x.duties.Elements()[at].Rows {
			if r.State != responsibility.Owned && r.Origin != (surety.Origin{}) {
				return r.Origin
			}
		}
	}
	return otherwise
}

func (x *index) serviceOrigin(s *system.Service, fact string) surety.Origin {
	prefix, _, _ := strings.Cut(fact, ".")
	switch {
	case prefix == "data":
		if names := x.dataIn(s.Name); len(names) > 0 {
			return x.model.Data[x.neediest(names)[0]].Origin
		}
	case prefix == "administered":
		for _, name := range x.elementsOf(s) {
			for _, g := range x.acts[name] {
				return g.actor.Origin
			}
		}
	case slices.Contains([]string{"unclear", "unowned", "double", "ambiguous", "unaccepted", "broken"}, fact):
		return x.unclearOrigin(s.Name, s.Origin)
	}
	return s.Origin
}
