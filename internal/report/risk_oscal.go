package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	form "github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/system"
)

// The parts of an OSCAL 1.2.2 plan of action and milestones that are not those of
// assessment-results.

type poamDocument struct {
	Plan poam `json:"plan-of-action-and-milestones"`
}

type poam struct {
	UUID     string        `json:"uuid"`
	Metadata oscalMetadata `json:"metadata"`
	System   poamSystem    `json:"system-id"`
	Risks    []poamRisk    `json:"risks,omitempty"`
	Items    []poamItem    `json:"poam-items"`
}

type poamSystem struct {
	ID string `json:"id"`
}

type poamRisk struct {
	UUID             string                 `json:"uuid"`
	Title            string                 `json:"title"`
	Description      string                 `json:"description"`
	Statement        string                 `json:"statement"`
	Props            []oscalProp            `json:"props"`
	Status           string                 `json:"status"`
	Characterization []poamCharacterization `json:"characterizations"`
	Mitigating       []oscalMitigation      `json:"mitigating-factors,omitempty"`
	Remediations     []oscalResponse        `json:"remediations,omitempty"`
}

type poamCharacterization struct {
	Origin oscalOrigin `json:"origin"`
	Facets []poamFacet `json:"facets"`
}

type poamFacet struct {
	Name   string `json:"name"`
	System string `json:"system"`
	Value  string `json:"value"`
}

type poamItem struct {
	UUID        string         `json:"uuid"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Props       []oscalProp    `json:"props"`
	Risks       []oscalRiskRef `json:"related-risks,omitempty"`
}

// writeRiskPOAM writes an OSCAL plan of action and milestones: an item for each fix
// of the plan, or of the ranking if there is no budget, and a risk for each scenario
// that one of them lowers.
func writeRiskPOAM(w io.Writer, r *Risk, o Options) error {
	fixes := r.fixes()
	if r.Plan != nil {
		fixes = r.Plan.Fixes
	}
	id := func(kind, name string) string { return uuid(kind, r.Model.Name, name) }
	plan := poam{UUID: uuid("poam", r.Model.Name, o.Time.UTC().Format(time.RFC3339)), Metadata: poamMetadata(r, o), System: poamSystem{flatten(r.Model.Name)}, Items: []poamItem{}}
	lowered := map[string][]*risk.Fix{}
	for _, f := range fixes {
		item := poamItem{
			UUID: id("poam item", f.Name+"@"+f.Party), Title: line(f.Name + ": " + f.What),
			Description: markup(fmt.Sprintf("%s: %s. It saves %s a year on average, if it alone is done, and costs %s (%s).", cmp.Or(f.Party, "Nobody is accountable"), f.What, amount(f.Saved), risk.Money(f.Cost), f.Source)),
			Props:       []oscalProp{prop("fix", f.Name), prop("party", cmp.Or(f.Party, "nobody")), prop("cost", number(f.Cost)), prop("saves", number(f.Saved.Value)), prop("saves-error", number(f.Saved.SE))},
		}
		for _, s := range r.scenarios() {
			if s.Mean.Value > 0 && r.Touches(f, s) {
				item.Risks = append(item.Risks, oscalRiskRef{id("scenario", s.ID)})
				lowered[s.ID] = append(lowered[s.ID], f)
			}
		}
		plan.Items = append(plan.Items, item)
	}
	if len(plan.Items) == 0 {
		plan.Items = append(plan.Items, poamItem{UUID: id("poam item", "-"), Title: "Nothing to do", Description: "No fix is known that would save anything.", Props: []oscalProp{prop("fix", "none")}})
	}
	for _, s := range r.scenarios() {
		if fixes := lowered[s.ID]; len(fixes) > 0 {
			plan.Risks = append(plan.Risks, poamRiskOf(r, s, fixes, o, id))
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(poamDocument{plan})
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

func poamMetadata(r *Risk, o Options) oscalMetadata {
	m := oscalMetadata{
		Title: line("Plan of action for " + r.Model.Name), LastModified: o.Time.UTC().Format(time.RFC3339), Version: "1", OSCALVersion: form.Version,
		Props: []oscalProp{prop("tool-version", o.Version), prop("currency", cmp.Or(r.Model.Currency, "none")), prop("years", strconv.Itoa(r.Years)), prop("seed", strconv.FormatUint(r.Seed, 10))},
		Roles: []oscalRole{{string(system.Customer), "Cloud service customer"}, {string(system.Provider), "Cloud service provider"}, {string(system.Partner), "Cloud service partner"}},
	}
	for _, name := range slices.Sorted(maps.Keys(r.Model.Parties)) {
		m.Parties = append(m.Parties, oscalParty{uuid("party", name), "organization", flatten(cmp.Or(r.Model.Parties[name].Title, name))})
	}
	return m
}

func poamRiskOf(r *Risk, s *risk.Scenario, fixes []*risk.Fix, o Options, id func(string, string) string) poamRisk {
	const scale = "https://github.com/surety-cloud/surety/blob/main/docs/risk.md"
	facet := func(name, value string) poamFacet { return poamFacet{name, scale, value} }
	out := poamRisk{
		UUID: id("scenario", s.ID), Title: line(s.ID + ": " + s.Threat.Rule.Title), Status: "open",
		Description: markup(s.Threat.Because()),
		Statement:   markup(fmt.Sprintf("%s a year on average: happens %s, costs %s each. Carried by %s.", amount(s.Mean), often(s.Events.Value), risk.Money(s.Event), cmp.Or(s.Carrier, "nobody known"))),
		Props:       []oscalProp{prop("scenario", s.ID), prop("carrier", cmp.Or(s.Carrier, "nobody")), prop("rests-on", cmp.Or(cites(s.Threat.Rule), "-"))},
		Characterization: []poamCharacterization{{
			Origin: oscalOrigin{[]oscalActor{{"tool", uuid("tool", "surety", o.Version)}}},
			Facets: []poamFacet{facet("average-annual-loss", number(s.Mean.Value)), facet("average-annual-loss-error", number(s.Mean.SE)), facet("events-a-year", strconv.FormatFloat(s.Events.Value, 'g', 3, 64)),
				facet("risk", s.Band.Risk.String()), facet("nist-likelihood", s.Band.NIST.Likelihood.String()), facet("nist-impact", s.Band.NIST.Impact.String()), facet("nist-risk", s.Band.NIST.Risk.String())},
		}},
	}
	for _, c := range s.Controls {
		if c.Counts.Pass > 0 {
			out.Mitigating = append(out.Mitigating, oscalMitigation{id("control", s.ID+" "+c.ID), markup(fmt.Sprintf("%s, %s: %s", c.Control.ID, c.Control.Title, c.Coverage))})
		}
	}
	for _, f := range fixes {
		out.Remediations = append(out.Remediations, oscalResponse{id("remediation", s.ID+" "+f.Name+"@"+f.Party), "recommendation", line(f.Name), markup(f.What)})
	}
	return out
}
