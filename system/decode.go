package system

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/internal/strict"
)

// Public is the customer of a service that anyone may use.
const Public = "public"

// Decode reads a surety.yaml. file names it in errors and origins.
//
// It is strict: an unknown key, a reference to nothing, a chain that leads back
// to itself, a name used twice or a value out of range is an error with file,
// line and what to do. All errors are reported, joined in line order, each a
// *surety.Error of kind BadInput; the model is then nil.
func Decode(raw []byte, file string) (*Model, error) {
	d := decoder{file: file}
	if err := strict.Bytes(raw, file, &d.root); err != nil {
		return nil, err
	}
	d.root = normal(d.root)
	var f modelFile
	if err := strict.Decode(d.root, file, &f); err != nil {
		d.errs = append(d.errs, err)
	}
	if !d.root.Is(evidence.Object) {
		if len(d.errs) == 0 {
			d.fail(nil, "write surety: 1, a system and its parties", "the file holds nothing")
		}
		return nil, strict.Join(d.errs...)
	}
	m := d.model(&f)
	d.check(m)
	if err := strict.Join(d.errs...); err != nil {
		return nil, err
	}
	return m, nil
}

// normal prepares the tree for strict reading. An entry without a value, such as
// "acme:", is an entry without settings, so that required ones are asked for.
// And the key "on" gets its name back where the model has it: YAML 1.1, by which
// Kubernetes tools read, takes it for the boolean true.
func normal(root *evidence.Value) *evidence.Value {
	setting := func(f evidence.Field) evidence.Field {
		if f.Key == "true" {
			f.Key = "on"
		}
		return f
	}
	return renewed(root, func(section evidence.Field) evidence.Field {
		switch section.Key {
		case "parties", "services", "data", "zones", "components", "responsibility", "assume":
			section.Value = renewed(section.Value, func(entry evidence.Field) evidence.Field {
				if entry.Value.Kind() == evidence.Null {
					entry.Value = evidence.NewObject(nil, entry.Value.Line())
				}
				entry.Value = renewed(entry.Value, setting)
				return entry
			})
		}
		return section
	})
}

// renewed copies the object or array v with each field changed.
func renewed(v *evidence.Value, change func(evidence.Field) evidence.Field) *evidence.Value {
	fields := slices.Clone(v.Fields())
	for i := range fields {
		fields[i] = change(fields[i])
	}
	switch v.Kind() {
	case evidence.Object:
		return evidence.NewObject(fields, v.Line())
	case evidence.Array:
		return evidence.NewArray(fields, v.Line())
	}
	return v
}

// decoder collects the errors of one file.
type decoder struct {
	file string
	root *evidence.Value
	errs []error
}

// fail notes an error at the line of the value at path, or of the nearest
// ancestor that is there.
func (d *decoder) fail(path []string, hint, format string, args ...any) {
	d.errs = append(d.errs, &surety.Error{
		Kind: surety.BadInput, Origin: d.origin(path...), Err: fmt.Errorf(format, args...), Hint: hint,
	})
}

func (d *decoder) origin(path ...string) surety.Origin {
	v, line := d.root, d.root.Line()
	for _, key := range path {
		if v.Is(evidence.Array) {
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil {
				break
			}
			v = v.At(i)
		} else {
			v = v.Get(key)
		}
		if v == nil {
			break
		}
		line = v.Line()
	}
	return surety.Origin{File: d.file, Line: line}
}

// model turns the file's shape into the model's.
func (d *decoder) model(f *modelFile) *Model {
	m := &Model{
		Name: f.System, Currency: f.Currency, Rules: f.Rules, Origin: d.origin(),
		Parties: make(map[string]*Party, len(f.Parties)), Services: make(map[string]*Service, len(f.Services)),
		Data: make(map[string]*Data, len(f.Data)), Zones: make(map[string]*Zone, len(f.Zones)),
		Components: make(map[string]*Component, len(f.Components)),
	}
	for name, p := range f.Parties {
		m.Parties[name] = &Party{Name: name, Title: p.Title, Sub: p.Sub, Origin: d.origin("parties", name)}
	}
	for name, s := range f.Services {
		m.Services[name] = &Service{Name: name, Category: Category(s.Category), Provider: s.Provider, Customer: s.Customer,
			Offers: s.Offers, Partners: s.Partners, Terms: s.Terms, Region: s.Region, On: s.On, Match: s.Match, Origin: d.origin("services", name)}
	}
	for name, x := range f.Data {
		m.Data[name] = &Data{Name: name, Confidentiality: int(x.C), Integrity: int(x.I), Availability: int(x.A),
			Kinds: x.Kind, Records: int64(x.Records), Origin: d.origin("data", name)}
	}
	for name, z := range f.Zones {
		m.Zones[name] = &Zone{Name: name, In: z.In, Trust: z.Trust, Match: z.Match, Origin: d.origin("zones", name)}
	}
	for name, c := range f.Components {
		m.Components[name] = d.component(name, &c)
	}
	d.lists(m, f)
	d.risk(m, f.Risk)
	return m
}

func (d *decoder) component(name string, c *componentFile) *Component {
	out := &Component{Name: name, Type: c.Type, In: c.In, Service: c.Service, Operator: c.Operator, Exposed: c.Exposed,
		Encrypted: string(c.Encrypted), Stores: c.Stores, Handles: c.Handles, Match: c.Match, Origin: d.origin("components", name)}
	if c.Can != nil {
		out.Can = make(map[string][]string, len(c.Can))
	}
	for privilege, targets := range c.Can {
		slices.Sort(targets)
		out.Can[privilege] = slices.Compact(targets)
	}
	return out
}

func (d *decoder) lists(m *Model, f *modelFile) {
	for i, x := range f.Flows {
		m.Flows = append(m.Flows, &Flow{From: x.from, To: x.to, Proto: x.Proto, Data: x.Data, Auth: x.Auth,
			TLS: x.TLS, Via: x.Via, Origin: d.origin("flows", fmt.Sprint(i))})
	}
	for i, x := range f.Responsibility {
		m.Responsibility = append(m.Responsibility, &Override{Control: x.Control, On: x.On, Accountable: x.Accountable,
			Responsible: x.Responsible, Split: x.Split, Origin: d.origin("responsibility", fmt.Sprint(i))})
	}
	for i, x := range f.Assume {
		m.Assume = append(m.Assume, &Assumption{Text: x.Text, Owner: x.Owner, On: x.On, Accepts: x.Accepts, Expires: x.Expires,
			Origin: d.origin("assume", fmt.Sprint(i))})
	}
}

// check reports what the shape alone does not show.
func (d *decoder) check(m *Model) {
	if v := d.root.Get("surety"); v.Is(evidence.Number) && v.Text() != "1" {
		d.fail([]string{"surety"}, "write surety: 1, or use a newer surety", "version %s of the model is not known", v.Text())
	}
	if c := m.Currency; c != "" && (len(c) != 3 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		d.fail([]string{"currency"}, "write three letters, such as EUR", "%q is not a currency of ISO 4217", c)
	}
	d.names(m)
	r := newRefs(d, m)
	r.services()
	r.zones()
	r.components()
	r.flows()
	r.rest()
	d.patterns(m)
}

// names checks the form of names, and that an element's name is used once.
func (d *decoder) names(m *Model) {
	sections := []struct {
		section string
		names   []string
	}{
		{"parties", sortedKeys(m.Parties)}, {"data", sortedKeys(m.Data)},
		{"services", sortedKeys(m.Services)}, {"zones", sortedKeys(m.Zones)}, {"components", sortedKeys(m.Components)},
	}
	seen := map[string]string{}
	for _, s := range sections {
		for _, name := range s.names {
			d.name(s.section, name)
			if s.section == "parties" || s.section == "data" {
				continue
			}
			if before, twice := seen[name]; twice {
				d.fail([]string{s.section, name}, "rename one of them; services, zones and components share one set of names",
					"%s is also the name of one of the %s", name, before)
			}
			seen[name] = s.section
		}
	}
	if m.Parties[Public] != nil {
		d.fail([]string{"parties", Public}, "rename the party", "public stands for anyone and cannot be a party")
	}
}

func (d *decoder) name(section, name string) {
	path := []string{section, name}
	switch {
	case name == "true" || name == "false":
		d.fail(path, "choose another name", "YAML reads this name as %s (so are yes, no, on, off, y and n)", name)
	case !IsName(name):
		d.fail(path, "use "+NameForm, "%q is not a name", name)
	}
}

// NameForm says what names are made of.
const NameForm = "letters, digits, dot, dash, underscore and slash, at most 253, a letter or digit first"

// IsName reports whether a party or an element can be called so.
func IsName(name string) bool {
	return name != "" && len(name) <= 253 && strings.IndexByte("._-/", name[0]) < 0 &&
		strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || !nameChar(byte(r)) }) < 0
}

// patterns checks every match, and that no two components claim the same one.
func (d *decoder) patterns(m *Model) {
	claimed := map[pattern]string{}
	each := func(section, name string, match []string) {
		for i, text := range match {
			path := []string{section, name, "match", fmt.Sprint(i)}
			p, err := parsePattern(text)
			if err != nil {
				d.errs = append(d.errs, &surety.Error{Kind: surety.BadInput, Origin: d.origin(path...), Op: "read match of " + name, Err: err})
			} else if other := claimed[p]; other != "" && other != name {
				d.fail(path, "keep it in one place", "%s is already matched by %s", text, other)
			} else {
				claimed[p] = name
			}
		}
	}
	for _, name := range sortedKeys(m.Components) {
		each("components", name, m.Components[name].Match)
	}
	for _, name := range sortedKeys(m.Zones) {
		each("zones", name, m.Zones[name].Match)
	}
	for _, name := range sortedKeys(m.Services) {
		each("services", name, m.Services[name].Match)
	}
}

func validDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
