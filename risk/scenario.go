package risk

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unique"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

func pow10(x float64) float64 { return math.Pow(10, x) }
func abs(x float64) float64   { return math.Abs(x) }

// derive makes the scenarios, in the order of the threats, and their portfolio.
func (a *Analysis) derive(place *places) error {
	standings := threat.NewStandings(a.Duties, a.Assessment)
	known := map[string]*Control{}
	for i := range a.Threats.Threats {
		t := &a.Threats.Threats[i]
		controls := a.controlsOf(t, standings, known)
		data := slices.Clone(t.Data)
		slices.Sort(data)
		if data = slices.Compact(data); len(data) == 0 {
			data = []string{""}
		}
		for _, d := range data {
			if err := a.add(t, d, data, controls, place); err != nil {
				return err
			}
		}
	}
	for _, c := range a.controls {
		var err error
		if c.Reliability, err = a.History.of(c, a.Priors); err != nil {
			return fmt.Errorf("control %s: %w", c.ID, err)
		}
		f, err := a.factor(c, c.Counts, false)
		if err != nil {
			return fmt.Errorf("control %s: %w", c.ID, err)
		}
		c.Effect, c.Coverage = effect(f), c.say()
		a.portfolio.Factors = append(a.portfolio.Factors, f)
	}
	for _, s := range a.Scenarios {
		s.settle()
	}
	a.collect()
	a.idle()
	return nil
}

// weight is how likely the element of a threat lets an attempt through, beside one that
// can be reached from outside, and why.
func (a *Analysis) weight(place *places, t *threat.Threat) (float64, string) {
	switch w := a.Priors.Weights; {
	case t.Kind != threat.Component && t.Kind != threat.Flow:
		return w.Whole, "it is about a whole " + string(t.Kind)
	case place.exposed(t.Element):
		return w.Exposed, "it can be reached from outside"
	default:
		return w.Inside, "it lies inside"
	}
}

// add adds one scenario: as a source of events of its own if the model states how often it
// is tried, else on its way in the campaign of its actor. all is the data that the threat
// endangers.
func (a *Analysis) add(t *threat.Threat, data string, all []string, controls []*Control, place *places) error {
	s := &Scenario{ID: scenarioID(t, data), Threat: t, Data: data, Controls: controls, index: len(a.Scenarios)}
	stated := a.stated(s.ID, t)
	rate, err := a.rate(s, stated)
	if err != nil {
		return fmt.Errorf("scenario %s: %w", s.ID, err)
	}
	base, err := a.base(s, stated, place)
	if err != nil {
		return fmt.Errorf("scenario %s: %w", s.ID, err)
	}
	resist, soften := groupsOf(controls)
	out := loss.Scenario{ID: s.ID, Soften: soften}
	if often(stated) {
		out.Rate, out.Base, out.Resist = rate, base, resist
	} else {
		out.Way, out.Luck = a.way(s, all, rate, base, resist), data
	}
	carrier, err := a.magnitude(s, stated, &out)
	if err != nil {
		return fmt.Errorf("scenario %s: %w", s.ID, err)
	}
	s.Service, s.Zone = place.service(t), place.zone(t)
	s.carry(carrier, place, a.Model)
	s.Attempts = rate.Dist.Mean()
	a.Scenarios = append(a.Scenarios, s)
	a.portfolio.Scenarios = append(a.portfolio.Scenarios, out)
	return nil
}

// way returns the way that a scenario hangs on. A threat to several classes of data hits
// them all at once: they are one way, as far as the model says the same of them.
func (a *Analysis) way(s *Scenario, all []string, rate, base loss.Unknown, resist [][]int) string {
	var together []string
	for _, d := range all {
		if x := a.stated(scenarioID(s.Threat, d), s.Threat); !often(x) && vulnerability(x) == vulnerability(a.stated(s.ID, s.Threat)) {
			together = append(together, d)
		}
	}
	id := s.Threat.ID
	if len(together) < len(all) {
		id = scenarioID(s.Threat, together[0])
	}
	if len(together) > 1 {
		s.note("at once", "an event hits all of "+strings.Join(together, ", "), "the threat endangers them together")
	}
	if s.Data != together[0] {
		return id
	}
	p := &a.portfolio
	if !slices.ContainsFunc(p.Campaigns, func(c loss.Campaign) bool { return c.ID == rate.Name }) {
		p.Campaigns = append(p.Campaigns, loss.Campaign{ID: rate.Name, Rate: rate})
	}
	p.Ways = append(p.Ways, loss.Way{ID: id, Campaign: rate.Name, Base: base, Resist: resist})
	return id
}

// often tells whether an entry of the model states how often a scenario is tried.
func often(stated *system.Scenario) bool { return stated != nil && stated.Frequency.Kind != "" }

// vulnerability is where the model states how likely an attempt succeeds, if it does.
func vulnerability(stated *system.Scenario) surety.Origin {
	if stated == nil || stated.Vulnerability.Kind == "" {
		return surety.Origin{}
	}
	return stated.Origin
}

func scenarioID(t *threat.Threat, data string) string {
	if data == "" {
		return t.ID
	}
	return t.ID + "/" + data
}

// note notes where a factor comes from. Most scenarios say the same: each text is kept once.
func (s *Scenario) note(name, value, source string) {
	s.Notes = append(s.Notes, Note{name, unique.Make(value).Value(), unique.Make(source).Value()})
}

// wording names how a distribution is put into words.
type wording struct {
	dist  loss.Dist
	money bool
}

// say puts a distribution into words, once for all scenarios that share it.
func (a *Analysis) say(d loss.Dist, money bool) string {
	key := wording{d, money}
	text, known := a.words[key]
	if !known {
		text = d.String()
		if money {
			text = fmt.Sprintf("%s on average (%s to %s)", Money(d.Mean()), Money(d.Quantile(0.05)), Money(d.Quantile(0.95)))
		}
		a.words[key] = text
	}
	return text
}

// stated finds what the model says of a scenario: the narrowest entry.
func (a *Analysis) stated(scenario string, t *threat.Threat) *system.Scenario {
	if a.Model.Risk == nil {
		return nil
	}
	for _, id := range []string{scenario, t.ID, t.Rule.ID} {
		if x := a.Model.Risk.Scenarios[id]; x != nil {
			return x
		}
	}
	return nil
}

// rate is how often this is tried in a year: this itself if the model states it, else
// the whole system by the actor.
func (a *Analysis) rate(s *Scenario, stated *system.Scenario) (loss.Unknown, error) {
	actor := s.Threat.Rule.Actor
	if often(stated) {
		d, err := stated.Frequency.Dist()
		s.note("attempts a year", d.String(), stated.Origin.String())
		return loss.Unknown{Name: s.Threat.ID, Dist: d}, err
	}
	prior := a.Priors.Actors[actor]
	d, err := pert(prior.Attempts)
	source := prior.Source + ", see the priors"
	if r := a.Model.Risk; r != nil && r.Frequency[string(actor)].Kind != "" {
		d, err = r.Frequency[string(actor)].Dist()
		source = r.Origins[string(actor)].String()
	}
	s.note("attempts a year", fmt.Sprintf("%s by %s on the whole system, each of which looks at every way", a.say(d, false), actorWords[actor]), source)
	return loss.Unknown{Name: string(actor), Dist: d}, err
}

var actorWords = map[threat.Actor]string{
	threat.Outsider: "outsiders", threat.Tenant: "other tenants", threat.Insider: "insiders", threat.Staff: "the provider or its staff",
	threat.Fellow: "partners", threat.State: "authorities", threat.Nature: "accident and error",
}

// base is the chance that an attempt succeeds this way without any control.
func (a *Analysis) base(s *Scenario, stated *system.Scenario, place *places) (loss.Unknown, error) {
	if stated != nil && stated.Vulnerability.Kind != "" {
		d, err := stated.Vulnerability.Dist()
		s.note("succeed without controls", d.String(), stated.Origin.String())
		return loss.Unknown{Name: s.ID, Dist: d}, err
	}
	prior := a.Priors.Actors[s.Threat.Rule.Actor]
	d, err := pert(prior.Base)
	weight, why := a.weight(place, s.Threat)
	d = d.Times(weight)
	s.note("succeed without controls", a.say(d, false)+", as "+why, prior.Source+", see the priors")
	return loss.Unknown{Name: string(s.Threat.Rule.Actor), Dist: d}, err
}

// magnitude sets what one event costs, and returns the carrier that the model names.
func (a *Analysis) magnitude(s *Scenario, stated *system.Scenario, out *loss.Scenario) (carrier string, err error) {
	var l *system.Loss
	if stated != nil && stated.Loss != nil {
		l = stated.Loss
	} else if r := a.Model.Risk; r != nil && !outage(s.Threat.Rule) {
		l = r.Loss[s.Data]
	}
	if l == nil {
		if r := a.Model.Risk; r != nil && r.Loss[s.Data] != nil {
			carrier = r.Loss[s.Data].Carrier
		}
		return carrier, a.usual(s, out)
	}
	if out.Primary, err = l.Amounts.Dist(); err != nil {
		return "", err
	}
	if mean, most := out.Primary.Mean(), out.Primary.Quantile(0.95); mean > most && l.Cap == 0 {
		a.warn(fmt.Sprintf("%s: this loss is so wide that its average, %s, lies beyond the %s that 19 of 20 stay under; narrow it, or state a cap", l.Origin, Money(mean), Money(most)))
	}
	text := a.say(out.Primary, true)
	if l.Secondary != nil {
		second, err := l.Secondary.Amounts.Dist()
		if err != nil {
			return "", err
		}
		out.Secondary = &loss.Secondary{P: l.Secondary.P, Loss: second}
		text += fmt.Sprintf("; in %.0f %% of cases %s more", 100*l.Secondary.P, a.say(second, true))
	}
	if out.Cap = l.Cap; l.Cap > 0 {
		text += "; at most " + Money(l.Cap)
	}
	s.note("loss of an event", text, l.Origin.String())
	return l.Carrier, nil
}

// warn notes a problem once.
func (a *Analysis) warn(problem string) {
	if !slices.Contains(a.Problems, problem) {
		a.Problems = append(a.Problems, problem)
	}
}

// outage tells threats that only make data unavailable for a while. What the model
// states for the loss of data is not what that costs.
func outage(r *threat.Rule) bool {
	return !slices.ContainsFunc(r.Harms, func(h threat.Harm) bool { return h != threat.Availability })
}

// usual takes the loss from the priors: the dearest of the harms.
func (a *Analysis) usual(s *Scenario, out *loss.Scenario) error {
	d := a.Model.Data[s.Data]
	if d == nil {
		none := a.Priors.Losses.None
		dist, err := loss.Lognormal(float64(none.CI90[0]), float64(none.CI90[1]))
		out.Primary = dist
		s.note("loss of an event", a.say(dist, true), none.Source)
		return err
	}
	best := -1.0
	var text, source string
	for _, h := range s.Threat.Rule.Harms {
		dist, most, why, from, err := a.Priors.harmLoss(h, d)
		if err != nil {
			return err
		}
		if dist.Mean() > best {
			best, out.Primary, out.Cap = dist.Mean(), dist, most
			text, source = fmt.Sprintf("%s for %s: %s", a.say(dist, true), h, why), "prior, wide: "+from
		}
	}
	s.note("loss of an event", text, source)
	return nil
}

// groupsOf arranges the factors of controls: those of one group together.
func groupsOf(controls []*Control) (resist, soften [][]int) {
	at := map[string]int{}
	for _, c := range controls {
		list := &resist
		if c.Softens {
			list = &soften
		}
		g := c.group()
		if _, ok := at[g]; !ok {
			at[g] = len(*list)
			*list = append(*list, nil)
		}
		(*list)[at[g]] = append((*list)[at[g]], c.factor)
	}
	return resist, soften
}

// settle says what the controls do, and whose what they leave undone is.
func (s *Scenario) settle() {
	s.Fault = map[string]float64{}
	sum := 0.0
	for _, c := range s.Controls {
		undone := max(0, c.intended()-c.Effect)
		s.Fault[c.Party] += undone
		sum += undone
	}
	for p := range s.Fault {
		if sum > 0 {
			s.Fault[p] /= sum
		}
	}
}

// Trace lists what the numbers of the scenario rest on, its controls last.
func (s *Scenario) Trace() []Note {
	out := slices.Clone(s.Notes)
	if len(s.Controls) == 0 {
		out = append(out, Note{"controls", "no control of the catalogue stands here", ""})
	}
	for _, c := range s.Controls {
		does := "stops"
		if c.Softens {
			does = "saves of the loss"
		}
		out = append(out, Note{c.Control.ID + " on " + strings.Join(c.Places, ", "),
			fmt.Sprintf("%s %.0f %% (%s, %s; %s)", does, 100*c.Effect, c.Control.Efficacy.Function, c.Control.Efficacy.Grade, c.Coverage), "accountable: " + nobody(c.Party)})
		if c.Reliability != nil {
			out = append(out, Note{"history of " + c.Control.ID, c.Reliability.Text, c.Reliability.Runs})
		}
	}
	return out
}

// crowd notes what of the attempts other ways take before they come to a scenario's.
func (s *Scenario) crowd(taken float64) {
	if taken >= 0.005 {
		s.note("other ways", fmt.Sprintf("as dear or dearer take %.0f %% of the attempts first", 100*taken), "an attempt goes the dearest that lets it through")
	}
}

// idle notes the entries of the model that reach no scenario.
func (a *Analysis) idle() {
	if a.Model.Risk == nil {
		return
	}
	used := map[string]bool{}
	for _, s := range a.Scenarios {
		used[s.ID], used[s.Threat.ID], used[s.Threat.Rule.ID] = true, true, true
	}
	for _, id := range slices.Sorted(maps.Keys(a.Model.Risk.Scenarios)) {
		if !used[id] {
			a.Problems = append(a.Problems, fmt.Sprintf("%s: scenario %s is none of this system; surety risk lists them", a.Model.Risk.Scenarios[id].Origin, id))
		}
	}
	for _, data := range slices.Sorted(maps.Keys(a.Model.Risk.Loss)) {
		if !slices.ContainsFunc(a.Scenarios, func(s *Scenario) bool { return s.Data == data }) {
			a.Problems = append(a.Problems, fmt.Sprintf("%s: the loss of %s is used by no scenario: nothing threatens it", a.Model.Risk.Loss[data].Origin, data))
		}
	}
}
