package risk

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/risk/loss"
)

// Past is what one earlier assessment of the system says of its responsibilities.
type Past struct {
	Time time.Time
	Rows []PastRow // each responsibility once, in any order
}

// PastRow is how many results counted for a responsibility, by verdict. Waived is fail.
type PastRow struct {
	ID                  string // control@element
	Party               string // accountable then, "" if nobody was
	Pass, Fail, Unknown int
}

// History is how controls have stood over earlier assessments (FAIR-CAM: how reliable a
// control is, how often it is in variance and for how long). It grows by one run at a
// time and keeps a few numbers for each responsibility, whatever the number of runs.
//
// A run is a look, at the state in which a control was since the run before. Looks that
// are less than Priors.Look apart are worth a part of one: a control that works today
// works tomorrow. A longer gap is one look all the same, as nobody saw the rest.
//
// Only what has been seen to work tells of reliability. What fails from its first look
// on lowers coverage, and would count twice. A report names no single results here, so
// they are counted net: one that fails while another of the same responsibility is
// mended is not seen, and coverage, which counts them as they are, stays right.
type History struct {
	Runs     int
	From, To time.Time
	LeftOut  int       // reports that could not be used; whoever reads them counts them
	Today    time.Time // the day that what others stated is aged to; zero = it is as good as new

	look    float64 // days
	asked   int     // calls of Add
	records map[string]*Record
}

// NewHistory is the history before any run.
func (p *Priors) NewHistory() *History {
	return &History{look: p.Look.Days, records: map[string]*Record{}}
}

// Days is the time from the first run to the last.
func (h *History) Days() float64 { return daysBetween(h.From, h.To) }

func daysBetween(from, to time.Time) float64 { return to.Sub(from).Hours() / 24 }

// Record is how one responsibility stood over the runs.
type Record struct {
	ID, Party string
	Tally
	Down bool // what had worked failed at the last look

	up, down float64 // looks
	looks    int
	at       time.Time // of the last of them
	last     standing
	asked    int
	open     []opened
}

// Tally counts times in which responsibilities worked or not, and findings: results that
// failed, and what became of them. Days of working and of failing are shares where only
// some of the results did; the other days of the history tell nothing: nobody looked, it
// is unknown, or it was never seen to work. What is gone is neither mended nor open; where
// some of a responsibility's findings are mended, they are the newest.
type Tally struct {
	Worked, Failed float64 // days
	Failures       int     // runs that found failing what had worked
	Found          int     // findings
	Mended         int     // of them, by now
	MendDays       float64 // from the run that found them to the one that found them mended, all together
	Open           int     // at the last run
	OpenDays       float64 // until then, all together
}

func (t Tally) plus(o Tally) Tally {
	return Tally{
		t.Worked + o.Worked, t.Failed + o.Failed, t.Failures + o.Failures,
		t.Found + o.Found, t.Mended + o.Mended, t.MendDays + o.MendDays, t.Open + o.Open, t.OpenDays + o.OpenDays,
	}
}

// opened are findings of one run that are still open.
type opened struct {
	n  int
	at time.Time
}

// standing is what is known of the results of a responsibility after a look.
type standing struct {
	counts
	worked int // of the results there are, how many have been seen to work at some time
	open   int // that fail, or failed when they were last known
	broken int // of them, how many had worked
}

// after is what is known after a look that finds n.
func (was standing) after(n counts) standing {
	now := standing{counts: n}
	now.worked = max(n.Pass, min(was.worked, n.Pass+n.Fail+n.Unknown))
	now.open = max(n.Fail, min(was.open, n.Fail+n.Unknown))
	now.broken = max(now.fail(), min(was.broken, now.worked-n.Pass, n.Fail+n.Unknown))
	return now
}

// fail is how many results fail that have been seen to work.
func (s standing) fail() int { return min(s.Fail, s.worked-s.Pass) }

// Add adds a run that is later than those before. An error leaves h as it was.
func (h *History) Add(p Past) error {
	if h.Runs > 0 && !p.Time.After(h.To) {
		return fmt.Errorf("a run of %s after one of %s: give runs in the order of time", p.Time.Format(time.RFC3339), h.To.Format(time.RFC3339))
	}
	h.asked++
	for _, row := range p.Rows {
		if row.Pass < 0 || row.Fail < 0 || row.Unknown < 0 || max(row.Pass, row.Fail, row.Unknown) > mostResults {
			return fmt.Errorf("responsibility %s has %d pass, %d fail and %d unknown, which is no count", row.ID, row.Pass, row.Fail, row.Unknown)
		}
		r := h.records[row.ID]
		if r == nil {
			r = &Record{ID: row.ID}
			h.records[row.ID] = r
		}
		if r.asked == h.asked {
			return fmt.Errorf("responsibility %s is in it twice", row.ID)
		}
		r.asked = h.asked
	}
	days := 0.0
	if h.Runs == 0 {
		h.From = p.Time
	} else {
		days = daysBetween(h.To, p.Time)
	}
	for _, row := range p.Rows {
		if n := (counts{row.Pass, row.Fail, row.Unknown}); n != (counts{}) {
			r := h.records[row.ID]
			r.Party = row.Party
			r.step(n, p.Time, days, min(1, days/h.look))
		}
	}
	h.Runs, h.To = h.Runs+1, p.Time
	return nil
}

// mostResults bounds a count, so that sums of them are numbers.
const mostResults = 1 << 30

// step adds a look, days after the run before and worth so much of a look.
func (r *Record) step(n counts, at time.Time, days, worth float64) {
	was, now := r.last, r.last.after(n)
	r.last, r.at, r.Down = now, at, now.broken > 0
	r.find(now.open-was.open, n.Pass-was.Pass, at)
	if r.looks++; r.looks == 1 {
		return
	}
	up, down := now.shares()
	r.Worked, r.Failed = r.Worked+days*up, r.Failed+days*down
	r.up, r.down = r.up+worth*up, r.down+worth*down
	if now.broken > was.broken {
		r.Failures++
	}
}

// find notes that at a run so many more findings were open, and so many more results
// passed. What is no longer open and does not pass is gone.
func (r *Record) find(more, passes int, at time.Time) {
	if more > 0 {
		r.Found += more
		r.open = append(r.open, opened{more, at})
	}
	mended := min(-more, passes)
	for less := -more; less > 0; {
		last := &r.open[len(r.open)-1]
		n := min(less, last.n)
		if m := min(n, mended); m > 0 {
			r.Mended += m
			r.MendDays += float64(m) * daysBetween(last.at, at)
			mended -= m
		}
		less, last.n = less-n, last.n-n
		if last.n == 0 {
			r.open = r.open[:len(r.open)-1]
		}
	}
}

// shares are how far what has been seen to work does, and does not. They sum up to how
// much of it is known.
func (s standing) shares() (up, down float64) {
	pass, fail := float64(s.Pass), float64(s.fail())
	if pass+fail == 0 {
		return 0, 0
	}
	known := float64(s.Pass+s.Fail) / float64(s.Pass+s.Fail+s.Unknown)
	return known * pass / (pass + fail), known * fail / (pass + fail)
}

// Records lists what was looked at, by id.
func (h *History) Records() (out []*Record) {
	for _, id := range slices.Sorted(maps.Keys(h.records)) {
		if r := h.record(id); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// record is what is known of a responsibility by the last run; nil if nothing is.
func (h *History) record(id string) *Record {
	r := h.records[id]
	if r == nil || r.looks == 0 {
		return nil
	}
	out := *r
	if !r.at.Equal(h.To) {
		return &out // what was open may be gone
	}
	for _, o := range r.open {
		out.Open += o.n
		out.OpenDays += float64(o.n) * daysBetween(o.at, h.To)
	}
	return &out
}

// ToFail is the mean of the days for which a responsibility works until it fails; ok is
// false if none did.
func (t Tally) ToFail() (days float64, ok bool) { return mean(t.Worked, t.Failures) }

// ToMend is the mean of the days for which findings were open that are mended; ok is
// false if none is.
func (t Tally) ToMend() (days float64, ok bool) { return mean(t.MendDays, t.Mended) }

// OpenFor is the mean of the days for which those that are open have been; ok is false
// if none is.
func (t Tally) OpenFor() (days float64, ok bool) { return mean(t.OpenDays, t.Open) }

func mean(sum float64, n int) (float64, bool) { return sum / float64(max(1, n)), n > 0 }

// ByParty sums up by the party that was accountable last. A finding that counts for
// several controls counts for each.
func (h *History) ByParty() map[string]Tally {
	out := map[string]Tally{}
	for _, r := range h.Records() {
		out[r.Party] = out[r.Party].plus(r.Tally)
	}
	return out
}

// Reliability is how much of the time a control works that was found to work: the prior,
// and what the history adds to it.
type Reliability struct {
	Dist     loss.Dist
	Up, Down float64 // looks at which it worked and failed, of all its places on average
	Records  []*Record
	Text     string // all that, in words
	Runs     string // that it is of, in words
}

// of is the reliability of a control in the places where it answers threats; nil if the
// history has none of them. A run looks at a control once, in however many places.
func (h *History) of(c *Control, p *Priors) (*Reliability, error) {
	if h == nil {
		return nil, nil
	}
	r := &Reliability{Runs: h.span()}
	for _, p := range c.parts {
		if x := h.record(p.id); x != nil {
			r.Records = append(r.Records, x)
			r.Up, r.Down = r.Up+x.up, r.Down+x.down
		}
	}
	if len(r.Records) == 0 {
		return nil, nil
	}
	r.Up, r.Down = rounded(r.Up/float64(len(c.parts))), rounded(r.Down/float64(len(c.parts)))
	var err error
	r.Dist, err = p.Reliability.after(r.Up, r.Down)
	r.Text = r.say()
	return r, err
}

// rounded is a number of looks in whole 64ths, which is finer than any of this is known:
// places of like history then share their draws, which are dear.
func rounded(looks float64) float64 { return math.Round(64*looks) / 64 }

// fresh is how far a statement still tells how things stand: exp(-age/term), where term is
// for how long its party lets it count. It is 1 while time does not matter.
func (h *History) fresh(s *assessment.Stated) float64 {
	if h == nil || h.Today.IsZero() || s == nil || !s.NotAfter.After(s.NotBefore) {
		return 1
	}
	return math.Exp(-max(0, daysBetween(s.NotBefore, h.Today)) / daysBetween(s.NotBefore, s.NotAfter))
}

// say puts the reliability of a control into words.
func (r *Reliability) say() string {
	text := fmt.Sprintf("works %.0f %% of the time (%.0f to %.0f %%)", 100*r.Dist.Mean(), 100*r.Dist.Quantile(0.05), 100*r.Dist.Quantile(0.95))
	var sum Tally
	for _, x := range r.Records {
		sum = sum.plus(x.Tally)
	}
	switch {
	case sum.Failures > 0:
		text += fmt.Sprintf("; failed %s in %s of working", several(float64(sum.Failures), "time"), days(sum.Worked))
	case sum.Worked > 0:
		text += fmt.Sprintf("; did not fail in %s of working", days(sum.Worked))
	}
	if mean, ok := sum.ToMend(); ok {
		text += fmt.Sprintf("; %s mended after %s", findings(sum.Mended), days(mean))
	}
	if mean, ok := sum.OpenFor(); ok {
		text += fmt.Sprintf("; %s open for %s", findings(sum.Open), days(mean))
	}
	return text
}

func findings(n int) string { return several(float64(n), "finding") }

func days(v float64) string { return several(v, "day") }

func several(v float64, noun string) string {
	if text := round3(v); text != "1" {
		return text + " " + noun + "s"
	}
	return "1 " + noun
}

// span says which runs a history is made of.
func (h *History) span() string {
	return fmt.Sprintf("%s from %s to %s", several(float64(h.Runs), "run"), h.From.Format(time.DateOnly), h.To.Format(time.DateOnly))
}
