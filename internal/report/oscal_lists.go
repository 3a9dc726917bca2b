package report

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/responsibility"
)

// name gives each result that is told the UUID of its observation. A resource
// that is given twice has results of the same id, told apart by their place and
// then by their order.
func (x *oscal) name() {
	seen := map[string]int{}
	for r := range x.a.Findings() {
		id := uuid("observation", r.ID(), r.Origin().String())
		if seen[id]++; seen[id] > 1 {
			id = uuid("observation", id, strconv.Itoa(seen[id]))
		}
		x.ids[r.Place] = id
	}
}

func (x *oscal) observations() iter.Seq[oscalObservation] {
	return func(yield func(oscalObservation) bool) {
		for i, s := range x.a.Sources {
			if s.Status != evidence.Complete && !yield(x.unseen(i, s)) {
				return
			}
		}
		for r := range x.a.Findings() {
			if !yield(x.observation(&r)) {
				return
			}
		}
	}
}

func (x *oscal) observation(r *assessment.Result) oscalObservation {
	d := r.Detail()
	o := oscalObservation{
		UUID: x.ids[r.Place], Title: line(cmp.Or(r.Check.Title, r.Check.ID)), Description: markup(cmp.Or(r.Message(), r.Check.Title)),
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
	o.Subjects = []oscalSubject{{uuid("item", r.Resource()), "inventory-item", line(r.Item.Kind + " " + qualified(r.Item))}}
	o.Evidence = []oscalEvidence{{x.href(r), flatten(r.Origin().String() + " " + r.Item.Digest.String())}}
	return o
}

// href points to a line of a file; it is "" for an object of a live source.
func (x *oscal) href(r *assessment.Result) string {
	at := r.Origin()
	if at.File == "" || live(x.a, r) {
		return ""
	}
	href := fileURI(at.File)
	if at.Line > 0 {
		href += "#L" + strconv.Itoa(at.Line)
	}
	return href
}

// unseen is the observation that a source was not fully looked at.
func (x *oscal) unseen(i int, s evidence.Report) oscalObservation {
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
		UUID: uuid("unseen", strconv.Itoa(i), s.Source), Title: line("Evidence not seen in " + s.Source),
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

func (k *openRisk) id() string {
	if k.waiver != nil {
		return uuid("waiver", k.waiver.Check, k.waiver.Resource, k.waiver.Origin.String())
	}
	return uuid("risk", k.group.Check.ID, k.group.Party, k.group.Cause())
}

func (x *oscal) risk(k *openRisk) oscalRisk {
	out := oscalRisk{UUID: k.id(), Status: "open", Origins: x.origins, Observations: x.references(k.results)}
	if w := k.waiver; w != nil {
		out.Title, out.Status = line("Accepted: "+w.Check+" on "+w.Resource), "deviation-approved"
		out.Description = fmt.Sprintf("%s accepted until %s.", count(len(k.results), "fail"), w.Expires.Format(time.DateOnly))
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

func (x *oscal) references(results []assessment.Result) []oscalObservationRef {
	out := make([]oscalObservationRef, 0, len(results))
	for i := range results {
		out = append(out, oscalObservationRef{x.ids[results[i].Place]})
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
		Observations: x.references(s.told),
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.risks), func(a, b *openRisk) int { return a.rank - b.rank }) {
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

func prop(name, value string) oscalProp { return oscalProp{name, oscalNS, flatten(value)} }
