package catalog

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/system"
)

//go:embed data/*.yaml
var files embed.FS

var loadDefault = sync.OnceValues(func() (*Catalog, error) {
	dir, err := fs.Sub(files, "data")
	if err != nil {
		return nil, fmt.Errorf("open the embedded catalogue: %w", err)
	}
	return Load(dir)
})

// Default returns the embedded catalogue. It is read once, at the first call.
func Default() (*Catalog, error) { return loadDefault() }

// Load reads a catalogue from the files capabilities.yaml, threats.yaml,
// controls.yaml and checks.yaml of dir and validates it. All errors are
// returned together, each with file and line; they are of kind surety.BadInput.
func Load(dir fs.FS) (*Catalog, error) {
	c := &Catalog{
		byID:     map[string]*Control{},
		byClause: map[string]*Capability{},
	}
	err := errors.Join(c.readCapabilities(dir), c.readThreats(dir), c.readControls(dir), c.readChecks(dir))
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func read(dir fs.FS, name string, dst any) error {
	raw, err := fs.ReadFile(dir, name)
	if err != nil {
		return &surety.Error{
			Kind: surety.Unreadable, Op: "read catalogue", Origin: surety.Origin{File: name}, Err: err,
			Hint: "a catalogue is a directory with capabilities, threats, controls and checks, each a .yaml file",
		}
	}
	return strict.Bytes(raw, path.Join("catalog", name), dst)
}

func (c *Catalog) readCapabilities(dir fs.FS) error {
	var f struct {
		Version      string `yaml:"version,required"`
		Capabilities []struct {
			Clause string `yaml:"clause,required"`
			Code   string `yaml:"code,required"`
			Title  string `yaml:"title,required"`
		} `yaml:"capabilities,required"`
	}
	if err := read(dir, "capabilities.yaml", &f); err != nil {
		return err
	}
	c.Version = f.Version
	for _, r := range f.Capabilities {
		c.Capabilities = append(c.Capabilities, &Capability{r.Clause, r.Code, r.Title})
		c.byClause[r.Clause] = c.Capabilities[len(c.Capabilities)-1]
	}
	return nil
}

func (c *Catalog) readThreats(dir fs.FS) error {
	type row struct {
		Clause string      `yaml:"clause,required"`
		Title  string      `yaml:"title,required"`
		Role   system.Role `yaml:"role,required"`
	}
	var f struct {
		Threats    []row `yaml:"threats,required"`
		Challenges []row `yaml:"challenges,required"`
	}
	if err := read(dir, "threats.yaml", &f); err != nil {
		return err
	}
	for _, r := range f.Threats {
		c.Threats = append(c.Threats, &Threat{r.Clause, r.Title, r.Role, false})
	}
	for _, r := range f.Challenges {
		c.Threats = append(c.Threats, &Threat{r.Clause, r.Title, r.Role, true})
	}
	return nil
}

// controlRow is a control as its file states it. Owner names a row of the
// file's ownership matrix.
type controlRow struct {
	ID         string              `yaml:"id,required"`
	Topic      string              `yaml:"topic,required"`
	Title      string              `yaml:"title,required"`
	Statement  string              `yaml:"statement,required"`
	Test       string              `yaml:"test,required"`
	Layer      Layer               `yaml:"layer,required"`
	Evidence   Evidence            `yaml:"evidence"`
	Threats    []string            `yaml:"threats,required"`
	Owner      string              `yaml:"owner,required"`
	Frameworks map[string][]string `yaml:"frameworks,required"`
	Origin     surety.Origin       `yaml:"-,origin"`
}

func (c *Catalog) readControls(dir fs.FS) error {
	var f struct {
		Owners   map[string]map[system.Category]Ownership `yaml:"owners,required"`
		Controls []controlRow                             `yaml:"controls,required"`
	}
	if err := read(dir, "controls.yaml", &f); err != nil {
		return err
	}
	codes := map[string]string{}
	for _, p := range c.Capabilities {
		codes[p.Code] = p.Clause
	}
	var errs []error
	for _, r := range f.Controls {
		owner, ok := f.Owners[r.Owner]
		if !ok {
			errs = append(errs, invalid(r.Origin, "control %s has owner %q, which is no row of owners", r.ID, r.Owner))
		}
		_, code, _ := strings.Cut(r.ID, "-")
		code, _, _ = strings.Cut(code, "-")
		k := &Control{
			ID: r.ID, Topic: r.Topic, Capability: codes[code], Title: r.Title, Statement: r.Statement,
			Test: r.Test, Layer: r.Layer, Evidence: cmp.Or(r.Evidence, ByCheck), Threats: r.Threats,
			Owner: owner, Frameworks: r.Frameworks,
		}
		if c.byID[k.ID] != nil {
			errs = append(errs, invalid(r.Origin, "control %s is given twice", k.ID))
		}
		c.byID[k.ID] = k
		c.Controls = append(c.Controls, k)
	}
	slices.SortFunc(c.Controls, func(a, b *Control) int { return strings.Compare(a.ID, b.ID) })
	return errors.Join(errs...)
}

func (c *Catalog) readChecks(dir fs.FS) error {
	var f struct {
		Checks map[string][]string `yaml:"checks,required"`
	}
	if err := read(dir, "checks.yaml", &f); err != nil {
		return err
	}
	c.Checks = f.Checks
	for id := range f.Checks {
		if strings.HasSuffix(id, "*") {
			c.families = append(c.families, id)
		}
	}
	slices.SortFunc(c.families, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	return nil
}

func invalid(at surety.Origin, format string, args ...any) error {
	return &surety.Error{
		Kind: surety.BadInput, Op: "read catalogue", Origin: at,
		Err: fmt.Errorf(format, args...), Hint: "see docs/catalog.md for the form of each file",
	}
}

// Control returns the control with this id, nil if there is none.
func (c *Catalog) Control(id string) *Control { return c.byID[id] }

// Capability returns the capability of this X.1601 clause, nil if there is none.
func (c *Catalog) Capability(clause string) *Capability { return c.byClause[clause] }

// ControlsOf returns the ids of the controls that a check shows: those of its
// own id, else those of the longest family that it belongs to; nil if none. The
// caller must not change the slice.
func (c *Catalog) ControlsOf(check string) []string {
	if ids, ok := c.Checks[check]; ok {
		return ids
	}
	for _, f := range c.families {
		if strings.HasPrefix(check, strings.TrimSuffix(f, "*")) {
			return c.Checks[f]
		}
	}
	return nil
}

// Names reports whether name, as written in an override, means k: its id, its
// topic, or the code, clause or title of its capability, in any case.
func (c *Catalog) Names(name string, k *Control) bool {
	if strings.EqualFold(name, k.ID) || strings.EqualFold(name, k.Topic) {
		return true
	}
	p := c.byClause[k.Capability]
	return p != nil && (name == p.Clause || strings.EqualFold(name, p.Code) || strings.EqualFold(name, p.Title))
}
