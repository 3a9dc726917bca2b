package policy

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

func TestCovers(t *testing.T) {
	reads := NewReadSet("/spec/containers/*/image", "/metadata/annotations/**", "/spec/list/0")
	for path, want := range map[string]bool{
		"":                              true,
		"/spec":                         true,
		"/spec/containers/0":            true,
		"/spec/containers/0/image":      true,
		"/spec/containers/0/image/x":    false,
		"/spec/containers/0/name":       false,
		"/spec/containersX":             false,
		"/metadata/annotations":         true,
		"/metadata/annotations/a~1b":    true,
		"/metadata/annotations/a/b/c/d": true,
		"/metadata/labels":              false,
		"/spec/list/0":                  true,
		"/spec/list/1":                  false,
	} {
		if got := reads.Covers(path); got != want {
			t.Errorf("%q: covered %t, want %t", path, got, want)
		}
	}
	if (ReadSet)(nil).Covers("/a") {
		t.Error("the empty read-set covers /a")
	}
}

func TestIntersects(t *testing.T) {
	for _, c := range []struct {
		reads    ReadSet
		withheld string
		want     bool
	}{
		{ReadSet{"/data/*/x"}, "data", true},
		{ReadSet{"/data"}, "/data", true},
		{ReadSet{"/**"}, "data", true},
		{ReadSet{"/*"}, "data", true},
		{ReadSet{"/metadata/name", "/type"}, "data", false},
		{ReadSet{"/spec/a"}, "spec/b", false},
		{ReadSet{"/spec"}, "spec/b", false},
	} {
		if got := c.reads.Intersects(c.withheld); got != c.want {
			t.Errorf("%v and %s: %t, want %t", c.reads, c.withheld, got, c.want)
		}
	}
}

func TestNewReadSet(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{nil, nil},
		{[]string{"/b", "/a", "/b"}, []string{"/a", "/b"}},
		{[]string{"/a/x", "/a/*", "/a"}, []string{"/a/*"}},
		{[]string{"/a/*", "/a/**"}, []string{"/a/**"}},
		{[]string{"/**", "/a/b", ""}, []string{"/**"}},
		{[]string{"/a/**", "/a/**/x"}, []string{"/a/**"}},
		{[]string{"/a/*/b", "/a/x/c", "/a/x/b"}, []string{"/a/*/b", "/a/x/c"}},
	} {
		if got := NewReadSet(c.in...); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.in, got, c.want)
		}
	}
	if got := (ReadSet{"/a/b"}).Union(ReadSet{"/a/*"}); !slices.Equal(got, ReadSet{"/a/*"}) {
		t.Errorf("union: %v", got)
	}
}

const factsDoc = `kind: Pod
metadata:
  name: web
  labels: {}
spec:
  hostNetwork: true
  containers:
  - image: nginx
    name: a
  - name: b
    securityContext:
      privileged: false
      a/b: 1
`

func TestFacts(t *testing.T) {
	res, err := yaml.Parse([]byte(factsDoc), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		reads ReadSet
		max   int
		want  []Fact
	}{
		"absent in an object that exists": {ReadSet{"/spec/containers/*/image"}, 9, []Fact{
			{"/spec/containers/0/image", `"nginx"`, 8}, {"/spec/containers/1/image", "absent", 10},
		}},
		"nothing below an absent parent": {ReadSet{"/spec/template/a", "/spec/template/b"}, 9, nil},
		"the missing part of an element": {ReadSet{"/spec/containers/*/securityContext/privileged"}, 9, []Fact{
			{"/spec/containers/0/securityContext", "absent", 8},
			{"/spec/containers/1/securityContext/privileged", "false", 12},
		}},
		"identification only if alone": {ReadSet{"/kind", "/metadata/name"}, 9, []Fact{
			{"/kind", `"Pod"`, 1}, {"/metadata/name", `"web"`, 3},
		}},
		"identification skipped": {ReadSet{"/kind", "/spec/hostNetwork/**"}, 9, []Fact{
			{"/spec/hostNetwork", "true", 6},
		}},
		"the most specific first": {ReadSet{"/spec/containers/**", "/spec/hostNetwork"}, 2, []Fact{
			{"/spec/hostNetwork", "true", 6}, {"/spec/containers/0/image", `"nginx"`, 8},
		}},
		"escaped keys, empty containers": {ReadSet{"/metadata/labels", "/spec/containers/1/securityContext/a~1b"}, 9, []Fact{
			{"/metadata/labels", "{}", 4}, {"/spec/containers/1/securityContext/a~1b", "1", 13},
		}},
		"absent from the form it does not have": {ReadSet{"/hostPID", "/spec/hostPID", "/template/spec/hostPID"}, 9, []Fact{
			{"/spec/hostPID", "absent", 6},
		}},
		"a missing top-level subtree": {ReadSet{"/object/**", "/spec/hostNetwork"}, 9, []Fact{
			{"/spec/hostNetwork", "true", 6},
		}},
		"nothing read": {nil, 9, nil},
	} {
		if got := Facts(c.reads, res.Value, c.max); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, c.want)
		}
	}
	long := evidence.NewObject([]evidence.Field{{Key: "a", Value: evidence.NewString(strings.Repeat("é", 500), 1)}}, 1)
	if got := Facts(ReadSet{"/a"}, long, 9); len(got) != 1 || len(got[0].Value) > 260 || !utf8.ValidString(got[0].Value) {
		t.Errorf("facts of a long text: %v", got)
	}
	if got := Facts(ReadSet{"/a"}, nil, 9); len(got) != 0 {
		t.Errorf("facts of no body: %v", got)
	}
}

func TestSegments(t *testing.T) {
	for key, want := range map[string]string{"a": "a", "a/b": "a~1b", "~1": "~01", "": ""} {
		if got := EscapeSegment(key); got != want || unescapeSegment(got) != key {
			t.Errorf("%q: %q, back %q", key, got, unescapeSegment(got))
		}
	}
}
