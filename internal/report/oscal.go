package report

import (
	"bufio"
	"cmp"
	"crypto/sha1"
	"encoding/hex"
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
	"unicode"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// oscalNS is the namespace of the properties that OSCAL has no name for.
const oscalNS = "https://github.com/surety-cloud/surety/ns/oscal"

// shownNames is how many names or problems a remark lists before it counts.
const shownNames = 20

// oscal writes OSCAL assessment-results.
type oscal struct {
	a        *assessment.Assessment
	o        Options
	time     string
	origins  []oscalOrigin
	looked   map[string]bool // controls that some result counts for
	findings []*standing
	risks    []*risk
}

// standing is what one finding is made of: a control on an element.
type standing struct {
	control, element string
	duty             *assessment.Responsibility // nil if the model has none
	counts           assessment.Counts
	told             []*assessment.Result
	risks            map[*risk]bool
}

// risk is a group of fails with one cause, or a waiver and what it waives.
type risk struct {
	rank    int // place in the document
	group   *assessment.Group
	waiver  *assessment.Waiver
	results []*assessment.Result
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
	x := &oscal{a: a, o: o, time: o.Time.UTC().Format(time.RFC3339), looked: map[string]bool{}}
	x.origins = []oscalOrigin{{[]oscalActor{{"tool", uuid("tool", "surety", o.Version)}}}}
	x.collect()

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

// run names this assessment: what was judged, by which checks, and when.
func (x *oscal) run() string {
	return strings.Join([]string{x.a.Model.Name, x.a.Root.String(), x.o.Version, x.time}, "\x00")
}

// collect sorts the results by finding and by risk.
func (x *oscal) collect() {
	riskOf := map[*assessment.Result]*risk{}
	for i := range x.a.Groups {
		g := &x.a.Groups[i]
		k := &risk{rank: i, group: g, results: g.Results}
		x.risks = append(x.risks, k)
		for _, r := range g.Results {
			riskOf[r] = k
		}
	}
	accepted := map[*assessment.Waiver]*risk{}
	for _, u := range x.a.Waivers {
		accepted[u.Waiver] = &risk{waiver: u.Waiver}
	}

	type place struct{ control, element string }
	at := map[place]*standing{}
	find := func(control, element string) *standing {
		k := place{control, element}
		if at[k] == nil {
			at[k] = &standing{control: control, element: element, risks: map[*risk]bool{}}
		}
		return at[k]
	}
	for i := range x.a.Results {
		r := &x.a.Results[i]
		if k := accepted[r.Detail().Waiver]; k != nil && r.Verdict == surety.Waived {
			k.results = append(k.results, r)
			riskOf[r] = k
		}
		for _, control := range r.Check.Controls {
			s := find(control, r.Owner.Element)
			s.counts[r.Verdict]++
			if worthTelling(r.Verdict) {
				s.told = append(s.told, r)
			}
			if k := riskOf[r]; k != nil {
				s.risks[k] = true
			}
		}
	}
	for i := range x.a.Responsibilities {
		d := &x.a.Responsibilities[i]
		if s := at[place{d.Control, d.Element}]; s != nil {
			s.duty = d
		}
	}
	for _, u := range x.a.Waivers {
		if k := accepted[u.Waiver]; len(k.results) > 0 {
			k.rank = len(x.risks)
			x.risks = append(x.risks, k)
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
		Title: line("Assessment of " + x.a.Model.Name), LastModified: x.time, OSCALVersion: "1.2.2",
		Version: x.a.Root.String(),
		Props:   []oscalProp{prop("tool-version", x.o.Version)},
		Roles:   []oscalRole{{string(system.Customer), "Cloud service customer"}, {string(system.Provider), "Cloud service provider"}, {string(system.Partner), "Cloud service partner"}},
	}
	if x.a.Model.Inferred {
		m.Remarks = "The model of the system was inferred from the evidence; nobody stated it."
	}
	for _, name := range slices.Sorted(maps.Keys(x.a.Model.Parties)) {
		p := x.a.Model.Parties[name]
		m.Parties = append(m.Parties, oscalParty{uuid("party", name), "organization", oneLine(cmp.Or(p.Title, name))})
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
					Props: []oscalProp{{Name: "version", Value: oneLine(x.o.Version)}}, Status: oscalState{State: "operational"}}},
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
	for i := range x.a.Responsibilities {
		if r := &x.a.Responsibilities[i]; listed(x.a, r) && !decided(r.Verdicts) {
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
	for i := range x.a.Results {
		r := &x.a.Results[i]
		if r.Item == nil || !worthTelling(r.Verdict) || seen[r.Resource()] {
			continue
		}
		key := r.Resource()
		seen[key] = true
		item := oscalInventory{UUID: uuid("item", key), Description: markup(r.Item.Kind + " " + qualified(r.Item)),
			Props: []oscalProp{{Name: "asset-id", Value: oneLine(key)}}}
		if r.Owner.Element != "" {
			item.Implements = []oscalComponentRef{{uuid("element", r.Owner.Element)}}
		}
		out = append(out, item)
	}
	return out
}

// observationID names the observation of a result.
func observationID(r *assessment.Result) string {
	return uuid("observation", r.ID(), r.Origin().String())
}

func (x *oscal) observations() iter.Seq[oscalObservation] {
	return func(yield func(oscalObservation) bool) {
		for _, s := range x.a.Sources {
			if s.Status != evidence.Complete && !yield(x.unseen(s)) {
				return
			}
		}
		for i := range x.a.Results {
			if r := &x.a.Results[i]; worthTelling(r.Verdict) && !yield(x.observation(r)) {
				return
			}
		}
	}
}

func (x *oscal) observation(r *assessment.Result) oscalObservation {
	d := r.Detail()
	o := oscalObservation{
		UUID: observationID(r), Title: line(cmp.Or(r.Check.Title, r.Check.ID)), Description: markup(cmp.Or(r.Message(), r.Check.Title)),
		Props: []oscalProp{prop("check", r.Check.ID), prop("verdict", r.Verdict.String()),
			prop("severity", r.Check.Severity.String()), prop("party", cmp.Or(r.Owner.Party, "nobody"))},
		Methods: []string{"TEST"}, Types: []string{"finding"}, Origins: x.origins, Collected: x.time,
	}
	for _, f := range d.Findings[min(1, len(d.Findings)):] {
		o.Description += "\n\n" + markup(f.Message)
	}
	if r.Verdict == surety.Unknown {
		o.Types = []string{"control-objective"}
	}
	if r.Item == nil {
		return o
	}
	if r.Item.Imported {
		o.Methods = []string{"EXAMINE"} // another scanner tested; its report was read
	}
	at := r.Origin()
	href := fileURI(at.File)
	if at.Line > 0 {
		href += "#L" + strconv.Itoa(at.Line)
	}
	o.Subjects = []oscalSubject{{uuid("item", r.Resource()), "inventory-item", line(r.Item.Kind + " " + qualified(r.Item))}}
	o.Evidence = []oscalEvidence{{href, r.Item.Digest.String()}}
	return o
}

// unseen is the observation that a source was not fully looked at.
func (x *oscal) unseen(s evidence.Report) oscalObservation {
	var what []string
	for _, k := range s.Kinds {
		if k.Status != evidence.Complete {
			what = append(what, markup(fmt.Sprintf("%s: %s: %s", k.Kind, k.Status, k.Message)))
		}
	}
	for _, p := range s.Problems {
		what = append(what, markup(strings.TrimPrefix(p.Origin.String()+": "+p.Message, ": ")))
	}
	return oscalObservation{
		UUID: uuid("unseen", s.Source), Title: line("Evidence not seen in " + s.Source),
		Description: fmt.Sprintf("Collection was %s.\n\n%s", s.Status, shown(what, "\n\n")),
		Methods:     []string{"EXAMINE"}, Types: []string{"discovery"}, Origins: x.origins, Collected: x.time,
	}
}

func (x *oscal) allRisks() iter.Seq[oscalRisk] {
	return func(yield func(oscalRisk) bool) {
		for _, k := range x.risks {
			if !yield(x.risk(k)) {
				return
			}
		}
	}
}

func (k *risk) id() string {
	if k.waiver != nil {
		return uuid("waiver", k.waiver.Check, k.waiver.Resource, k.waiver.Origin.String())
	}
	return uuid("risk", k.group.Check.ID, k.group.Party, k.group.Cause)
}

func (x *oscal) risk(k *risk) oscalRisk {
	out := oscalRisk{UUID: k.id(), Status: "open", Origins: x.origins, Observations: references(k.results)}
	if w := k.waiver; w != nil {
		out.Title, out.Status = line("Accepted: "+w.Check+" on "+w.Resource), "deviation-approved"
		out.Description = fmt.Sprintf("%d fails are accepted until %s.", len(k.results), w.Expires.Format(time.DateOnly))
		out.Statement, out.Deadline = markup(w.Reason), w.Expires.UTC().Add(24*time.Hour-time.Second).Format(time.RFC3339)
		out.Props = []oscalProp{prop("owner", w.Owner)}
		if w.Compensating != "" {
			out.Mitigating = []oscalMitigation{{uuid("compensating", out.UUID), markup(w.Compensating)}}
		}
		return out
	}
	c := k.group.Check
	out.Title = line(cmp.Or(c.Title, c.ID))
	out.Description = fmt.Sprintf("%s on %s with one cause.", line(c.ID), count(len(k.results), "object"))
	out.Statement = markup(cmp.Or(c.Description, c.Title, c.ID))
	out.Props = []oscalProp{prop("check", c.ID), prop("severity", c.Severity.String()), prop("party", cmp.Or(k.group.Party, "nobody"))}
	if c.Remediation != "" {
		out.Remediations = []oscalResponse{{uuid("fix", out.UUID), "recommendation", "Fix", markup(c.Remediation)}}
	}
	return out
}

func references(results []*assessment.Result) []oscalObservationRef {
	out := make([]oscalObservationRef, 0, len(results))
	for _, r := range results {
		out = append(out, oscalObservationRef{observationID(r)})
	}
	return out
}

func (x *oscal) allFindings() iter.Seq[oscalFinding] {
	return func(yield func(oscalFinding) bool) {
		for _, s := range x.findings {
			if !yield(x.finding(s)) {
				return
			}
		}
		bare := x.bare()
		for _, control := range slices.Sorted(maps.Keys(bare)) {
			if !yield(x.unproven(control, bare[control])) {
				return
			}
		}
	}
}

func (x *oscal) finding(s *standing) oscalFinding {
	f := oscalFinding{
		UUID: uuid("finding", s.control, s.element), Title: line(x.controlTitle(s.control) + " on " + cmp.Or(s.element, "no element of the model")),
		Description: "Results: " + tallied(s.counts) + ".", Origins: x.origins,
		Target:       oscalTarget{"objective-id", token(s.control), oscalState{State: "not-satisfied", Reason: "other", Remarks: "The evidence does not decide it."}},
		Observations: references(s.told),
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.risks), func(a, b *risk) int { return a.rank - b.rank }) {
		f.Risks = append(f.Risks, oscalRiskRef{k.id()})
	}
	if s.element != "" {
		f.Props = append(f.Props, prop("element", s.element))
	}
	if s.duty == nil {
		f.Target.Status.Remarks = "The model makes nobody responsible for it here."
		if s.counts[surety.Fail] > 0 {
			f.Target.Status.Reason = "fail"
		}
		return f
	}
	f.Props = append(f.Props, prop("accountable", cmp.Or(s.duty.Accountable, "nobody")),
		prop("responsibility-state", string(s.duty.State)), prop("responsibility-status", string(s.duty.Status)))
	f.Description += "\n\n" + markup(s.duty.Basis)
	switch s.duty.Status {
	case responsibility.Met, responsibility.Inherited:
		f.Target.Status = oscalState{State: "satisfied", Reason: "pass"}
	case responsibility.Violated:
		f.Target.Status = oscalState{State: "not-satisfied", Reason: "fail"}
	case responsibility.Expired:
		f.Target.Status = oscalState{"not-satisfied", "fail", "The waiver it rested on has expired."}
	case responsibility.WaivedAll:
		f.Target.Status.Remarks = "What fails is accepted until the waiver ends; see the related risks."
	}
	return f
}

// unproven is the finding for a control that nothing bears on.
func (x *oscal) unproven(control string, elements []string) oscalFinding {
	return oscalFinding{
		UUID: uuid("unproven", control), Title: line("No evidence of: " + x.controlTitle(control)), Origins: x.origins,
		Description: markup("Nothing in the evidence bears on it for " + count(len(elements), "element") + ": " + shown(elements, ", ")),
		Target:      oscalTarget{"objective-id", token(control), oscalState{"not-satisfied", "other", "No check at hand shows it."}},
	}
}

func (x *oscal) controlTitle(id string) string {
	if c := x.a.Catalog.Control(id); c != nil {
		return id + " " + c.Title
	}
	return id
}

// shown joins the first of a list and counts the rest.
func shown(names []string, sep string) string {
	rest := len(names) - shownNames
	if rest <= 0 {
		return strings.Join(names, sep)
	}
	return strings.Join(names[:shownNames], sep) + sep + fmt.Sprintf("and %d more", rest)
}

// tallied writes the counts in words, in the order of every report.
func tallied(n assessment.Counts) string {
	parts := make([]string, 0, len(n))
	for _, v := range surety.Verdicts {
		parts = append(parts, fmt.Sprintf("%d %s", n[v], v))
	}
	return strings.Join(parts, ", ")
}

func prop(name, value string) oscalProp { return oscalProp{name, oscalNS, oneLine(value)} }

// oneLine makes s a non-empty single line without space around it, as OSCAL's
// strings demand.
func oneLine(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	return cmp.Or(Printable(strings.Join(words, " ")), "-")
}

// line makes s a single line of Markdown, as OSCAL's titles demand.
func line(s string) string { return markup(oneLine(s)) }

// markup makes s the text of an OSCAL field, which is Markdown: s can come from
// a document, and must not become a link or HTML there.
func markup(s string) string {
	s = Printable(s)
	if strings.Contains(s, "](") || strings.Contains(s, "<") {
		s = escapeMarkup.Replace(s)
	}
	return s
}

var escapeMarkup = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "<", `\<`)

// token makes an id an OSCAL token: a letter or _, then letters, digits, . - _.
func token(id string) string {
	id = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune(".-_", r) {
			return r
		}
		return '_'
	}, id)
	for _, first := range id {
		if unicode.IsLetter(first) || first == '_' {
			return id
		}
		break
	}
	return "_" + id
}

// uuidNamespace is the namespace of all UUIDs made here, itself random.
var uuidNamespace = [16]byte{0x54, 0xd1, 0x05, 0x5e, 0xde, 0xb2, 0x41, 0x95, 0xb2, 0xe7, 0x60, 0x19, 0x71, 0x77, 0x2a, 0x49}

// uuid returns the UUID of version 5 (RFC 9562 §5.5) of what parts name.
func uuid(parts ...string) string {
	h := sha1.New()
	h.Write(uuidNamespace[:])
	io.WriteString(h, strings.Join(parts, "\x00"))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
