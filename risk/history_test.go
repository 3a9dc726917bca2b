package risk

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
)

var firstDay = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// look is a run, so many days after the first, at a control with these results.
type look struct {
	day float64
	n   counts
}

// weekly are looks a week apart: m is met, v violated, u unknown, - not looked at.
func weekly(runs string) (out []look) {
	for i, c := range runs {
		out = append(out, look{7 * float64(i), map[rune]counts{'m': {Pass: 1}, 'v': {Fail: 1}, 'u': {Unknown: 1}, '-': {}}[c]})
	}
	return out
}

func historyOf(t *testing.T, looks []look) *History {
	t.Helper()
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	h := p.NewHistory()
	for _, l := range looks {
		at := firstDay.Add(time.Duration(l.day * float64(24*time.Hour)))
		if err := h.Add(Past{at, []PastRow{{"X@web", "acme", l.n.Pass, l.n.Fail, l.n.Unknown}}}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// reliability is the mean reliability of a control on one element, the prior if the
// history tells nothing of it.
func reliability(t *testing.T, h *History, places ...string) float64 {
	t.Helper()
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	c := &Control{}
	for _, place := range append(places, "web") {
		c.parts = append(c.parts, part{id: "X@" + place})
	}
	if c.Reliability, err = h.of(c, p); err != nil {
		t.Fatal(err)
	}
	if c.Reliability == nil {
		return p.Reliability.Beta[0] / (p.Reliability.Beta[0] + p.Reliability.Beta[1])
	}
	return c.Reliability.Dist.Mean()
}

// The posterior is that of a beta after looks (Gelman and others, Bayesian Data
// Analysis, 2.4): the prior Beta(18, 2) and whole looks, a week apart.
func TestReliabilityIsThePosterior(t *testing.T) {
	for runs, want := range map[string]float64{
		"":             0.9,
		"m":            0.9, // that it was found to work is what the prior rests on
		"mmmmmmmmmmmm": 29.0 / 31,
		"mmmvvmmmmm":   (18 + 7.0) / (20 + 9),
		"mv":           18.0 / 21,
		"vvvv":         0.9, // never seen to work: that is coverage
		"vvvm":         19.0 / 21,
		"muuuuuuu":     0.9, // unknown is no evidence
		"mu-um":        19.0 / 21,
		"m--v":         18.0 / 21, // it had worked, whoever looked in between
	} {
		if got := reliability(t, historyOf(t, weekly(runs))); !near(got, want) {
			t.Errorf("%q: reliability %g, want %g", runs, got, want)
		}
	}
}

func near(a, b float64) bool { return abs(a-b) < 1e-12 }

// Looks close together are part of one, and a gap is no more than one.
func TestLooksAreWorthTheirTime(t *testing.T) {
	daily := []look{}
	for i := range 15 {
		daily = append(daily, look{float64(i), counts{Pass: 1}})
	}
	if got, want := reliability(t, historyOf(t, daily)), 20.0/22; !near(got, want) {
		t.Errorf("15 daily looks: %g, want that of two weeks, %g", got, want)
	}
	if got, want := reliability(t, historyOf(t, []look{{0, counts{Pass: 1}}, {300, counts{Pass: 1}}})), 19.0/21; !near(got, want) {
		t.Errorf("a gap of 300 days: %g, want that of one look, %g", got, want)
	}
}

// A run looks at a control once, in however many places it must be. Where nobody looked
// adds nothing.
func TestPlacesShareALook(t *testing.T) {
	h := historyOf(t, weekly("mv"))
	if got, want := reliability(t, h, "db"), 18.0/20.5; !near(got, want) {
		t.Errorf("one place of two failed: %g, want %g", got, want)
	}
}

// What several results of one responsibility tell, and what they do not.
func TestResultsAreCountedNet(t *testing.T) {
	for name, c := range map[string]struct {
		looks    []look
		up, down float64
		findings Tally
	}{
		"one of ten fails and is mended": {
			[]look{{0, counts{Pass: 10}}, {7, counts{9, 1, 0}}, {14, counts{Pass: 10}}}, 1.9, 0.1, Tally{Found: 1, Mended: 1, MendDays: 7}},
		"what never passed is coverage": {
			[]look{{0, counts{8, 2, 0}}, {7, counts{8, 2, 0}}}, 1, 0, Tally{Found: 2, Open: 2, OpenDays: 14}},
		"new results that fail are coverage": {
			[]look{{0, counts{Pass: 8}}, {7, counts{8, 2, 0}}}, 1, 0, Tally{Found: 2, Open: 2}},
		"what is gone is neither": {
			[]look{{0, counts{8, 2, 0}}, {7, counts{5, 0, 0}}}, 1, 0, Tally{Found: 2}},
		"the newest is mended, the oldest stays": {
			[]look{{0, counts{8, 2, 0}}, {7, counts{7, 3, 0}}, {14, counts{8, 2, 0}}}, 1.875, 0.125, Tally{Found: 3, Mended: 1, MendDays: 7, Open: 2, OpenDays: 28}},
		"what becomes unknown has not failed": {
			[]look{{0, counts{1, 1, 0}}, {7, counts{0, 0, 2}}}, 0, 0, Tally{Found: 1, Open: 1, OpenDays: 7}},
		"who is not looked at is not open": {
			[]look{{0, counts{Fail: 1}}, {7, counts{Fail: 1}}, {14, counts{}}}, 0, 0, Tally{Found: 1}},
		"half of it unknown is half a look": {
			[]look{{0, counts{4, 0, 0}}, {7, counts{2, 0, 2}}}, 0.5, 0, Tally{}},
		"a fail that becomes unknown is still open": {
			[]look{{0, counts{Pass: 1}}, {7, counts{Fail: 1}}, {14, counts{Unknown: 1}}, {21, counts{Fail: 1}}, {28, counts{Pass: 1}}}, 1, 2, Tally{Found: 1, Mended: 1, MendDays: 21}},
	} {
		r := historyOf(t, c.looks).Records()[0]
		if !near(r.up, c.up) || !near(r.down, c.down) {
			t.Errorf("%s: %g looks at it working and %g at it failing, want %g and %g", name, r.up, r.down, c.up, c.down)
		}
		got := r.Tally
		if (got.Failures > 0) != (got.Failed > 0) {
			t.Errorf("%s: failed %d times, for %g days", name, got.Failures, got.Failed)
		}
		got.Worked, got.Failed, got.Failures = 0, 0, 0
		if got != c.findings {
			t.Errorf("%s: findings %+v, want %+v", name, got, c.findings)
		}
	}
}

func TestTimesToFailAndToMend(t *testing.T) {
	h := historyOf(t, weekly("mmmvvmmmvm"))
	r := h.Records()[0]
	if fail, ok := r.ToFail(); !ok || fail != 21 || r.Failures != 2 || r.Worked != 42 || r.Failed != 21 || r.Down {
		t.Errorf("fails after %g days: %+v", fail, r)
	}
	if mend, ok := r.ToMend(); !ok || mend != 10.5 {
		t.Errorf("mended after %g days, want those of 14 and of 7", mend)
	}
	if _, ok := r.OpenFor(); ok {
		t.Error("something is said to be open")
	}
	if f := h.ByParty()["acme"]; f != r.Tally || f.Found != 2 {
		t.Errorf("findings of the party %+v", f)
	}
	c := &Control{parts: []part{{id: "X@web"}}}
	p, _ := Default()
	rel, err := h.of(c, p)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rel.Text, "works 83 % of the time (70 to 93 %); failed 2 times in 42 days of working; 2 findings mended after 10.5 days"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

// randomLooks is a history of n runs of several results, the first of which all pass.
func randomLooks(r *rand.Rand, n int) []look {
	out := []look{{0, counts{Pass: 4}}}
	for i := 1; i < n; i++ {
		fail := r.IntN(5)
		unknown := r.IntN(5 - fail)
		out = append(out, look{out[i-1].day + 0.1 + 20*r.Float64(), counts{4 - fail - unknown, fail, unknown}})
	}
	return out
}

func TestReliabilityFollowsTheHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const tolerance = 1e-12
	for range 500 {
		looks := randomLooks(r, 2+r.IntN(20))
		h := historyOf(t, looks)
		before := reliability(t, h)
		if x := h.Records()[0]; (x.Failures > 0) != (x.Failed > 0) || x.Found < x.Mended+x.Open || x.Worked+x.Failed > h.Days()+1e-9 || x.Open != x.last.open {
			t.Fatalf("%+v of %v", x, looks)
		}
		end := looks[len(looks)-1]

		clean := append(append([]look{}, looks...), look{end.day + 0.1 + 20*r.Float64(), counts{Pass: 4}})
		if after := reliability(t, historyOf(t, clean)); after < before-tolerance {
			t.Fatalf("a clean run more lowers it from %g to %g: %v", before, after, looks)
		}
		violated := append(append([]look{}, looks...), look{end.day + 0.1 + 20*r.Float64(), counts{Fail: 4}})
		if after := reliability(t, historyOf(t, violated)); after > before+tolerance {
			t.Fatalf("a violated run more raises it from %g to %g: %v", before, after, looks)
		}
		unknown := append(append([]look{}, looks...), look{end.day + 5, counts{Unknown: 4}})
		if after := reliability(t, historyOf(t, unknown)); after != before {
			t.Fatalf("an unknown run more moves it from %g to %g: %v", before, after, looks)
		}
		worse := append([]look{}, looks...)
		at := 1 + r.IntN(len(looks)-1)
		if worse[at].n.Pass > 0 {
			worse[at].n.Pass--
			worse[at].n.Fail++
		}
		if after := reliability(t, historyOf(t, worse)); after > before+tolerance {
			t.Fatalf("a pass that becomes a fail raises it from %g to %g: %v", before, after, looks)
		}
	}
}

// The longer a control that had worked is violated before it is mended, the less
// reliable it is.
func TestLongerViolatedNeverRaises(t *testing.T) {
	before := 1.0
	for n := range 30 {
		got := reliability(t, historyOf(t, weekly("mm"+strings.Repeat("v", n)+"m")))
		if got >= before {
			t.Errorf("violated for %d weeks: %g, for one less %g", n, got, before)
		}
		before = got
	}
}

func TestHistoryRefuses(t *testing.T) {
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	h := p.NewHistory()
	if err := h.Add(Past{firstDay, []PastRow{{"X@web", "acme", 1, 0, 0}}}); err != nil {
		t.Fatal(err)
	}
	before := h.Records()
	for want, past := range map[string]Past{
		"order of time": {firstDay, nil},
		"twice":         {firstDay.Add(1), []PastRow{{"X@web", "acme", 0, 1, 0}, {"X@web", "acme", 1, 0, 0}}},
		"no count":      {firstDay.Add(1), []PastRow{{"X@web", "acme", 0, 1, 0}, {"Y@web", "acme", -1, 0, 0}}},
		"is no count":   {firstDay.Add(1), []PastRow{{"X@web", "acme", 1 << 60, 0, 0}}},
	} {
		if err := h.Add(past); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if h.Runs != 1 || !reflect.DeepEqual(recordsOf(before), recordsOf(h.Records())) {
		t.Errorf("what is refused changes the history: %d runs", h.Runs)
	}
}

func recordsOf(list []*Record) (out []Record) {
	for _, r := range list {
		x := *r
		x.asked = 0
		out = append(out, x)
	}
	return out
}

// A history changes what the reliability of a control is taken as, and nothing else; one
// without anything of the system changes nothing.
func TestHistoryMovesLosses(t *testing.T) {
	plain := analyse(t, shop, 20_000)
	mean := func(runs, where string) float64 {
		return analyseWith(t, shop, 20_000, func(in *Input) {
			in.History = in.Priors.NewHistory()
			for i, l := range weekly(runs) {
				past := Past{Time: firstDay.AddDate(0, 0, 7*i)}
				for _, c := range plain.Scenarios[0].Controls {
					for _, p := range c.parts {
						past.Rows = append(past.Rows, PastRow{p.id + where, "acme", l.n.Pass, l.n.Fail, l.n.Unknown})
					}
				}
				if err := in.History.Add(past); err != nil {
					t.Fatal(err)
				}
			}
		}).Total.Mean.Value
	}
	without := plain.Total.Mean.Value
	if got := mean("mvvvv", " elsewhere"); got != without {
		t.Errorf("the history of something else moves losses from %g to %g", without, got)
	}
	if bad, good := mean("mvvvvvvvvvv", ""), mean("mmmmmmmmmmm", ""); !(good < without && without < bad) {
		t.Errorf("losses %g with a clean history, %g without one, %g with one of fails", good, without, bad)
	}
}

// Of controls without a history the factor is as it was before there were any.
func TestNoHistoryIsThePrior(t *testing.T) {
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	var none *History
	c := &Control{Control: &catalog.Control{ID: "X", Efficacy: catalog.Efficacy{Function: catalog.Prevent, Grade: catalog.Partial}}}
	if c.Reliability, err = none.of(c, p); err != nil || c.Reliability != nil {
		t.Fatalf("%v, %v", c.Reliability, err)
	}
	f, err := p.factor(c, counts{}, true)
	if err != nil {
		t.Fatal(err)
	}
	if prior, _ := p.Reliability.dist(); f.Parts[1].Dist != prior {
		t.Errorf("reliability %v, want the prior %v", f.Parts[1].Dist, prior)
	}
}

// What another party stated counts less with its age, by the term it set itself, and in
// the end hardly more than what nobody looked at. Without a history time does not matter.
func TestStatementsAge(t *testing.T) {
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	s := &assessment.Stated{NotBefore: firstDay, NotAfter: firstDay.AddDate(0, 0, 90)}
	coverage := func(h *History, s *assessment.Stated) float64 {
		d, err := p.coverage(&Control{stated: true, fresh: h.fresh(s)}, counts{}, false)
		if err != nil {
			t.Fatal(err)
		}
		return d.Mean()
	}
	if got := coverage(nil, s); got != 0.9 {
		t.Errorf("without a history it covers %g", got)
	}
	before := 1.0
	for _, age := range []int{-1, 0, 30, 90, 2000} {
		h := p.NewHistory()
		h.Today = firstDay.AddDate(0, 0, age)
		f := math.Exp(-float64(max(0, age)) / 90)
		got := coverage(h, s)
		if want := (0.5 + 4*f) / (0.5 + 4*f + 0.5 + 1 - f); !near(got, want) || got > before {
			t.Errorf("%d days old it covers %g, want %g; before %g", age, got, want, before)
		}
		before = got
		if got := coverage(h, nil); got != 0.9 {
			t.Errorf("one without a window covers %g", got)
		}
	}
	if before < 0.25 || before > 0.2501 {
		t.Errorf("a very old one covers %g, want what nobody looked at", before)
	}
}

// It is the age of the statement that a control rests on.
func TestStatementsAgeInAnAnalysis(t *testing.T) {
	effect := func(age int) float64 {
		a := analyseWith(t, shop, 20_000, func(in *Input) {
			var n assessment.Counts
			n[surety.Pass] = 2
			in.Assessment = assessment.Assess(assessment.Input{Model: in.Model, Catalog: in.Catalog, Duties: in.Duties,
				Statements: []assessment.Stated{{Party: "kube", Controls: map[string]assessment.Counts{"SUR-PHY-03": n}, NotBefore: firstDay, NotAfter: firstDay.AddDate(0, 0, 90)}}})
			in.History = in.Priors.NewHistory()
			in.History.Today = firstDay.AddDate(0, 0, age)
		})
		for _, c := range a.Scenario("store-unencrypted@db/orders").Controls {
			if c.Control.ID == "SUR-PHY-03" {
				if old := strings.Contains(c.Coverage, "is left with its age"); old != (age > 0) {
					t.Errorf("%d days old: %s", age, c.Coverage)
				}
				return c.Effect
			}
		}
		t.Fatal("no control of the provider")
		return 0
	}
	if fresh, old := effect(0), effect(60); !near(fresh, 0.9*0.9*0.8) || old >= fresh {
		t.Errorf("it stops %g when new and %g after 60 days of 90", fresh, old)
	}
}
