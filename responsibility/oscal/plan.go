package oscal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	form "github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// About is what a plan needs beside the responsibilities.
type About struct {
	Time    time.Time
	Version string // of the tool
	Service string // only this one and those it touches; "" for all
	Control string // only those that this names; "" for all
	// Status is how the responsibilities of services stand, by id; nil if no
	// evidence was judged.
	Status map[string]responsibility.Status
}

// Plan writes the responsibilities of a model as one OSCAL 1.2.2 system security
// plan. Each service is a component. What its provider has in a control is
// exported as provided, what is left to its customer as a responsibility. The
// service that runs on it, or the component of the whole system where none does,
// inherits the one and satisfies the other. Each service that another runs on is a
// leveraged authorization. What is not owned stands in remarks. Where evidence was
// judged the status is a property, and what is met is implemented: OSCAL has no word
// for what nobody has shown.
func Plan(m *system.Model, c *catalog.Catalog, set *responsibility.Set, o About) ([]byte, error) {
	if len(m.Services) == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL plan", Err: errors.New("the model has no service"),
			Hint: "state in services who provides what to whom"}
	}
	w := &planWriter{About: o, model: m, catalog: c, set: set, duties: map[string]map[string]*duty{}, gaps: map[string][]string{}}
	w.gather()
	requirements := w.requirements()
	if len(requirements) == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL plan", Err: errors.New("no service has a part in what is asked for"),
			Hint: "loosen the filters"}
	}
	about, err := json.Marshal(characteristicsOf(m.Name, "Who must do what in "+flat(m.Name)+", computed by Surety from a model of its parties and services."))
	if err != nil {
		return nil, fmt.Errorf("encode OSCAL plan: %w", err)
	}
	p := &plan{
		UUID: w.id("plan", o.Service, o.Control), Metadata: w.metadata(),
		Profile: json.RawMessage(`{"href":"` + form.CatalogFile + `"}`), Characteristics: about,
		System: w.system(), Controls: controls{Description: "What each service provides, what it leaves to its customer, and who takes that on.", Requirements: requirements},
	}
	return encode(document{SSP: p})
}

// planWriter writes one plan.
type planWriter struct {
	About
	model   *system.Model
	catalog *catalog.Catalog
	set     *responsibility.Set
	duties  map[string]map[string]*duty // by control and service
	gaps    map[string][]string         // by control, where it is not owned
}

// duty is what the sides of one service have in one control.
type duty struct {
	provided, left bool
	dependent      bool
	split          string
	partners       []string
	above          map[string]*taking // by what takes it: a service, "" for the system itself
}

// taking is what is inherited and satisfied from a duty.
type taking struct{ inherited, satisfied bool }

func (w *planWriter) id(parts ...string) string {
	return form.UUID(append([]string{"responsibilities", w.model.Name}, parts...)...)
}

// gather finds the duties in the rows. Elements in one place share their rows,
// so each place is looked at once.
func (w *planWriter) gather() {
	type at struct {
		row    *responsibility.Row
		holder string
	}
	seen := map[at]bool{}
	for i := range w.set.Elements() {
		e := &w.set.Elements()[i]
		if len(e.Rows) == 0 {
			continue
		}
		holder := w.holder(i)
		if key := (at{&e.Rows[0], holder}); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		for n := range e.Rows {
			r := &e.Rows[n]
			if w.Control != "" && !w.catalog.Names(w.Control, w.catalog.Control(r.Control)) {
				continue
			}
			if r.State != responsibility.Owned {
				w.gaps[r.Control] = append(w.gaps[r.Control], fmt.Sprintf("%s on %s: %s", r.State, flat(e.Name), r.Basis))
			}
			for _, part := range r.Parts {
				w.part(r, part, holder)
			}
		}
	}
}

// holder is the service that the element at place i is or stands in, "" if none.
func (w *planWriter) holder(i int) string {
	for steps := 0; i >= 0 && steps < len(w.set.Elements()); steps++ {
		if name := w.set.Elements()[i].Name; w.model.Services[name] != nil {
			return name
		}
		i = w.set.Holder(i)
	}
	return ""
}

// part adds one party's part in a control, seen on an element that holder holds.
func (w *planWriter) part(r *responsibility.Row, p responsibility.Part, holder string) {
	if w.model.Services[p.Service] == nil {
		return
	}
	if w.duties[r.Control] == nil {
		w.duties[r.Control] = map[string]*duty{}
	}
	d := w.duties[r.Control][p.Service]
	if d == nil {
		d = &duty{above: map[string]*taking{}}
		w.duties[r.Control][p.Service] = d
	}
	d.dependent = d.dependent || p.Share == catalog.Dependent
	if r.Split != "" {
		d.split = r.Split
	}
	up := w.above(p.Service, holder)
	if d.above[up] == nil {
		d.above[up] = &taking{}
	}
	switch p.Role {
	case system.Provider:
		d.provided = true
		d.above[up].inherited = true
	case system.Customer:
		d.left = true
		d.above[up].satisfied = true
	case system.Partner:
		if !slices.Contains(d.partners, p.Party) {
			d.partners = append(d.partners, p.Party)
		}
	}
}

// above is the service that runs on a service, on the way up to holder; "" if
// what holder holds is the customer's own.
func (w *planWriter) above(service, holder string) string {
	up := ""
	for name, steps := holder, 0; name != "" && steps <= len(w.model.Services); steps++ {
		if name == service {
			return up
		}
		s := w.model.Services[name]
		if s == nil {
			break
		}
		up, name = name, s.On
	}
	return ""
}

// shown reports whether a service is asked for: it, what it runs on, and what
// runs on it.
func (w *planWriter) shown(name string) bool {
	if w.Service == "" || name == w.Service {
		return true
	}
	return w.model.Services[w.Service].On == name || w.model.Services[name].On == w.Service
}

func (w *planWriter) metadata() metadata {
	m := metadata{
		Title: "Shared responsibility of " + flat(w.model.Name), LastModified: w.Time.UTC().Format(time.RFC3339),
		Version: w.catalog.Version, OSCALVersion: form.Version, Props: []property{prop("tool", "surety "+w.About.Version)},
	}
	for _, r := range []struct{ id, title string }{{"customer", "Cloud service customer"}, {"provider", "Cloud service provider"}, {"partner", "Cloud service partner"}} {
		m.Roles = append(m.Roles, raw(map[string]string{"id": r.id, "title": r.title}))
	}
	for _, name := range w.parties() {
		title := name
		if p := w.model.Parties[name]; p != nil && p.Title != "" {
			title = p.Title
		}
		m.Parties = append(m.Parties, raw(map[string]string{"uuid": w.id("party", name), "type": "organization", "name": flat(title), "short-name": flat(name)}))
	}
	return m
}

// parties lists those that are known or named by a service, public aside.
func (w *planWriter) parties() []string {
	names := map[string]bool{}
	for name := range w.model.Parties {
		names[name] = true
	}
	for _, s := range w.model.Services {
		for _, name := range append([]string{s.Provider, s.Customer}, s.Partners...) {
			names[name] = true
		}
	}
	delete(names, system.Public)
	return slices.Sorted(maps.Keys(names))
}

// raw encodes a value of strings, which cannot fail.
func raw(v map[string]string) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return out
}

func (w *planWriter) system() implementation {
	var out implementation
	out.Components = []component{{
		UUID: w.id("system"), Type: "this-system", Title: flat(w.model.Name), Description: "The system as a whole: what runs in the services and is its customers' own.",
		Status: json.RawMessage(`{"state":"operational"}`),
	}}
	for _, name := range slices.Sorted(maps.Keys(w.model.Services)) {
		if !w.shown(name) {
			continue
		}
		s := w.model.Services[name]
		c := component{
			UUID: w.id("service", name), Type: "service", Title: flat(name),
			Description: fmt.Sprintf("%s service that %s provides to %s.", s.Category, flat(s.Provider), flat(s.Customer)),
			Props:       []property{prop("category", string(s.Category)), prop("provider", s.Provider), prop("customer", s.Customer)},
			Status:      json.RawMessage(`{"state":"operational"}`),
			Roles:       []json.RawMessage{w.role("provider", s.Provider)},
		}
		if s.Customer != system.Public {
			c.Roles = append(c.Roles, w.role("customer", s.Customer))
		}
		if s.On != "" {
			c.Props = append(c.Props, prop("on", s.On))
		}
		if w.carries(name) {
			c.Props = append(c.Props, property{Name: "leveraged-authorization-uuid", Value: w.id("authorization", name)})
			out.Leveraged = append(out.Leveraged, w.authorization(name, s))
		}
		out.Components = append(out.Components, c)
	}
	return out
}

func (w *planWriter) role(id, party string) json.RawMessage {
	out, err := json.Marshal(struct {
		Role    string   `json:"role-id"`
		Parties []string `json:"party-uuids"`
	}{id, []string{w.id("party", party)}})
	if err != nil {
		return json.RawMessage("null")
	}
	return out
}

// carries reports whether another service runs on this one.
func (w *planWriter) carries(name string) bool {
	for other, s := range w.model.Services {
		if s.On == name && w.shown(other) {
			return true
		}
	}
	return false
}

// authorization names a service that another rests on. OSCAL demands the day of
// an authorization: it is the first day of the provider's terms, else that of this
// document, and the remarks say so.
func (w *planWriter) authorization(name string, s *system.Service) leveraged {
	l := leveraged{UUID: w.id("authorization", name), Title: flat(name + " of " + s.Provider), Party: w.id("party", s.Provider),
		Date:    w.Time.UTC().Format(time.DateOnly),
		Remarks: "Surety knows of no authorization; the date is that of this document."}
	if t := w.model.Terms[s.Terms]; t != nil && t.From != "" {
		l.Date = t.From
		l.Remarks = "Surety knows of no authorization; the date is the first day of the terms " + flat(t.Name) + "."
	}
	return l
}

func (w *planWriter) requirements() []requirement {
	var out []requirement
	for _, k := range w.catalog.Controls {
		duties := w.duties[k.ID]
		r := requirement{UUID: w.id("control", k.ID), Control: form.Token(k.ID)}
		for _, name := range slices.Sorted(maps.Keys(duties)) {
			if w.shown(name) {
				w.exported(&r, k, name, duties[name])
				w.taken(&r, k, name, duties[name])
			}
		}
		if gaps := w.gaps[k.ID]; len(gaps) > 0 {
			const most = 10
			r.Remarks = "Not owned: " + strings.Join(gaps[:min(len(gaps), most)], "; ")
			if more := len(gaps) - most; more > 0 {
				r.Remarks += fmt.Sprintf("; and in %d more places", more)
			}
		}
		if len(r.By) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// by returns the one entry of a component in a requirement, a new one if there
// is none.
func (w *planWriter) by(r *requirement, k *catalog.Control, component string) *byComponent {
	for i := range r.By {
		if r.By[i].Component == component {
			return &r.By[i]
		}
	}
	r.By = append(r.By, byComponent{Component: component, UUID: w.id("by", component, k.ID), Description: k.Statement})
	return &r.By[len(r.By)-1]
}

// does is what a role does for a control.
func does(k *catalog.Control, role system.Role) string {
	if text := k.Does[role].Do; text != "" {
		return text
	}
	return k.Statement
}

// exported adds what a service exports of a control.
func (w *planWriter) exported(r *requirement, k *catalog.Control, name string, d *duty) {
	s := w.model.Services[name]
	by := w.by(r, k, w.id("service", name))
	for _, party := range d.partners {
		by.Roles = append(by.Roles, w.role("partner", party))
	}
	if status, judged := w.Status[k.ID+"@"+name]; judged {
		by.Props = append(by.Props, prop("status", string(status)))
		if status == responsibility.Met {
			by.Status = json.RawMessage(`{"state":"implemented"}`)
		}
	}
	if !d.provided && !d.left {
		return
	}
	split := ""
	if d.split != "" {
		split = "\n\nSplit: " + d.split
	}
	by.Export = &export{}
	provided := w.id("provided", name, k.ID)
	if d.provided {
		text := does(k, system.Provider) + split
		if t := responsibility.Promise(w.model, w.catalog, s, k); t != nil && t.Proof != "" {
			text += "\n\nProof: " + t.Proof
		}
		by.Export.Provided = []said{{UUID: provided, Description: text, Roles: []json.RawMessage{w.role("provider", s.Provider)}}}
	}
	if d.left {
		x := said{UUID: w.id("responsibility", name, k.ID), Description: does(k, system.Customer) + split}
		if d.provided {
			x.Provided = provided
		}
		if d.dependent {
			x.Props = []property{prop("share", string(catalog.Dependent))}
		}
		by.Export.Responsibilities = []said{x}
	}
}

// taken adds what the services above, or the system itself, take of what a
// service exports. Nobody speaks for the public.
func (w *planWriter) taken(r *requirement, k *catalog.Control, name string, d *duty) {
	s := w.model.Services[name]
	for _, up := range slices.Sorted(maps.Keys(d.above)) {
		t := d.above[up]
		component := w.id("system")
		switch {
		case up == "" && s.Customer == system.Public, up != "" && !w.shown(up), !t.inherited && !t.satisfied:
			continue
		case up != "":
			component = w.id("service", up)
		}
		by := w.by(r, k, component)
		if t.inherited {
			by.Inherited = append(by.Inherited, said{UUID: w.id("inherited", up, name, k.ID), Provided: w.id("provided", name, k.ID),
				Description: does(k, system.Provider)})
		}
		if t.satisfied {
			by.Satisfied = append(by.Satisfied, said{UUID: w.id("satisfied", up, name, k.ID), Responsibility: w.id("responsibility", name, k.ID),
				Description: does(k, system.Customer), Roles: []json.RawMessage{w.role("customer", s.Customer)}})
		}
	}
}
