package cluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/surety-cloud/surety/internal/kubetest"
)

// describing is a server of the given documents, by path. Others are not found.
func describing(t *testing.T, documents map[string]string) *Cluster {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch document, ok := documents[r.URL.Path]; {
		case !ok:
			status(w, http.StatusNotFound, "no "+r.URL.Path)
		case document == "":
			status(w, http.StatusServiceUnavailable, "away")
		default:
			fmt.Fprint(w, document)
		}
	}))
	t.Cleanup(server.Close)
	c, err := newCluster("test", "", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	c.limits = quick
	return c
}

const (
	oldCore = `{"kind":"APIVersions","versions":["v1"]}`
	oldPods = `{"kind":"APIResourceList","groupVersion":"v1","resources":[
		{"name":"pods","kind":"Pod","namespaced":true,"verbs":["get","list"]},
		{"name":"pods/log","kind":"Pod","namespaced":true,"verbs":["list"]},
		{"name":"bindings","kind":"Binding","namespaced":true,"verbs":["create"]},
		{"name":"nodes","kind":"Node","namespaced":false,"verbs":["list"]}]}`
	wholeCore = `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[{"version":"v1","resources":[
		{"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","verbs":["get","list"],"subresources":[{"subresource":"log","responseKind":{"kind":"Pod"},"verbs":["list"]}]},
		{"resource":"bindings","responseKind":{"kind":"Binding"},"scope":"Namespaced","verbs":["create"]},
		{"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster","verbs":["list"]},
		{"resource":"unnamed","scope":"Cluster","verbs":["list"]}]}]}]}`
	wholeNone = `{"kind":"APIGroupDiscoveryList","items":[]}`
	oldNone   = `{"kind":"APIGroupList","groups":[]}`
)

func TestDiscover(t *testing.T) {
	list := func(names ...string) string {
		var all []string
		for _, name := range names {
			all = append(all, fmt.Sprintf(`{"name":%q,"kind":"K%s","namespaced":true,"verbs":["list"]}`, name, name))
		}
		return `{"kind":"APIResourceList","resources":[` + strings.Join(all, ",") + `]}`
	}
	const core = "Node/v1 Pod/v1/namespaced"
	tests := []struct {
		name      string
		documents map[string]string
		want      string // kinds with their version, or the error
		problems  string
	}{
		{"one document", map[string]string{"/api": wholeCore, "/apis": wholeNone}, core, ""},
		{"a document for each version", map[string]string{"/api": oldCore, "/api/v1": oldPods, "/apis": oldNone}, core, ""},
		{"one root in each form", map[string]string{"/api": oldCore, "/api/v1": oldPods, "/apis": wholeNone}, core, ""},
		{"no core group", map[string]string{"/apis": `{"groups":[{"name":"g","versions":[{"version":"v1"}],"preferredVersion":{"version":"v1"}}]}`,
			"/apis/g/v1": list("a")}, "Ka.g/v1/namespaced", ""},
		{"the preferred version first", map[string]string{"/api": wholeNone,
			"/apis":      `{"groups":[{"name":"g","versions":[{"version":"v2"},{"version":"v1"}],"preferredVersion":{"version":"v1"}}]}`,
			"/apis/g/v1": list("a"), "/apis/g/v2": list("a", "b")}, "Ka.g/v1/namespaced Kb.g/v2/namespaced", ""},
		{"old names of moved kinds", map[string]string{"/api": wholeNone,
			"/apis":               `{"groups":[{"name":"extensions","versions":[{"version":"v1"}]},{"name":"g","versions":[{"version":"v1"}]}]}`,
			"/apis/extensions/v1": list("a", "b"), "/apis/g/v1": list("a")}, "Kb.extensions/v1/namespaced Ka.g/v1/namespaced", ""},
		{"a version that does not answer", map[string]string{"/api": oldCore, "/api/v1": oldPods,
			"/apis": `{"groups":[{"name":"g","versions":[{"version":"v1"}]}]}`, "/apis/g/v1": ""}, core, "g/v1: away (503)"},
		{"a version that is stale", map[string]string{"/api": wholeCore,
			"/apis": `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"g"},"versions":[{"version":"v1","freshness":"Stale"}]}]}`},
			core, "g/v1: the server that has them does not answer"},
		{"a version in no form", map[string]string{"/api": oldCore, "/api/v1": oldPods,
			"/apis": `{"groups":[{"name":"g","versions":[{"version":"v1"}]}]}`, "/apis/g/v1": "<html>"}, core, "g/v1: the server describes its kinds in a form"},
		{"away", map[string]string{"/api": "", "/apis": oldNone}, "away (503)", ""},
		{"no groups", map[string]string{"/api": oldCore}, "no /apis (404)", ""},
		{"not JSON", map[string]string{"/api": "<html>", "/apis": oldNone}, "cannot be read", ""},
		{"nothing to list", map[string]string{"/api": wholeNone, "/apis": wholeNone}, "no kind that can be listed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, problems, err := describing(t, tt.documents).discover(t.Context())
			got := strings.Join(written(found), " ")
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			said := ""
			for _, p := range problems {
				said += strings.TrimPrefix(p.Origin.File, "kubernetes:test/") + ": " + strings.TrimPrefix(p.Message, "kinds of this API group unknown, so none was read: ")
			}
			if !strings.HasPrefix(said, tt.problems) || (said == "") != (tt.problems == "") {
				t.Errorf("problems %q, want %q", said, tt.problems)
			}
		})
	}
}

// Whatever a server says of its kinds, what is found can be asked for.
func FuzzDescription(f *testing.F) {
	for _, seed := range []string{oldCore, oldPods, wholeCore, wholeNone, oldNone, "null", `{"groups":[{"name":"a","versions":[{}]}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var said description
		if json.Unmarshal(raw, &said) != nil {
			return
		}
		found, err := listable(said.inOrder())
		if (err == nil) != (len(found) > 0) {
			t.Errorf("%d kinds, and the error %v", len(found), err)
		}
		for _, r := range found {
			if r.kind == "" || strings.Contains(r.name, "/") {
				t.Errorf("%+v cannot be asked for", r)
			}
		}
	})
}

// written names resources with their version and scope.
func written(found []resource) []string {
	var out []string
	for _, r := range found {
		s := r.title() + "/" + r.version
		if r.namespaced {
			s += "/namespaced"
		}
		out = append(out, s)
	}
	return out
}

// testSameAsClientGo holds what we discover of a real server, in both forms, against
// what the client library of Kubernetes does.
func testSameAsClientGo(t *testing.T, server *kubetest.Server) {
	conf, err := clientcmd.BuildConfigFromFlags("", server.Kubeconfig(t, kubetest.Admin))
	if err != nil {
		t.Fatal(err)
	}
	client, err := discovery.NewDiscoveryClientForConfig(conf)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := client.ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range lists {
		for _, r := range l.APIResources {
			if strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") {
				continue
			}
			group, version, named := strings.Cut(l.GroupVersion, "/")
			if !named {
				group, version = "", l.GroupVersion
			}
			want = append(want, written([]resource{{group, version, r.Name, r.Kind, r.Namespaced}})...)
		}
	}
	slices.Sort(want)

	whole, err := newCluster("test", "", conf)
	if err != nil {
		t.Fatal(err)
	}
	for form, c := range map[string]*Cluster{"one document": whole, "a document for each version": beforeWholeDiscovery(t, conf)} {
		found, problems, err := c.discover(t.Context())
		if err != nil || len(problems) > 0 {
			t.Fatalf("%s: problems %v, error %v", form, problems, err)
		}
		got := written(found)
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", form, got, want)
		}
	}
}

// beforeWholeDiscovery is the server as one that knows the older form only.
func beforeWholeDiscovery(t *testing.T, conf *rest.Config) *Cluster {
	t.Helper()
	target, err := url.Parse(conf.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(conf)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Accept", acceptJSON)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(old.Close)
	c, err := newCluster("test", "", &rest.Config{Host: old.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
