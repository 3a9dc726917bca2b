package cel

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
)

//go:embed content/*.yaml content/reads.txt
var content embed.FS

// Default returns the engine of Surety's own checks: what users of Kubernetes
// linters and scanners expect and the other built-in content does not have.
// Nothing is compiled before a check is first used; the read-sets were derived
// beforehand and lie beside the checks (reads.txt).
func Default() (*Engine, error) {
	dir, err := fs.Sub(content, "content")
	if err != nil {
		return nil, fmt.Errorf("open the built-in checks: %w", err)
	}
	defs, err := read(dir, "content")
	if err != nil {
		return nil, err
	}
	raw, err := fs.ReadFile(dir, "reads.txt")
	if err != nil {
		return nil, fmt.Errorf("open the read-sets of the built-in checks: %w", err)
	}
	reads := parseReads(string(raw))
	e := newEngine(defs)
	for _, r := range e.rules {
		r.check.Reads = reads[r.ID]
		r.check.Origin = surety.Origin{} // the file is not the user's
	}
	return e, nil
}

// parseReads reads lines of a check's id and its paths. Paths hold no blanks
// but those of keys, and no key of the content has one.
func parseReads(text string) map[string]policy.ReadSet {
	out := map[string]policy.ReadSet{}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 {
			out[words[0]] = words[1:]
		}
	}
	return out
}
