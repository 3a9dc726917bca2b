package system

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/strict"
)

// Terms are what a provider publishes about a service: which controls it takes
// on, which it shares with its customer, and who does which part. A service of
// the model refers to them by name.
type Terms struct {
	Name       string // as the model refers to them
	Title      string
	Provider   string     // who published them
	Categories []Category // of the services they are about; none means any
	From       string     // YYYY-MM-DD, the first day they hold, "" if not stated
	Until      string     // the last day, "" if not stated
	Expired    bool       // they do not hold on the day they were read for
	Terms      []*Term
	Origin     surety.Origin
}

// Term is who does one control, or every control of a capability.
type Term struct {
	Control string          // control id or topic, or the code, clause or title of a capability
	Shares  map[Role]string // owned by one role, or independent or dependent for two or more
	Split   string          // who does which part, in words
	Proof   string          // what the provider shows for its part, in words
	Origin  surety.Origin
}

// About reports whether the terms are about services of a category.
func (t *Terms) About(c Category) bool {
	return len(t.Categories) == 0 || slices.Contains(t.Categories, c)
}

// HoldOn reports whether the terms hold on a day, YYYY-MM-DD.
func (t *Terms) HoldOn(day string) bool { return (t.Until == "" || t.Until >= day) && t.From <= day }

// termsFile is a terms file as it is written.
type termsFile struct {
	Version    int            `yaml:"surety-terms,required" doc:"Version of the format."`
	Name       string         `yaml:"name,required" doc:"The name by which services refer to these terms."`
	Title      string         `yaml:"title" doc:"Display name."`
	Provider   string         `yaml:"provider,required" doc:"Who publishes them: the name or title of the party."`
	Categories []categoryFile `yaml:"categories" doc:"Service categories they are about; none means any."`
	From       string         `yaml:"from" doc:"First day they hold, YYYY-MM-DD."`
	Until      string         `yaml:"until" doc:"Last day they hold, YYYY-MM-DD."`
	Terms      []termFile     `yaml:"terms,required" doc:"Who does what; each replaces the default of one control or capability."`
}

type termFile struct {
	Control  string        `yaml:"control,required" doc:"Control id or topic, or the code, clause or title of a capability."`
	Customer shareFile     `yaml:"customer" doc:"The customer's share: owned, independent or dependent."`
	Provider shareFile     `yaml:"provider" doc:"The provider's share."`
	Partner  shareFile     `yaml:"partner" doc:"The partners' share."`
	Split    string        `yaml:"split" doc:"Who does which part, in words."`
	Proof    string        `yaml:"proof" doc:"What the provider shows for its part, in words."`
	Origin   surety.Origin `yaml:"-,origin"`
}

// shareFile is a share; its schema names the three there are.
type shareFile string

func (shareFile) shape() shape { return shape{"enum": []string{"owned", "independent", "dependent"}} }

// DecodeTerms reads a terms file:
//
//	surety-terms: 1
//	name: iron-2026
//	provider: iron
//	categories: [IaaS]
//	from: 2026-01-01
//	until: 2026-12-31
//	terms:
//	  - {control: facility-access, provider: owned, proof: "ISO 27001 certificate of the sites"}
//	  - control: backup
//	    provider: dependent
//	    customer: dependent
//	    split: iron copies the volumes each night, the customer tests the restore
//
// All mistakes are returned together, each with file and line.
func DecodeTerms(raw []byte, file string) (*Terms, error) {
	var f termsFile
	if err := strict.Bytes(raw, file, &f); err != nil {
		return nil, err
	}
	t := &Terms{
		Name: f.Name, Title: f.Title, Provider: f.Provider,
		From: f.From, Until: f.Until, Origin: surety.Origin{File: file, Line: 1},
	}
	var errs []error
	fail := func(at surety.Origin, hint, format string, args ...any) {
		errs = append(errs, &surety.Error{Kind: surety.BadInput, Op: "read terms", Origin: at, Err: fmt.Errorf(format, args...), Hint: hint})
	}
	if f.Version != 1 {
		fail(t.Origin, "write surety-terms: 1, or use a newer surety", "version %d of the terms is not known", f.Version)
	}
	for _, c := range f.Categories {
		t.Categories = append(t.Categories, Category(c))
	}
	for _, day := range []string{f.From, f.Until} {
		if day != "" && !validDate(day) {
			fail(t.Origin, "write a day as YYYY-MM-DD", "%q is not a date", day)
		}
	}
	seen := map[string]surety.Origin{}
	for _, x := range f.Terms {
		shares := map[Role]string{}
		for role, share := range map[Role]shareFile{Customer: x.Customer, Provider: x.Provider, Partner: x.Partner} {
			if share != "" {
				shares[role] = string(share)
			}
		}
		if !validShares(shares) {
			fail(x.Origin, "write owned for one of customer, provider and partner, or independent or dependent for two or more of them",
				"the shares of %s are not one cell of a matrix", x.Control)
		}
		key := strings.ToLower(x.Control)
		if before, twice := seen[key]; twice {
			fail(x.Origin, "keep one of them", "%s is given at %s already", x.Control, before)
		}
		seen[key] = x.Origin
		t.Terms = append(t.Terms, &Term{Control: x.Control, Shares: shares, Split: x.Split, Proof: x.Proof, Origin: x.Origin})
	}
	if err := strict.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// validShares reports whether shares are one role's alone, or shared by two or
// more in the same way.
func validShares(shares map[Role]string) bool {
	kinds := map[string]bool{}
	for _, share := range shares {
		kinds[share] = true
	}
	if len(kinds) != 1 {
		return false
	}
	if kinds["owned"] {
		return len(shares) == 1
	}
	return (kinds["independent"] || kinds["dependent"]) && len(shares) > 1
}

// LoadTerms reads the terms that the services of m refer to into m.Terms. dir is
// where the model lies, root its path: terms NAME are NAME.yaml there or in its folder terms; a
// name that ends in .yaml or .yml is a path in dir. Terms that are not there are
// left out, and a Gap says so. today, as YYYY-MM-DD, decides which have expired.
func LoadTerms(m *Model, dir fs.FS, root, today string) error {
	var errs []error
	for _, name := range sortedKeys(m.Services) {
		s := m.Services[name]
		if s.Terms == "" || m.Terms[s.Terms] != nil {
			continue
		}
		t, err := findTerms(s.Terms, dir, root)
		if err != nil {
			errs = append(errs, err)
		}
		if t == nil {
			continue
		}
		t.Expired = !t.HoldOn(today)
		if m.Terms == nil {
			m.Terms = map[string]*Terms{}
		}
		m.Terms[s.Terms] = t
	}
	return errors.Join(errs...)
}

func findTerms(name string, dir fs.FS, root string) (*Terms, error) {
	candidates := []string{name + ".yaml", "terms/" + name + ".yaml", name + ".yml", "terms/" + name + ".yml"}
	if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" {
		candidates = []string{path.Clean(name)}
	}
	for _, file := range candidates {
		if !fs.ValidPath(file) {
			continue
		}
		raw, err := fs.ReadFile(dir, file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, &surety.Error{Kind: surety.Unreadable, Op: "read terms " + name, Err: err}
		}
		return DecodeTerms(raw, path.Join(root, file))
	}
	return nil, nil
}
