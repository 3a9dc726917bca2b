package catalog

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
)

func FuzzReadFramework(f *testing.F) {
	f.Add("# T; version: 1; source: s; licence: l\nid,title\na,A\nb,\"B, b\"\n")
	f.Add("# T; version: 1; source: s; licence: l\nid,title\na,A\na,B\n")
	f.Add("id,title\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		framework, err := readFramework([]byte(text), "catalog/f.csv")
		if err != nil {
			if surety.KindOf(err) != surety.BadInput || !strings.Contains(err.Error(), "catalog/f.csv") {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, e := range framework.Entries {
			if e.ID == "" || seen[e.ID] {
				t.Fatalf("entry %+v", e)
			}
			seen[e.ID] = true
		}
	})
}

// The compact form is only ever read as it was embedded; no bytes may make it
// panic or run away all the same.
func FuzzDecode(f *testing.F) {
	f.Add("")
	f.Add(string(encode(&Catalog{Version: "1", Threats: []*Threat{{Clause: "7.1.1"}}})))
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := decode(text); (c == nil) == (err == nil) {
			t.Fatalf("decode = %v, %v", c, err)
		}
	})
}
