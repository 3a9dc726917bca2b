package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// quick are limits under which failures end soon.
var quick = limits{
	pageSize: 2, pageBytes: 1 << 20, workers: 3, request: 10 * time.Second,
	retries: 2, backoff: time.Millisecond, kind: 10 * time.Second, silence: 20 * time.Second,
}

// fake is an API server with two kinds, pods and secrets. A test replaces the
// handler of pods; secrets always answer, to show that nothing hides them.
type fake struct {
	pods    http.HandlerFunc
	calls   int              // of pods
	version http.HandlerFunc // nil for one that answers
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/version":
		if f.version != nil {
			f.version(w, r)
			return
		}
		fmt.Fprint(w, `{"major":"1","minor":"34","gitVersion":"v1.34.2","gitCommit":"8cc511e"}`)
	case "/api":
		fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
	case "/apis":
		fmt.Fprint(w, `{"kind":"APIGroupList","groups":[]}`)
	case "/api/v1":
		fmt.Fprint(w, `{"kind":"APIResourceList","groupVersion":"v1","resources":[
			{"name":"pods","kind":"Pod","namespaced":true,"verbs":["list"]},
			{"name":"pods/log","kind":"Pod","namespaced":true,"verbs":["list"]},
			{"name":"events","kind":"Event","namespaced":true,"verbs":["list"]},
			{"name":"bindings","kind":"Binding","namespaced":true,"verbs":["create"]},
			{"name":"secrets","kind":"Secret","namespaced":true,"verbs":["list"]}]}`)
	case "/api/v1/secrets":
		if r.Header.Get("Accept") != acceptMetadata {
			http.Error(w, "the whole Secret was asked for", http.StatusTeapot)
			return
		}
		fmt.Fprint(w, `{"kind":"PartialObjectMetadataList","items":[{"metadata":{"name":"s","namespace":"a"}}]}`)
	case "/api/v1/pods", "/api/v1/namespaces/mine/pods":
		f.calls++
		f.pods(w, r)
	default:
		http.NotFound(w, r)
	}
}

// list answers like an API server with the pods p0 to p4, two a page.
func list(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	var items []string
	for i := from; i < min(from+2, 5); i++ {
		items = append(items, fmt.Sprintf(`{"metadata":{"name":"p%d","namespace":"a"}}`, i))
	}
	next := ""
	if from+2 < 5 {
		next = strconv.Itoa(from + 2)
	}
	fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"continue":%q},"items":[%s]}`, next, strings.Join(items, ","))
}

// status answers like an API server that refuses.
func status(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","code":%d,"message":%q}`, code, message)
}

// cut sends most of next's answer and then breaks the connection.
func cut(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("Accept-Encoding")
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	body := whole.Body.Bytes()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body[:len(body)-20])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (f *fake) start(t *testing.T, namespace string) *Cluster {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	c, err := newCluster("test", namespace, &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	c.limits = quick
	return c
}

func TestFaults(t *testing.T) {
	onPage2 := func(spoil http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("continue") == "2" {
				spoil(w, r)
				return
			}
			list(w, r)
		}
	}
	times := func(n int, spoil http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if n--; n >= 0 {
				spoil(w, r)
				return
			}
			list(w, r)
		}
	}
	answer := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { status(w, code, "no "+strconv.Itoa(code)) }
	}
	broken := func(w http.ResponseWriter, r *http.Request) { cut(w, r, http.HandlerFunc(list)) }
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	throttle := func(seconds string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", seconds)
			status(w, http.StatusTooManyRequests, "slow down")
		}
	}
	tests := []struct {
		name      string
		pods      http.HandlerFunc
		namespace string
		status    evidence.Status
		items     int
		calls     int
		message   string
	}{
		{"nothing wrong", list, "", evidence.Complete, 5, 3, ""},
		{"forbidden", answer(403), "", evidence.Denied, 0, 1, "kubectl auth can-i list pods"},
		{"unauthorized", answer(401), "", evidence.Denied, 0, 1, "no 401"},
		{"forbidden from page 2", onPage2(answer(403)), "", evidence.Partial, 2, 2, "no 403"},
		{"429 once", times(1, throttle("1")), "", evidence.Complete, 5, 4, ""},
		{"429 for an hour", throttle("3600"), "", evidence.Failed, 0, 1, "slow down"},
		{"500 twice", times(2, answer(500)), "", evidence.Complete, 5, 5, ""},
		{"500 for ever", answer(500), "", evidence.Failed, 0, 3, "no 500"},
		{"not found", answer(404), "", evidence.Failed, 0, 1, "no 404"},
		{"no list", answer(405), "", evidence.Skipped, 0, 1, "keeps no list"},
		{"redirected", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
			"", evidence.Failed, 0, 1, "302"},
		{"reset once", onPage2(times(1, broken)), "", evidence.Complete, 5, 4, ""},
		{"reset for ever", onPage2(broken), "", evidence.Partial, 3, 4, "EOF"},
		{"reset on page 1", broken, "", evidence.Partial, 1, 3, "EOF"},
		{"invalid JSON", text(`{"kind":"PodList","items":[{"metadata":{"name":"p0"}},{]}`), "", evidence.Partial, 1, 1, "invalid character"},
		{"not JSON", text(`<html>`), "", evidence.Failed, 0, 1, "invalid character"},
		{"not a list", text(`{"kind":"Pod"}`), "", evidence.Failed, 0, 1, "not a list"},
		{"no items", text(`{"kind":"PodList","items":null}`), "", evidence.Complete, 0, 1, ""},
		{"empty", text(``), "", evidence.Failed, 0, 3, "EOF"},
		{"nameless", text(`{"items":[{"metadata":{}},7,{"metadata":{"name":"p"}}]}`), "", evidence.Partial, 1, 1, "no name"},
		{"too long", text(`{"items":[` + strings.Repeat(" ", 1<<20) + `]}`), "", evidence.Failed, 0, 1, "more than 1 MB"},
		{"expired once", onPage2(times(1, answer(410))), "", evidence.Complete, 5, 5, ""},
		{"expired for ever", onPage2(answer(410)), "", evidence.Partial, 2, 4, "expired twice"},
		{"circle", text(`{"metadata":{"continue":"2"},"items":[{"metadata":{"name":"p"}}]}`), "", evidence.Partial, 1, 2, "does not advance"},
		{"own namespace", func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/namespaces/mine/") {
				list(w, r)
				return
			}
			answer(403)(w, r)
		}, "mine", evidence.Partial, 5, 4, "only namespace mine"},
		{"not even the own namespace", answer(403), "mine", evidence.Denied, 0, 2, "no 403"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{pods: tt.pods}
			report, docs, err := collect(t, f.start(t, tt.namespace))
			if err != nil {
				t.Fatal(err)
			}
			k := kindOf(report, "Pod")
			if k.Status != tt.status || k.Items != tt.items || f.calls != tt.calls {
				t.Errorf("got %s, %d items, %d calls, want %s, %d, %d (%s)",
					k.Status, k.Items, f.calls, tt.status, tt.items, tt.calls, k.Message)
			}
			if !strings.Contains(k.Message, tt.message) || (k.Message == "") != (tt.message == "") {
				t.Errorf("message %q, want it to say %q", k.Message, tt.message)
			}
			whole := tt.status == evidence.Complete || tt.status == evidence.Skipped
			if whole != (report.Status == evidence.Complete) || whole != (len(report.Problems) == 0) {
				t.Errorf("the whole is %s with problems %v", report.Status, report.Problems)
			}
			find(t, docs, "kubernetes:test/a/Secret/s")
		})
	}
}

// TestVersion: a server that does not tell its version is read all the same, and
// the report says what is missing.
func TestVersion(t *testing.T) {
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	tests := map[string]struct {
		version http.HandlerFunc
		status  evidence.Status
		message string
	}{
		"told":       {nil, evidence.Complete, ""},
		"forbidden":  {func(w http.ResponseWriter, _ *http.Request) { status(w, 403, "no") }, evidence.Denied, "system:public-info-viewer"},
		"not found":  {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, evidence.Failed, "404"},
		"not JSON":   {text("<html>"), evidence.Failed, "invalid character"},
		"no version": {text(`{"major":"1"}`), evidence.Failed, "names no gitVersion"},
		"no object":  {text(`["v1.34.2"]`), evidence.Failed, "cannot unmarshal"},
		"cut off": {func(w http.ResponseWriter, r *http.Request) {
			cut(w, r, text(`{"gitVersion":"v1.34.2","gitCommit":"8"}`))
		}, evidence.Failed, "EOF"},
		"other fields": {text(`{"gitVersion":"v1.34.2","gitCommit":"8","x":{}}`), evidence.Complete, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			report, docs, err := collect(t, (&fake{pods: list, version: tt.version}).start(t, ""))
			if err != nil {
				t.Fatal(err)
			}
			k := kindOf(report, "ClusterInfo")
			if k.Status != tt.status || !strings.Contains(k.Message, tt.message) || (k.Message == "") != (tt.message == "") {
				t.Errorf("got %s %q, want %s and %q", k.Status, k.Message, tt.status, tt.message)
			}
			if told := k.Status == evidence.Complete; told != (report.Status == evidence.Complete) || told != (len(report.Problems) == 0) {
				t.Errorf("the whole is %s with problems %v", report.Status, report.Problems)
			}
			find(t, docs, "kubernetes:test/a/Pod/p0")
			if tt.status == evidence.Complete {
				find(t, docs, "kubernetes:test/-/ClusterInfo/cluster")
			}
		})
	}
}

// TestFullSecrets: a server that ignores the wish for metadata is refused.
func TestFullSecrets(t *testing.T) {
	secrets := resource{version: "v1", name: "secrets", kind: "Secret", namespaced: true}
	p, err := decodePage(strings.NewReader(`{"kind":"SecretList","items":[{"metadata":{"name":"s"},"data":{"k":"dg=="}}]}`), secrets)
	if err == nil || len(p.objects) > 0 {
		t.Errorf("got %d objects and error %v, want none and an error", len(p.objects), err)
	}
}

func TestCancellation(t *testing.T) {
	reached := make(chan struct{})
	f := &fake{pods: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continue") == "" {
			list(w, r)
			return
		}
		close(reached)
		<-r.Context().Done() // never answers by itself
	}}
	c := f.start(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { <-reached; cancel() }()
	seen := 0
	report, err := c.Collect(ctx, func(evidence.Document) error { seen++; return ctx.Err() })
	if err != nil {
		t.Fatal(err)
	}
	if seen != 3 || report.Seen != 3 || report.Status != evidence.Partial { // the version and one page
		t.Errorf("got %d documents, %d reported, status %s, want 3, 3, partial", seen, report.Seen, report.Status)
	}
	if k := kindOf(report, "Pod"); k.Status != evidence.Partial || len(report.Problems) != 1 {
		t.Errorf("pods are %+v, problems %v; want partial and one problem", k, report.Problems)
	}

	cancel()
	report, err = c.Collect(ctx, func(evidence.Document) error { return nil })
	if err != nil || report.Status != evidence.Partial || len(report.Problems) != 1 {
		t.Errorf("cancelled from the start: status %s, problems %v, error %v", report.Status, report.Problems, err)
	}
}

func TestEmitError(t *testing.T) {
	full := errors.New("disk full")
	f := &fake{pods: list}
	if _, err := f.start(t, "").Collect(t.Context(), func(evidence.Document) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

// TestSilence: a server that stops answering is not waited for again and again.
func TestSilence(t *testing.T) {
	f := &fake{pods: list}
	c := f.start(t, "")
	c.limits.silence = 0
	_, _, err := collect(t, c)
	if surety.KindOf(err) != surety.Unreadable || !strings.Contains(err.Error(), "stopped answering") {
		t.Errorf("got %v", err)
	}
}

func TestNoServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of our refusal
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(&fake{})
	defer plain.Close()
	tests := map[string]struct{ host, says string }{
		"refused":     {address, "is the cluster running"},
		"self-signed": {secure.URL, "certificate-authority"},
		"plain":       {"https" + strings.TrimPrefix(plain.URL, "http"), "does not speak TLS"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := newCluster("test", "", &rest.Config{Host: tt.host})
			if err != nil {
				t.Fatal(err)
			}
			report, _, err := collect(t, c)
			if surety.KindOf(err) != surety.Unreadable || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
			if report.Status != evidence.Failed {
				t.Errorf("status %s, want failed", report.Status)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const good = `{apiVersion: v1, kind: Config, current-context: prod,
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: u, user: {token: t}}],
contexts: [{name: prod, context: {cluster: c, user: u}}, {name: dev, context: {cluster: c, user: u}}]}`
	conf := write("good", good)
	tests := []struct {
		name string
		cfg  Config
		kind surety.Kind
		says string // "" for no error
	}{
		{"current", Config{Kubeconfig: conf}, 0, ""},
		{"named", Config{Kubeconfig: conf, Context: "dev"}, 0, ""},
		{"unknown", Config{Kubeconfig: conf, Context: "stage"}, surety.BadInput, `there is no context "stage"; use one of dev, prod`},
		{"none current", Config{Kubeconfig: write("none", strings.Replace(good, "current-context: prod,", "", 1))},
			surety.BadInput, "no context is current; use one of dev, prod"},
		{"missing", Config{Kubeconfig: filepath.Join(dir, "absent")}, surety.Unreadable, "absent"},
		{"not a kubeconfig", Config{Kubeconfig: write("bad", "[1, 2")}, surety.BadInput, "correct the kubeconfig"},
		{"no user", Config{Kubeconfig: write("nouser", strings.Replace(good, "{name: u,", "{name: v,", 1))}, surety.BadInput, `user "u"`},
		{"no cluster", Config{Kubeconfig: write("nocluster", strings.Replace(good, "{name: c,", "{name: d,", 1))}, surety.BadInput, `cluster "c"`},
		{"empty", Config{Kubeconfig: write("empty", "")}, surety.BadInput, "no kubeconfig found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Open(tt.cfg)
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says == "":
				if want := map[string]string{"": "prod"}[tt.cfg.Context] + tt.cfg.Context; c.Name() != want {
					t.Errorf("opened %s, want %s", c.Name(), want)
				}
			case err == nil || surety.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.says):
				t.Errorf("got %v, want kind %d and %q", err, tt.kind, tt.says)
			}
		})
	}
}

// FuzzDecodePage: whatever a server sends, no panic, and each object that comes
// out is a JSON object with a name and a kind; a Secret without data.
func FuzzDecodePage(f *testing.F) {
	for _, s := range []string{
		`{"kind":"PodList","metadata":{"continue":"x"},"items":[{"metadata":{"name":"a","namespace":"b"}}]}`,
		`{"kind":"PartialObjectMetadataList","items":[{"metadata":{"name":"a","annotations":{"k":"v"}},"data":{"k":"v"}}]}`,
		`{"items":[{"apiVersion":"v1","metadata":{"name":"a"}},null,[],1]}`, `{"items":{}}`, `[]`, ``, `{"items":[{"metadata":`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range []resource{{group: "apps", version: "v1", name: "deployments", kind: "Deployment"}, {version: "v1", name: "secrets", kind: "Secret"}} {
			p, _ := decodePage(bytes.NewReader(body), r)
			for _, o := range p.objects {
				var v map[string]any
				if err := json.Unmarshal(o.raw, &v); err != nil {
					t.Fatalf("%q: %v", o.raw, err)
				}
				if o.name == "" || r.secret() && fmt.Sprint(v["data"]) != "map[]" {
					t.Errorf("%q came through", o.raw)
				}
			}
		}
	})
}
