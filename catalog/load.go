package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/system"
)

// Load reads a catalogue from the files of dir and validates it: the .yaml files
// capabilities, threats, architecture, clauses, owners and checks, the controls
// in controls/*.yaml, and a framework from each of frameworks/*.csv. All errors
// are returned together, each with file and line; they are of kind
// surety.BadInput.
func Load(dir fs.FS) (*Catalog, error) {
	r := &reader{dir: dir, at: map[string]surety.Origin{}}
	r.capabilities()
	r.threats()
	r.architecture()
	r.recommendations()
	r.owners()
	r.frameworks()
	r.controls()
	r.checks()
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	r.c.index()
	v := validation{c: &r.c, at: r.at}
	v.all()
	if err := errors.Join(v.errs...); err != nil {
		return nil, err
	}
	return &r.c, nil
}

// reader fills a catalogue from files and notes where everything stands.
type reader struct {
	dir  fs.FS
	c    Catalog
	at   map[string]surety.Origin // of what has an id, by kind and id: "threat 7.1.1"
	errs []error
}

func (r *reader) fail(err error) {
	if err != nil {
		r.errs = append(r.errs, err)
	}
}

// note remembers where something stands, and refuses a second of the same name.
func (r *reader) note(kind, id string, origin surety.Origin) {
	name := kind + " " + id
	if before, twice := r.at[name]; twice {
		r.fail(invalid(origin, "%s is given twice; the first is at %s", name, before))
		return
	}
	r.at[name] = origin
}

func (r *reader) raw(name string) []byte {
	raw, err := fs.ReadFile(r.dir, name)
	if err != nil {
		r.fail(&surety.Error{
			Kind: surety.Unreadable, Op: "read catalogue", Origin: surety.Origin{File: name}, Err: err,
			Hint: "a catalogue is a directory with the files that docs/catalog.md lists",
		})
	}
	return raw
}

// yaml reads a file into dst and reports whether it could.
func (r *reader) yaml(name string, dst any) bool {
	before := len(r.errs)
	raw := r.raw(name)
	if len(r.errs) == before {
		r.fail(strict.Bytes(raw, path.Join("catalog", name), dst))
	}
	return len(r.errs) == before
}

func (r *reader) capabilities() {
	var f struct {
		Version      string `yaml:"version,required"`
		Capabilities []struct {
			Clause string        `yaml:"clause,required"`
			Code   string        `yaml:"code,required"`
			Title  string        `yaml:"title,required"`
			Origin surety.Origin `yaml:"-,origin"`
		} `yaml:"capabilities,required"`
	}
	if !r.yaml("capabilities.yaml", &f) {
		return
	}
	r.c.Version = f.Version
	for _, row := range f.Capabilities {
		r.note("capability", row.Clause, row.Origin)
		r.note("code", row.Code, row.Origin)
		r.c.Capabilities = append(r.c.Capabilities, &Capability{row.Clause, row.Code, row.Title})
	}
}

func (r *reader) threats() {
	type row struct {
		Clause string        `yaml:"clause,required"`
		Title  string        `yaml:"title,required"`
		Role   system.Role   `yaml:"role,required"`
		Origin surety.Origin `yaml:"-,origin"`
	}
	var f struct {
		Threats    []row `yaml:"threats,required"`
		Challenges []row `yaml:"challenges,required"`
	}
	if !r.yaml("threats.yaml", &f) {
		return
	}
	for i, row := range slices.Concat(f.Threats, f.Challenges) {
		r.note("threat", row.Clause, row.Origin)
		r.c.Threats = append(r.c.Threats, &Threat{row.Clause, row.Title, row.Role, i >= len(f.Threats)})
	}
}

// titled is a row with an id and a title.
type titled struct {
	ID     string        `yaml:"id,required"`
	Title  string        `yaml:"title,required"`
	Origin surety.Origin `yaml:"-,origin"`
}

func (r *reader) architecture() {
	var f struct {
		Layers []struct {
			titled
			Across     bool     `yaml:"across"`
			Components []titled `yaml:"components,required"`
		} `yaml:"layers,required"`
		Roles map[system.Role][]struct {
			titled
			Activities []titled `yaml:"activities,required"`
		} `yaml:"roles,required"`
	}
	if !r.yaml("architecture.yaml", &f) {
		return
	}
	for _, l := range f.Layers {
		r.note("layer", l.ID, l.Origin)
		layer := &FunctionalLayer{ID: l.ID, Title: l.Title, Across: l.Across}
		for _, k := range l.Components {
			r.note("component", k.ID, k.Origin)
			layer.Components = append(layer.Components, &Component{k.ID, k.Title, l.ID})
		}
		r.c.Architecture.Layers = append(r.c.Architecture.Layers, layer)
	}
	for _, role := range Roles {
		for _, s := range f.Roles[role] {
			r.note("sub-role", s.ID, s.Origin)
			sub := &SubRole{ID: s.ID, Title: s.Title, Role: role}
			for _, a := range s.Activities {
				r.note("activity", a.ID, a.Origin)
				sub.Activities = append(sub.Activities, &Activity{a.ID, a.Title, role, s.ID})
			}
			r.c.Architecture.SubRoles = append(r.c.Architecture.SubRoles, sub)
		}
		delete(f.Roles, role)
	}
	for role := range f.Roles {
		r.fail(invalid(surety.Origin{File: "catalog/architecture.yaml"}, "%q is no role; use customer, provider or partner", role))
	}
}

func (r *reader) recommendations() {
	var f struct {
		Recommendations []struct {
			titled
			Version string   `yaml:"version,required"`
			Reading bool     `yaml:"reading"`
			Clauses []titled `yaml:"clauses,required"`
		} `yaml:"recommendations,required"`
	}
	if !r.yaml("clauses.yaml", &f) {
		return
	}
	for _, row := range f.Recommendations {
		r.note("recommendation", row.ID, row.Origin)
		rec := &Recommendation{ID: row.ID, Title: row.Title, Version: row.Version, Reading: row.Reading}
		for _, k := range row.Clauses {
			r.note("clause", row.ID+":"+k.ID, k.Origin)
			rec.Clauses = append(rec.Clauses, Entry{k.ID, k.Title})
		}
		r.c.Recommendations = append(r.c.Recommendations, rec)
	}
}

// cells is a row of the ownership matrix as its file states it.
type cells struct {
	At     surety.Origin `yaml:"-,origin"`
	IaaS   cell          `yaml:"IaaS,required"`
	PaaS   cell          `yaml:"PaaS,required"`
	SaaS   cell          `yaml:"SaaS,required"`
	NaaS   cell          `yaml:"NaaS,required"`
	Comms  cell          `yaml:"communications,required"`
	Contrs cell          `yaml:"containers,required"`
	Stays  bool          `yaml:"stays"` // of every cell
}

type cell struct {
	Customer Share `yaml:"customer"`
	Provider Share `yaml:"provider"`
	Partner  Share `yaml:"partner"`
	Stays    bool  `yaml:"stays"`
}

func (r *reader) owners() {
	var f struct {
		Owners map[string]cells `yaml:"owners,required"`
	}
	if !r.yaml("owners.yaml", &f) {
		return
	}
	r.c.Owners = make(map[string]Row, len(f.Owners))
	for name, row := range f.Owners {
		r.note("owner", name, row.At)
		r.c.Owners[name] = Row{}
		for category, c := range map[system.Category]cell{
			system.IaaS: row.IaaS, system.PaaS: row.PaaS, system.SaaS: row.SaaS, system.NaaS: row.NaaS,
			system.Communications: row.Comms, system.Containers: row.Contrs,
		} {
			c.Stays = c.Stays || row.Stays
			r.c.Owners[name][category] = Shares(c)
		}
	}
}

// controlRow is a control as its file states it.
type controlRow struct {
	ID        string            `yaml:"id,required"`
	Topic     string            `yaml:"topic,required"`
	Title     string            `yaml:"title,required"`
	Statement string            `yaml:"statement,required"`
	Test      string            `yaml:"test,required"`
	Layer     Layer             `yaml:"layer,required"`
	Component string            `yaml:"component,required"`
	Owner     string            `yaml:"owner,required"`
	Applies   []system.Category `yaml:"applies"`
	Offers    []system.Offer    `yaml:"offers"`
	Does      map[system.Role]struct {
		Activity string `yaml:"activity,required"`
		Do       string `yaml:"do,required"`
		Anyone   bool   `yaml:"anyone"`
	} `yaml:"does,required"`
	Threats  []string `yaml:"threats,required"`
	Evidence Evidence `yaml:"evidence"`
	Valid    days     `yaml:"valid"`
	Proof    string   `yaml:"proof,required"`
	Efficacy struct {
		Function Function `yaml:"function,required"`
		Grade    Grade    `yaml:"grade,required"`
	} `yaml:"efficacy,required"`
	Clauses    []string                         `yaml:"clauses"`
	Frameworks map[string]map[Relation][]string `yaml:"frameworks"`
	Origin     surety.Origin                    `yaml:"-,origin"`
}

func (r *reader) controls() {
	names, err := fs.Glob(r.dir, "controls/*.yaml")
	if err != nil || len(names) == 0 {
		r.raw("controls/*.yaml")
		return
	}
	codes := map[string]string{}
	for _, p := range r.c.Capabilities {
		codes[p.Code] = p.Clause
	}
	for _, name := range names {
		var f struct {
			Controls []controlRow `yaml:"controls,required"`
		}
		if !r.yaml(name, &f) {
			continue
		}
		for i := range f.Controls {
			row := &f.Controls[i]
			r.note("control", row.ID, row.Origin)
			k := row.control()
			code := strings.TrimPrefix(k.ID, "SUR-")
			code, _, _ = strings.Cut(code, "-")
			k.Capability = codes[code]
			if want := "controls/" + strings.ToLower(code) + ".yaml"; name != want {
				r.fail(invalid(row.Origin, "control %s belongs in %s", k.ID, want))
			}
			r.c.Controls = append(r.c.Controls, k)
		}
	}
	slices.SortFunc(r.c.Controls, func(a, b *Control) int { return strings.Compare(a.ID, b.ID) })
}

func (row *controlRow) control() *Control {
	k := &Control{
		ID: row.ID, Topic: row.Topic, Title: row.Title, Statement: row.Statement, Test: row.Test,
		Layer: row.Layer, Component: row.Component, Applies: row.Applies, Offers: row.Offers, Row: row.Owner,
		Threats: row.Threats, Evidence: cmp.Or(row.Evidence, ByCheck), Valid: row.Valid.duration(), Proof: row.Proof,
		Efficacy: Efficacy{row.Efficacy.Function, row.Efficacy.Grade}, Clauses: row.Clauses,
		Does:       make(map[system.Role]Duty, len(row.Does)),
		Frameworks: make(map[string][]Mapping, len(row.Frameworks)),
		origin:     row.Origin,
	}
	for role, duty := range row.Does {
		k.Does[role] = Duty{duty.Activity, duty.Do, duty.Anyone}
	}
	for framework, byRelation := range row.Frameworks {
		var list []Mapping
		for relation, ids := range byRelation {
			for _, id := range ids {
				list = append(list, Mapping{id, relation})
			}
		}
		slices.SortFunc(list, func(a, b Mapping) int {
			return cmp.Or(cmp.Compare(slices.Index(Relations, a.Relation), slices.Index(Relations, b.Relation)), strings.Compare(a.ID, b.ID))
		})
		k.Frameworks[framework] = list
	}
	return k
}

func (r *reader) checks() {
	var f struct {
		Checks map[string][]string `yaml:"checks,required"`
	}
	if r.yaml("checks.yaml", &f) {
		r.c.Checks = f.Checks
	}
}

func (r *reader) frameworks() {
	names, err := fs.Glob(r.dir, "frameworks/*.csv")
	r.fail(err)
	for _, name := range names {
		f, err := readFramework(r.raw(name), path.Join("catalog", name))
		r.fail(err)
		if f != nil {
			r.c.Frameworks = append(r.c.Frameworks, f)
		}
	}
}

func invalid(at surety.Origin, format string, args ...any) error {
	return &surety.Error{
		Kind: surety.BadInput, Op: "read catalogue", Origin: at,
		Err: fmt.Errorf(format, args...), Hint: "see docs/catalog.md for the form of each file",
	}
}
