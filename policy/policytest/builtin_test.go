package policytest

import (
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/policy/cel"
	"github.com/surety-cloud/surety/policy/rego"
	"github.com/surety-cloud/surety/policy/relation"
)

// TestBuiltinContentFitsTogether: no two checks share a name, and every control
// a check names is in the catalogue.
func TestBuiltinContentFitsTogether(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	trivy, err := rego.Default()
	if err != nil {
		t.Fatal(err)
	}
	own, err := cel.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.NewSet(known.ControlsOf, []policy.Engine{trivy, own}, []policy.RelationEngine{relation.New()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Checks() {
		if c.Engine == "rego" {
			continue
		}
		for _, id := range c.Controls {
			if known.Control(id) == nil {
				t.Errorf("%s names the control %s, which the catalogue does not have", c.ID, id)
			}
		}
	}
}
