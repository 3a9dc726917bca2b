package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A witness that has seen another history of the log, and a damaged head, are not
// hidden: status tells them, of the directory and of the process, and exits 1.
func TestLogStatusTellsWhatIsWrong(t *testing.T) {
	x := newParty(t)
	var seen http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen.ServeHTTP(w, r) }))
	defer server.Close()
	seen = x.witnessed(server.URL)
	fork := filepath.Join(x.dir, "fork")
	if err := os.CopyFS(fork+"-state", os.DirFS(x.state)); err != nil { // the key, and that nothing was signed
		t.Fatal(err)
	}
	for _, name := range []string{"key", "policy", "token", "guard"} { // CopyFS does not keep modes
		if err := os.Chmod(filepath.Join(fork+"-state", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x.must(x.attest("first.surety", "--log", x.log)...)
	if out, _ := x.must("log", "status", x.log); !strings.Contains(out, "witness     w1 co-signs since 20") {
		t.Errorf("status says %s", out)
	}
	x.log, x.state = fork, fork+"-state"
	errs := x.fails(append(x.attest("second.surety", "--log", fork, "--log-wait", "3s"), "--store", x.at("other"))...)
	if !strings.Contains(errs, "it has seen another history of this log") {
		t.Errorf("attest says %s", errs)
	}
	tells := func(want string, args ...string) {
		t.Helper()
		code, out, errs := run(t, append([]string{"log", "status"}, args...)...)
		if code != 1 || !strings.Contains(out+errs, want) {
			t.Errorf("status %v: exit %d: %s%s", args, code, out, errs)
		}
	}
	tells("surety: witness w1 has seen another history of the log", fork)
	l, url := x.served()
	for l.Status().Problems["w1"] == nil {
		time.Sleep(10 * time.Millisecond) // it is asked in the background
	}
	tells("witness     w1 does not co-sign: it has seen another history", url, "--token", filepath.Join(x.state, "token"))
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(fork, "checkpoint"), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	tells("checkpoint is damaged; surety log fsck "+fork+" says what to do", fork)
}
