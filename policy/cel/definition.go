package cel

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/policy"
)

// Definition is a check as its file states it.
type Definition struct {
	ID          string          `yaml:"id,required"`
	Aliases     []string        `yaml:"aliases"`
	Title       string          `yaml:"title,required"`
	Severity    surety.Severity `yaml:"severity,required"`
	Description string          `yaml:"description"`
	Remediation string          `yaml:"remediation"`
	Match       Match           `yaml:"match,required"`
	Expression  string          `yaml:"expression,required"`
	Message     string          `yaml:"message"`           // of a fail; the title if empty
	MessageExpr string          `yaml:"messageExpression"` // CEL giving the message, with the offending element as it
	Controls    []string        `yaml:"controls"`          // catalogue control ids
	References  []string        `yaml:"references"`
	Examples    Examples        `yaml:"examples"`
	Origin      surety.Origin   `yaml:"-,origin"`

	source *evidence.Value
}

// Match says which items a check looks at.
type Match struct {
	Provider string `yaml:"provider"` // kubernetes if empty
	// Kinds lists kinds such as Service, or Service.core and
	// Ingress.networking.k8s.io to name the API group too ("core" is the group
	// without a name). The name of a built-in kind alone means no other group's
	// kind of that name, such as Knative's Service. Workload stands for every kind
	// that holds a pod: those built in, and the pod templates in others, each of
	// which is judged as a Pod.
	Kinds []string `yaml:"kinds"`
}

// Examples are manifests with the verdict the check must give on each.
type Examples struct {
	Pass          Manifests `yaml:"pass"`
	Fail          Manifests `yaml:"fail"`
	Unknown       Manifests `yaml:"unknown"`
	NotApplicable Manifests `yaml:"notApplicable"`
}

// Manifests are objects written in a check's file. They keep their lines.
type Manifests []*evidence.Value

// UnmarshalValue reads a list of objects.
func (m *Manifests) UnmarshalValue(v *evidence.Value, file string) error {
	if !v.Is(evidence.Array) {
		return fmt.Errorf("%s:%d: want a list of manifests, not %s", file, v.Line(), v.Kind().Noun())
	}
	for _, e := range v.Fields() {
		if !e.Value.Is(evidence.Object) {
			return fmt.Errorf("%s:%d: want a manifest, not %s", file, e.Value.Line(), e.Value.Kind().Noun())
		}
		*m = append(*m, e.Value)
	}
	return nil
}

// Parse reads the checks of one file, one a document. A document that is a
// Kubernetes object (it has apiVersion and kind) is left alone, so that examples
// may lie beside checks. Every other document must be a check; all errors of
// the file are returned together, and the checks that could be read with them.
func Parse(raw []byte, file string) ([]*Definition, error) {
	var out []*Definition
	var errs []error
	for doc, line := range yaml.Split(raw) {
		parsed, err := yaml.Parse(doc, line)
		if err != nil {
			errs = append(errs, yaml.Locate(err, file))
			continue
		}
		v := parsed.Value
		if v == nil || v.Get("apiVersion") != nil && v.Get("kind") != nil {
			continue
		}
		for _, d := range parsed.Duplicates {
			errs = append(errs, fail(file, d.Line, fmt.Errorf("%s was given on line %d already", d.Path, d.FirstLine), "remove one"))
		}
		d := &Definition{}
		if err := strict.Decode(v, file, d); err != nil {
			errs = append(errs, err)
			continue
		}
		d.source = v
		d.Origin = surety.Origin{File: file, Line: v.Line()}
		if err := d.validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, d)
	}
	return out, errors.Join(errs...)
}

func fail(file string, line int, cause error, hint string) error {
	return &surety.Error{
		Kind: surety.BadInput, Op: "read check",
		Origin: surety.Origin{File: file, Line: line}, Err: cause, Hint: hint,
	}
}

func (d *Definition) validate() error {
	if strings.ContainsAny(d.ID, " \t\n/*?[") {
		return fail(d.Origin.File, d.line("id"), fmt.Errorf("id %q holds a blank, a slash or a wildcard", d.ID),
			"use letters, digits, dots and dashes")
	}
	if len(d.Match.Kinds) == 0 {
		return fail(d.Origin.File, d.line("match"), errors.New("match names no kinds"),
			"list kinds such as Service, or "+Workload+" for all that hold a pod")
	}
	return nil
}

func (d *Definition) line(keys ...string) int { return d.source.Path(keys...).Line() }

// check makes the metadata other packages see.
func (d *Definition) check() *policy.Check {
	c := &policy.Check{
		ID: d.ID, Aliases: d.Aliases, Title: d.Title, Severity: d.Severity,
		Description: d.Description, Remediation: d.Remediation,
		Provider: d.Match.Provider, Controls: d.Controls, References: d.References,
		Version: surety.DigestOf(append([]byte("cel/1\n"), d.source.AppendJSON(nil)...)),
		Engine:  "cel", Origin: d.Origin,
	}
	if c.Provider == "" {
		c.Provider = evidence.ProviderKubernetes
	}
	for _, k := range d.Match.Kinds {
		kind, _, _ := strings.Cut(k, ".")
		if kind == Workload {
			c.Kinds = append(c.Kinds, workloads...)
			continue
		}
		if !slices.Contains(c.Kinds, kind) { // a kind may stand in two API groups
			c.Kinds = append(c.Kinds, kind)
		}
	}
	return c
}

// groups returns the API groups whose objects of this kind m accepts, nil for those
// of any but another's kind of a name that is built in.
func (m Match) groups(of string) []string {
	var out []string
	for _, k := range m.Kinds {
		kind, group, named := strings.Cut(k, ".")
		switch {
		case kind == Workload || kind == of && !named:
			return nil
		case kind == of && group == "core":
			out = append(out, "")
		case kind == of:
			out = append(out, group)
		}
	}
	return out
}
