package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validator compiles a published schema, which is not part of this tree.
func validator(t *testing.T, name string) func(t *testing.T, doc []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "schemas", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the published schema is not here: %v", err)
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, doc []byte) {
		t.Helper()
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
	}
}

func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
