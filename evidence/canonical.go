package evidence

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/surety-cloud/surety"
)

// NewFloat returns the number f at line, with its canonical literal. f must be
// finite.
func NewFloat(f float64, line int) *Value {
	return NewNumber(string(appendFloat(nil, f)), line)
}

// Digest returns the SHA-256 of v's canonical JSON.
func (v *Value) Digest() surety.Digest { return surety.DigestOf(v.AppendJSON(nil)) }

// AppendJSON appends v's canonical JSON (RFC 8785) to dst: no white space, keys
// sorted by UTF-16 code units, numbers as ECMAScript prints doubles. An absent
// value is null; a set is the array of its elements.
//
// It departs from RFC 8785 in one point: an integer literal beyond +-2^53 keeps
// its digits, so that two 64-bit identifiers never share a digest.
func (v *Value) AppendJSON(dst []byte) []byte {
	switch v.Kind() {
	case Bool:
		return strconv.AppendBool(dst, v.truth)
	case Number:
		return appendNumber(dst, v.text)
	case String:
		return appendString(dst, v.text)
	case Array, Set:
		dst = append(dst, '[')
		for i := range v.fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.fields[i].Value.AppendJSON(dst)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, f := range utf16Order(v.fields) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, f.Key)
			dst = append(dst, ':')
			dst = f.Value.AppendJSON(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, "null"...)
	}
}

// utf16Order returns fields sorted by the UTF-16 code units of their keys. That
// is byte order unless a key has a character beyond U+FFFF, whose UTF-8 begins
// with a byte of 0xF0 or more.
func utf16Order(fields []Field) []Field {
	beyond := func(f Field) bool {
		for i := 0; i < len(f.Key); i++ {
			if f.Key[i] >= 0xF0 {
				return true
			}
		}
		return false
	}
	if !slices.ContainsFunc(fields, beyond) {
		return fields
	}
	sorted := slices.Clone(fields)
	slices.SortFunc(sorted, func(a, b Field) int {
		return slices.Compare(utf16.Encode([]rune(a.Key)), utf16.Encode([]rune(b.Key)))
	})
	return sorted
}

// appendString appends s as RFC 8785 §3.2.2.2 writes strings.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"')
}

// appendNumber appends a JSON number's canonical literal.
func appendNumber(dst []byte, literal string) []byte {
	if integer, small := isInteger(literal); integer && literal != "-0" {
		if small {
			return append(dst, literal...)
		}
		if f, err := strconv.ParseFloat(literal, 64); err != nil || math.Abs(f) >= 1<<53 {
			return append(dst, literal...)
		}
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return append(dst, literal...) // beyond a double's range: no shorter form is exact
	}
	return appendFloat(dst, f)
}

// isInteger reports whether a JSON number has neither fraction nor exponent,
// and whether it is short enough to be an exact double for certain.
func isInteger(literal string) (integer, small bool) {
	for i := 0; i < len(literal); i++ {
		if c := literal[i]; (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false, false
		}
	}
	return true, len(literal) <= 15
}

// appendFloat appends f as ECMAScript's Number::toString does (RFC 8785
// §3.2.2.3): the shortest digits that read back as f.
func appendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0') // also for -0
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two exponent digits, ECMAScript no leading zero.
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// Equal reports whether a and b are the same value; lines do not count.
func Equal(a, b *Value) bool { return Compare(a, b) == 0 }

// Compare orders values as Rego does: absent before null before booleans,
// numbers, strings, arrays, objects and sets. Numbers compare by value (1 is
// 1.0), strings by bytes, arrays and sets element by element, objects by the
// sorted sequence of their keys and values. Values that compare as 0 have the
// same canonical JSON.
func Compare(a, b *Value) int {
	if a == b {
		return 0
	}
	if a == nil {
		return -1
	}
	if b == nil {
		return 1
	}
	if a.kind != b.kind {
		return int(a.kind) - int(b.kind)
	}
	switch a.kind {
	case Bool:
		return boolRank(a.truth) - boolRank(b.truth)
	case Number:
		return compareNumbers(a.text, b.text)
	case String:
		return strings.Compare(a.text, b.text)
	}
	for i := 0; i < len(a.fields) && i < len(b.fields); i++ {
		if c := strings.Compare(a.fields[i].Key, b.fields[i].Key); c != 0 {
			return c
		}
		if c := Compare(a.fields[i].Value, b.fields[i].Value); c != 0 {
			return c
		}
	}
	return len(a.fields) - len(b.fields)
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compareNumbers compares two literals by the value of their canonical forms:
// as integers or doubles where that decides, else exactly.
func compareNumbers(a, b string) int {
	if a == b {
		return 0
	}
	_, smallA := isInteger(a)
	_, smallB := isInteger(b)
	fa, errA := strconv.ParseFloat(a, 64)
	fb, errB := strconv.ParseFloat(b, 64)
	if errA == nil && errB == nil {
		switch {
		case fa < fb:
			return -1
		case fa > fb:
			return 1
		case smallA && smallB:
			return 0
		}
	}
	ca, cb := string(appendNumber(nil, a)), string(appendNumber(nil, b))
	if ca == cb {
		return 0
	}
	ra, okA := new(big.Rat).SetString(ca)
	rb, okB := new(big.Rat).SetString(cb)
	if !okA || !okB {
		return strings.Compare(ca, cb)
	}
	return ra.Cmp(rb)
}
