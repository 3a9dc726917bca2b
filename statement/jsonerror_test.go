package statement

import (
	"strings"
	"testing"
)

// What is wrong with JSON is said by the keys of the format, never by the types of
// this program.
func TestStrictSaysWhatIsWrong(t *testing.T) {
	type inner struct {
		Index int64    `json:"index"`
		Path  []string `json:"path"`
	}
	type outer struct {
		Name  string  `json:"name"`
		List  []inner `json:"list"`
		Valid bool    `json:"valid"`
		At    Window  `json:"at"`
	}
	for raw, want := range map[string]string{
		``:                          "it is empty",
		" \n":                       "it is empty",
		`{"name":"x"`:               "it ends in the middle; it was cut short",
		`{"name":}`:                 "it is not JSON: byte 9: invalid character",
		`hello`:                     "it is not JSON: byte 1: invalid character",
		`[]`:                        "it is an array, and must be an object",
		`"x"`:                       "it is a string, and must be an object",
		`{"name":1}`:                `"name" is a number, and must be a string`,
		`{"name":true}`:             `"name" is true or false, and must be a string`,
		`{"list":{}}`:               `"list" is an object, and must be an array`,
		`{"list":[1]}`:              `"list" is a number, and must be an object`,
		`{"list":[{"index":"a"}]}`:  `"list.index" is a string, and must be a whole number`,
		`{"list":[{"index":1.5}]}`:  `"list.index" is the number 1.5, and must be a whole number`,
		`{"list":[{"path":"a"}]}`:   `"list.path" is a string, and must be an array`,
		`{"at":{"not_before":"x"}}`: `is no time; it must be as 2026-11-27T12:00:00Z`,
		`{"nome":"x"}`:              `key "nome" is not known`,
		`{"list":[{"Index":1}]}`:    `key "Index" is not known`,
		`{"name":"x"}{}`:            "something follows its end",
	} {
		err := Strict([]byte(raw), new(outer))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "Go ") || strings.Contains(err.Error(), "json:")) {
			t.Errorf("%s: %v: it speaks of this program", raw, err)
		}
	}
}
