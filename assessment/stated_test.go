package assessment

import (
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/responsibility"
)

// A responsibility that no evidence bears on rests on its party's statement, and
// on nothing less.
func TestInherit(t *testing.T) {
	counts := func(pass, fail, unknown int) (n Counts) {
		n[surety.Pass], n[surety.Fail], n[surety.Unknown] = pass, fail, unknown
		return n
	}
	stated := func(party string, n Counts, refused string) Stated {
		return Stated{Party: party, Controls: map[string]Counts{"SUR-PHY-01": n}, NotBefore: today, Refused: refused}
	}
	newer := stated("host", counts(0, 1, 0), "")
	newer.NotBefore = today.Add(time.Hour)
	tests := []struct {
		name       string
		statements []Stated
		want       responsibility.Status
	}{
		{"none", nil, responsibility.Unproven},
		{"passes", []Stated{stated("host", counts(2, 0, 0), "")}, responsibility.Inherited},
		{"a fail", []Stated{stated("host", counts(2, 1, 0), "")}, responsibility.Violated},
		{"an unknown", []Stated{stated("host", counts(2, 0, 1), "")}, responsibility.Unproven},
		{"nothing decided", []Stated{stated("host", counts(0, 0, 0), "")}, responsibility.Unproven},
		{"of another party", []Stated{stated("acme", counts(2, 0, 0), "")}, responsibility.Unproven},
		{"refused", []Stated{stated("host", counts(2, 0, 0), "the key is stolen")}, responsibility.Unproven},
		{"the newest counts", []Stated{newer, stated("host", counts(2, 0, 0), "")}, responsibility.Violated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t)
			in.Statements = tt.statements
			found := false
			for r := range Assess(in).Responsibilities() {
				if r.Control == "SUR-PHY-01" && r.Element == "cluster" {
					found = true
					if r.Accountable != "host" || r.Status != tt.want || (r.Proof != nil) != (tt.want != responsibility.Unproven) {
						t.Errorf("%s of %s by %v, want %s", r.Status, r.Accountable, r.Proof, tt.want)
					}
				}
				if r.Verdicts.Total() > 0 && r.Proof != nil && r.Status != responsibility.Violated {
					t.Errorf("%s has evidence of its own and rests on a statement", r.ID())
				}
			}
			if !found {
				t.Fatal("no responsibility of the host")
			}
		})
	}
}
