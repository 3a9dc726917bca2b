package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	form "github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/system"
)

// oscalNS is the namespace of the properties that OSCAL has no name for.
const oscalNS = form.NS

// shownNames is how many names or problems a remark lists before it counts.
const shownNames = 20

// oscal writes OSCAL assessment-results.
type oscal struct {
	a        *assessment.Assessment
	o        Options
	time     string
	origins  []oscalOrigin
	looked   map[string]bool             // controls that some result counts for
	ids      map[assessment.Place]string // of observations
	findings []*standing
	risks    []*openRisk
}

// standing is what one finding is made of: a control on an element.
type standing struct {
	control, element string
	duty             *assessment.Responsibility // nil if the model has none
	counts           assessment.Counts
	told             []assessment.Result
	risks            map[*openRisk]bool
}

// openRisk is a group of fails with one cause, or a waiver and what it waives.
type openRisk struct {
	rank    int // place in the document
	group   *assessment.Group
	waiver  *assessment.Waiver
	results []assessment.Result
}

// writeOSCAL writes a as one OSCAL 1.2.2 assessment-results document with one
// result:
//
//   - an observation for each fail, unknown and waived fail, and for each source
//     that was not fully seen;
//   - a risk for each group of fails that one change would fix, and for each
//     waiver in force (status deviation-approved, its last day the deadline);
//   - a finding for each control and element that evidence bears on, satisfied
//     only if the responsibility is met or inherited; and one for each control
//     that nothing bears on, not satisfied. OSCAL has no "unknown", and unknown
//     is never pass: the reason is "other" and the remarks say why.
//
// Passes are counted in the findings. UUIDs are of version 5, made from what
// they name, so the same assessment at the same time gives the same bytes.
func writeOSCAL(w io.Writer, a *assessment.Assessment, o Options) error {
	x := &oscal{a: a, o: o, time: o.Time.UTC().Format(time.RFC3339), looked: map[string]bool{}, ids: map[assessment.Place]string{}}
	x.origins = []oscalOrigin{{[]oscalActor{{"tool", uuid("tool", "surety", o.Version)}}}}
	x.name()
	x.collectFindings(x.collectRisks())

	out := &oscalWriter{Writer: bufio.NewWriterSize(w, 1<<16)}
	plan := uuid("plan", a.Model.Name)
	out.WriteString(`{"assessment-results":{`)
	out.field("uuid", uuid("document", x.run()))
	out.field("metadata", x.metadata())
	out.field("import-ap", map[string]string{"href": "#" + plan})
	out.WriteString(`,"results":[`)
	out.object(x.head())
	list(out, "observations", x.observations())
	list(out, "risks", x.allRisks())
	list(out, "findings", x.allFindings())
	out.WriteString("}]")
	out.field("back-matter", oscalBackMatter{[]oscalResource{{plan, "No assessment plan",
		"This assessment was not made to an OSCAL assessment plan: every check that reads the evidence at hand was run."}}})
	out.WriteString("}}\n")
	if err := errors.Join(out.err, out.Flush()); err != nil {
		return fmt.Errorf("write oscal report: %w", err)
	}
	return nil
}

// oscalWriter writes an object field by field, because its lists can be long.
// It keeps the first error of encoding; bufio keeps that of writing.
type oscalWriter struct {
	*bufio.Writer
	inside bool // a field was written to the open object
	err    error
}

func (w *oscalWriter) encode(v any) []byte {
	raw, err := json.Marshal(v)
	if w.err == nil {
		w.err = err
	}
	return raw
}

func (w *oscalWriter) field(name string, v any) {
	if w.inside {
		w.WriteByte(',')
	}
	w.inside = true
	fmt.Fprintf(w, "\n%q:%s", name, w.encode(v))
}

// object writes v's fields and leaves the object open for more.
func (w *oscalWriter) object(v any) {
	if raw := w.encode(v); len(raw) > 0 {
		w.Write(raw[:len(raw)-1])
	}
}

// list writes a field that is a list, or nothing if it is empty.
func list[T any](w *oscalWriter, name string, elements iter.Seq[T]) {
	open := false
	for e := range elements {
		if open {
			w.WriteString(",\n")
		} else {
			fmt.Fprintf(w, ",\n%q:[\n", name)
		}
		open = true
		w.Write(w.encode(e))
	}
	if open {
		w.WriteString("\n]")
	}
}

// run names this assessment: what was judged, by which version, and when.
func (x *oscal) run() string {
	return strings.Join([]string{x.a.Model.Name, x.a.Root.String(), x.o.Version, x.time}, "\x00")
}

// collectRisks makes the risks, and says which of them each result is part of.
func (x *oscal) collectRisks() map[assessment.Place]*openRisk {
	of := map[assessment.Place]*openRisk{}
	for i, g := range x.a.Groups {
		k := &openRisk{rank: i, group: g, results: slices.Collect(g.Results())}
		x.risks = append(x.risks, k)
		for i := range k.results {
			of[k.results[i].Place] = k
		}
	}
	accepted := map[*assessment.Waiver]*openRisk{}
	for r := range x.a.Findings() {
		w := r.Waiver
		if r.Verdict != surety.Waived || w == nil {
			continue
		}
		k := accepted[w]
		if k == nil {
			k = &openRisk{rank: len(x.risks), waiver: w}
			accepted[w] = k
			x.risks = append(x.risks, k)
		}
		k.results = append(k.results, r)
		of[r.Place] = k
	}
	return of
}

// collectFindings sorts the results by control and element.
func (x *oscal) collectFindings(riskOf map[assessment.Place]*openRisk) {
	type place struct{ control, element string }
	at := map[place]*standing{}
	for r := range x.a.Results() {
		for _, control := range r.Check.Controls {
			k := place{control, r.Element}
			if d, ok := x.a.Duties.Of(control, k.element); ok {
				k.element = d.Element // the nearest that the control acts on
			}
			s := at[k]
			if s == nil {
				s = &standing{control: k.control, element: k.element, risks: map[*openRisk]bool{}}
				at[k] = s
			}
			s.counts[r.Verdict]++
			if worthTelling(r.Verdict) {
				s.told = append(s.told, r)
			}
			if k := riskOf[r.Place]; k != nil {
				s.risks[k] = true
			}
		}
	}
	for d := range x.a.Responsibilities() {
		if s := at[place{d.Control, d.Element}]; s != nil {
			s.duty = &d
		}
	}
	for _, s := range at {
		x.looked[s.control] = true
		if decided(s.counts) {
			x.findings = append(x.findings, s)
		}
	}
	slices.SortFunc(x.findings, func(a, b *standing) int {
		return cmp.Or(strings.Compare(a.control, b.control), strings.Compare(a.element, b.element))
	})
}

// decided reports whether anything bears on what n counts: that a check does not
// apply is no result.
func decided(n assessment.Counts) bool { return n.Total() > n[surety.NotApplicable] }

func (x *oscal) metadata() oscalMetadata {
	m := oscalMetadata{
		Title: line("Assessment of " + x.a.Model.Name), LastModified: x.time, OSCALVersion: form.Version,
		Version: x.a.Root.String(),
		Props:   []oscalProp{prop("tool-version", x.o.Version)},
		Roles:   []oscalRole{{string(system.Customer), "Cloud service customer"}, {string(system.Provider), "Cloud service provider"}, {string(system.Partner), "Cloud service partner"}},
	}
	if x.a.Model.Inferred {
		m.Remarks = "The model of the system was inferred from the evidence; nobody stated it."
	}
	for _, name := range slices.Sorted(maps.Keys(x.a.Model.Parties)) {
		p := x.a.Model.Parties[name]
		m.Parties = append(m.Parties, oscalParty{uuid("party", name), "organization", flatten(cmp.Or(p.Title, name))})
	}
	return m
}

func (x *oscal) head() oscalResultHead {
	s, tool := x.a.Summary, x.origins[0].Actors[0].UUID
	h := oscalResultHead{
		UUID: uuid("result", x.run()), Title: line("Assessment of " + x.a.Model.Name), Start: x.time, End: x.time,
		Description: fmt.Sprintf("%d checks on %d objects: %s.", len(x.a.Checks), s.Coverage.Items, tallied(s.Verdicts)),
		Props: []oscalProp{prop("evidence-root", x.a.Root.String()), prop("objects", strconv.Itoa(s.Coverage.Items)),
			prop("objects-judged", strconv.Itoa(s.Coverage.Assessed)), prop("problems", strconv.Itoa(s.Coverage.Problems))},
		LocalDefinitions: oscalDefinitions{
			Components: x.components(), Inventory: x.inventory(),
			Assets: oscalAssets{
				Components: []oscalComponent{{UUID: tool, Type: "software", Title: "Surety", Description: "Judges evidence by checks.",
					Props: []oscalProp{{Name: "version", Value: flatten(x.o.Version)}}, Status: oscalState{State: "operational"}}},
				Platforms: []oscalPlatform{{uuid("platform", x.o.Version), "Surety", []oscalComponentRef{{tool}}}},
			},
		},
	}
	selection := oscalSelection{}
	for _, id := range x.reviewed() {
		selection.Include = append(selection.Include, oscalControl{token(id)})
	}
	h.Reviewed.Selections = []oscalSelection{selection}
	return h
}

// reviewed lists the controls that were looked for: those of the results and of
// the responsibilities, or all of the catalogue if there are none.
func (x *oscal) reviewed() []string {
	ids := maps.Clone(x.looked)
	for control := range x.bare() {
		ids[control] = true
	}
	if len(ids) == 0 {
		for _, c := range x.a.Catalog.Controls {
			ids[c.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// bare gives the elements of each control that nothing in the evidence bears on.
func (x *oscal) bare() map[string][]string {
	out := map[string][]string{}
	for r := range x.a.Listed() {
		if !decided(r.Verdicts) {
			out[r.Control] = append(out[r.Control], r.Element)
		}
	}
	return out
}

// components are the elements of the model that results fall on.
func (x *oscal) components() []oscalComponent {
	names := map[string]bool{}
	for _, s := range x.findings {
		names[s.element] = s.element != ""
		for _, r := range s.told {
			names[r.Element] = r.Element != ""
		}
	}
	var out []oscalComponent
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !names[name] {
			continue
		}
		c := oscalComponent{UUID: uuid("element", name), Type: "software", Title: line(name),
			Description: "A component of the system.", Status: oscalState{State: "operational"}}
		if s := x.a.Model.Services[name]; s != nil {
			c.Type, c.Description = "service", "A service of category "+string(s.Category)+"."
			c.Roles = x.roles(s)
		} else if x.a.Model.Zones[name] != nil {
			c.Type, c.Description = "network", "A zone of the system."
		}
		out = append(out, c)
	}
	return out
}

// roles puts the parties on the service they provide and use: a role belongs to
// that edge, not to the party.
func (x *oscal) roles(s *system.Service) []oscalResponsibleRole {
	var out []oscalResponsibleRole
	for _, side := range []struct {
		role    system.Role
		parties []string
	}{{system.Customer, []string{s.Customer}}, {system.Provider, []string{s.Provider}}, {system.Partner, s.Partners}} {
		var ids []string
		for _, p := range side.parties {
			if x.a.Model.Parties[p] != nil {
				ids = append(ids, uuid("party", p))
			}
		}
		if len(ids) > 0 {
			out = append(out, oscalResponsibleRole{string(side.role), ids})
		}
	}
	return out
}

// inventory lists the objects that observations are about.
func (x *oscal) inventory() []oscalInventory {
	var out []oscalInventory
	seen := map[string]bool{}
	for r := range x.a.Findings() {
		if r.Item == nil || seen[r.Resource()] {
			continue
		}
		key := r.Resource()
		seen[key] = true
		item := oscalInventory{UUID: uuid("item", key), Description: markup(r.Item.Kind + " " + qualified(r.Item)),
			Props: []oscalProp{{Name: "asset-id", Value: flatten(key)}}}
		if r.Element != "" {
			item.Implements = []oscalComponentRef{{uuid("element", r.Element)}}
		}
		out = append(out, item)
	}
	return out
}
