package cel

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/policy"
)

// Engine judges items by CEL checks. It is safe for concurrent use.
type Engine struct {
	checks []*policy.Check
	rules  []*rule
	byKind map[string][]candidate
	env    func() (*cel.Env, error)
}

// rule is a check and what it is compiled to, which is made on first use.
type rule struct {
	*Definition
	check *policy.Check
	env   func() (*cel.Env, error)
	plan  string // its quick part, compiled beforehand; "" if it was not
	// readsPod says that the expression looks at the pod itself, whose absence it
	// would take for a pod that says nothing.
	readsPod bool

	once     sync.Once
	quick    quick
	err      error
	programs func() (*programs, error)
}

// candidate is a rule for a kind, and the API groups of that kind it is for, nil
// for any.
type candidate struct {
	*rule
	groups []string
}

// podWord is the pod or its metadata in an expression.
var podWord = regexp.MustCompile(`\bpod(Meta)?\b`)

// Load reads every *.yaml and *.yml file of fsys, in all its directories, and
// compiles each check, so that a mistake is reported before anything is judged:
// by file (named below prefix), line and column. All mistakes are reported
// together.
func Load(fsys fs.FS, prefix string) (*Engine, error) {
	defs, err := read(fsys, prefix)
	if err != nil {
		return nil, err
	}
	return Compile(defs)
}

func read(fsys fs.FS, prefix string) ([]*Definition, error) {
	var defs []*Definition
	err := strict.Dir(fsys, prefix, "read checks", func(raw []byte, file string) error {
		found, err := Parse(raw, file)
		defs = append(defs, found...)
		return err
	})
	return defs, err
}

// Compile makes an engine of checks that Parse has read, and compiles all of
// them. Its errors are those of Load.
func Compile(defs []*Definition) (*Engine, error) {
	e := newEngine(defs)
	var errs []error
	for _, r := range e.rules {
		p, err := r.programs()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.check.Reads = p.reads
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return e, nil
}

func newEngine(defs []*Definition) *Engine {
	e := &Engine{byKind: map[string][]candidate{}, env: sync.OnceValues(newEnv)}
	for _, d := range defs {
		r := &rule{Definition: d, check: d.check(), env: e.env, readsPod: podWord.MatchString(d.Expression)}
		r.programs = sync.OnceValues(r.compile)
		e.rules = append(e.rules, r)
	}
	slices.SortStableFunc(e.rules, func(a, b *rule) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range e.rules {
		e.checks = append(e.checks, r.check)
		for _, k := range r.check.Kinds {
			e.byKind[k] = append(e.byKind[k], candidate{r, r.Match.groups(k)})
		}
	}
	return e
}

// Checks returns the checks by id.
func (e *Engine) Checks() []*policy.Check { return e.checks }

// Definitions returns the checks as their files state them, by id.
func (e *Engine) Definitions() []*Definition {
	out := make([]*Definition, len(e.rules))
	for i, r := range e.rules {
		out[i] = r.Definition
	}
	return out
}

// Judge implements policy.Engine. A check whose expression fails, for example
// by reading a field that is absent, is Unknown and, if it is the user's, says how to guard the read.
func (e *Engine) Judge(out []policy.Outcome, item *evidence.Item, budget policy.Budget) []policy.Outcome {
	rules := e.byKind[item.Kind]
	if len(rules) == 0 {
		return out
	}
	s := newSubject(item)
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	namesake := kubernetes.Namesake(item)
	for _, r := range rules {
		if r.check.Provider != item.Key.Provider || r.groups == nil && namesake || r.groups != nil && !slices.Contains(r.groups, group) {
			continue
		}
		if budget.Expired != nil && budget.Expired() {
			out = append(out, r.unknown("stopped by the time limit"))
			continue
		}
		out = append(out, r.judge(s, budget.Steps))
	}
	s.frame.release()
	return out
}

func (r *rule) unknown(format string, args ...any) policy.Outcome {
	return policy.Outcome{Check: r.check, Verdict: surety.Unknown, Reason: fmt.Sprintf(format, args...)}
}
