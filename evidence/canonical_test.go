package evidence

import (
	"cmp"
	"math"
	"testing"
)

func TestNumbersOfRFC8785(t *testing.T) {
	// Appendix B, "Number Serialization Samples".
	vectors := map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0",
		0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992", 0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000", 0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000", 0x444b1ae4d6e2ef4f: "999999999999999900000",
		0x444b1ae4d6e2ef50: "1e+21", 0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333", 0x41b3de4355555556: "333333333.3333334",
		0x41b3de4355555557: "333333333.33333343", 0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	}
	for bits, want := range vectors {
		if got := NewFloat(math.Float64frombits(bits), 0).Text(); got != want {
			t.Errorf("%016x: got %s, want %s", bits, got, want)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	tests := []struct {
		v    *Value
		want string
	}{
		{nil, "null"}, {NewNull(1), "null"}, {NewBool(true, 1), "true"},
		{NewNumber("1.0", 1), "1"}, {NewNumber("1e3", 1), "1000"}, {NewNumber("-0", 1), "0"},
		{NewNumber("18446744073709551616", 1), "18446744073709551616"}, {NewNumber("1e30", 1), "1e+30"},
		{NewString("€$\u000F\nA'B\"\\\\\"/\u007f", 1), `"€$\u000f\nA'B\"\\\\\"/` + "\u007f\""}, // RFC 8785 §3.2.2
		{NewArray([]Field{{Value: NewInt(1, 1)}, {Value: nil}}, 1), "[1,null]"},
		{NewSet([]Field{{Value: NewInt(1, 1)}}, 1), "[1]"},
		// RFC 8785 §3.2.3: UTF-16 order puts the emoji before U+FB33.
		{NewObject([]Field{{"\ufb33", NewInt(1, 1)}, {"\U0001F600", NewInt(2, 1)}, {"a", NewInt(3, 1)}}, 1), "{\"a\":3,\"\U0001F600\":2,\"\ufb33\":1}"},
	}
	for _, tt := range tests {
		if got := string(tt.v.AppendJSON(nil)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestCompare(t *testing.T) {
	num := func(s string) *Value { return NewNumber(s, 1) }
	list := func(v ...*Value) []Field {
		f := make([]Field, len(v))
		for i := range v {
			f[i].Value = v[i]
		}
		return f
	}
	object := func(k string, v *Value) *Value { return NewObject([]Field{{k, v}}, 1) }
	ordered := []*Value{
		nil, NewNull(1), NewBool(false, 1), NewBool(true, 1),
		num("-1e300"), num("-1"), num("0.5"), num("1"), num("9007199254740992"), num("9007199254740993"), num("1e19"), num("18446744073709551615"), num("18446744073709551616"),
		NewString("", 1), NewString("a", 1), NewString("b", 1),
		NewArray(nil, 1), NewArray(list(num("1")), 1), NewArray(list(num("1"), num("1")), 1), NewArray(list(num("2")), 1),
		NewObject(nil, 1), object("a", num("1")), object("a", num("2")), object("b", num("1")), NewSet(nil, 1),
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := cmp.Compare(Compare(a, b), 0); got != cmp.Compare(i, j) {
				t.Errorf("%s and %s compare as %d", a.AppendJSON(nil), b.AppendJSON(nil), got)
			}
		}
	}
	for _, pair := range [][2]string{{"1", "1.0"}, {"100", "1e2"}, {"0", "-0"}, {"-0.0", "0"}, {"0.1", "0.10"}} {
		if !Equal(NewNumber(pair[0], 1), NewNumber(pair[1], 2)) {
			t.Errorf("%s is not %s", pair[0], pair[1])
		}
	}
}
