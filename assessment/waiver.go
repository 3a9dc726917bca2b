package assessment

import (
	"time"

	"github.com/surety-cloud/surety"
)

// Waiver is the acceptance of a fail by a named owner, for a reason, within a
// scope, until a date. It never turns a fail into a pass.
type Waiver struct {
	Check        string // check id, alias, or "*"
	Resource     string // pattern of evidence keys; "*" matches within a part, "**" any parts
	Owner        string
	Reason       string
	Compensating string // what is done instead, optional
	Expires      time.Time
	Origin       surety.Origin
}

// WaiverUse says what a waiver did in one assessment.
type WaiverUse struct {
	*Waiver
	Matched int    // fails it turned into waived
	State   string // active, expired, unused, over-broad
	Message string // what to do about it, "" if nothing
}
