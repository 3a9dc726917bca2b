package system

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

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

// typeTable is types.yaml.
type typeTable struct {
	names []Type          // with the longest name first
	words map[string]Type // by word
}

var knownTypes = sync.OnceValues(func() (typeTable, error) {
	var f struct {
		Types map[string]Type     `yaml:"types,required"`
		Words map[string][]string `yaml:"words,required"` // by role
	}
	if err := strict.Bytes(typesFile, "types.yaml", &f); err != nil {
		return typeTable{}, err
	}
	out := typeTable{words: map[string]Type{}}
	for role, words := range f.Words {
		if !slices.Contains(TypeRoles, role) {
			return typeTable{}, fmt.Errorf("types.yaml: words has the role %q", role)
		}
		for _, w := range words {
			if before, twice := out.words[w]; twice {
				return typeTable{}, fmt.Errorf("types.yaml: the word %s is of %s and of %s", w, before.Role, role)
			}
			out.words[w] = Type{Name: w, Role: role}
		}
	}
	for name, t := range f.Types {
		if !slices.Contains(TypeRoles, t.Role) {
			return typeTable{}, fmt.Errorf("types.yaml: %s has the role %q", name, t.Role)
		}
		t.Name = name
		out.names = append(out.names, t)
		if !strings.ContainsAny(name, ".*") {
			out.words[name] = t
		}
	}
	slices.SortFunc(out.names, func(a, b Type) int {
		if len(a.Name) != len(b.Name) {
			return len(b.Name) - len(a.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
})

// TypeOf finds what is known of a component type: by its name, else by one of the words
// that the name is made of. ok is false if nothing is.
func TypeOf(name string) (t Type, ok bool) {
	known, err := knownTypes()
	if err != nil || name == "" {
		return Type{}, false // the file is embedded, and a test reads it
	}
	name = strings.ToLower(name)
	for _, t := range known.names {
		prefix, wild := strings.CutSuffix(t.Name, "*")
		if t.Name == name || wild && strings.HasPrefix(name, prefix) {
			return t, true
		}
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range slices.Backward(words) {
		if t, ok := known.words[w]; ok {
			return t, true
		}
	}
	return Type{}, false
}
