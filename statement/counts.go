package statement

import (
	"strconv"

	"github.com/surety-cloud/surety"
)

// Counts is the number of results of each verdict. Verdicts that did not occur are
// left out.
type Counts struct {
	Fail          int `json:"fail,omitempty"`
	NotApplicable int `json:"not-applicable,omitempty"`
	Pass          int `json:"pass,omitempty"`
	Unknown       int `json:"unknown,omitempty"`
	Waived        int `json:"waived,omitempty"`
}

// worstFirst is the order in which counts are told.
var worstFirst = [...]surety.Verdict{surety.Fail, surety.Unknown, surety.Waived, surety.Pass, surety.NotApplicable}

func (c *Counts) place(v surety.Verdict) *int {
	switch v {
	case surety.Fail:
		return &c.Fail
	case surety.NotApplicable:
		return &c.NotApplicable
	case surety.Pass:
		return &c.Pass
	case surety.Waived:
		return &c.Waived
	default:
		return &c.Unknown
	}
}

// named is the number that a key of JSON stands for, nil if there is none.
func (c *Counts) named(key string) *int {
	switch key {
	case "fail":
		return &c.Fail
	case "not-applicable":
		return &c.NotApplicable
	case "pass":
		return &c.Pass
	case "unknown":
		return &c.Unknown
	case "waived":
		return &c.Waived
	}
	return nil
}

// Of is the number of results with a verdict.
func (c Counts) Of(v surety.Verdict) int { return *c.place(v) }

// Add counts n more results with a verdict.
func (c *Counts) Add(v surety.Verdict, n int) { *c.place(v) += n }

// Total is the number of results.
func (c Counts) Total() int { return c.Fail + c.NotApplicable + c.Pass + c.Unknown + c.Waived }

// Plus is c and d together.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Fail + d.Fail, c.NotApplicable + d.NotApplicable, c.Pass + d.Pass, c.Unknown + d.Unknown, c.Waived + d.Waived}
}

// Minus is what is left of c without d, of no verdict less than nothing.
func (c Counts) Minus(d Counts) Counts {
	return Counts{max(0, c.Fail-d.Fail), max(0, c.NotApplicable-d.NotApplicable), max(0, c.Pass-d.Pass), max(0, c.Unknown-d.Unknown), max(0, c.Waived-d.Waived)}
}

// Exceeds names the worst verdict of which c counts more than d.
func (c Counts) Exceeds(d Counts) (v surety.Verdict, more bool) {
	switch {
	case c.Fail > d.Fail:
		return surety.Fail, true
	case c.Unknown > d.Unknown:
		return surety.Unknown, true
	case c.Waived > d.Waived:
		return surety.Waived, true
	case c.Pass > d.Pass:
		return surety.Pass, true
	case c.NotApplicable > d.NotApplicable:
		return surety.NotApplicable, true
	}
	return v, false
}

// valid reports whether each number is one of results in a run tree. Sums of such
// numbers do not overflow.
func (c Counts) valid() bool {
	least := min(c.Fail, c.NotApplicable, c.Pass, c.Unknown, c.Waived)
	return least >= 0 && max(c.Fail, c.NotApplicable, c.Pass, c.Unknown, c.Waived) <= MaxLeaves
}

// String tells the counts in words, the worst verdict first.
func (c Counts) String() string {
	if c.Total() == 0 {
		return "no result"
	}
	b := strconv.AppendInt(make([]byte, 0, 96), int64(c.Total()), 10)
	b = append(b, " results"...)
	separator := ": "
	for _, v := range worstFirst {
		if n := c.Of(v); n > 0 {
			b = strconv.AppendInt(append(b, separator...), int64(n), 10)
			b = append(append(b, ' '), v.String()...)
			separator = ", "
		}
	}
	return string(b)
}
