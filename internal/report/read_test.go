package report

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
)

func TestReadSnapshotRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"empty": "", "not json": "surety", "a list": "[]", "another schema": `{"schema":"x","results":[]}`,
		"cut off":     `{"schema":"surety/assessment/v1","results":[{"check":"a"`,
		"wrong shape": `{"schema":"surety/assessment/v1","results":[{"check":1}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSnapshot(strings.NewReader(raw), "old.json")
			if err == nil || surety.KindOf(err) != surety.BadInput || !strings.Contains(err.Error(), "old.json") {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func FuzzReadSnapshot(f *testing.F) {
	f.Add(`{"schema":"surety/assessment/v1","checks":[{"id":"A","version":"1"}],"results":[{"check":"A","severity":"low","verdict":"fail","resource":{"key":"k"},"evidence":[]}]}`)
	f.Add(`{"results":[{}],"schema":5}`)
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := ReadSnapshot(strings.NewReader(raw), "x")
		if (s == nil) == (err == nil) {
			t.Errorf("snapshot %v, error %v", s, err)
		}
	})
}
