// Package assure is the spine of Surety: Run calls every step in the order of
// the data, and is the place to start reading.
//
//	observe    evidence        sources -> documents -> items        (observe.go)
//	judge      policy          items -> outcomes                    (observe.go)
//	describe   system          the model given, or one inferred from the evidence
//	own        responsibility  who must do what
//	conclude   assessment      outcomes -> results, owners, status
//	threaten   threat          what threatens the system, and why
//	break in   attack          how an attacker gets to what is worth protecting
//	weigh      risk            what the threats cost a year
//
// Observing and judging are one pass over the documents, so that memory holds
// what documents came to and never the documents themselves. Everything after it
// is pure. The last three steps are taken if Options ask for them, and all but the
// first two and the conclusion need no evidence: a model is enough.
package assure

import (
	"context"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/attack"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/internal/memo"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Options say what to assess, and by what.
type Options struct {
	Sources []evidence.Source // none: the model alone
	Policy  *policy.Set       // what evidence is judged by
	Catalog *catalog.Catalog
	Model   *system.Model // nil: infer one from the evidence
	Waivers []*assessment.Waiver
	// Statements are those of other parties, see Inherit.
	Statements []assessment.Stated
	Baseline   *assessment.Snapshot // nil: none
	Today      time.Time            // the date waivers are measured against
	Budget     func() policy.Budget // called for each item
	Facts      bool                 // record the values each fail rests on, for reports that show them
	Threats    *threat.Rules        // derive the threats, by these rules; nil: do not
	Ways       *attack.Question     // find the ways in that this asks for; nil: do not
	Risk       *risk.Input          // weigh the threats, by its priors, years and seed, the rest is filled in; nil: do not
	Pool       *assessment.Pool     // of Policy's checks; nil: one of this run's own
	Memo       *memo.Memo           // of what Pool keeps; nil: judge everything anew
	Progress   func(items int)      // called now and then from one goroutine; nil: silent
	Observed   func(items int)      // called once, when nothing is left but to conclude; nil: silent
}

// controlsOf gives the controls that another scanner's rule shows: those of our
// own check of that name, else those of imported results in general.
func (o *Options) controlsOf(rule string) []string {
	if c := o.Policy.Known(rule); c != nil {
		return c.Controls
	}
	return o.Catalog.ControlsOf("imported")
}

// Case is all that is said of a system: an assurance case, as ISO/IEC/IEEE
// 15026-2 calls what is claimed together with what it rests on.
type Case struct {
	Model      *system.Model
	Catalog    *catalog.Catalog
	Duties     *responsibility.Set
	Assessment *assessment.Assessment // nil: no evidence was looked at
	Threats    *threat.Set            // this and the next two are nil if they were not asked for
	Ways       *attack.Answer
	Risk       *risk.Analysis
}

// Run takes every step. When ctx ends early it looks at no more evidence and goes
// on with what has been judged so far; the sources are then partial. The error is
// about input of which nothing can be said.
func Run(ctx context.Context, o Options) (*Case, error) {
	c := &Case{Model: o.Model, Catalog: o.Catalog}
	all, err := look(ctx, &o)
	if err != nil {
		return nil, err
	}
	if c.Model == nil {
		c.Model = system.Infer(all.items)
	}
	all.group(o.Ways != nil)
	c.Duties = responsibility.Resolve(c.Model, c.Catalog)
	if len(o.Sources) > 0 {
		c.conclude(&o, all)
	}
	if o.Threats != nil {
		c.Threats = threat.Derive(threat.Input{
			Model: c.Model, Catalog: c.Catalog, Duties: c.Duties, Rules: o.Threats, Today: o.Today.Format(time.DateOnly),
		})
	}
	if o.Ways != nil {
		if err := c.breakIn(*o.Ways); err != nil {
			return nil, err
		}
	}
	if o.Risk != nil {
		if err := c.weigh(*o.Risk); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// look observes and judges what the sources give, each object alone and then
// together with others.
func look(ctx context.Context, o *Options) (*seen, error) {
	if len(o.Sources) == 0 {
		return &seen{}, nil
	}
	if o.Pool == nil {
		o.Pool = assessment.NewPool(o.Policy.Checks())
	}
	all, err := observe(ctx, *o)
	if err != nil {
		return nil, err
	}
	kubernetes.Disambiguate(all.items)
	all.controllers = kubernetes.Controllers(all.items)
	all.relate(*o)
	if o.Observed != nil {
		o.Observed(len(all.items))
	}
	return all, nil
}

// group finds which items are made of one template. Their facts, a large part of memory,
// have then been read for the last time but by attack paths.
func (s *seen) group(keep bool) {
	s.causes = assessment.Causes(s.items)
	if !keep {
		for _, item := range s.items {
			item.Facts = evidence.Facts{}
		}
	}
}

// conclude turns what was seen into results, owners and status.
func (c *Case) conclude(o *Options, all *seen) {
	c.Assessment = assessment.Assess(assessment.Input{
		Model: c.Model, Catalog: c.Catalog,
		Duties: c.Duties,
		Root:   evidence.RootOf(all.items),
		Checks: all.checks(o.Policy), Items: all.items, Controllers: all.controllers, Causes: all.causes,
		Pool: o.Pool, Judgements: all.judged, Judged: all.singly,
		Sources: all.reports, Coverage: all.coverage(),
		Statements: o.Statements, Waivers: o.Waivers, Baseline: o.Baseline, Today: o.Today,
	})
}

// breakIn finds how an attacker gets to what q asks for.
func (c *Case) breakIn(q attack.Question) error {
	g, err := attack.Build(attack.Input{Model: c.Model, Duties: c.Duties, Assessment: c.Assessment})
	if err != nil {
		return err
	}
	c.Ways, err = g.Answer(q)
	return err
}

// weigh simulates what the threats cost.
func (c *Case) weigh(in risk.Input) error {
	in.Model, in.Catalog, in.Duties, in.Threats, in.Assessment = c.Model, c.Catalog, c.Duties, c.Threats, c.Assessment
	var err error
	if c.Risk, err = risk.Analyse(in); err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "analyse risk", Err: err}
	}
	return nil
}

// Observe collects what the sources give without judging it: the items in key
// order, and what was not seen.
func Observe(ctx context.Context, sources []evidence.Source) ([]*evidence.Item, []evidence.Report, error) {
	empty, err := policy.NewSet(nil, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	known, err := catalog.Default()
	if err != nil {
		return nil, nil, err
	}
	seen, err := observe(ctx, Options{Sources: sources, Policy: empty, Catalog: known, Budget: unlimited})
	if err != nil {
		return nil, nil, err
	}
	kubernetes.Disambiguate(seen.items)
	return seen.items, seen.reports, nil
}

func unlimited() policy.Budget { return policy.DefaultBudget }
