package assessment

import (
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/system"
)

// Waiver is the acceptance of fails by a named owner, for a reason, within a
// scope, until a date. It never turns a fail into a pass.
type Waiver struct {
	Check        string // check id or alias; "*" for every check
	Resource     string // pattern of evidence keys, as written
	Owner        string
	Reason       string
	Compensating string    // what is done instead, optional
	Expires      time.Time // the last day it holds
	Origin       surety.Origin

	pattern system.Pattern // Resource, compiled
}

// WaiverState says how a waiver fared in one assessment.
type WaiverState string

// The states of a waiver. Only an active or over-broad one waives.
const (
	WaiverActive    WaiverState = "active"
	WaiverOverBroad WaiverState = "over-broad" // waives, but more than one person can mean to accept
	WaiverUnused    WaiverState = "unused"     // nothing it covers failed
	WaiverExpired   WaiverState = "expired"    // covers a fail, which counts again
)

// WaiverUse says what a waiver did in one assessment.
type WaiverUse struct {
	*Waiver
	Matched int // fails it covers
	State   WaiverState
	Message string // what to do about it, "" if nothing
}

// yearAhead is how far in the future a waiver may end before it is reported: an
// acceptance that nobody looks at for longer is not one.
const yearAhead = 366 * 24 * time.Hour

// applyWaivers turns the fails that an unexpired waiver covers into waived ones
// and marks those an expired one covers. The first waiver in file order wins.
func applyWaivers(results []Result, waivers []*Waiver, today time.Time) []WaiverUse {
	uses := make([]WaiverUse, len(waivers))
	scopes := make([]map[string]bool, len(waivers))
	for i, w := range waivers {
		uses[i].Waiver = w
		scopes[i] = map[string]bool{}
	}
	for i := range results {
		r := &results[i]
		if r.Verdict != surety.Fail {
			continue
		}
		for n, w := range waivers {
			if !w.covers(r.Check, r.Item) {
				continue
			}
			uses[n].Matched++
			scopes[n][r.Check.ID+" "+r.Item.Key.Scope] = true
			if r.detail.Waiver == nil || r.detail.Waiver.expired(today) {
				r.detail.Waiver = w
			}
			if !w.expired(today) {
				r.Verdict = surety.Waived
				break
			}
		}
	}
	for i := range uses {
		uses[i].judge(today, len(scopes[i]))
	}
	return uses
}

func (w *Waiver) covers(c *policy.Check, item *evidence.Item) bool {
	return item != nil && (w.Check == "*" || c.Named(w.Check)) && w.pattern.Matches(placed(item))
}

func (w *Waiver) expired(today time.Time) bool { return today.After(w.Expires) }

// judge sets the state; scopes is the number of distinct (check, namespace)
// pairs covered.
func (u *WaiverUse) judge(today time.Time, scopes int) {
	until := u.Expires.Format(time.DateOnly)
	switch {
	case u.expired(today) && u.Matched == 0:
		u.State, u.Message = WaiverUnused, "expired on "+until+" and covers nothing; delete it"
	case u.expired(today):
		u.State, u.Message = WaiverExpired, "expired on "+until+"; fix what it covers or renew it with a reason"
	case u.Matched == 0:
		u.State, u.Message = WaiverUnused, "nothing it covers fails; delete it"
	case u.Check == "*" && !u.pattern.Exact():
		u.State, u.Message = WaiverOverBroad, "covers every check on many resources; name the check or the resource"
	case scopes > 1 && u.pattern.Broad():
		u.State, u.Message = WaiverOverBroad, "covers resources in many namespaces; name the namespace"
	case u.Expires.Sub(today) > yearAhead:
		u.State, u.Message = WaiverOverBroad, "ends more than a year from now; choose a date within a year"
	default:
		u.State = WaiverActive
	}
}
