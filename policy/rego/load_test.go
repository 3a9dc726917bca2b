package rego

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// load builds the engine of one file, my.rego.
func load(t testing.TB, source string) *Engine {
	t.Helper()
	e, err := Load(fstest.MapFS{"my.rego": {Data: []byte(source)}}, "checks")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func item(t testing.TB, yaml string) *evidence.Item {
	t.Helper()
	n := kubernetes.Normalise(evidence.Document{Raw: []byte(yaml)})
	if len(n.Items) != 1 {
		t.Fatalf("%d objects in the document, problems %v", len(n.Items), n.Problems)
	}
	return n.Items[0]
}

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: a
    image: nginx:latest
  - name: b
    image: busybox
`

// What makes a verdict depend on more than evidence is refused, with its place.
func TestLoadRefuses(t *testing.T) {
	for call, name := range map[string]string{
		`http.send({"method": "GET", "url": "http://localhost"})`:    "http.send",
		`net.lookup_ip_addr("localhost")`:                            "net.lookup_ip_addr",
		`opa.runtime()`:                                              "opa.runtime",
		`time.now_ns()`:                                              "time.now_ns",
		`rand.intn("x", 3)`:                                          "rand.intn",
		`uuid.rfc4122("x")`:                                          "uuid.rfc4122",
		`graph.reachable_paths({"a": ["b"]}, ["a"])`:                 "graph.reachable_paths",
		`io.jwt.decode_verify("x", {"secret": "y"})`:                 "io.jwt.decode_verify",
		`io.jwt.encode_sign({"alg": "HS256"}, {}, {"kty": "oct"})`:   "io.jwt.encode_sign",
		`io.jwt.encode_sign_raw("{\"alg\": \"HS256\"}", "{}", "{}")`: "io.jwt.encode_sign_raw",
	} {
		_, err := Load(fstest.MapFS{"my.rego": {Data: []byte("package mine\nimport rego.v1\n\ndeny contains x if {\n\tx := " + call + "\n}\n")}}, "checks")
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		if want := "checks/my.rego:5: compile rego: it calls " + name; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %q\nwant %q", err, want)
		}
	}
}

func TestLoadSaysWhere(t *testing.T) {
	for source, want := range map[string]string{
		"package mine\nimport rego.v1\ndeny contains x if {":                       "checks/my.rego:",
		"package mine\nimport rego.v1\ndeny contains x if {\n\ty == 1\n}":          "checks/my.rego:",
		"package mine\nimport rego.v1\nallow := true\n":                            "checks/my.rego",
		"package mine\nimport rego.v1\ndeny contains x if x := nothing.there(1)\n": "checks/my.rego:3",
	} {
		e, err := Load(fstest.MapFS{"my.rego": {Data: []byte(source)}}, "checks")
		if err == nil {
			t.Errorf("%q was accepted: %d checks", source, len(e.Checks()))
		} else if !strings.HasPrefix(err.Error(), want) || surety.KindOf(err) != surety.BadInput {
			t.Errorf("%q: %v", source, err)
		}
	}
	if e, err := Load(fstest.MapFS{"readme.txt": {}}, "checks"); e != nil || err != nil {
		t.Errorf("no Rego: %v, %v", e, err)
	}
}

func TestLoadedChecks(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		id     string
		want   []policy.Finding
	}{
		"defaults": {`package mine.tags
import rego.v1
deny contains msg if {
	some c in input.spec.containers
	endswith(c.image, ":latest")
	msg := sprintf("%s is not pinned", [c.name])
}
`, "mine.tags", []policy.Finding{{Message: "a is not pinned"}}},
		"metadata, the library and lines": {`# METADATA
# title: Pinned
# custom:
#   id: MINE-1
#   severity: HIGH
#   aliases: [pinned]
#   input:
#     selector:
#     - type: kubernetes
#       subtypes:
#       - kind: pod
package mine.tags
import rego.v1
import data.lib.kubernetes
deny contains res if {
	some c in kubernetes.containers
	res := result.new(sprintf("%s has no digest", [c.name]), c)
}
`, "MINE-1", []policy.Finding{{Message: "a has no digest", Line: 7}, {Message: "b has no digest", Line: 9}}},
		"a Gatekeeper violation": {`package k8smine
import rego.v1
violation contains {"msg": msg, "details": {}} if {
	some c in input.spec.containers
	not contains(c.image, ":")
	msg := sprintf("%v", [{c.name, 1}])
}
`, "k8smine", []policy.Finding{{Message: `{1, "b"}`}}},
		"the cause has a part with a line": {`package mine
import rego.v1
deny contains result.new("it", {"of": input.spec.containers[1]}) if true
`, "mine", []policy.Finding{{Message: "it", Line: 9}}},
		"the cause gives a line": {`package mine
import rego.v1
deny contains result.new("it", {"__defsec_metadata": {"startline": 3}}) if true
`, "mine", []policy.Finding{{Message: "it", Line: 3}}},
		"the cause gives a line as Dockerfiles do": {`package mine
import rego.v1
deny contains result.new("it", {"StartLine": 4}) if true
`, "mine", []policy.Finding{{Message: "it", Line: 4}}},
		"the cause has no line": {`package mine
import rego.v1
deny contains result.new("it", {"a": "b"}) if true
`, "mine", []policy.Finding{{Message: "it"}}},
	} {
		e := load(t, c.source)
		out := e.Judge(nil, item(t, pod), policy.DefaultBudget)
		if len(out) != 1 || out[0].Check.ID != c.id || out[0].Verdict != surety.Fail {
			t.Errorf("%s: %+v", name, out)
			continue
		}
		if got := out[0].Findings; len(got) != len(c.want) || got[0] != c.want[0] || got[len(got)-1] != c.want[len(got)-1] {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		if found := out[0].Check; name[0] == 'm' && (found.Severity != surety.High || found.Title != "Pinned" || !found.Named("PINNED") ||
			found.AppliesTo("kubernetes", "Service") || found.Origin.File != "checks/my.rego") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func files(sources map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, source := range sources {
		fsys[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return fsys
}
