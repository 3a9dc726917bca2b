package statement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// maxNesting bounds how deep JSON may nest; ours nests six deep.
const maxNesting = 32

// exact holds the keys of raw, which is JSON that was decoded into a value of type
// t, against the names that t has: encoding/json also takes them in another case,
// and the last of several.
func exact(raw []byte, t reflect.Type) error {
	return exactValue(json.NewDecoder(bytes.NewReader(raw)), t, 0)
}

func exactValue(dec *json.Decoder, t reflect.Type, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if depth > maxNesting {
		return fmt.Errorf("it nests deeper than %d", maxNesting)
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('['):
		for dec.More() {
			if err := exactValue(dec, elem(t, reflect.Slice), depth+1); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		if err := exactObject(dec, t, depth); err != nil {
			return err
		}
	default:
		return nil
	}
	_, err = dec.Token()
	return err
}

func exactObject(dec *json.Decoder, t reflect.Type, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if seen[key] {
			return fmt.Errorf("key %q is given twice", key)
		}
		seen[key] = true
		value := elem(t, reflect.Map)
		if t != nil && t.Kind() == reflect.Struct {
			var known bool
			if value, known = field(t, key); !known {
				return fmt.Errorf("key %q is not known", key)
			}
		}
		if err := exactValue(dec, value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// elem is the type of the elements of t, if t is of that kind. A nil type holds
// anything: json.RawMessage is looked at where it is decoded.
func elem(t reflect.Type, kind reflect.Kind) reflect.Type {
	if t == nil || t.Kind() != kind || t.Elem().Kind() == reflect.Uint8 {
		return nil
	}
	return t.Elem()
}

// field finds the type of the field with exactly that name in JSON.
func field(t reflect.Type, name string) (reflect.Type, bool) {
	for f := range t.Fields() {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return f.Type, true
		}
	}
	return nil, false
}
