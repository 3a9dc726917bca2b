package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility/oscal"
	"github.com/surety-cloud/surety/system"
)

// chain reads OSCAL plans and says what each takes from the one below, and what
// of it is open.
func (p Program) chain(f dutyFlags, files []string) error {
	if err := refuseFormat(f.format, "text", "json", "oscal"); err != nil {
		return err
	}
	if err := f.refuse(); err != nil {
		return err
	}
	c, err := readChain(files)
	if err != nil {
		return err
	}
	return p.writeOutput(f.output, func(w io.Writer) error {
		if f.format != "oscal" {
			return report.WriteChain(w, f.format, c, f.only.Gaps, p.options(f.output, f.noColor, f.width))
		}
		plan := c.Plans[0]
		if len(c.Plans) > 1 || f.only.Service != "" {
			if plan, err = c.Plan(f.only.Service); err != nil {
				return err
			}
		}
		raw, err := plan.Write()
		if err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	})
}

func readChain(files []string) (*oscal.Chain, error) {
	if len(files) == 0 {
		return nil, &usageError{errors.New("give the files of the plans")}
	}
	var plans []*oscal.SSP
	for _, name := range files {
		raw, err := readBounded(name, oscal.MaxBytes, "read OSCAL plan")
		if err != nil {
			return nil, err
		}
		plan, err := oscal.Read(raw, name)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return oscal.Join(plans)
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64, op string) ([]byte, error) {
	f, err := os.Open(name)
	var raw []byte
	if err == nil {
		defer f.Close()
		raw, err = io.ReadAll(io.LimitReader(f, limit+1))
	}
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("it has more than %d MiB", limit>>20)
	}
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: op, Origin: surety.Origin{File: name}, Err: err,
			Hint: "check the path and its permissions"}
	}
	return raw, nil
}

// initFromPlans writes the model of OSCAL plans, and the terms of each provider
// beside it. Files that are there are only replaced if force says so.
func (p Program) initFromPlans(output string, force bool, files []string) error {
	c, err := readChain(files)
	if err != nil {
		return err
	}
	known, err := catalog.Default()
	if err != nil {
		return err
	}
	m := c.Model(known)
	for _, note := range c.Notes {
		p.say(note)
	}
	if n := len(c.Open); n > 0 {
		p.say(fmt.Sprintf("%d statements of the plans are open; surety responsibilities --oscal-plans lists them", n))
	}
	contents := map[string][]byte{output: system.Encode(m)}
	if output == "-" {
		p.say("the terms are not written; name a file with --output to have them beside it")
	} else {
		for name, t := range m.Terms {
			contents[filepath.Join(filepath.Dir(output), "terms", name+".yaml")] = system.EncodeTerms(t)
		}
	}
	return p.writeNew(contents, force)
}

// writeNew writes files by path. Those that are there are only replaced if force
// says so; then nothing is written.
func (p Program) writeNew(contents map[string][]byte, force bool) error {
	paths := slices.Sorted(maps.Keys(contents))
	for _, path := range paths {
		if _, err := os.Stat(path); !force && path != "-" && !errors.Is(err, fs.ErrNotExist) {
			return &surety.Error{Kind: surety.BadInput, Op: "write model", Origin: surety.Origin{File: path}, Err: errors.New("it is there already"),
				Hint: "what other tools describe is not merged into a model; choose another place with --output, or replace it with --force"}
		}
	}
	for _, path := range paths {
		if path != "-" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return outputError(path, err)
			}
			p.say("writing " + path)
		}
		err := p.writeOutput(path, func(w io.Writer) error {
			_, err := w.Write(contents[path])
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
