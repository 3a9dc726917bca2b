package statement_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/statement"
)

// row is counts as a type that does not read itself.
type row struct {
	Fail          int `json:"fail,omitempty"`
	NotApplicable int `json:"not-applicable,omitempty"`
	Pass          int `json:"pass,omitempty"`
	Unknown       int `json:"unknown,omitempty"`
	Waived        int `json:"waived,omitempty"`
}

// sameAsMap reads text as a tally and as a map, and reports what differs.
func sameAsMap(t *testing.T, text string) {
	t.Helper()
	var tally statement.Tally
	var want map[string]row
	err, wantErr := statement.Strict(text, &tally), statement.Strict(text, &want)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: a tally says %v, a map %v", text, err, wantErr)
	}
	if err != nil {
		return
	}
	got := map[string]row{}
	for i, n := range tally {
		if got[n.Name] = row(n.Counts); tally.Of(n.Name) != n.Counts || i > 0 && tally[i-1].Name >= n.Name {
			t.Fatalf("%q: %q is not in its place in %+v", text, n.Name, tally)
		}
	}
	if len(got) != len(want) || (tally == nil) != (want == nil) {
		t.Fatalf("%q: a tally is %+v, a map %+v", text, tally, want)
	}
	for name, n := range want {
		if got[name] != n {
			t.Fatalf("%q: %q is %+v, and %+v in a map", text, name, got[name], n)
		}
	}
	written, err := json.Marshal(tally)
	if err != nil {
		t.Fatal(err)
	}
	if wanted, err := json.Marshal(want); err != nil || string(written) != string(wanted) {
		t.Fatalf("%q is written %s, a map %s (%v)", text, written, wanted, err)
	}
	var back statement.Tally
	if err := json.Unmarshal(written, &back); err != nil || len(back) != len(tally) {
		t.Fatalf("%s is read back as %+v, %v", written, back, err)
	}
}

var tallies = []string{
	`null`, `{}`, `{"a":{}}`, `{"a":{"pass":1,"fail":2,"unknown":3,"waived":4,"not-applicable":5},"b":{"pass":0}}`,
	`{"b":{"pass":1},"a":{"pass":2}}`, `{"b":{"pass":1},"a":{"pass":2},"b":{}}`, `{"a":{"pass":1,"pass":1}}`, `{"a":{"PASS":1}}`,
	`{"a":{"pass":-1}}`, `{"a":{"pass":01}}`, `{"a":{"pass":1.0}}`, `{"a":{"pass":12345678901}}`, `{"a":{"pass":9223372036854775808}}`,
	`{"\u003c":{"pass":1},"é":{},"":{}}`, `{"a":{} "b":{}}`, `{"a":{"pass":1}]`, `{"a":null}`, `{"a":{"pass":1}`, `[]`, ` { "a" : { "pass" : 1 } } `,
	`{"a":{"pass":1 2}}`, `{"a":{"pass":-}}`, `{"a":{"pass":}}`, `{"a":{"pass":0}}`, `{"a":{"pass":00}}`, `{"a":{"pass":"1"}}`, `{"a":{"pass":999999999,"fail":1000000000}}`,
}

func TestTallyIsReadAsAMap(t *testing.T) {
	for _, text := range tallies {
		sameAsMap(t, text)
	}
	if got := (statement.Tally{{Name: "b"}}).Of("a"); got != (statement.Counts{}) {
		t.Errorf("a name that is not there counts %v", got)
	}
	for _, tt := range []struct{ bad, want string }{
		{`{"b":{},"a":{},"b":{}}`, `"b" is given twice`},
		{`{"a":{"pass":1,"pass":1}}`, `"a.pass" is given twice`},
		{`{"a":{"PASS":1}}`, `"a.PASS" is not known`},
		{`{"a":{"pass":1.0}}`, `"a.pass" is 1.0, and must be a whole number`},
		{`{"a":{} "b":{}}`, `it is not JSON: '"' cannot stand at byte 8`},
	} {
		var tally statement.Tally
		if err := statement.Strict(tt.bad, &tally); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err = %v, want %q", tt.bad, err, tt.want)
		}
	}
}

func FuzzTally(f *testing.F) {
	for _, text := range tallies {
		f.Add(text)
	}
	f.Fuzz(sameAsMap)
}

// A string is read eight bytes at a time: what ends it is found in each place of them.
func TestStringsOfEveryLength(t *testing.T) {
	for n := range 20 {
		for at := range n + 1 {
			for _, c := range []string{"", "\x00", "\x1f", " ", `"`, `\`, `\n`, `\u00e9`, "\x7f", "é", "\u2028", "!", "]", "[", "#"} {
				text := fmt.Sprintf(`{"text":"%s%s%s"}`, strings.Repeat("a", at), c, strings.Repeat("z", n-at))
				var got, want everything
				err, wantErr := statement.Strict(text, &got), json.Unmarshal([]byte(text), &want)
				if (err == nil) != (wantErr == nil) || err == nil && got.Text != want.Text {
					t.Errorf("%q is read as %q (%v), and by others as %q (%v)", text, got.Text, err, want.Text, wantErr)
				}
			}
		}
	}
}
