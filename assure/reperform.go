package assure

import (
	"fmt"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/statement"
)

// Reperform holds each disclosed result of a verified bundle against an assessment
// of the evidence at hand. A verdict is a pure function of the check's code and the
// object, so where both are the same, another verdict means that the statement is
// wrong: the report is then not verified. Where the object or the check's code is
// another one, or the check looks at other objects too and these are not all at hand,
// nothing is said of the result, and the report counts it. performed is how many
// results about an object gave the same verdict: what does not apply shows little.
func Reperform(a *assessment.Assessment, r *bundle.Report) (performed int) {
	type subject struct{ check, resource string }
	now := map[subject]assessment.Result{}
	for result := range a.Results() {
		now[subject{result.Check.ID, result.Resource()}] = result
	}
	same := 0
	apart := map[string]int{}
	whole := r.Statement != nil && r.Statement.Predicate.Evidence.Root == a.Root
	for _, stated := range r.Results {
		result, ok := now[subject{stated.Check, stated.Resource}]
		why := differs(stated, &result, ok)
		switch {
		case why != "":
			apart[why]++
		case result.Verdict == stated.Verdict || waived(stated.Verdict, result.Verdict):
			same++
			if result.Item != nil {
				performed++
			}
		case result.Check.Relates && !whole:
			apart[otherWhole]++
		default:
			r.State = bundle.NotVerified
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s on %s is stated as %s, and gives %s when performed again",
				stated.Check, stated.Resource, stated.Verdict, result.Verdict))
		}
	}
	if same == 0 {
		r.NotProven = append(r.NotProven, "that any disclosed result gives the same verdict when performed again")
	} else {
		r.Proven = append(r.Proven, fmt.Sprintf("%d of %d disclosed results give the same verdict when performed again, %d of them about an object", same, len(r.Results), performed))
	}
	for _, why := range []string{otherObject, otherCheck, otherWhole, noObject} {
		if apart[why] > 0 {
			r.NotProven = append(r.NotProven, fmt.Sprintf("%d disclosed results could not be performed again: %s", apart[why], why))
		}
	}
	return performed
}

// The reasons why a result cannot be performed again.
const (
	noObject    = "the evidence at hand gives no such result"
	otherObject = "the object at hand is another one than was judged"
	otherCheck  = "the check at hand is of another version"
	otherWhole  = "the check looks at other objects too, which are not the ones that were judged"
)

// differs says why a stated result cannot be compared with the one at hand; it is
// "" if it can.
func differs(stated *statement.Result, result *assessment.Result, ok bool) string {
	switch {
	case !ok:
		return noObject
	case result.Check.Version.Short() != stated.Version:
		return otherCheck
	case result.Item == nil && len(stated.Evidence) == 0:
		return ""
	case result.Item == nil || len(stated.Evidence) != 1 || stated.Evidence[0] != result.Item.Digest:
		return otherObject
	}
	return ""
}

// waived reports whether a fail was accepted by its party: its waivers are not at
// hand, and the fail itself is the same.
func waived(stated, performed surety.Verdict) bool {
	return stated == surety.Waived && performed == surety.Fail
}
