package bundle

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/surety-cloud/surety/statement"
)

func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "docs", "schema", name+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fits reports whether JSON fits a schema.
func fits(t *testing.T, s *jsonschema.Schema, raw string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// Every vector fits the schemas, and so does what is in it. What the schemas refuse,
// the verifier refuses too.
func TestSchemas(t *testing.T) {
	ofBundle, ofStatement := schema(t, "surety-bundle"), schema(t, "surety-statement")
	raw, err := os.ReadFile(filepath.Join("..", "testdata", "vectors", "bundles.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	var file, text string
	for i, v := range list {
		var compact bytes.Buffer
		if err := json.Compact(&compact, v.Bundle); err != nil {
			t.Fatal(err)
		}
		b, err := Open(compact.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := fits(t, ofBundle, compact.String()); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		if err := fits(t, ofStatement, b.Envelope.Payload); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		if i == 0 {
			file, text = compact.String(), b.Envelope.Payload
		}
	}
	for from, to := range map[string]string{
		`"surety"`:        `"Surety"`,
		`bundle/v2`:       `bundle/v1`,
		`"signatures":[{`: `"signatures":[{"more":1,`,
		`"index":0`:       `"index":"0"`,
		`"path":"`:        `"path":"?`,
		`"log":{`:         `"policy":"","log":{`,
		`"leaf"`:          `"leaves"`,
	} {
		bad := strings.Replace(file, from, to, 1)
		if _, err := Open(bad); err == nil || bad == file || fits(t, ofBundle, bad) == nil {
			t.Errorf("a bundle with %s fits its schema, or is opened (%v)", to, err)
		}
	}
	for from, to := range map[string]string{
		`"system":"shop",`:   ``,
		`"system":"shop"`:    `"system":""`,
		`"sequence":1`:       `"sequence":0`,
		`"sequence":1,`:      `"sequence":1,"more":1,`,
		`"pass":`:            `"passed":`,
		`{"fail":2`:          `{"fail":-2`,
		`"digest":"sha256:`:  `"digest":"sha512:`,
		`"items":7`:          `"items":7.5`,
		`00Z"`:               `00+00:00"`,
		`"predicateType":"h`: `"predicateType":"H`,
		`{"sha256":`:         `{"sha512":`,
	} {
		bad := strings.Replace(text, from, to, 1)
		if _, err := statement.Decode(bad); err == nil || bad == text || fits(t, ofStatement, bad) == nil {
			t.Errorf("a statement with %s fits its schema, or is read (%v)", to, err)
		}
	}
}
