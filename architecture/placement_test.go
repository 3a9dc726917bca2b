package architecture

import (
	"regexp"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

func known(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every functional component that the table names exists, and every one of the
// catalogue has some type; types are in the form that models use.
func TestPlacementTable(t *testing.T) {
	c := known(t)
	p, err := loadPlacement()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{p.bought: true}
	form := regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)
	for _, table := range []map[string]string{p.byType, p.byFamily} {
		for typ, function := range table {
			used[function] = true
			if c.Component(function) == nil {
				t.Errorf("type %s stands on %q, which is no functional component", typ, function)
			}
			if !form.MatchString(typ) {
				t.Errorf("type %q is not in the form of a type", typ)
			}
		}
	}
	if c.Component(p.bought) == nil {
		t.Errorf("what is bought stands on %q, which is no functional component", p.bought)
	}
	for _, l := range c.Architecture.Layers {
		for _, k := range l.Components {
			if !used[k.ID] {
				t.Errorf("no type stands on %s", k.ID)
			}
		}
	}
}

func TestPlacementRefusesTwice(t *testing.T) {
	_, err := readPlacement([]byte("bought: a\nfunctions:\n  a: [x.y]\n  b: [X.Y]\n"))
	if err == nil || !strings.Contains(err.Error(), "x.y stands on a and on b") && !strings.Contains(err.Error(), "X.Y stands on a and on b") {
		t.Errorf("got %v", err)
	}
	if _, err := readPlacement([]byte("bought: a\nfunction: {}\n")); err == nil {
		t.Error("an unknown key is taken")
	}
}

func TestPlacementOf(t *testing.T) {
	c := known(t)
	p, err := readPlacement([]byte("bought: peer-service-integration\nfunctions:\n  billing: [acme.*]\n  encryption-management: [acme.kms, acme.cloud.hsm]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		c    system.Component
		want string
	}{
		{system.Component{Type: "acme.kms"}, "encryption-management"},
		{system.Component{Type: "ACME.KMS"}, "encryption-management"},
		{system.Component{Type: "acme.cloud.hsm"}, "encryption-management"},
		{system.Component{Type: "acme.cloud.other"}, "billing"},
		{system.Component{Type: "acme"}, ""},
		{system.Component{Type: "other.kms"}, ""},
		{system.Component{Service: "pay"}, "peer-service-integration"},
		{system.Component{Service: "pay", Type: "acme.kms"}, "encryption-management"},
		{system.Component{}, ""},
	} {
		got := ""
		if k := p.of(&test.c, c); k != nil {
			got = k.ID
		}
		if got != test.want {
			t.Errorf("%+v stands on %q, want %q", test.c, got, test.want)
		}
	}
}
