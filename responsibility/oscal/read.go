package oscal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode"

	form "github.com/surety-cloud/surety/catalog/oscal"
)

// SSP is one plan: what a system provides to those that run on it and leaves to
// them, and what it takes from those below.
type SSP struct {
	Name       string // short, made of the title
	File       string
	Title      string
	Published  bool // it holds exports only, as a provider hands them out
	Statements []Statement
	Left       []string // what the file holds that is not kept, by path, with how often

	plan plan
}

// Kind is what a statement does.
type Kind string

// The kinds of statement.
const (
	Provided       Kind = "provided"       // a system above may inherit it
	Responsibility Kind = "responsibility" // a system above must do it
	Inherited      Kind = "inherited"      // taken from below
	Satisfied      Kind = "satisfied"      // a responsibility left from below that is done
)

// Statement is one statement of a plan about a control.
type Statement struct {
	Kind      Kind
	Control   string // ac-17
	Statement string // ac-17_smt.a, "" if it is about the whole control
	Component string // title
	UUID      string
	Refers    string // to a statement by UUID: responsibility and inherited to a provided one, satisfied to a responsibility
	Text      string
	Withheld  bool // the plan says that it is not exported
}

// Read reads a plan, or what a provider publishes of one.
func Read(raw []byte, file string) (*SSP, error) {
	if len(raw) > MaxBytes {
		return nil, bad(file, fmt.Errorf("it has more than %d MiB", MaxBytes>>20), "split it")
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, syntax(raw, file, err)
	}
	s := &SSP{File: file}
	switch {
	case d.SSP != nil:
		s.plan = *d.SSP
	case d.Shared != nil:
		s.Published = true
		s.plan = d.Shared.plan()
	default:
		return nil, bad(file, errors.New("it holds no system security plan"), "give an OSCAL system-security-plan in JSON")
	}
	s.Title = flat(s.plan.Metadata.Title)
	s.Name = nameOf(s.Title)
	if s.Published { // their titles are all the same
		s.Name = nameOf(strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".json"), ".sr"))
	}
	left, err := unkept(raw, d)
	if err != nil {
		return nil, syntax(raw, file, err)
	}
	s.Left = left
	s.plan.settle()
	s.collect()
	if len(s.Statements) > MaxStatements {
		return nil, bad(file, fmt.Errorf("it has more than %d statements", MaxStatements), "split it by control family")
	}
	if len(s.Statements) == 0 {
		return nil, bad(file, errors.New("it neither exports nor inherits anything"), "give the plan in which by-components have export, inherited or satisfied")
	}
	return s, nil
}

// plan is the published part of a plan as a plan.
func (s *shared) plan() plan {
	p := plan{UUID: s.UUID, Metadata: s.Metadata}
	for _, c := range s.Components {
		p.System.Components = append(p.System.Components, component{UUID: c.UUID, Type: "this-system", Title: c.Name, Description: c.Description})
		for _, k := range c.Controls {
			p.Controls.Description = k.Description
			p.Controls.Requirements = append(p.Controls.Requirements, k.Requirements...)
		}
	}
	return p
}

// settle brings the prototype's forms into those of OSCAL 1.2.2.
func (p *plan) settle() {
	for i := range p.Controls.Requirements {
		r := &p.Controls.Requirements[i]
		for j := range r.By {
			r.By[j].settle()
		}
		for j := range r.Statements {
			for k := range r.Statements[j].By {
				r.Statements[j].By[k].settle()
			}
		}
	}
}

func (b *byComponent) settle() {
	if len(b.Provided)+len(b.Responsibilities) > 0 {
		if b.Export == nil {
			b.Export = &export{}
		}
		b.Export.Provided = append(b.Export.Provided, b.Provided...)
		b.Export.Responsibilities = append(b.Export.Responsibilities, b.Responsibilities...)
		b.Provided, b.Responsibilities = nil, nil
	}
	if b.Export == nil {
		return
	}
	for _, list := range [][]said{b.Export.Provided, b.Export.Responsibilities} {
		for i := range list {
			if list[i].Exportable != nil {
				list[i].Props = append(list[i].Props, prop(exportable, fmt.Sprint(*list[i].Exportable)))
				list[i].Exportable = nil
			}
		}
	}
}

func (s *SSP) collect() {
	titles := map[string]string{}
	for _, c := range s.plan.System.Components {
		titles[c.UUID] = flat(c.Title)
	}
	for _, r := range s.plan.Controls.Requirements {
		s.byComponents(r.Control, "", r.By, titles)
		for _, t := range r.Statements {
			s.byComponents(r.Control, t.ID, t.By, titles)
		}
	}
}

func (s *SSP) byComponents(control, statement string, list []byComponent, titles map[string]string) {
	for _, b := range list {
		add := func(kind Kind, all []said) {
			for _, x := range all {
				refers := x.Provided
				if kind == Satisfied {
					refers = x.Responsibility
				}
				withheld := slices.ContainsFunc(x.Props, func(p property) bool {
					return p.Name == exportable && p.NS == form.NS && p.Value == "false"
				})
				s.Statements = append(s.Statements, Statement{
					Kind: kind, Control: control, Statement: statement, Component: titles[b.Component],
					UUID: x.UUID, Refers: refers, Text: x.Description, Withheld: withheld,
				})
			}
		}
		if b.Export != nil {
			add(Provided, b.Export.Provided)
			add(Responsibility, b.Export.Responsibilities)
		}
		add(Inherited, b.Inherited)
		add(Satisfied, b.Satisfied)
	}
}

// nameOf makes a short name of a plan's title.
func nameOf(title string) string {
	short := strings.ToLower(title)
	for _, words := range []string{"system security plan", "security plan", "ssp"} {
		short = strings.ReplaceAll(short, words, " ")
	}
	fields := strings.FieldsFunc(short, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(fields) == 0 {
		return "system"
	}
	return strings.Join(fields[:min(len(fields), 6)], "-")
}

// unkept lists what raw holds and d does not, by path and how often.
func unkept(raw []byte, d document) ([]string, error) {
	kept, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var before, after any
	if err := json.Unmarshal(raw, &before); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(kept, &after); err != nil {
		return nil, err
	}
	lost := map[string]int{}
	compare(before, after, "", lost)
	var out []string
	for _, path := range slices.Sorted(maps.Keys(lost)) {
		out = append(out, fmt.Sprintf("%s (%d)", path, lost[path]))
	}
	return out, nil
}

// compare counts the paths of before that are not in after. Both come from one
// document, so lists have the same length and order.
func compare(before, after any, path string, lost map[string]int) {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			lost[path]++
			return
		}
		for key, value := range b {
			kept, ok := a[key]
			switch {
			case ok:
				compare(value, kept, path+"/"+key, lost)
			case value != nil && !isEmpty(value):
				lost[path+"/"+key]++
			}
		}
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) != len(b) {
			lost[path]++
			return
		}
		for i := range b {
			compare(b[i], a[i], path, lost)
		}
	default:
		if !reflect.DeepEqual(before, after) && before != nil {
			lost[path]++
		}
	}
}

// isEmpty reports whether a value says nothing: OSCAL lets no list be empty.
func isEmpty(v any) bool {
	switch x := v.(type) {
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}
