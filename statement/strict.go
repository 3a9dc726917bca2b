package statement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/surety-cloud/surety"
)

// maxNesting bounds how deep JSON may nest; ours nests six deep.
const maxNesting = 32

// unique reports a key that is given twice in an object of raw, which is JSON.
func unique(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	type level struct {
		keys map[string]bool // nil in an array
		key  bool            // the next token is a key
	}
	var stack []level
	for {
		t, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		top := len(stack) - 1
		if top >= 0 && stack[top].keys != nil && stack[top].key {
			if name, isKey := t.(string); isKey {
				if stack[top].keys[name] {
					return fmt.Errorf("key %q is given twice", name)
				}
				stack[top].keys[name] = true
				stack[top].key = false
				continue
			}
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if len(stack) == maxNesting {
				return fmt.Errorf("it nests deeper than %d", maxNesting)
			}
			l := level{}
			if t == json.Delim('{') {
				l = level{map[string]bool{}, true}
			}
			stack = append(stack, l)
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
		}
		if top >= 0 {
			stack[top].key = stack[top].keys != nil
		}
	}
}

func sortedNames(m map[string]surety.Digest) []string { return slices.Sorted(maps.Keys(m)) }
