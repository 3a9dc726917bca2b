package assessment

import (
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/responsibility"
)

// Each status of the responsibility for SUR-VIR-01 on db, by what was judged.
// Inherited needs another party's verified statement, and there is none yet.
func TestStatuses(t *testing.T) {
	fails := &Detail{}
	waiver := func(expires string) []*Waiver {
		w, err := readWaivers(t, "waivers:\n  - {check: KSV-0011, resource: \"k8s:shop/sts/db\", owner: acme, reason: it is being rebuilt, expires: "+expires+"}\n")
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	tests := []struct {
		name     string
		limits   surety.Verdict // of the check on limits; privileged passes
		judged   bool
		waivers  []*Waiver
		expected responsibility.Status
	}{
		{"all pass", surety.Pass, true, nil, responsibility.Met},
		{"a fail", surety.Fail, true, nil, responsibility.Violated},
		{"an unknown beside a pass", surety.Unknown, true, nil, responsibility.Unproven},
		{"nothing judged", surety.Pass, false, nil, responsibility.Unproven},
		{"a waived fail", surety.Fail, true, waiver("2027-01-01"), responsibility.WaivedAll},
		{"a waiver that has expired", surety.Fail, true, waiver("2026-01-01"), responsibility.Expired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t)
			db := in.Items[1]
			in.Judged, in.Waivers = nil, tt.waivers
			if tt.judged {
				detail := fails
				if tt.limits == surety.Pass {
					detail = nil
				}
				in.Judged = []Judged{{db, limits, tt.limits, detail}, {db, privileged, surety.Pass, nil}}
			}
			for r := range Assess(in).Responsibilities() {
				if r.ID() == "SUR-VIR-01@db" && r.Status != tt.expected {
					t.Errorf("got %s, want %s", r.Status, tt.expected)
				}
				if r.Status == responsibility.Inherited {
					t.Errorf("%s is inherited, and nobody stated anything", r.ID())
				}
			}
		})
	}
}
