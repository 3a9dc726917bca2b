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
	Unknown      string // what is wrong with Check, if no check has this name

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
// and marks those an expired one covers. The first waiver in file order wins. It
// changes the judgements.
func applyWaivers(judgements []Judgement, waivers []*Waiver, today time.Time) []WaiverUse {
	uses := make([]WaiverUse, len(waivers))
	scopes := make([]map[string]bool, len(waivers))
	for i, w := range waivers {
		uses[i].Waiver = w
		scopes[i] = map[string]bool{}
	}
	for i := range judgements {
		j := &judgements[i]
		if j.Ruling == nil || len(waivers) == 0 {
			continue
		}
		var waived []*Waiver // of each detail
		told := 0
		for k := range len(j.Marks) {
			if mark(j.Marks[k]) == fails {
				if w := cover(j.Item, j.Roster.checks[k], waivers, today, uses, scopes); w != nil {
					if waived == nil {
						waived = make([]*Waiver, len(j.Details))
					}
					waived[told] = w
				}
			}
			if mark(j.Marks[k]) != pass {
				told++
			}
		}
		if waived != nil {
			j.waive(waived, today)
		}
	}
	for i := range uses {
		uses[i].judge(today, len(scopes[i]))
	}
	return uses
}

// cover returns the waiver of one fail, nil if none covers it, and notes in uses
// and scopes every waiver that was tried and covers it.
func cover(item *evidence.Item, c *policy.Check, waivers []*Waiver, today time.Time, uses []WaiverUse, scopes []map[string]bool) *Waiver {
	var best *Waiver
	for n, w := range waivers {
		if !w.covers(c, item) {
			continue
		}
		uses[n].Matched++
		scopes[n][c.ID+" "+item.Key.Scope] = true
		if !w.expired(today) {
			return w
		}
		best = w
	}
	return best
}

// waive marks the fails that waivers cover, in a ruling of this item alone.
func (j *Judgement) waive(waivers []*Waiver, today time.Time) {
	marks, told := []byte(j.Marks), 0
	for k := range marks {
		if mark(marks[k]) == pass {
			continue
		}
		if w := waivers[told]; w != nil && w.expired(today) {
			marks[k] = byte(expired)
		} else if w != nil {
			marks[k] = byte(surety.Waived)
		}
		told++
	}
	j.Ruling = &Ruling{j.Roster, string(marks), j.Details, waivers}
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
	case u.Matched == 0 && u.Unknown != "":
		u.State, u.Message = WaiverUnused, u.Unknown
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
