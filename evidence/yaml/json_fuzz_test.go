package yaml

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
)

// FuzzParseJSON checks that the parser accepts what encoding/json does, and
// that the canonical form of a value reads back as the same value and form.
func FuzzParseJSON(f *testing.F) {
	for _, in := range []string{`{"a":[1,-0.5e+1,true,null,"\u00e9\ud83d\ude00"]}`, `18446744073709551616`, `1e21`, `{"\ud83d\ude00":1,"\ufb33":2}`, `-0`, `[`, `1.0`} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		res, err := ParseJSON(doc, 1)
		if err != nil {
			return
		}
		if utf8.Valid(doc) && doc[0] != 0xef && !json.Valid(doc) {
			t.Fatalf("%q is no JSON but is accepted", doc)
		}
		first := res.Value.AppendJSON(nil)
		again, err := ParseJSON(first, 1)
		if err != nil {
			t.Fatalf("canonical form %s: %v", first, err)
		}
		if second := again.Value.AppendJSON(nil); string(second) != string(first) || !evidence.Equal(res.Value, again.Value) {
			t.Fatalf("canonical form %s becomes %s", first, second)
		}
	})
}

// FuzzParse checks that any stream ends in values or errors.
func FuzzParse(f *testing.F) {
	for _, in := range tricky {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for doc, line := range Split(raw) {
			if res, err := Parse(doc, line); err == nil {
				res.Value.AppendJSON(nil)
			}
		}
	})
}
