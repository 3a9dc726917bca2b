// Package assure is the spine of Surety: Run calls every step in the order of
// the data, and is the place to start reading.
//
//	observe    evidence        sources -> documents -> items        (observe.go)
//	judge      policy          items -> outcomes                    (observe.go)
//	describe   system          the model given, or one inferred from the evidence
//	own        responsibility  who must do what
//	conclude   assessment      outcomes -> results, owners, status
//
// Observing and judging are one pass over the documents, so that memory holds
// what documents came to and never the documents themselves. Everything after it
// is pure.
package assure

import (
	"context"
	"time"

	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/internal/memo"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Options say what to assess, and by what.
type Options struct {
	Sources []evidence.Source
	Policy  *policy.Set
	Catalog *catalog.Catalog
	Model   *system.Model // nil: infer one from the evidence
	Waivers []*assessment.Waiver
	// Statements are those of other parties, see Inherit.
	Statements []assessment.Stated
	Baseline   *assessment.Snapshot // nil: none
	Today      time.Time            // the date waivers are measured against
	Budget     func() policy.Budget // called for each item
	Facts      bool                 // record the values each fail rests on, for reports that show them
	Paths      bool                 // keep the facts of items, by which attack paths are found
	Pool       *assessment.Pool     // of Policy's checks; nil: one of this run's own
	Memo       *memo.Memo           // of what Pool keeps; nil: judge everything anew
	Progress   func(items int)      // called now and then from one goroutine; nil: silent
}

// controlsOf gives the controls that another scanner's rule shows: those of our
// own check of that name, else those of imported results in general.
func (o *Options) controlsOf(rule string) []string {
	if c := o.Policy.Known(rule); c != nil {
		return c.Controls
	}
	return o.Catalog.ControlsOf("imported")
}

// Run assesses what the sources give. When ctx ends early it returns at once
// with what has been judged so far; the sources are then partial. The error is
// about input nothing can be assessed of.
func Run(ctx context.Context, o Options) (*assessment.Assessment, error) {
	if o.Pool == nil {
		o.Pool = assessment.NewPool(o.Policy.Checks())
	}
	seen, err := observe(ctx, o)
	if err != nil {
		return nil, err
	}
	kubernetes.Disambiguate(seen.items)
	controllers := kubernetes.Controllers(seen.items)
	seen.relate(o, controllers)

	model := o.Model
	if model == nil {
		model = system.Infer(seen.items)
	}
	causes := assessment.Causes(seen.items)
	if !o.Paths {
		for _, item := range seen.items {
			item.Facts = evidence.Facts{} // a large part of memory, and read for the last time
		}
	}
	return assessment.Assess(assessment.Input{
		Model: model, Catalog: o.Catalog,
		Duties: responsibility.Resolve(model, o.Catalog), Elements: system.NewMatcher(model),
		Root:   evidence.RootOf(seen.items),
		Checks: seen.checks(o.Policy), Items: seen.items, Controllers: controllers, Causes: causes,
		Pool: o.Pool, Judgements: seen.judged, Judged: seen.singly,
		Sources: seen.reports, Coverage: seen.coverage(),
		Statements: o.Statements, Waivers: o.Waivers, Baseline: o.Baseline, Today: o.Today,
	}), nil
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
