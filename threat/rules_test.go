package threat

import (
	"encoding/csv"
	"os"
	"testing"

	"github.com/surety-cloud/surety/catalog"
)

func known(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func builtin(t testing.TB) *Rules {
	t.Helper()
	r, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every rule holds where it must, and does not where it must not.
func TestExamples(t *testing.T) {
	for _, r := range builtin(t).Test(known(t)) {
		if r.Err != nil {
			t.Errorf("%s: %s: %v", r.Origin, r.Name, r.Err)
		}
	}
}

func TestRulesNameWhatThereIs(t *testing.T) {
	if err := builtin(t).Check(known(t)); err != nil {
		t.Error(err)
	}
}

// The ids of ATT&CK are those of its cloud matrix.
func TestAttackIDsAreKnown(t *testing.T) {
	f, err := os.Open("../../shared/data/attack_cloud_techniques.csv")
	if err != nil {
		t.Skip("needs the technique list in ../shared/data: ", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, row := range rows {
		ids[row[0]] = true
	}
	for _, r := range builtin(t).All {
		for _, id := range r.Attack {
			if !ids[id] {
				t.Errorf("%s: %s names %s, which is no technique of the cloud matrix", r.Origin, r.ID, id)
			}
		}
	}
}

