package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// readable says what is wrong with some JSON in the words of the format: by its
// keys, and not by the types of this program.
func readable(err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	var clock *time.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends in the middle; it was cut short")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON: byte %d: %w", syntax.Offset, syntax)
	case errors.As(err, &clock):
		return fmt.Errorf("%s is no time; it must be as 2026-11-27T12:00:00Z", clock.Value)
	case errors.As(err, &wrong) && wrong.Field == "":
		return fmt.Errorf("it is %s, and must be %s", article(wrong.Value), wanted(wrong.Type))
	case errors.As(err, &wrong):
		return fmt.Errorf("%q is %s, and must be %s", wrong.Field, article(wrong.Value), wanted(wrong.Type))
	}
	return err
}

// article is what JSON calls a value, as a sentence has it.
func article(kind string) string {
	switch word, detail, _ := strings.Cut(kind, " "); word {
	case "bool":
		return "true or false"
	case "object", "array":
		return "an " + word
	case "number":
		if detail != "" {
			return "the number " + detail
		}
	}
	return "a " + kind
}

// wanted is what a value of type t is in JSON.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Pointer:
		return wanted(t.Elem())
	default:
		return "a whole number of at most 64 bits"
	}
}
