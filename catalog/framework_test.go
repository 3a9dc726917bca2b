package catalog_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

func TestCompose(t *testing.T) {
	const eq, eqv, sub, sup, x = catalog.Equal, catalog.Equivalent, catalog.Subset, catalog.Superset, catalog.Intersects
	tests := []struct{ a, b, want catalog.Relation }{
		{eq, eq, eq}, {eq, eqv, eqv}, {eq, sub, sub}, {sup, eq, sup}, {eqv, sub, sub}, {x, eqv, x},
		{sub, sub, sub}, {sup, sup, sup}, {sub, sup, x}, {sup, sub, x}, {sub, x, x}, {x, x, x}, {sup, x, x},
	}
	for _, tt := range tests {
		if got := catalog.Compose(tt.a, tt.b); got != tt.want {
			t.Errorf("Compose(%s, %s) = %s, want %s", tt.a, tt.b, got, tt.want)
		}
	}
	for _, a := range catalog.Relations {
		if a.Inverse().Inverse() != a {
			t.Errorf("%s is not its inverse's inverse", a)
		}
		for _, b := range catalog.Relations {
			there, back := catalog.Compose(a, b), catalog.Compose(b.Inverse(), a.Inverse())
			if there.Inverse() != back {
				t.Errorf("%s then %s is %s one way and %s the other", a, b, there, back)
			}
		}
	}
}

// mapped is a catalogue with three controls and two frameworks.
func mapped() (*catalog.Catalog, *catalog.Framework) {
	c := load(new(testing.T))
	small := *c
	small.Controls = slices.Clone(c.Controls[:0])
	for id, m := range map[string]map[string][]catalog.Mapping{
		"SUR-IAM-01": {"ccm-4.1": {{ID: "IAM-05", Relation: catalog.Equivalent}}, "nist-800-53r5": {{ID: "ac-2.1", Relation: catalog.Subset}}},
		"SUR-IAM-02": {"iso-27001": {{ID: "A.5.15", Relation: catalog.Superset}}},
		"SUR-IAM-03": {"ccm-4.1": {{ID: "IAM-05", Relation: catalog.Subset}}},
	} {
		k := *c.Control(id)
		k.Frameworks = m
		small.Controls = append(small.Controls, &k)
	}
	return &small, &catalog.Framework{Key: "mine", Entries: []catalog.Entry{{ID: "M1"}, {ID: "M2"}, {ID: "M3"}, {ID: "M4"}}}
}

func TestWalk(t *testing.T) {
	const eq, eqv, sub, sup, x = catalog.Equal, catalog.Equivalent, catalog.Subset, catalog.Superset, catalog.Intersects
	c, f := mapped()
	tests := []struct {
		name    string
		pairs   []catalog.Pair
		want    []catalog.Link
		unknown []string
	}{
		{"straight", []catalog.Pair{{Source: "m1", Relation: sub, Target: "sur-iam-01"}}, []catalog.Link{{Control: "SUR-IAM-01", Relation: sup, ID: "M1"}}, nil},
		{"through", []catalog.Pair{{Source: "M1", Relation: eq, Target: "IAM-05"}}, []catalog.Link{
			{Control: "SUR-IAM-01", Relation: eqv, ID: "M1", Via: "ccm-4.1 IAM-05"}, {Control: "SUR-IAM-03", Relation: sub, ID: "M1", Via: "ccm-4.1 IAM-05"}}, nil},
		{"part of a part", []catalog.Pair{{Source: "M1", Relation: sup, Target: "AC-02(01)"}}, []catalog.Link{{Control: "SUR-IAM-01", Relation: sub, ID: "M1", Via: "nist-800-53r5 ac-2.1"}}, nil},
		{"overlap at most", []catalog.Pair{{Source: "M1", Relation: sub, Target: "ac-2.1"}}, []catalog.Link{{Control: "SUR-IAM-01", Relation: x, ID: "M1", Via: "nist-800-53r5 ac-2.1"}}, nil},
		{"annex A without its letter", []catalog.Pair{{Source: "M1", Relation: sub, Target: "5.15"}}, []catalog.Link{{Control: "SUR-IAM-02", Relation: sup, ID: "M1", Via: "iso-27001 A.5.15"}}, nil},
		{"the closest stays", []catalog.Pair{{Source: "M1", Relation: x, Target: "IAM-05"}, {Source: "M1", Relation: eq, Target: "SUR-IAM-01"}}, []catalog.Link{
			{Control: "SUR-IAM-01", Relation: eq, ID: "M1"}, {Control: "SUR-IAM-03", Relation: x, ID: "M1", Via: "ccm-4.1 IAM-05"}}, nil},
		{"named framework", []catalog.Pair{{Source: "M1", Relation: eq, Target: "ccm-4.1:IAM-05"}, {Source: "M2", Relation: eq, Target: "x1602:8.3.3"}}, []catalog.Link{
			{Control: "SUR-IAM-01", Relation: eqv, ID: "M1", Via: "ccm-4.1 IAM-05"}, {Control: "SUR-IAM-03", Relation: sub, ID: "M1", Via: "ccm-4.1 IAM-05"}}, nil},
		{"known, but mapped to nothing", []catalog.Pair{{Source: "M1", Relation: eq, Target: "IAM-12"}}, nil, nil},
		{"nowhere", []catalog.Pair{{Source: "M1", Relation: eq, Target: "Q"}, {Source: "P", Relation: eq, Target: "IAM-05"}}, nil, []string{"P", "Q"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, unknown := c.Walk(f, tt.pairs)
			if !reflect.DeepEqual(got, tt.want) || !slices.Equal(unknown, tt.unknown) {
				t.Errorf("got  %+v, unknown %v\nwant %+v, unknown %v", got, unknown, tt.want, tt.unknown)
			}
		})
	}
}

func TestCoverage(t *testing.T) {
	c, f := mapped()
	got := c.Coverage(f, []catalog.Link{
		{Control: "a", Relation: catalog.Subset, ID: "M1"}, {Control: "b", Relation: catalog.Superset, ID: "M1"},
		{Control: "a", Relation: catalog.Intersects, ID: "M2", Via: "x"}, {Control: "b", Relation: catalog.Subset, ID: "M2", Via: "x"},
		{Control: "a", Relation: catalog.Intersects, ID: "M3", Via: "x"},
	})
	want := map[catalog.Extent]int{catalog.Full: 1, catalog.Part: 1, catalog.Indirect: 1, catalog.None: 1}
	if !reflect.DeepEqual(got.Count, want) || got.Rows[0].Extent != catalog.Full || len(got.Rows[1].Links) != 2 || got.Rows[3].ID != "M4" {
		t.Errorf("got %+v", got)
	}
	ccm := c.Coverage(c.Framework("ccm-4.1"), nil)
	if ccm.Count[catalog.Full] != 1 || ccm.Count[catalog.None] != 206 {
		t.Errorf("of the CCM %v", ccm.Count)
	}
	if n := len(c.Coverage(c.Framework("x1601"), nil).Rows); n != 26+14 {
		t.Errorf("x1601 has %d rows", n)
	}
}

func TestShares(t *testing.T) {
	const own, ind, dep = catalog.Sole, catalog.Independent, catalog.Dependent
	tests := []struct {
		cell  catalog.Shares
		valid bool
		roles []system.Role
	}{
		{catalog.Shares{}, false, nil},
		{catalog.Shares{Customer: own}, true, []system.Role{system.Customer}},
		{catalog.Shares{Partner: own}, true, []system.Role{system.Partner}},
		{catalog.Shares{Customer: ind, Provider: ind}, true, []system.Role{system.Customer, system.Provider}},
		{catalog.Shares{Customer: dep, Provider: dep, Partner: dep}, true, catalog.Roles},
		{catalog.Shares{Provider: dep, Partner: dep}, true, []system.Role{system.Provider, system.Partner}},
		{catalog.Shares{Customer: dep, Provider: ind}, false, []system.Role{system.Customer, system.Provider}},
		{catalog.Shares{Customer: own, Provider: own}, false, []system.Role{system.Customer, system.Provider}},
		{catalog.Shares{Customer: dep}, false, []system.Role{system.Customer}},
		{catalog.Shares{Customer: "mine"}, false, []system.Role{system.Customer}},
	}
	for _, tt := range tests {
		if tt.cell.Valid() != tt.valid || !slices.Equal(tt.cell.Roles(), tt.roles) {
			t.Errorf("%+v: valid %v, roles %v", tt.cell, tt.cell.Valid(), tt.cell.Roles())
		}
	}
}

func TestSelect(t *testing.T) {
	c := load(t)
	for _, s := range []catalog.Selection{
		{Capability: "IAM"}, {Category: system.Containers}, {Role: system.Partner}, {Layer: "facility"}, {Layer: "security-systems"},
		{Capability: "9.14", Category: system.SaaS, Role: system.Provider},
	} {
		got := c.Select(s)
		if len(got) == 0 || len(got) == len(c.Controls) && s != (catalog.Selection{}) {
			t.Errorf("%+v chooses %d of %d controls", s, len(got), len(c.Controls))
		}
		for _, k := range got {
			if s.Category != "" && !k.AppliesTo(s.Category) || s.Capability == "IAM" && k.Capability != "9.2" {
				t.Errorf("%+v chooses %s", s, k.ID)
			}
		}
	}
	if got := c.Search("least", "PRIVILEGE"); len(got) == 0 || got[0].ID != "SUR-IAM-01" {
		t.Errorf("the search finds %d controls", len(got))
	}
	if got := c.Search("ccm-4.1 IAM-05"); len(got) == 0 {
		t.Error("the search finds no id")
	}
	if got := c.Search("xylophone"); got != nil {
		t.Errorf("the search finds %s", got[0].ID)
	}
}
