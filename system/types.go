package system

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety/internal/strict"
)

// Type is what is known of all components of one type, such as aws.rds.
type Type struct {
	Name    string   `yaml:"-"`
	Role    string   `yaml:"role,required"` // what it does, one of TypeRoles
	Managed []string `yaml:"managed"`       // layers that the provider of such a product runs
	Vendor  bool     `yaml:"vendor"`        // only one provider offers it in this form
}

// TypeRoles are what components do.
var TypeRoles = []string{"process", "function", "store", "queue", "gateway", "identity", "keys", "ci", "registry",
	"security", "management", "network", "host", "client", "agent"}

//go:embed types.yaml
var typesFile []byte

// knownTypes are the entries of types.yaml, with the longest name first.
var knownTypes = sync.OnceValues(func() ([]Type, error) {
	var f struct {
		Types map[string]Type `yaml:"types,required"`
	}
	if err := strict.Bytes(typesFile, "types.yaml", &f); err != nil {
		return nil, err
	}
	var out []Type
	for name, t := range f.Types {
		if !slices.Contains(TypeRoles, t.Role) {
			return nil, fmt.Errorf("types.yaml: %s has the role %q", name, t.Role)
		}
		t.Name = name
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Type) int {
		if len(a.Name) != len(b.Name) {
			return len(b.Name) - len(a.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
})

// TypeOf finds what is known of a component type; ok is false if nothing is.
func TypeOf(name string) (t Type, ok bool) {
	known, err := knownTypes()
	if err != nil || name == "" {
		return Type{}, false // the file is embedded, and a test reads it
	}
	for _, t := range known {
		prefix, wild := strings.CutSuffix(t.Name, "*")
		if t.Name == name || wild && strings.HasPrefix(name, prefix) {
			return t, true
		}
	}
	return Type{}, false
}
