package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A provider serves its statement, and its customer takes it from there: a server
// that fails leaves rows unproven, with the reason, and the password out of it.
func TestStatementsByURL(t *testing.T) {
	dir := t.TempDir()
	key, proof, trust := filepath.Join(dir, "kube.key"), filepath.Join(dir, "kube.surety"), filepath.Join(dir, "trust.txt")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must := func(args ...string) string {
		t.Helper()
		code, out, errs := run(t, args...)
		if code != 0 {
			t.Fatalf("surety %s: exit %d: %s", strings.Join(args, " "), code, errs)
		}
		return out
	}
	write("shop/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
	write("passphrase", "correct horse battery\n")
	phrase := filepath.Join(dir, "passphrase")
	line := must("key", "generate", "-o", key, "--passphrase-file", phrase)
	write("trust.txt", strings.Replace(line, "NAME", "kube", 1))
	must("attest", filepath.Join(dir, "shop"), "--key", key, "--passphrase-file", phrase,
		"--store", filepath.Join(dir, "store"), "--as", "kube", "-o", proof)

	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/kube.surety", http.StatusFound)
		case "/endless":
			for block := make([]byte, 1<<20); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		default:
			files.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	secret := strings.Replace(server.URL, "http://", "http://user:pa55word@", 1)
	for _, tt := range []struct{ place, want string }{
		{server.URL + "/kube.surety?token=pa55word", "statement of kube about"},
		{server.URL + "/moved", "statement of kube about"},
		{secret + "/gone.surety", "is not believed: fetch: the server answers 404"},
		{secret + "/endless", "is not believed: fetch: more than 67108864 bytes"},
		{secret + "/trust.txt", "is not believed: open bundle"},
		{"http://user:pa55word@127.0.0.1:1/x.surety", "is not believed: fetch: dial tcp"},
		{"http://user:pa55word@[/x.surety", "is not believed: fetch: "},
	} {
		out := must("assess", filepath.Join(dir, "shop"), "--no-memo", "--trust", trust, "--statements", tt.place)
		if !strings.Contains(strings.Join(strings.Fields(out), " "), tt.want) || strings.Contains(out, "pa55word") {
			t.Errorf("%s: want %q and no password in\n%s", tt.place, tt.want, out)
		}
	}
}
