// Package yaml turns YAML and JSON bytes into evidence values that know their
// lines. It reads a document as the Kubernetes tools do, so that a check judges
// what the cluster would receive and not another reading of the same text.
//
//	for doc, line := range yaml.Split(raw) {
//		res, err := yaml.Parse(doc, line)
//		// err concerns this document only; go on with the next one
//	}
//
// # Reading
//
// Plain scalars follow YAML 1.1 as sigs.k8s.io/yaml does: yes, no, on, off, y
// and n are booleans, 017 and 0o17 are fifteen, 1_000 is a thousand, and a
// number too large for 64 bits becomes a double. Keys become strings the way
// JSON conversion makes them, so the key on: reads as "true". Merge keys take
// effect in document order: a << after a key overrides it. Dates stay text. A
// value JSON cannot hold (.inf, .nan, a null or composite key) is an error.
//
// A repeated key does not fail the document, because tools differ on it. The
// last one wins, as in kubectl, and every repetition is in Result.Duplicates. A
// document with more than MaxRepeated of them is refused.
//
// # Two paths, one result
//
// Parse tries a one-pass reader for the block style that manifests are written
// in. Whatever that reader does not know for certain (anchors, tags, tabs,
// flow collections over several lines) it declines, and the document goes
// through go.yaml.in/yaml/v3. Both paths MUST give the same Result; a fuzz
// target holds them to it.
//
// # Limits
//
// Depth, size, alias expansion, control characters and encoding are checked,
// and a breach is an error with a line and a remedy. Errors are *surety.Error of
// kind BadInput with the line and no file; Locate fills the file in.
package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// Limits on one document. They bound time and memory on hostile input; no
// Kubernetes object comes near them (etcd refuses objects above 1.5 MiB).
const (
	// MaxDepth is how deep values may nest.
	MaxDepth = 1000
	// MaxBytes is how long a document may be.
	MaxBytes = 256 << 20
	// MaxComplexBytes is how long a document may be that needs the general
	// parser, which takes up to 150 times the document's size in memory.
	MaxComplexBytes = 4 << 20
	// MaxRepeated is how many keys a document may give again.
	MaxRepeated = 1000
	// MaxAliased is how many values aliases may add to a document.
	MaxAliased = 400_000
	// MaxAliasedBytes is how many bytes of text these values may hold.
	MaxAliasedBytes = 16 << 20
)

// Result is a parsed document.
type Result struct {
	// Value is the document's root, nil if the document holds nothing.
	Value *evidence.Value
	// Duplicates lists the repeated keys in line order.
	Duplicates []Duplicate
}

// Duplicate is a key given again in the same mapping.
type Duplicate struct {
	Path      string // from the root, such as spec.containers[0].name
	Line      int    // of the repetition
	FirstLine int    // of the first occurrence
}

// Parse reads one document, which starts on line firstLine of its file. See
// the package comment for how values are read. The error, if any, is a
// *surety.Error of kind BadInput.
func Parse(doc []byte, firstLine int) (Result, error) {
	if err := check(doc, firstLine, opYAML); err != nil {
		return Result{}, err
	}
	if res, ok, err := parseFast(doc, firstLine); ok || err != nil {
		return res, err
	}
	return parseFull(doc, firstLine)
}

// Locate returns err with its file set, if it is an error of this package and
// names none yet; any other error is returned as it is.
func Locate(err error, file string) error {
	var e *surety.Error
	if !errors.As(err, &e) || e.Origin.File != "" {
		return err
	}
	located := *e
	located.Origin.File = file
	return &located
}

func badInput(op string, line int, hint, format string, args ...any) error {
	return &surety.Error{
		Kind:   surety.BadInput,
		Op:     op,
		Origin: surety.Origin{Line: line},
		Err:    fmt.Errorf(format, args...),
		Hint:   hint,
	}
}

// check refuses bytes no parser should see: too many of them, text that is not
// UTF-8, and characters YAML 1.1 §5.1 does not allow in a stream.
func check(doc []byte, firstLine int, op string) error {
	if len(doc) > MaxBytes {
		return badInput(op, firstLine, "split the document", "the document has %d bytes, more than the %d allowed", len(doc), MaxBytes)
	}
	for i := 0; i < len(doc); {
		c := doc[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
				return badInput(op, lineAt(doc, i, firstLine), "remove the character, or write it as an escape in a double-quoted string",
					"control character U+%04X is not allowed", c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(doc[i:])
		if r == utf8.RuneError && n == 1 {
			return badInput(op, lineAt(doc, i, firstLine), "save the file as UTF-8", "byte 0x%02X is not valid UTF-8", c)
		}
		if r < 0xA0 && r != 0x85 || r == 0xFEFF || r == 0xFFFE || r == 0xFFFF {
			return badInput(op, lineAt(doc, i, firstLine), "remove the character, or write it as an escape in a double-quoted string",
				"character U+%04X is not allowed", r)
		}
		i += n
	}
	return nil
}

func lineAt(doc []byte, offset, firstLine int) int {
	return firstLine + bytes.Count(doc[:offset], []byte{'\n'})
}
