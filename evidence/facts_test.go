package evidence

import (
	"reflect"
	"testing"
	"unsafe"
)

// sampleValue has every kind and lines before, on and after its item's.
func sampleValue() *Value {
	return NewObject([]Field{
		{"alias", NewString("defined above", 3)},
		{"before", NewString("on the line before", 9)},
		{"empty", NewObject(nil, 12)},
		{"list", NewArray([]Field{{Value: NewNumber("1.5", 13)}, {Value: NewInt(7, 14)}, {Value: NewNull(400)}}, 13)},
		{"no line", NewBool(false, 0)},
		{"none", NewArray(nil, 15)},
		{"on", NewBool(true, 11)},
	}, 10)
}

func TestFactsAreTheValue(t *testing.T) {
	v := sampleValue()
	f := PackFacts(v, 10)
	if got := f.Value(); !reflect.DeepEqual(got, v) {
		t.Errorf("got %s, want %s, or lines differ", got.AppendJSON(nil), v.AppendJSON(nil))
	}
	list, n := f.Get("list"), 0
	for i, entry := range list.Fields() {
		if i != n || !reflect.DeepEqual(entry.Value.Value(), list.At(i).Value()) {
			t.Errorf("element %d differs", i)
		}
		n++
	}
	whole, ok := list.At(1).Int()
	switch {
	case n != 3 || list.Len() != 3 || !list.At(3).Absent() || list.At(2).Absent():
		t.Errorf("the list has %d elements of %d", n, list.Len())
	case whole != 7 || !ok || list.At(0).Text() != "1.5" || list.At(0).Str() != "":
		t.Error("numbers are not read")
	case !f.Get("on").True() || f.Get("no line").True() || f.Get("no line").Line() != 0 || f.Get("alias").Line() != 3 || f.Get("before").Line() != 9:
		t.Error("truths or lines are not read")
	case !f.Path("empty", "x", "y").Absent() || f.Path("alias", "x").Kind() != Null || (Facts{}).Value() != nil:
		t.Error("what is absent is found")
	}
}

// Packed facts hold wherever the item stands.
func TestFactsMove(t *testing.T) {
	f, err := UnpackFacts(PackFacts(sampleValue(), 10).Packed())
	f = f.On(110)
	if err != nil || f.Line() != 110 || f.Get("alias").Line() != 103 || f.Get("no line").Line() != 0 {
		t.Errorf("lines are %d, %d, %d (%v)", f.Line(), f.Get("alias").Line(), f.Get("no line").Line(), err)
	}
}

// Equal facts are one text, and keep their lines.
func TestFactsAreShared(t *testing.T) {
	var shared SharedFacts
	first, moved := shared.Of(PackFacts(sampleValue(), 10)), shared.Of(PackFacts(sampleValue(), 10).On(50))
	if unsafe.StringData(first.Packed()) != unsafe.StringData(moved.Packed()) {
		t.Error("equal facts are kept twice")
	}
	if first.Line() != 10 || moved.Line() != 50 {
		t.Errorf("lines are %d and %d", first.Line(), moved.Line())
	}
	if other := shared.Of(PackFacts(NewBool(true, 1), 1)); !other.True() {
		t.Error("other facts are taken for the same")
	}
}

func TestEachWordHasOneNumber(t *testing.T) {
	for i, w := range words {
		if wordNumbers[w] != i {
			t.Errorf("%s is word %d and %d", w, i, wordNumbers[w])
		}
	}
}

func TestProjectKeeps(t *testing.T) {
	for _, tt := range []struct {
		paths []string
		want  string
	}{
		{[]string{"list", "on"}, `{"list":[1.5,7,null],"on":true}`},
		{[]string{"list *", "x y"}, `{"list":[1.5,7,null]}`},
		{[]string{"x"}, `{}`},
		{[]string{"* x", "empty"}, `{"empty":{}}`},
		{[]string{"empty {}", "empty x", "list {}", "x {}"}, `{"empty":{}}`},
	} {
		if got := string(sampleValue().Project(NewProjection(tt.paths...), 10).Value().AppendJSON(nil)); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.paths, got, tt.want)
		}
	}
}

// FuzzUnpackFacts holds that text which is taken can be read in full.
func FuzzUnpackFacts(f *testing.F) {
	f.Add(PackFacts(sampleValue(), 10).Packed())
	f.Fuzz(func(t *testing.T, packed string) {
		facts, err := UnpackFacts(packed)
		if err != nil {
			return
		}
		v := facts.Value()
		if v == nil {
			return
		}
		for _, entry := range facts.Fields() {
			facts.Get(entry.Key)
		}
		if again, err := UnpackFacts(PackFacts(v, 10).Packed()); err != nil || !Equal(again.Value(), v) {
			t.Fatalf("%q is read as another value the second time (%v)", packed, err)
		}
	})
}
