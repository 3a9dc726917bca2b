// Package interchange carries models to and from the formats of other threat
// modelling tools: it reads Threagile's and the Open Threat Model (OTM), and
// writes OTM.
//
//	p, err := interchange.ReadThreagile(raw, "threagile.yaml")
//	p.Model // a proposal: correct it, it is yours
//	p.Notes // what did not fit, and what was guessed
//
//	raw, notes := interchange.WriteOTM(model, threats)
//
// Neither format knows parties that provide services to each other, so a model
// read from one proposes them from what is there (owners, tags) and says so.
// And neither is read strictly: each tool has keys of its own that say nothing
// about security, such as how to draw. So that nothing is dropped in silence,
// a reader marks what it looks at, and every other setting is named in the notes
// with the number of places it was given in. Facts that a source does not state
// stay unstated, which Surety reports as unknown and never takes as safe.
//
// The bytes are bounded by package yaml. What cannot be read is an error of kind
// surety.BadInput with file, line and what to do.
package interchange

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/system"
)

// Proposal is a model made of another tool's file.
type Proposal struct {
	Model *system.Model
	// Notes say in words what was guessed and what did not fit.
	Notes []string
}

// MaxBytes bounds a file. The largest published models have some megabytes.
const MaxBytes = 64 << 20

// parse reads the one document of a file. A repeated key is an error, because
// tools differ on which one they take.
func parse(raw []byte, file string) (*evidence.Value, error) {
	if len(raw) > MaxBytes {
		return nil, bad(file, 0, "split it", "it has more than %d MiB", MaxBytes>>20)
	}
	var root *evidence.Value
	for doc, line := range yaml.Split(raw) {
		if root != nil {
			return nil, bad(file, line, "keep one document in a file", "a second document begins here")
		}
		res, err := yaml.Parse(doc, line)
		if err != nil {
			return nil, yaml.Locate(err, file)
		}
		if len(res.Duplicates) > 0 {
			d := res.Duplicates[0]
			return nil, bad(file, d.Line, "remove one of them", "key %s is already on line %d", d.Path, d.FirstLine)
		}
		root = res.Value
	}
	if !root.Is(evidence.Object) {
		return nil, bad(file, root.Line(), "give a model", "the file holds no mapping")
	}
	return root, nil
}

func bad(file string, line int, hint, format string, args ...any) error {
	return &surety.Error{Kind: surety.BadInput, Op: "read threat model", Origin: surety.Origin{File: file, Line: line},
		Err: fmt.Errorf(format, args...), Hint: hint}
}

// draft is a proposal in the making.
type draft struct {
	*source
	m     *system.Model
	notes []string
	taken map[string]bool   // names of services, zones and components
	names map[string]string // by the source's key, what the element is called here

	dataIDs map[string]string // by the source's id, what the data are called here
}

func newDraft(root *evidence.Value, file string) *draft {
	return &draft{
		source: &source{file: file, root: root, used: map[*evidence.Value]bool{}, lists: map[*evidence.Value]bool{}},
		m: &system.Model{
			Origin: surety.Origin{File: file, Line: root.Line()}, Inferred: true,
			Parties: map[string]*system.Party{}, Services: map[string]*system.Service{}, Data: map[string]*system.Data{},
			Zones: map[string]*system.Zone{}, Components: map[string]*system.Component{},
		},
		taken: map[string]bool{}, names: map[string]string{}, dataIDs: map[string]string{},
	}
}

func (d *draft) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// proposal ends the draft with the list of what was not looked at. The model is
// one that system.Decode accepts; where it is not, the source's own facts do not
// fit together.
func (d *draft) proposal() (*Proposal, error) {
	if _, err := system.Decode(system.Encode(d.m), d.file+" as a model"); err != nil {
		return nil, bad(d.file, 0, "correct what these lines of the proposed model show", "it makes no model: %w", err)
	}
	return &Proposal{Model: d.m, Notes: append(d.notes, d.leftovers()...)}, nil
}

// element gives the source's element a name of its own, and remembers it by key.
func (d *draft) element(key, id, title string) string {
	name := d.free(slug(id), slug(title))
	d.taken[name] = true
	d.names[key] = name
	return name
}

// free returns the first of the proposed names that no element has, or the first
// one with a number.
func (d *draft) free(proposed ...string) string {
	for _, name := range proposed {
		if name != "" && !d.taken[name] {
			return name
		}
	}
	base := "element"
	if i := slices.IndexFunc(proposed, func(s string) bool { return s != "" }); i >= 0 {
		base = proposed[i]
	}
	name := base
	for n := 2; d.taken[name]; n++ {
		name = numbered(base, n)
	}
	return name
}

func numbered(base string, n int) string { return fmt.Sprintf("%s-%d", base, n) }

// dataName returns base, or base with the first number that makes it a new name.
func (d *draft) dataName(base string) string {
	name := base
	for n := 2; d.m.Data[name] != nil; n++ {
		name = numbered(base, n)
	}
	return name
}

// dataNamed returns the names of the data that keys of v list by id. One that
// the section of the file does not declare is an error.
func (d *draft) dataNamed(section string, v *evidence.Value, keys ...string) (out []string, err error) {
	for _, key := range keys {
		for _, id := range d.words(v, key) {
			name := d.dataIDs[id]
			if name == "" {
				return nil, bad(d.file, v.Get(key).Line(), "declare it under "+section, "%s is not the id of data", id)
			}
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// party proposes the party that a title names, and returns its name.
func (d *draft) party(title string, at surety.Origin) string {
	name := slug(title)
	switch {
	case name == "":
		return ""
	case name == system.Public:
		name = "the-public"
	}
	if d.m.Parties[name] == nil {
		p := &system.Party{Name: name, Origin: at}
		if title != name {
			p.Title = title
		}
		d.m.Parties[name] = p
	}
	return name
}

// internet is the name of the zone of everyone.
const internet = "internet"

// everyone returns the zone of everyone, which it makes if need be.
func (d *draft) everyone() string {
	if d.m.Zones[internet] == nil {
		nobody := 0
		d.m.Zones[internet] = &system.Zone{Name: internet, Trust: &nobody}
		d.taken[internet] = true
	}
	return internet
}

// can notes that a component has a privilege over others.
func can(c *system.Component, privilege string, over ...string) {
	if len(over) == 0 {
		return
	}
	if c.Can == nil {
		c.Can = map[string][]string{}
	}
	list := append(c.Can[privilege], over...)
	slices.Sort(list)
	c.Can[privilege] = slices.Compact(list)
}

// reserved are words that YAML 1.1 reads as something else.
var reserved = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

// slug makes a name of a title: small letters, digits, dots and dashes.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' && b.Len() > 0 {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
		if b.Len() >= 100 {
			break
		}
	}
	name := strings.TrimRight(b.String(), "-.")
	if slices.Contains(reserved, name) {
		name += "-1"
	}
	return name
}
