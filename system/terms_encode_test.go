package system

import (
	"reflect"
	"testing"
)

func TestEncodeTerms(t *testing.T) {
	want := &Terms{
		Name: "iron-2026", Title: "Iron's: terms # 1", Provider: "iron", Categories: []Category{IaaS, PaaS}, From: "2026-01-01", Until: "2026-12-31",
		Terms: []*Term{
			{Control: "SUR-PHY-01", Shares: map[Role]string{Provider: "owned"}, Proof: "a \"certificate\"\nof the sites"},
			{Control: "backup", Shares: map[Role]string{Provider: "dependent", Customer: "dependent", Partner: "dependent"}, Split: "iron: copies, customer: restores"},
		},
	}
	got, err := DecodeTerms(EncodeTerms(want), "terms.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, EncodeTerms(want))
	}
	want.Origin = got.Origin
	for i := range got.Terms {
		want.Terms[i].Origin = got.Terms[i].Origin
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
