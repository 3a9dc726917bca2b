package cel

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/surety-cloud/surety"
)

//go:generate go test -run TestBuiltinIsCurrent -update .

//go:embed content/*.yaml content/reads.txt content/plan.txt
var content embed.FS

// Default returns the engine of Surety's own checks: what users of Kubernetes
// linters and scanners expect and the other built-in content does not have.
// Nothing is compiled before a check is first used; the read-sets and the
// checked expressions lie beside the checks (reads.txt, plan.txt).
func Default() (*Engine, error) {
	dir, err := fs.Sub(content, "content")
	if err != nil {
		return nil, fmt.Errorf("open the built-in checks: %w", err)
	}
	defs, err := read(dir, "content")
	if err != nil {
		return nil, err
	}
	reads, err := lines(dir, "reads.txt")
	if err != nil {
		return nil, err
	}
	plans, err := lines(dir, "plan.txt")
	if err != nil {
		return nil, err
	}
	e := newEngine(defs)
	for _, r := range e.rules {
		r.check.Reads = strings.Fields(reads[r.ID])
		r.check.Origin = surety.Origin{} // the file is not the user's
		r.plan = plans[r.ID]
	}
	return e, nil
}

// lines reads a file of lines, each about the check whose id it begins with.
// Neither a path nor a key of the content has a blank.
func lines(dir fs.FS, name string) (map[string]string, error) {
	raw, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, fmt.Errorf("open what was derived of the built-in checks: %w", err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[id] = rest
	}
	return out, nil
}
