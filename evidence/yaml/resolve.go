package yaml

import (
	"math"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// scalar is what a plain scalar means.
type scalar struct {
	kind  evidence.Kind // Null, Bool, Number or String
	truth bool
	text  string  // Number: a JSON literal; String: the text
	float bool    // Number: read as a double, which matters for keys and tags
	value float64 // the double, which may be infinite or NaN
}

// resolve decides what an unquoted scalar means, as go-yaml v2 does, on which
// sigs.k8s.io/yaml and so kubectl rest. The text's first byte rules most
// strings out.
func resolve(s string) scalar {
	if s == "" {
		return scalar{kind: evidence.Null}
	}
	switch c := s[0]; c {
	case 'y', 'Y', 'n', 'N', 't', 'T', 'f', 'F', 'o', 'O', '~':
		if len(s) <= 5 {
			return resolveWord(s)
		}
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.':
		return resolveNumber(s)
	}
	return scalar{kind: evidence.String, text: s}
}

func resolveWord(s string) scalar {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return scalar{kind: evidence.Bool, truth: true}
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return scalar{kind: evidence.Bool}
	case "~", "null", "Null", "NULL":
		return scalar{kind: evidence.Null}
	}
	return scalar{kind: evidence.String, text: s}
}

func resolveNumber(s string) scalar {
	if isDecimal(s) {
		return scalar{kind: evidence.Number, text: s}
	}
	text := scalar{kind: evidence.String, text: s}
	if !numeric(s) {
		return text
	}
	switch s {
	case ".nan", ".NaN", ".NAN":
		return double(math.NaN())
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return double(math.Inf(1))
	case "-.inf", "-.Inf", "-.INF":
		return double(math.Inf(-1))
	}
	if s[0] == '.' {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return double(f)
		}
		return text
	}
	plain := strings.ReplaceAll(s, "_", "")
	if n, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return scalar{kind: evidence.Number, text: strconv.FormatInt(n, 10)}
	}
	if n, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return scalar{kind: evidence.Number, text: strconv.FormatUint(n, 10)}
	}
	if isFloat(plain) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			return double(f)
		}
	}
	return text
}

// double is a number read as a float64. Its literal is the canonical one.
func double(f float64) scalar {
	s := scalar{kind: evidence.Number, float: true, value: f}
	if !math.IsInf(f, 0) && !math.IsNaN(f) {
		s.text = evidence.NewFloat(f, 0).Text()
	}
	return s
}

// isDecimal reports whether s is already the literal of an int64: the common
// case, which needs no conversion.
func isDecimal(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 18 || digits[0] == '0' && len(s) > 1 {
		return false
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// numeric reports whether every byte of s can be part of a number. It keeps
// dates, versions and addresses from the slow conversions.
func numeric(s string) bool {
	dots := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F',
			c == '_', c == '+', c == '-':
		case c == '.':
			dots++
		case strings.IndexByte("xXoOinINpP", c) >= 0:
		default:
			return false
		}
	}
	return dots <= 1
}

// isFloat reports whether s has the form of a YAML 1.1 float:
// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	whole := digits(s)
	s = s[whole:]
	if s != "" && s[0] == '.' {
		part := digits(s[1:])
		if whole == 0 && part == 0 {
			return false
		}
		s = s[1+part:]
	} else if whole == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits returns how many decimal digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
