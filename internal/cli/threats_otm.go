package cli

import (
	"io"
	"math"
	"slices"

	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system/interchange"
	"github.com/surety-cloud/surety/threat"
)

// threatFormats are those of reports, and the threat model of other tools.
func threatFormats() []string {
	return slices.Sorted(slices.Values(append(report.ThreatFormats(), "otm")))
}

// writeThreatModel writes the model with its threats as an Open Threat Model, and
// says what did not fit.
func (p Program) writeThreatModel(output string, t *report.Threats) error {
	raw, notes := interchange.WriteOTM(t.Model, claims(t))
	for _, note := range notes {
		p.say(note)
	}
	return p.writeOutput(output, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}

// claims are the threats as OTM lists them. A control counts as implemented where
// it is met on every element that the threat touches.
func claims(t *report.Threats) []interchange.Claim {
	standings := threat.NewStandings(t.Duties, t.Assessment)
	var out []interchange.Claim
	for i := range t.Set.Threats {
		x := &t.Set.Threats[i]
		c := interchange.Claim{ID: x.Rule.ID, Name: x.Rule.Title, Element: x.Element, Rows: slices.Concat(x.Rule.Rows, x.Rule.Attack)}
		met := map[string]bool{}
		for _, s := range standings.Of(x) {
			holds := s.Status == responsibility.Met || s.Status == responsibility.Inherited
			before, seen := met[s.Control]
			met[s.Control] = holds && (before || !seen)
		}
		for _, id := range x.Rule.Controls {
			control := t.Catalog.Control(id)
			if control == nil {
				continue
			}
			a := interchange.Answer{ID: id, Name: control.Title, State: "required", Reduction: int(math.Round(100 * control.Efficacy.Grade.Mean()))}
			if met[id] {
				a.State = "implemented"
			}
			c.Answers = append(c.Answers, a)
		}
		out = append(out, c)
	}
	return out
}
