package system

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/risk/loss"
)

// Actors lists who, or what, makes threats real, as frequencies name them.
var Actors = []string{"outsider", "tenant", "insider", "provider", "partner", "state", "nature"}

func (d *decoder) risk(m *Model, f *riskFile) {
	if f == nil {
		return
	}
	m.Risk = &Risk{
		Loss: make(map[string]*Loss, len(f.Loss)), Frequency: map[string]Amounts{}, Scenarios: map[string]*Scenario{},
		Costs: map[string]float64{}, Liability: map[string]*Liability{}, Insurance: map[string]*Insurance{}, Origins: map[string]surety.Origin{}, Origin: d.origin("risk"),
	}
	for _, a := range f.Appetite {
		m.Risk.Appetite = append(m.Risk.Appetite, Appetite(a))
	}
	for name, l := range f.Loss {
		m.Risk.Loss[name] = d.loss(&l, "risk", "loss", name)
	}
	for name, q := range f.Frequency {
		m.Risk.Frequency[name] = d.amounts(&q, "risk", "frequency", name)
		m.Risk.Origins[name] = d.origin("risk", "frequency", name)
	}
	for id, s := range f.Scenarios {
		path := []string{"risk", "scenarios", id}
		out := &Scenario{Origin: d.origin(path...)}
		if s.Frequency != nil {
			out.Frequency = d.amounts(s.Frequency, append(path, "frequency")...)
		}
		if s.Vulnerability != nil {
			out.Vulnerability = d.amounts(s.Vulnerability, append(path, "vulnerability")...)
		}
		if s.Loss != nil {
			out.Loss = d.loss(s.Loss, append(path, "loss")...)
		}
		m.Risk.Scenarios[id] = out
	}
	for id, cost := range f.Costs {
		m.Risk.Costs[id], m.Risk.Origins[id] = float64(cost), d.origin("risk", "costs", id)
	}
	for name, l := range f.Liability {
		out := &Liability{Share: 1, Deductible: float64(l.Deductible), Cap: float64(l.Cap), Origin: d.origin("risk", "liability", name)}
		if l.Share != nil {
			out.Share = *l.Share
		}
		m.Risk.Liability[name] = out
	}
	for name, i := range f.Insurance {
		m.Risk.Insurance[name] = &Insurance{Insured: i.Insured, Insurer: i.Insurer, Attachment: float64(i.Attachment),
			Limit: float64(i.Limit), Aggregate: float64(i.Aggregate), Origin: d.origin("risk", "insurance", name)}
	}
}

func (d *decoder) loss(f *lossFile, path ...string) *Loss {
	out := &Loss{Cap: float64(f.Cap), Carrier: f.Carrier, Origin: d.origin(path...)}
	out.Amounts = d.one(path, stated(CI90, f.CI90[:]), stated(PERT, f.PERT))
	if s := f.Secondary; s != nil {
		path = append(path, "secondary")
		out.Secondary = &SecondaryLoss{P: s.P, Amounts: d.one(path, stated(CI90, s.CI90[:]), stated(PERT, s.PERT))}
	}
	return out
}

func (d *decoder) amounts(f *quantityFile, path ...string) Amounts {
	all := []Amounts{stated(PERT, f.PERT), stated(CI90, f.CI90[:]), {}, {}, {}}
	if f.Poisson != nil {
		all[2] = Amounts{Poisson, []float64{float64(*f.Poisson)}}
	}
	if f.Gamma != nil {
		all[3] = Amounts{Gamma, f.Gamma}
		if len(f.Gamma) != 2 || !(f.Gamma[0] > 0 && f.Gamma[1] > 0) {
			d.fail(append(path, "gamma"), "write shape and rate, both above 0, such as [2, 5]", "the gamma has no shape and rate")
		}
	}
	if o := f.Observed; o != nil {
		all[4] = Amounts{Observed, []float64{float64(o.Events), float64(o.Years)}}
		if o.Years == 0 {
			d.fail(append(path, "observed"), "give the years that were watched", "nothing can be observed in 0 years")
		}
	}
	return d.one(path, all...)
}

// stated returns amounts if any value is given.
func stated(kind AmountsKind, values []float64) Amounts {
	if len(values) == 0 || values[len(values)-1] == 0 {
		return Amounts{}
	}
	return Amounts{kind, slices.Clone(values)}
}

// one returns the only way in which a quantity is stated.
func (d *decoder) one(path []string, ways ...Amounts) Amounts {
	ways = slices.DeleteFunc(ways, func(a Amounts) bool { return a.Kind == "" })
	switch {
	case len(ways) == 0:
		d.fail(path, "add ci90, such as [80k, 2M]", "%s has no amounts", path[len(path)-1])
		return Amounts{}
	case len(ways) > 1:
		d.fail(path, "keep one of them", "%s is given as %s and as %s", path[len(path)-1], ways[0].Kind, ways[1].Kind)
	}
	return ways[0]
}

// risk checks what is said of losses.
func (r *refs) risk() {
	risk := r.m.Risk
	if risk == nil {
		return
	}
	for _, name := range sortedKeys(risk.Loss) {
		r.ref(name, "class of data", r.data, "risk", "loss", name)
		r.loss(risk.Loss[name], "risk", "loss", name)
	}
	for _, actor := range sortedKeys(risk.Frequency) {
		if !slices.Contains(Actors, actor) {
			r.fail([]string{"risk", "frequency", actor}, "use outsider, tenant, insider, provider, partner, state or nature", "%q is no actor", actor)
		}
	}
	for _, id := range sortedKeys(risk.Scenarios) {
		s := risk.Scenarios[id]
		if v := s.Vulnerability; v.Kind != "" && (slices.Max(v.Values) > 1 || v.Kind != PERT && v.Kind != Poisson) {
			r.fail([]string{"risk", "scenarios", id, "vulnerability"}, "use a chance from 0 to 1, as pert: [0.1, 0.3, 0.6] or poisson: 0.3", "the vulnerability of %s is no chance", id)
		}
		if s.Loss != nil {
			r.loss(s.Loss, "risk", "scenarios", id, "loss")
		}
	}
	for _, name := range sortedKeys(risk.Liability) {
		r.ref(name, "service", r.serviceNames, "risk", "liability", name)
		if l := risk.Liability[name]; !(l.Share >= 0 && l.Share <= 1) {
			r.fail([]string{"risk", "liability", name, "share"}, "use a share from 0 to 1", "share %g is out of range", l.Share)
		}
	}
	r.insurance(risk.Insurance)
}

// insurance checks layers one by one, and that no two pay for the same money.
func (r *refs) insurance(all map[string]*Insurance) {
	names := sortedKeys(all)
	for _, name := range names {
		path, i := []string{"risk", "insurance", name}, all[name]
		r.ref(i.Insured, "party", r.parties, append(path, "insured")...)
		r.ref(i.Insurer, "party", r.parties, append(path, "insurer")...)
		switch {
		case i.Insured == i.Insurer:
			r.fail(path, "name who bears the loss as insured and who pays as insurer", "%s insures itself under %s", i.Insured, name)
		case i.Limit == 0:
			r.fail(append(path, "limit"), "give the most that it pays for one event", "%s pays nothing", name)
		case i.Aggregate > 0 && i.Aggregate < i.Limit:
			r.fail(append(path, "aggregate"), "raise it, or lower the limit of an event", "%s pays %s in a year and so never its %s for one event", name, formatAmount(i.Aggregate), formatAmount(i.Limit))
		}
		for _, before := range names[:slices.Index(names, name)] {
			o := all[before]
			if from, to := max(i.Attachment, o.Attachment), min(i.Attachment+i.Limit, o.Attachment+o.Limit); o.Insured == i.Insured && from < to {
				r.fail(path, "let one begin where the other ends", "%s and %s both pay what an event costs %s between %s and %s", before, name, i.Insured, formatAmount(from), formatAmount(to))
			}
		}
	}
}

func (r *refs) loss(l *Loss, path ...string) {
	r.ref(l.Carrier, "party", r.parties, append(path, "carrier")...)
	if s := l.Secondary; s != nil && !(s.P >= 0 && s.P <= 1) {
		r.fail(append(path, "secondary", "p"), "use a chance from 0 to 1", "chance %g is out of range", s.P)
	}
}

func (r *Risk) entries() (out []entry) {
	add := func(key, value string, at surety.Origin) {
		if value != "" && value != "{}" && value != "[]" {
			out = append(out, entry{key, key + ": " + value, at})
		}
	}
	var points []string
	for _, a := range r.Appetite {
		points = append(points, quoted(strconv.FormatFloat(a.Probability*100, 'g', 12, 64)+"%: "+formatAmount(a.Amount)))
	}
	add("appetite", sequenceOf(points), r.Origin)
	add("loss", mappingOf(r.Loss, func(_ string, l *Loss) string { return l.flow() }), r.Origin)
	add("frequency", mappingOf(r.Frequency, func(_ string, a Amounts) string { return pairs{a.pair()}.flow() }), r.Origin)
	add("scenarios", mappingOf(r.Scenarios, func(_ string, s *Scenario) string { return s.flow() }), r.Origin)
	add("costs", mappingOf(r.Costs, func(_ string, c float64) string { return formatAmount(c) }), r.Origin)
	add("liability", mappingOf(r.Liability, func(_ string, l *Liability) string {
		return pairs{{"share", strconv.FormatFloat(l.Share, 'g', -1, 64)}, {"deductible", ifAny(l.Deductible)}, {"cap", ifAny(l.Cap)}}.flow()
	}), r.Origin)
	add("insurance", mappingOf(r.Insurance, func(_ string, i *Insurance) string {
		return pairs{{"insured", scalar(i.Insured)}, {"insurer", scalar(i.Insurer)}, {"attachment", ifAny(i.Attachment)},
			{"limit", ifAny(i.Limit)}, {"aggregate", ifAny(i.Aggregate)}}.flow()
	}), r.Origin)
	return out
}

// ifAny writes an amount that is stated.
func ifAny(v float64) string {
	if v == 0 {
		return ""
	}
	return formatAmount(v)
}

func (l *Loss) flow() string {
	p := pairs{l.Amounts.pair()}
	if s := l.Secondary; s != nil {
		p = append(p, [2]string{"secondary", pairs{{"p", strconv.FormatFloat(s.P, 'g', -1, 64)}, s.Amounts.pair()}.flow()})
	}
	return append(p, [2]string{"cap", ifAny(l.Cap)}, [2]string{"carrier", scalar(l.Carrier)}).flow()
}

func (s *Scenario) flow() string {
	var p pairs
	if s.Frequency.Kind != "" {
		p = append(p, [2]string{"frequency", pairs{s.Frequency.pair()}.flow()})
	}
	if s.Vulnerability.Kind != "" {
		p = append(p, [2]string{"vulnerability", pairs{s.Vulnerability.pair()}.flow()})
	}
	if s.Loss != nil {
		p = append(p, [2]string{"loss", s.Loss.flow()})
	}
	return p.flow()
}

// pair is how the amounts are written: their kind and their values.
func (a Amounts) pair() [2]string {
	parts := make([]string, len(a.Values))
	for i, v := range a.Values {
		parts[i] = formatAmount(v)
	}
	switch a.Kind {
	case Poisson:
		return [2]string{string(a.Kind), parts[0]}
	case Observed:
		return [2]string{string(a.Kind), "{events: " + parts[0] + ", years: " + parts[1] + "}"}
	}
	return [2]string{string(a.Kind), sequenceOf(parts)}
}

// sequenceOf writes items that are written already.
func sequenceOf(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// mappingOf writes a map in flow style, by key.
func mappingOf[T any](m map[string]T, write func(string, T) string) string {
	var p pairs
	for _, name := range slices.Sorted(maps.Keys(m)) {
		p = append(p, [2]string{scalar(name), write(name, m[name])})
	}
	return p.flow()
}

// Dist is the distribution that the amounts state. What was only observed is
// Jeffreys' posterior of its rate. The error says that the values do not fit
// their kind.
func (a Amounts) Dist() (loss.Dist, error) {
	v := a.Values
	switch {
	case a.Kind == CI90 && len(v) == 2:
		return loss.Lognormal(v[0], v[1])
	case a.Kind == PERT && len(v) == 3:
		return loss.PERT(v[0], v[1], v[2])
	case a.Kind == Gamma && len(v) == 2:
		return loss.Gamma(v[0], v[1])
	case a.Kind == Observed && len(v) == 2:
		return loss.Observed(v[0], v[1], 0.5, 0)
	case len(v) == 1:
		return loss.Constant(v[0])
	}
	return loss.Dist{}, fmt.Errorf("%v are no amounts of kind %q", v, a.Kind)
}
