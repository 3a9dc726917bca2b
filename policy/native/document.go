package native

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// documentChecks returns the checks of a document's form.
func documentChecks() (duplicate, misfit, unknown *policy.Check) {
	// A repetition is not in the body, of which only the last one is left: no
	// path of the body is read.
	duplicate = &policy.Check{
		ID:          "SUR-DOC-01",
		Title:       "Key given more than once",
		Description: "YAML and JSON tools differ on which of two equal keys they read. A reviewer sees one setting, and the cluster or another tool may get the other.",
		Remediation: "Remove one of the two.",
		Severity:    surety.Medium,
	}
	whole := policy.NewReadSet("/**")
	misfit = &policy.Check{
		ID:          "SUR-DOC-02",
		Title:       "Object does not fit its kind",
		Description: "A value is of another type than the Kubernetes API has at its place. The API server refuses the whole object, so what it should protect or run is not there.",
		Remediation: "Write the value in the type Kubernetes wants; a number or boolean in quotes is a string, and the other way round.",
		Severity:    surety.Medium,
		Kinds:       kindNames(),
		Reads:       whole,
	}
	unknown = &policy.Check{
		ID:          "SUR-DOC-03",
		Title:       "Unknown field in a workload",
		Description: "The Kubernetes API has no such field at this place and drops it. A control that is misspelt or set on the wrong level has no effect, and nothing says so later.",
		Remediation: "Correct the field's name or its place, or remove it; kubectl explain shows the fields of a kind.",
		Severity:    surety.Medium,
		Kinds:       kindNames(),
		Reads:       whole,
	}
	return duplicate, misfit, unknown
}

func judgeDuplicates(c *policy.Check, item *evidence.Item) policy.Outcome {
	var n notes
	for _, d := range item.Caveats().Duplicates {
		n.add(fmt.Sprintf("key %s is given again; it is on line %d already", clip(d.Path), d.FirstLine), d.Line)
	}
	return n.outcome(c, "keys are given more than once")
}

// judgeForm reports what does not fit the object's Go type.
func (r *reader) judgeForm(c *policy.Check) policy.Outcome {
	return r.misfits.outcome(c, "values do not fit")
}

// judgeFields reports unknown fields. Where a value does not fit, there may be
// more of them below it.
func (r *reader) judgeFields(c *policy.Check) policy.Outcome {
	if r.unknown.count == 0 && r.misfits.count > 0 {
		return unknown(c, r.misfits.list[0].Message)
	}
	return r.unknown.outcome(c, "fields are unknown")
}

// outcome turns notes into findings by line; more says what those are that had
// no room.
func (n *notes) outcome(c *policy.Check, more string) policy.Outcome {
	if n.count == 0 {
		return policy.Outcome{Check: c, Verdict: surety.Pass}
	}
	list := slices.Clone(n.list)
	slices.SortStableFunc(list, func(a, b policy.Finding) int {
		return cmp.Or(a.Line-b.Line, strings.Compare(a.Message, b.Message))
	})
	if rest := n.count - len(list); rest > 0 {
		list = append(list, policy.Finding{Message: fmt.Sprintf("%d more %s", rest, more), Line: list[len(list)-1].Line})
	}
	return policy.Outcome{Check: c, Verdict: surety.Fail, Findings: list}
}
