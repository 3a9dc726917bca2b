package catalog

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what the test compares with")

// What is embedded is what the files of data say today.
func TestContentIsCurrent(t *testing.T) {
	loaded, err := Load(os.DirFS("data"))
	if err != nil {
		t.Fatal(err)
	}
	want := encode(loaded)
	if *update {
		if err := os.WriteFile("content.bin", want, 0o644); err != nil {
			t.Fatal(err)
		}
		content = string(want)
	}
	if !bytes.Equal([]byte(content), want) {
		t.Fatal("content.bin is stale; run go generate ./catalog")
	}
	got, err := decode(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range loaded.Controls {
		origin := k.origin
		k.origin = got.Control(k.ID).origin // files have lines, content has none
		if !reflect.DeepEqual(got.Control(k.ID), k) {
			t.Errorf("%s (%s) is decoded as %+v, want %+v", k.ID, origin, got.Control(k.ID), k)
		}
	}
	if !reflect.DeepEqual(got.Frameworks, loaded.Frameworks) || !reflect.DeepEqual(got.Checks, loaded.Checks) ||
		!reflect.DeepEqual(got.Architecture, loaded.Architecture) || !reflect.DeepEqual(got.Owners, loaded.Owners) {
		t.Error("decoding loses frameworks, checks, architecture or owners")
	}
}

// A damaged content is refused, whatever is missing or changed.
func TestDecodeDamaged(t *testing.T) {
	for _, n := range []int{0, 1, 100, len(content) / 2, len(content) - 1} {
		if _, err := decode(content[:n]); err == nil {
			t.Errorf("the first %d bytes are accepted", n)
		}
	}
	if _, err := decode(content + "\x00"); err == nil {
		t.Error("a byte too many is accepted")
	}
}

func BenchmarkDecode(b *testing.B) {
	for b.Loop() {
		if _, err := decode(content); err != nil {
			b.Fatal(err)
		}
	}
}
