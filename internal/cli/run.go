package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/evidence/kubernetes/cluster"
	"github.com/surety-cloud/surety/internal/memo"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/policy/native"
	"github.com/surety-cloud/surety/policy/rego"
	"github.com/surety-cloud/surety/policy/relation"
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
	statements []string
	trust      string
	timeout    time.Duration
	day        string // YYYY-MM-DD that terms, waivers and assumptions are measured against; "" is today
}

// registerPolicy registers the flags that choose checks.
func (f *runFlags) registerPolicy(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.policies, "policy", nil, "also use the checks in this `DIR` (CEL in YAML, or Rego); repeatable")
	fs.StringSliceVar(&f.checks, "check", nil, "run only these checks, by id, alias or pattern such as KSV-*; rules of other scanners as trivy:KSV-0017 or trivy:*")
	fs.StringSliceVar(&f.skip, "skip", nil, "run all checks but these")
}

func (f *runFlags) register(fs *pflag.FlagSet) {
	f.registerPolicy(fs)
	fs.StringVar(&f.system, "system", "", "the model `FILE` (default: surety.yaml where the work is)")
	fs.StringVar(&f.waivers, "waivers", "", "waivers `FILE`: accepted fails, each with owner, reason and expiry")
	fs.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig `FILE` for live sources")
	fs.StringVar(&f.memo, "memo", "", "keep the memo of unchanged documents in this `DIR` (default: the user's cache)")
	fs.BoolVar(&f.noMemo, "no-memo", false, "judge every document anew")
	fs.StringArrayVar(&f.statements, "statements", nil, "believe other parties' statements at this `PLACE`: a .surety file, a folder of them or a URL of one; repeatable")
	fs.StringVar(&f.trust, "trust", "", "the policy `FILE` that says whom to believe (default: that of surety trust)")
	fs.DurationVar(&f.timeout, "check-timeout", 5*time.Second, "time the checks on one object may take; a check over it is unknown")
}

// prepared is an assessment ready to run.
type prepared struct {
	options assure.Options
}

// prepare turns flags and sources into options, refusing what cannot be used
// before any work is done.
func (p Program) prepare(ctx context.Context, f runFlags, args []string) (*prepared, error) {
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
	today, err := f.today()
	if err != nil {
		return nil, err
	}
	r := &prepared{options: assure.Options{
		Sources: sources, Policy: set, Catalog: known, Today: today,
		Budget: f.budget, Pool: assessment.NewPool(set.Checks()),
	}}
	if r.options.Model, err = loadModel(f, args); err != nil {
		return nil, err
	}
	if r.options.Model != nil && f.day != "" {
		termsOn(r.options.Model, f.day)
	}
	if err := refuseModels(f, args, r.options.Model != nil); err != nil {
		return nil, err
	}
	if f.waivers != "" {
		if r.options.Waivers, err = assessment.ReadWaivers(f.waivers); err != nil {
			return nil, err
		}
		for _, w := range r.options.Waivers {
			if e := new(surety.Error); w.Check != "*" && errors.As(set.Knows(w.Check), &e) {
				w.Unknown = fmt.Sprintf("%v; %s", e.Err, e.Hint)
			}
		}
	}
	if r.options.Statements, err = p.readStatements(ctx, f); err != nil {
		return nil, err
	}
	if !f.noMemo {
		r.options.Memo = p.openMemo(f.memo, set, r.options.Pool)
	}
	return r, nil
}

// asking asks for a step that is only taken if asked for.
type asking func(*assure.Options) error

// look takes the steps on the sources, or on the model alone if there are none.
func (p Program) look(ctx context.Context, f runFlags, sources []string, asks ...asking) (*assure.Case, error) {
	prepare := p.prepare
	if len(sources) == 0 {
		prepare = p.modelAlone
	}
	run, err := prepare(ctx, f, sources)
	if err != nil {
		return nil, err
	}
	for _, ask := range asks {
		if err := ask(&run.options); err != nil {
			return nil, err
		}
	}
	return p.whole(ctx, run)
}

// today is the day that terms, waivers and assumptions are measured against.
func (f *runFlags) today() (time.Time, error) {
	if f.day == "" {
		return time.Now().UTC().Truncate(24 * time.Hour), nil
	}
	day, err := time.Parse(time.DateOnly, f.day)
	if err != nil {
		return day, &usageError{fmt.Errorf("--date %q is no day; write it as YYYY-MM-DD", f.day)}
	}
	return day, nil
}

// budget bounds the checks on one object in steps, and in time from now.
func (f *runFlags) budget() policy.Budget {
	b := policy.DefaultBudget
	if f.timeout > 0 {
		deadline := time.Now().Add(f.timeout)
		b.Expired = func() bool { return time.Now().After(deadline) }
	}
	return b
}

// sources opens each SOURCE. Paths are one source, so that a directory given
// twice is read once; each live cluster is another.
func (p Program) sources(f runFlags, args []string) ([]evidence.Source, error) {
	var paths []string
	var sources []evidence.Source
	for _, arg := range args {
		name, live := strings.CutPrefix(arg, cluster.Prefix)
		if !live {
			paths = append(paths, arg)
			continue
		}
		c, err := cluster.Open(cluster.Config{Context: name, Kubeconfig: f.kubeconfig, UserAgent: "surety/" + version()})
		if err != nil {
			return nil, err
		}
		sources = append(sources, c)
	}
	if len(paths) > 0 {
		sources = append([]evidence.Source{files.New(paths, p.Stdin)}, sources...)
	}
	return sources, nil
}

// loadModel reads the model the user named, or the one that lies where a person
// would have put it; nil if there is none.
func loadModel(f runFlags, sources []string) (*system.Model, error) {
	path := f.system
	if path == "" {
		path = findModel(sources)
	}
	if path == "" {
		return nil, nil
	}
	return readModel(path)
}

// readModel reads a model and the terms beside it.
func readModel(path string) (*system.Model, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		hint := "surety init SOURCE writes one"
		if info, e := os.Stat(path); e == nil && info.IsDir() {
			hint = "give the file, such as " + filepath.Join(path, "surety.yaml")
		}
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "read model", Err: err, Hint: hint}
	}
	m, err := system.Decode(raw, path)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	if err := system.LoadTerms(m, os.DirFS(dir), dir, time.Now().UTC().Format(time.DateOnly)); err != nil {
		return nil, err
	}
	return m, nil
}

// findModel looks for surety.yaml in the working directory and in the sources.
func findModel(sources []string) string {
	for _, dir := range append([]string{"."}, sources...) {
		path := filepath.Join(dir, "surety.yaml")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// refuseModels says how a model is given, if there is one among the sources and
// nothing else that it could have been meant for.
func refuseModels(f runFlags, sources []string, found bool) error {
	models := slices.DeleteFunc(slices.Clone(sources), func(path string) bool { return !isModel(path) })
	if f.system != "" || len(models) == 0 || found && len(models) < len(sources) {
		return nil
	}
	return &usageError{fmt.Errorf("%s is a model and no evidence; give it with --system", models[0])}
}

// isModel reports whether a file begins as a model does.
func isModel(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml" {
		return false
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(raw)) {
		if text := strings.TrimSpace(line); text != "" && text != "---" && !strings.HasPrefix(text, "#") {
			return strings.HasPrefix(line, "surety:")
		}
	}
	return false
}

// modelAlone is prepare where no source is given: it reads the model, and tells what
// of it cannot be taken into account.
func (p Program) modelAlone(_ context.Context, f runFlags, _ []string) (*prepared, error) {
	m, err := loadModel(f, nil)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, &usageError{errors.New("there is no model: give --system FILE, or a SOURCE to infer one from")}
	}
	known, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	today, err := f.today()
	if err != nil {
		return nil, err
	}
	termsOn(m, today.Format(time.DateOnly))
	for _, g := range withoutEffect(m, known) {
		p.say("warning: " + g.String())
	}
	p.missingTerms(m)
	return &prepared{options: assure.Options{Catalog: known, Model: m, Today: today}}, nil
}

// termsOn decides which terms of a model hold on a day.
func termsOn(m *system.Model, day string) {
	for _, t := range m.Terms {
		t.Expired = !t.HoldOn(day)
	}
}

// missingTerms tells which terms could not be taken into account, because what
// is said without them can be wrong.
func (p Program) missingTerms(m *system.Model) {
	for _, name := range slices.Sorted(maps.Keys(m.Services)) {
		switch s := m.Services[name]; {
		case s.Terms == "":
		case m.Terms[s.Terms] == nil:
			p.say(fmt.Sprintf("warning: %s: the terms %s of %s are not at hand, so the defaults stand", s.Origin, s.Terms, name))
		case m.Terms[s.Terms].Expired:
			p.say(fmt.Sprintf("warning: %s: the terms %s of %s do not hold today, so the defaults stand", s.Origin, s.Terms, name))
		}
	}
}

// openMemo opens the memo of set in dir, the user's cache by default. Without a
// place to keep it there is no memo, which costs time only.
func (p Program) openMemo(dir string, set *policy.Set, pool *assessment.Pool) *memo.Memo {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(cache, "surety")
	}
	checks := set.Digest()
	judge := surety.DigestOf(append(checks[:], build()...)) // parsers and normalisers have no version of their own
	m, err := memo.Open(dir, judge, pool, memo.DefaultLimit)
	if err != nil {
		p.say("warning: " + err.Error() + "; every document is judged anew")
		return nil
	}
	return m
}

// build tells one build of this program from another: by its version, and if that
// is not enough, by when its file was written.
func build() string {
	b := surety.ThisBuild()
	if b.Exact() {
		return b.Version
	}
	if path, err := os.Executable(); err == nil {
		if info, err := os.Stat(path); err == nil {
			return b.Version + info.ModTime().String()
		}
	}
	return b.Version
}

// loadPolicy joins the built-in checks with the user's, attaches controls, and
// keeps what the flags select.
func loadPolicy(f runFlags, known *catalog.Catalog) (*policy.Set, error) {
	engines, err := builtinEngines()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, dir := range f.policies {
		more, err := userEngines(dir)
		engines, errs = append(engines, more...), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	controls := func(check string) []string {
		if ids := known.ControlsOf(check); len(ids) > 0 {
			return ids
		}
		return known.ControlsOf("imported") // a user's check that names no control
	}
	set, err := policy.NewSet(controls, engines, []policy.RelationEngine{relation.New()})
	if err != nil {
		return nil, err
	}
	if err := knownControls(set, known); err != nil {
		return nil, err
	}
	if len(f.checks)+len(f.skip) == 0 {
		return set, nil
	}
	return set.Select(policy.Selection{Only: f.checks, Skip: f.skip})
}

// knownControls refuses checks that name a control the catalogue does not have:
// their results would land on nobody.
func knownControls(set *policy.Set, known *catalog.Catalog) error {
	var errs []error
	for _, c := range set.Checks() {
		for _, id := range c.Controls {
			if known.Control(id) == nil {
				errs = append(errs, &surety.Error{
					Kind: surety.BadInput, Op: "read policy", Origin: c.Origin,
					Err:  fmt.Errorf("check %s names control %s, which the catalogue does not have", c.ID, id),
					Hint: "surety policy list shows the controls in use",
				})
			}
		}
	}
	return errors.Join(errs...)
}

func builtinEngines() ([]policy.Engine, error) {
	trivy, err := rego.Default()
	if err != nil {
		return nil, err
	}
	own, err := cel.Default()
	if err != nil {
		return nil, err
	}
	return []policy.Engine{trivy, own, native.New()}, nil
}

// userEngines loads the CEL and the Rego checks of a directory.
func userEngines(dir string) ([]policy.Engine, error) {
	if err := mustBeDir(dir); err != nil {
		return nil, err
	}
	fsys := os.DirFS(dir)
	celChecks, celErr := cel.Load(fsys, dir)
	regoChecks, regoErr := rego.Load(fsys, dir)
	if err := errors.Join(celErr, regoErr); err != nil {
		return nil, err
	}
	var engines []policy.Engine
	if celChecks != nil {
		engines = append(engines, celChecks)
	}
	if regoChecks != nil {
		engines = append(engines, regoChecks)
	}
	return engines, nil
}

func mustBeDir(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is not a directory")
	}
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read policy", Origin: surety.Origin{File: dir}, Err: err,
			Hint: "give a directory of CEL checks in YAML or of Rego"}
	}
	return nil
}
