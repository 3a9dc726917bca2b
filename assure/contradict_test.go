package assure_test

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
)

func TestContradictions(t *testing.T) {
	one := func(file string, number int64, previous string) assessment.Stated {
		return assessment.Stated{File: file, Party: "kube", System: "cluster", Sequence: number, Previous: previous, Digest: surety.DigestOf([]byte(file))}
	}
	digest := func(file string) string { return surety.DigestOf([]byte(file)).String() }
	other := one("other", 1, "")
	other.System = "mail"
	for _, tt := range []struct {
		name string
		list []assessment.Stated
		want string // in the one sentence, "" for none
	}{
		{"a history", []assessment.Stated{one("a", 1, ""), one("b", 2, digest("a")), one("d", 4, digest("c"))}, ""},
		{"one twice", []assessment.Stated{one("a", 1, ""), one("a", 1, "")}, ""},
		{"of two systems", []assessment.Stated{one("a", 1, ""), other}, ""},
		{"one number twice", []assessment.Stated{one("a", 3, digest("x")), one("b", 3, digest("x"))}, "its statement 3"},
		{"another one before", []assessment.Stated{one("b", 2, digest("x")), one("a", 1, "")}, "statement 1 in a"},
		{"two that were not read", []assessment.Stated{{File: "a", Refused: "no"}, {File: "b", Refused: "no"}}, ""},
	} {
		found := assure.Contradictions(tt.list)
		if len(found) > 1 || strings.Join(found, "") == "" != (tt.want == "") || !strings.Contains(strings.Join(found, ""), tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, found, tt.want)
		}
		for _, s := range tt.list {
			if (s.Refused != "") != (tt.want != "") && s.Refused != "no" {
				t.Errorf("%s: %s is refused for %q", tt.name, s.File, s.Refused)
			}
		}
	}
}
