package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/cluster"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/internal/memo"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/system"
)

// runFlags decide what an assessment covers and by which checks.
type runFlags struct {
	system     string
	policies   []string
	checks     []string
	skip       []string
	waivers    string
	kubeconfig string
	memo       string
	noMemo     bool
	timeout    time.Duration
}

func (f *runFlags) register(fs *pflag.FlagSet) {
	fs.StringVar(&f.system, "system", "", "the model `FILE` (default: surety.yaml where the work is)")
	fs.StringArrayVar(&f.policies, "policy", nil, "also use the checks in this `DIR` (CEL in YAML, or Rego); repeatable")
	fs.StringSliceVar(&f.checks, "check", nil, "run only these checks, by id or alias")
	fs.StringSliceVar(&f.skip, "skip", nil, "run all checks but these, by id or alias")
	fs.StringVar(&f.waivers, "waivers", "", "waivers `FILE`: accepted fails, each with owner, reason and expiry")
	fs.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig `FILE` for live sources")
	fs.StringVar(&f.memo, "memo", "", "keep the memo of unchanged documents in this `DIR` (default: the user's cache)")
	fs.BoolVar(&f.noMemo, "no-memo", false, "judge every document anew")
	fs.DurationVar(&f.timeout, "check-timeout", 5*time.Second, "time one document may take; checks left over are unknown")
}

// prepared is an assessment ready to run.
type prepared struct {
	options assure.Options
	memo    *memo.Memo // nil if none is used
}

// prepare turns flags and sources into options, refusing what cannot be used
// before any work is done.
func (p Program) prepare(f runFlags, args []string) (*prepared, error) {
	sources, err := p.sources(f, args)
	if err != nil {
		return nil, err
	}
	known, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	set, err := loadPolicy(f, known)
	if err != nil {
		return nil, err
	}
	r := &prepared{options: assure.Options{
		Sources: sources, Policy: set, Catalog: known, Today: time.Now().UTC().Truncate(24 * time.Hour),
		Budget: policy.DefaultBudget,
	}}
	if r.options.Model, err = loadModel(f, args); err != nil {
		return nil, err
	}
	if f.waivers != "" {
		if r.options.Waivers, err = assessment.ReadWaivers(f.waivers); err != nil {
			return nil, err
		}
	}
	if !f.noMemo {
		r.memo = p.openMemo(f.memo, set)
		if r.memo != nil {
			r.options.Memo = r.memo
		}
	}
	return r, nil
}
