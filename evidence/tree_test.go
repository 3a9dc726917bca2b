package evidence_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

func treeItem(ns, kind, name, body string) *evidence.Item {
	return &evidence.Item{
		Key:    evidence.Key{Provider: "kubernetes", Account: "files", Scope: ns, Kind: kind, Name: name},
		Digest: surety.DigestOf([]byte(body)),
	}
}

func TestTreeRootIgnoresOrder(t *testing.T) {
	var items []*evidence.Item
	for i := range 200 {
		items = append(items, treeItem(fmt.Sprint("ns", i%7), fmt.Sprint("Kind", i%5), fmt.Sprint("n", i), fmt.Sprint(i)))
	}
	want := evidence.NewTree(items).Root()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		rng.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		if got := evidence.NewTree(items).Root(); got != want {
			t.Fatalf("root depends on the order of items: %s, then %s", want, got)
		}
		if got := evidence.RootOf(items); got != want {
			t.Fatalf("root of the tree is %s, without it %s", want, got)
		}
	}
}

func TestTreeRootTellsPlacesApart(t *testing.T) {
	seen := map[surety.Digest]string{}
	for name, items := range map[string][]*evidence.Item{
		"none":      nil,
		"one":       {treeItem("a", "Pod", "bc", "x")},
		"shifted":   {treeItem("a", "Podb", "c", "x")},
		"namespace": {treeItem("b", "Pod", "bc", "x")},
		"body":      {treeItem("a", "Pod", "bc", "y")},
		"two":       {treeItem("a", "Pod", "bc", "x"), treeItem("a", "Pod", "bd", "x")},
	} {
		root := evidence.RootOf(items)
		if tree := evidence.NewTree(items).Root(); tree != root {
			t.Errorf("%s: root of the tree is %s, without it %s", name, tree, root)
		}
		if other, ok := seen[root]; ok {
			t.Errorf("%s and %s have the same root", name, other)
		}
		seen[root] = name
	}
}

func TestDiff(t *testing.T) {
	a := []*evidence.Item{treeItem("a", "Pod", "same", "1"), treeItem("a", "Pod", "edited", "1"), treeItem("gone", "Pod", "p", "1"), treeItem("gone", "Service", "s", "1")}
	b := []*evidence.Item{treeItem("a", "Pod", "same", "1"), treeItem("a", "Pod", "edited", "2"), treeItem("a", "Pod", "new", "1"), treeItem("z", "Pod", "new", "1")}
	got := evidence.Diff(evidence.NewTree(a), evidence.NewTree(b))
	want := evidence.Drift{
		Added:   []evidence.Key{b[2].Key, b[3].Key},
		Removed: []evidence.Key{a[2].Key, a[3].Key},
		Changed: []evidence.Key{a[1].Key},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	back := evidence.Diff(evidence.NewTree(b), evidence.NewTree(a))
	if !reflect.DeepEqual(back.Added, want.Removed) || !reflect.DeepEqual(back.Removed, want.Added) {
		t.Errorf("the reverse difference is %v", back)
	}
	if none := evidence.Diff(evidence.NewTree(a), evidence.NewTree(a)); !reflect.DeepEqual(none, evidence.Drift{}) {
		t.Errorf("a tree differs from itself: %v", none)
	}
}
