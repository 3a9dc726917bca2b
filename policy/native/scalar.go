package native

import (
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/surety-cloud/surety/evidence"
)

// readScalar reads v into out, if that is valid, and reports whether it fits.
// Types with a syntax of their own are never copied: no check reads one.
func readScalar(p *plan, v *evidence.Value, out reflect.Value) bool {
	switch p.form {
	case text:
		if !v.Is(evidence.String) {
			return false
		}
		if out.IsValid() {
			out.SetString(v.Str())
		}
	case truth:
		if !v.Is(evidence.Bool) {
			return false
		}
		if out.IsValid() {
			out.SetBool(v.True())
		}
	case integer:
		n, ok := v.Int()
		if !ok || p.typ.Kind() == reflect.Int32 && n != int64(int32(n)) {
			return false
		}
		if out.IsValid() {
			out.SetInt(n)
		}
	case intOrString:
		n, ok := v.Int()
		return v.Is(evidence.String) || ok && n == int64(int32(n))
	case quantity:
		return (v.Is(evidence.String) || v.Is(evidence.Number)) && isQuantity(v.Text())
	case timestamp:
		_, err := time.Parse(time.RFC3339, v.Str())
		return err == nil
	}
	return true
}

// isQuantity reports whether Kubernetes reads s as a resource.Quantity: a
// decimal number with an SI or binary suffix or an exponent, all of them
// optional. Kubernetes' own parser would also compute the number, for minutes
// if the exponent is large and negative.
func isQuantity(s string) bool {
	s = strings.TrimFunc(s, func(r rune) bool { return r >= ' ' && unicode.IsSpace(r) })
	if s == "" {
		return false
	}
	digits := func(s string) string { return strings.TrimLeft(s, "0123456789") }
	if s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	s = digits(s)
	if fraction, ok := strings.CutPrefix(s, "."); ok {
		s = digits(fraction)
	}
	switch s {
	case "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei":
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	_, err := strconv.ParseInt(s[1:], 10, 64)
	return err == nil
}
