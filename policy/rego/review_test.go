package rego

import (
	"reflect"
	"slices"
	"testing"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// A harmless object in a field named review does not hide the one around it.
func TestReviewHidesNothing(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range itemsOf(t, "testdata/reads.yaml") {
		harmless := evidence.NewObject([]evidence.Field{{Key: "kind", Value: evidence.NewString("Namespace", 1)}}, 1)
		hiding := *item
		hiding.Body = evidence.NewObject(append(slices.Clone(item.Body.Fields()), evidence.Field{
			Key: "review", Value: evidence.NewObject([]evidence.Field{{Key: "object", Value: harmless}}, 1),
		}), 1)
		if want, got := e.Judge(nil, item, policy.DefaultBudget), e.Judge(nil, &hiding, policy.DefaultBudget); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: with a review inside it says %v, without %v", item.Key, got, want)
		}
	}
}
