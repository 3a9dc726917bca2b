package statement_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
)

// everything has each kind of value that Strict reads.
type everything struct {
	Text   string                      `json:"text"`
	Bytes  []byte                      `json:"bytes,omitempty"`
	Number int64                       `json:"number,omitempty"`
	Yes    bool                        `json:"yes,omitempty"`
	List   []string                    `json:"list,omitempty"`
	Rows   []surety.Verdict            `json:"rows,omitempty"`
	Map    map[string]map[string]int   `json:"map,omitempty"`
	Counts map[string]statement.Counts `json:"counts,omitempty"`
	Inner  *struct {
		At time.Time `json:"at"`
	} `json:"inner,omitempty"`
}

func TestStrict(t *testing.T) {
	for _, good := range []string{
		`{"text":"a"}`,
		` { "text" : "\u00e9\uD83D\uDE00\"\\\/\b\f\n\r\t" , "list" : [ ] } ` + "\n",
		`{"yes":false,"number":-12,"text":"é","bytes":"AAE=","rows":["pass","fail"],"list":null,"inner":null,"map":null}`,
		`{"text":"","map":{"a":{"b":1,"c":0},"":{}},"counts":{"x":{"pass":3}},"inner":{"at":"2026-11-27T12:00:00Z"}}`,
		`{"text":"","number":9223372036854775807}`,
	} {
		var got, want everything
		if err := statement.Strict(good, &got); err != nil {
			t.Errorf("%s: %v", good, err)
			continue
		}
		if err := json.Unmarshal([]byte(good), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read as %+v, others (%v) read %+v", good, got, err, want)
		}
	}
	for _, tt := range []struct{ bad, want string }{
		{"", "it is empty"},
		{" \n", "it is empty"},
		{`{"text":"a`, `it ends in the middle, after 10 bytes; it was cut short`},
		{`{"text":"a"`, "it ends in the middle, after 11 bytes"},
		{`{"text":"a"}}`, "it goes on after its end"},
		{`{"text":"a"} {}`, "it goes on after its end"},
		{"{\"text\":\"a\"}\x00{}", "it goes on after its end"},
		{"\x00{\"text\":\"a\"}", "it is not JSON: '\\x00' cannot stand at byte 0"},
		{"{\"text\":\x00}", "it is not JSON: '\\x00' cannot stand at byte 8"},
		{`[]`, "it is an array, and must be an object"},
		{`"x"`, `it is a string, and must be an object`},
		{`hello`, `it is not JSON: 'h' cannot stand at byte 0`},
		{`{"text":}`, `it is not JSON: '}' cannot stand at byte 8`},
		{`{"Text":"a"}`, `"Text" is not known`},
		{`{"text":"a","more":1}`, `"more" is not known`},
		{`{"text":"a","text":"a"}`, `"text" is given twice`},
		{`{"text":"a","number":1,"text":"a"}`, `"text" is given twice`},
		{`{"text":"a","map":{"k":{},"k":{}}}`, `"map.k" is given twice`},
		{`{"text":"a","map":{"k":{},"\u006b":{}}}`, `"map.k" is given twice`},
		{`{}`, `"text" is missing`},
		{`{"text":"","inner":{}}`, `"inner.at" is missing`},
		{`{"text":null}`, `"text" is null, and must be a string`},
		{`{"text":1}`, `"text" is a number, and must be a string`},
		{`{"text":"","number":"1"}`, `"number" is a string, and must be a whole number`},
		{`{"text":"","number":1.0}`, `"number" is 1.0, and must be a whole number`},
		{`{"text":"","number":1e3}`, `"number" is 1e3`},
		{`{"text":"","number":01}`, `"number" is 01`},
		{`{"text":"","number":9223372036854775808}`, "at most 64 bits"},
		{`{"text":"","number":-}`, `"number" is -`},
		{`{"text":"","yes":1}`, `"yes" is a number, and must be true or false`},
		{`{"text":"","yes":nope}`, `"yes" is null, and must be true or false`},
		{`{"text":"","yes":truely}`, `it is not JSON: 'l' cannot stand at byte 21`},
		{`{"text":"","list":["a",]}`, `it is not JSON: ']' cannot stand`},
		{`{"text":"","list":["a" "b"]}`, `it is not JSON`},
		{`{"text":"","list":[1]}`, `"list.0" is a number, and must be a string`},
		{`{"text":"","list":{}}`, `"list" is an object, and must be an array`},
		{`{"text":"","rows":["fine"]}`, `"rows.0" cannot be read: "fine" is not a verdict`},
		{`{"text":"","counts":{"x":{"PASS":1}}}`, `"counts.x.PASS" is not known`},
		{`{"text":"","bytes":"AA"}`, `"bytes" is not base64`},
		{`{"text":"","bytes":"AB=="}`, `"bytes" is not base64`},
		{`{"text":"","bytes":"AA\n=="}`, `"bytes" is not base64`},
		{`{"text":"","bytes":"AA==\n"}`, `"bytes" is not base64`},
		{`{"text":"\ud83d"}`, `"text" has an escape`},
		{`{"text":"\ude00\ud83d"}`, `"text" has an escape`},
		{`{"text":"\u00g0"}`, `"text" has an escape`},
		{`{"text":"\x"}`, `"text" has an escape`},
		{`{"text":"\`, `it ends in the middle`},
		{"{\"text\":\"a\tb\"}", `it is not JSON: '\t' cannot stand`},
		{"{\"text\":\"\xff\"}", "it is not UTF-8"},
		{`{"text" "a"}`, "it is not JSON"},
		{`{text:"a"}`, "it is not JSON: 't' cannot stand at byte 1"},
		{`{"text":"a",}`, "it is not JSON: '}' cannot stand"},
		{`{"text":"","map":{"a":{} "b":{}}}`, `it is not JSON: '"' cannot stand at byte 25`},
		{`{"text":"","map":{"a":{}]}`, `it is not JSON: ']' cannot stand at byte 24`},
		{`{"text":"" "yes":true}`, `it is not JSON: '"' cannot stand at byte 11`},
		{`{"text":"","number":1 2}`, `it is not JSON: '2' cannot stand at byte 22`},
		{strings.Repeat("[", 100_000), "it is an array, and must be an object"},
		{`{"text":"","inner":{"at":"yesterday"}}`, `"inner.at" is "yesterday", and must be a time such as 2026-11-27T12:00:00Z`},
	} {
		var got everything
		err := statement.Strict(tt.bad, &got)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.80s: err = %v, want %q", tt.bad, err, tt.want)
		}
	}
}

// What Strict reads, encoding/json reads as the same, and what it writes Strict reads.
func FuzzStrict(f *testing.F) {
	f.Add([]byte(`{"text":"\u00e9","number":-12,"rows":["pass"],"map":{"a":{"b":1}},"counts":{"x":{"pass":3}},"inner":{"at":"2026-11-27T12:00:00Z"}}`))
	f.Add([]byte(`{"text":"","bytes":"AAE=","yes":true,"list":["",null],"inner":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got, want everything
		if statement.Strict(string(raw), &got) != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&want); err != nil || !json.Valid(raw) {
			t.Fatalf("%q is read as %+v, and others refuse it: %v", raw, got, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %+v, others read %+v", raw, got, want)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := statement.Strict(string(again), &got); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
