package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/cli"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/transparency"
)

// verifier follows the log of a party, whose files it reads over HTTP.
type verifier struct {
	*party
	url   string
	read  atomic.Int64 // bundles of entries, since update was called last
	where atomic.Value // the directory that is served
}

func newVerifier(t *testing.T) *verifier {
	v := &verifier{party: newParty(t)}
	v.where.Store(v.log)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/tile/entries/") {
			v.read.Add(1)
		}
		http.FileServer(http.Dir(v.where.Load().(string))).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	v.url = server.URL
	line, _ := v.must("key", "show", "agent:acme")
	_, line, _ = strings.Cut(line, "\nissuer NAME")
	policy, err := os.ReadFile(filepath.Join(v.state, "policy"))
	if err == nil {
		err = os.WriteFile(v.at("trust"), append([]byte("issuer acme"+line), policy...), 0o600)
	}
	if err == nil {
		err = os.WriteFile(v.at("phrase"), []byte("correct horse battery"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// grow adds leaves that are about no key.
func (v *verifier) grow(stream, n int) {
	v.t.Helper()
	config, err := ledger.Load(v.log, v.state)
	if err == nil {
		err = config.Unlock(nil)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	l, err := ledger.Open(v.t.Context(), config)
	if err != nil {
		v.t.Fatal(err)
	}
	leaf := transparency.Leaf{Kind: transparency.StatementLeaf, Key: "00000000000000aa", Sequence: 1}
	for i := range n {
		leaf.Stream, leaf.Commitment = fmt.Sprintf("%08x%08x", stream, i), surety.DigestOf([]byte{byte(i)})
		if _, err := l.Append(v.t.Context(), leaf.Stream, leaf.Append(nil)); err != nil {
			v.t.Fatal(err)
		}
	}
	if err := l.Close(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
}

// update follows the log for a policy, and says how many bundles of entries it read.
func (v *verifier) update(want int, trust string) (out string, read int64) {
	v.t.Helper()
	v.read.Store(0)
	code, out, errs := v.run("trust", "update", "--from", v.url, "--trust", v.at(trust))
	if code != want {
		v.t.Fatalf("exit %d, want %d: %s%s", code, want, out, errs)
	}
	return out, v.read.Load()
}

func (v *verifier) text(name string) string {
	v.t.Helper()
	raw, err := os.ReadFile(v.at(name))
	if err != nil {
		v.t.Fatal(err)
	}
	return string(raw)
}

// keptFile is the one file in which it is kept how far a log was read.
func (v *verifier) keptFile() string {
	v.t.Helper()
	found, err := filepath.Glob(v.at("trust.followed/*.json"))
	if err != nil || len(found) != 1 {
		v.t.Fatal(found, err)
	}
	return strings.TrimPrefix(found[0], v.dir+"/")
}

func (v *verifier) write(name, text string) {
	v.t.Helper()
	if err := os.WriteFile(v.at(name), []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
}

// A log is read from where it was read to before, and what comes of it is what would
// come of reading all of it; whatever of what was kept is missing, old or damaged.
func TestTrustUpdateReadsWhatIsNew(t *testing.T) {
	v := newVerifier(t)
	v.must("key", "generate", "-o", v.at("new.key"), "--passphrase-file", v.at("phrase"))
	v.must("key", "generate", "-o", v.at("newer.key"), "--passphrase-file", v.at("phrase"))
	rotate := func(from, to string) {
		v.must("key", "rotate", from, v.at(to), "--log", v.log, "--store", v.at("store"), "--passphrase-file", v.at("phrase"))
	}
	rotate("agent:acme", "new.key")
	v.grow(1, 600)
	if out, read := v.update(0, "trust"); read != 3 || !strings.Contains(out, "601 entries: 1 change\n") {
		t.Errorf("at first %d bundles are read: %s", read, out)
	}
	early, kept := v.text("trust"), v.text(v.keptFile())
	if out, read := v.update(0, "trust"); read != 0 || !strings.Contains(out, "601 entries: 0 changes\n") {
		t.Errorf("of what was read before, %d bundles are read: %s", read, out)
	}
	rotate(v.at("new.key"), "newer.key") // vouched for by one that itself was
	v.must("key", "retire", "agent:acme", "--log", v.log, "--store", v.at("store"))
	v.grow(2, 300)
	if out, read := v.update(0, "trust"); read != 2 || !strings.Contains(out, "903 entries: 2 changes\n") {
		t.Errorf("of what is new, %d bundles are read: %s", read, out)
	}
	after := v.text("trust")
	for name, tt := range map[string]struct {
		trust, kept string
		read        int64
	}{
		"nothing was kept":                {early, "", 4},
		"it was cut short":                {after, kept, 2},
		"it was cut short before that":    {early, kept, 2},
		"a newer one was kept":            {early, v.text(v.keptFile()), 4},
		"it is damaged":                   {early, kept[:len(kept)/2], 4},
		"a leaf in it is damaged":         {early, strings.Replace(kept, "key-introduce", "key-introduced", 1), 4},
		"it is of another log":            {early, strings.Replace(kept, "log.example/acme", "log.example/acne", 1), 4},
		"it was made with another key":    {early, strings.Replace(kept, `"basis": "sha256:`, `"basis": "sha256:00`, 1), 4},
		"the policy does not say how far": {withoutSeen(early), kept, 4},
	} {
		v.write("trust", tt.trust)
		v.write(v.keptFile(), tt.kept)
		_, read := v.update(0, "trust")
		if got := v.text("trust"); got != after || read != tt.read {
			t.Errorf("%s: %d bundles are read, want %d, and the policy is\n%s\nwant\n%s", name, read, tt.read, got, after)
		}
	}
	v.must("trust", "add", "issuer", "kube", "ed25519:"+strings.Repeat("A", 43)+"=", "--trust", v.at("trust"))
	if _, read := v.update(0, "trust"); read != 4 {
		t.Errorf("with another party's key %d bundles are read", read)
	}
	before, keptNow := v.text("trust"), v.text(v.keptFile())
	v.grow(3, 1)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := cli.Program{Args: []string{"trust", "update", "--from", v.log, "--trust", v.at("trust")}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: func(string) string { return "" }}.Run(canceled)
	if code == 0 || v.text("trust") != before || v.text(v.keptFile()) != keptNow {
		t.Errorf("interrupted: exit %d, %s", code, errs.String())
	}
}

func withoutSeen(policy string) string {
	head, _, _ := strings.Cut(policy, "seen ")
	return head
}

// A log that is smaller than before, or has another history, is an alert with both
// heads as they were signed, and nothing is changed.
func TestTrustUpdateAlerts(t *testing.T) {
	v := newVerifier(t)
	v.grow(1, 5)
	fork := v.at("fork")
	for from, to := range map[string]string{v.log: fork, v.state: fork + "-state"} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"key", "policy", "token", "guard"} { // CopyFS does not keep modes
		if err := os.Chmod(filepath.Join(fork+"-state", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	five, err := os.ReadFile(filepath.Join(v.log, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	v.grow(2, 4)
	v.update(0, "trust")
	honest := v.log
	v.log, v.state = fork, fork+"-state"
	before, kept := v.text("trust"), v.text(v.keptFile())
	for _, tt := range []struct {
		name, says string
		more       int
	}{
		{"put back", "ALERT fork: log: the log cannot show that its heads of 9 and 5 entries are of one history", 0},
		{"as large, with other entries", "ALERT fork: log: the heads of 9 and 9 entries, both signed by log.example/acme, cannot both be true", 4},
		{"larger, with other entries", "ALERT fork: log: the heads of 9 and 12 entries, both signed by log.example/acme, cannot both be true", 3},
	} {
		if tt.more > 0 {
			v.grow(100+tt.more, tt.more)
		}
		v.where.Store(fork)
		v.alerts(tt.name, tt.says, before, kept)
	}
	// An older head over all the files that there were.
	older, err := os.ReadFile(filepath.Join(honest, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	v.where.Store(honest)
	if err := os.WriteFile(filepath.Join(honest, "checkpoint"), five, 0o644); err != nil {
		t.Fatal(err)
	}
	v.alerts("an older head", "ALERT behind: log: it shows 5 entries, and 9 were seen before", before, kept)
	if err := os.WriteFile(filepath.Join(honest, "checkpoint"), older, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _ := v.update(0, "trust"); !strings.Contains(out, "9 entries: 0 changes") {
		t.Errorf("the log as it was: %s", out)
	}
}

// alerts checks that an update is an alert with two heads, and changes nothing.
func (v *verifier) alerts(name, says, trust, kept string) {
	v.t.Helper()
	out, _ := v.update(1, "trust")
	if !strings.Contains(out, says) || strings.Count(out, "\n    — log.example/acme ") != 2 {
		v.t.Errorf("%s: it says %s", name, out)
	}
	if v.text("trust") != trust || v.text(v.keptFile()) != kept {
		v.t.Errorf("%s: something was changed", name)
	}
}
