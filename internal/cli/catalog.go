package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/catalog/imports"
	"github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/system"
)

func (p Program) catalogCommand() *cobra.Command {
	var f catalogFlags
	c := &cobra.Command{
		Use:   "catalog",
		Short: "List, show, search and export the controls, and hold them against other frameworks",
		Long: `Catalog shows what Surety knows before it looks at any system: the controls, who
has which share in each, and how they stand to the ids of other frameworks.

A framework that may not be shipped is brought at run time, from your own copy:

    surety catalog coverage c5 --catalog c5.yaml --mapping c5-to-ccm.csv

--catalog reads an OSCAL catalogue or profile (JSON), a CISO Assistant library
(YAML), a CAIQ (CSV: question id, control id, text) or a list (CSV: id, title);
the framework's name is that of the file without its suffix. --mapping reads an
OSCAL mapping collection, a CISO Assistant mapping set or a CSV of source,
relation, target, from that framework to Surety's controls or to a framework that
Surety has; then the way leads through the controls mapped to that.`,
	}
	c.PersistentFlags().StringArrayVar(&f.catalogs, "catalog", nil, "also know the framework in this `FILE`; repeatable")
	c.PersistentFlags().StringArrayVar(&f.mappings, "mapping", nil, "how such a framework stands to ours or to one we have, from this `FILE`; repeatable")
	c.AddCommand(p.catalogListCommand(&f), p.catalogShowCommand(&f), p.catalogSearchCommand(&f),
		p.catalogCoverageCommand(&f), p.catalogCrosswalkCommand(&f), p.catalogExportCommand(&f))
	return c
}

// catalogFlags name the files of the frameworks that the user brings.
type catalogFlags struct{ catalogs, mappings []string }

// knowledge is the catalogue and the frameworks that the user brought.
type knowledge struct {
	*catalog.Catalog
	brought []*catalog.Framework
	links   map[*catalog.Framework][]catalog.Link
}

// load reads the catalogue and the files of f. Ids of mappings that are nowhere
// are told on standard error.
func (p Program) load(f *catalogFlags) (*knowledge, error) {
	c, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	k := &knowledge{Catalog: c, links: map[*catalog.Framework][]catalog.Link{}}
	var sets []oscal.Set
	for _, name := range f.catalogs {
		file, err := readImport(name)
		if err != nil {
			return nil, err
		}
		if file.Framework == nil {
			return nil, &surety.Error{Kind: surety.BadInput, Op: "read framework", Origin: surety.Origin{File: name},
				Err: errors.New("it holds mappings and no framework"), Hint: "give it with --mapping"}
		}
		if k.known(file.Framework.Key) != nil {
			return nil, &surety.Error{Kind: surety.BadInput, Op: "read framework", Origin: surety.Origin{File: name},
				Err: fmt.Errorf("there is a framework %s already", file.Framework.Key), Hint: "rename the file; its name is the framework's"}
		}
		k.brought = append(k.brought, file.Framework)
		sets = append(sets, file.Sets...)
	}
	for _, name := range f.mappings {
		file, err := readImport(name)
		if err != nil {
			return nil, err
		}
		if len(file.Sets) == 0 {
			return nil, &surety.Error{Kind: surety.BadInput, Op: "read mapping", Origin: surety.Origin{File: name},
				Err: errors.New("it holds no mapping"), Hint: "give a framework with --catalog"}
		}
		sets = append(sets, file.Sets...)
	}
	if len(f.mappings) > 0 && len(f.catalogs) == 0 {
		return nil, &usageError{errors.New("--mapping says how a framework stands to ours; give that framework with --catalog")}
	}
	for _, framework := range k.brought {
		links, unknown := c.Walk(framework, imports.From(framework, sets))
		k.links[framework] = links
		if len(unknown) > 0 {
			p.say(fmt.Sprintf("%s: its mappings name ids (%d) that neither it nor a known framework has: %s",
				framework.Key, len(unknown), firstOf(unknown, 5)))
		}
	}
	return k, nil
}

func readImport(name string) (imports.File, error) {
	info, err := os.Stat(name)
	if err == nil && info.Size() > oscal.MaxBytes {
		err = fmt.Errorf("it has more than %d MiB", oscal.MaxBytes>>20)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return imports.File{}, &surety.Error{Kind: surety.Unreadable, Op: "read framework", Origin: surety.Origin{File: name}, Err: err,
			Hint: "check the path and its permissions"}
	}
	return imports.Read(raw, name)
}

// all lists every framework, those brought first.
func (k *knowledge) all() []*catalog.Framework { return slices.Concat(k.brought, k.Frameworks) }

func (k *knowledge) known(key string) *catalog.Framework {
	for _, f := range k.all() {
		if strings.EqualFold(f.Key, key) {
			return f
		}
	}
	return nil
}

// framework finds a framework by its key, or says which there are.
func (k *knowledge) framework(key string) (*catalog.Framework, error) {
	if f := k.known(key); f != nil {
		return f, nil
	}
	var keys []string
	for _, f := range k.all() {
		keys = append(keys, f.Key)
	}
	hint := "there are " + strings.Join(keys, ", ")
	if near := strict.Nearest(key, keys); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, &surety.Error{Kind: surety.BadInput, Op: "find framework", Err: fmt.Errorf("there is no framework %q", key), Hint: hint}
}

// linksTo returns how our controls stand to the ids of f.
func (k *knowledge) linksTo(f *catalog.Framework) []catalog.Link {
	if links, ok := k.links[f]; ok {
		return links
	}
	return k.Links(f.Key)
}

// selectFlags narrow down the controls.
type selectFlags struct{ capability, category, role, layer, framework string }

func (f *selectFlags) register(fs *pflag.FlagSet) {
	fs.StringVar(&f.capability, "capability", "", "only of this capability of X.1601: code, clause or title")
	fs.StringVar(&f.category, "category", "", "only for services of this category, such as SaaS")
	fs.StringVar(&f.role, "role", "", "only those in which customer, provider or partner has a share")
	fs.StringVar(&f.layer, "layer", "", "only of this layer of controls (identity) or of the architecture (oss)")
	fs.StringVar(&f.framework, "framework", "", "only those mapped to an id of this framework")
}

// text says in a few words what the flags choose.
func (f *selectFlags) text() string {
	var parts []string
	for _, v := range []string{f.capability, f.category, f.role, f.layer, f.framework} {
		if v != "" {
			parts = append(parts, v)
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "all controls")
}

// choose returns the controls that fit, and refuses words that fit nothing.
func (k *knowledge) choose(f selectFlags) ([]*catalog.Control, error) {
	s := catalog.Selection{Capability: f.capability, Category: system.Category(f.category), Role: system.Role(f.role), Layer: f.layer}
	var capabilities, categories, roles, layers []string
	for _, p := range k.Capabilities {
		capabilities = append(capabilities, p.Code)
	}
	for _, c := range system.Categories {
		categories = append(categories, string(c))
	}
	for _, r := range catalog.Roles {
		roles = append(roles, string(r))
	}
	for _, l := range catalog.Layers {
		layers = append(layers, string(l))
	}
	for _, l := range k.Architecture.Layers {
		if !slices.Contains(layers, l.ID) {
			layers = append(layers, l.ID)
		}
	}
	if i := slices.IndexFunc(k.Capabilities, func(p *catalog.Capability) bool { return p.Named(f.capability) }); i >= 0 {
		f.capability = k.Capabilities[i].Code
	}
	for _, given := range []struct {
		flag, value string
		known       []string
	}{{"capability", f.capability, capabilities}, {"category", f.category, categories}, {"role", f.role, roles}, {"layer", f.layer, layers}} {
		if given.value != "" && !slices.Contains(given.known, given.value) {
			return nil, &usageError{fmt.Errorf("--%s %q is not known; there are %s", given.flag, given.value, firstOf(given.known, 20))}
		}
	}
	chosen := k.Select(s)
	if f.framework == "" {
		return chosen, nil
	}
	framework, err := k.framework(f.framework)
	if err != nil {
		return nil, err
	}
	mapped := map[string]bool{}
	for _, l := range k.linksTo(framework) {
		mapped[l.Control] = true
	}
	return slices.DeleteFunc(chosen, func(c *catalog.Control) bool { return !mapped[c.ID] }), nil
}

// ownChecks are the built-in checks that name their controls themselves.
var ownChecks = sync.OnceValue(func() []*policy.Check {
	e, err := cel.Default()
	if err != nil { // whoever judges with them is told
		return nil
	}
	return e.Checks()
})

// checksOf returns the checks and families that show a control, sorted: those that
// the catalogue knows, and those that name it.
func checksOf(c *catalog.Catalog, control string) []string {
	out := c.ChecksOf(control)
	for _, check := range ownChecks() {
		if slices.Contains(check.Controls, control) {
			out = append(out, check.ID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// firstOf joins the first n words and counts the rest.
func firstOf(words []string, n int) string {
	if len(words) <= n {
		return strings.Join(words, ", ")
	}
	return strings.Join(words[:n], ", ") + fmt.Sprintf(" and %d more", len(words)-n)
}

// refuseFormat is the error of a format that a command does not write.
func refuseFormat(given string, known ...string) error {
	if slices.Contains(known, given) {
		return nil
	}
	return &usageError{fmt.Errorf("--format %q is not known; use %s", report.Printable(given), strings.Join(known, ", "))}
}
