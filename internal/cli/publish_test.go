package cli_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/cli"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/internal/witness"
)

// party has a key in an ssh-agent, something to state, and a log.
type party struct {
	dir, log, state, agent string
	t                      *testing.T
}

func newParty(t *testing.T) *party {
	x := &party{dir: t.TempDir(), t: t}
	x.log, x.state = x.at("log"), x.at("log-state")
	if err := os.Mkdir(x.at("shop"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(x.at("shop/ns.yaml"), []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: "acme"}); err != nil {
		t.Fatal(err)
	}
	x.agent = logtest.Agent(t, ring)
	x.must("log", "init", x.log, "--origin", "log.example/acme")
	return x
}

func (x *party) at(name string) string { return filepath.Join(x.dir, name) }

func (x *party) run(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := func(key string) string { return map[string]string{"SSH_AUTH_SOCK": x.agent}[key] }
	code = cli.Program{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: env}.Run(x.t.Context())
	return code, out.String(), errs.String()
}

func (x *party) must(args ...string) (stdout, stderr string) {
	x.t.Helper()
	code, out, errs := x.run(args...)
	if code != 0 {
		x.t.Fatalf("surety %s: exit %d: %s", strings.Join(args, " "), code, errs)
	}
	return out, errs
}

// fails runs a command that must exit 2, and returns what it says.
func (x *party) fails(args ...string) string {
	x.t.Helper()
	code, _, errs := x.run(args...)
	if code != 2 {
		x.t.Fatalf("surety %s: exit %d, want 2: %s", strings.Join(args, " "), code, errs)
	}
	return errs
}

func (x *party) attest(output string, more ...string) []string {
	return append([]string{"attest", x.at("shop"), "--key", "agent:acme", "--as", "acme", "--store", x.at("store"), "-o", x.at(output)}, more...)
}

// served opens the log and serves it.
func (x *party) served() (l *ledger.Ledger, url string) {
	x.t.Helper()
	config, err := ledger.Load(x.log, x.state)
	if err == nil {
		err = config.Unlock(nil)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	if l, err = ledger.Open(x.t.Context(), config); err != nil {
		x.t.Fatal(err)
	}
	token, err := ledger.ReadToken(x.state)
	if err != nil {
		x.t.Fatal(err)
	}
	server := httptest.NewServer(l.Handler(token))
	x.t.Cleanup(server.Close)
	return l, server.URL
}

// advised are the commands that an error ends with.
func advised(errs string) (commands [][]string) {
	for line := range strings.Lines(errs) {
		if command, ok := strings.CutPrefix(line, "    surety "); ok {
			commands = append(commands, strings.Fields(command))
		}
	}
	return commands
}

// Whoever attested without a log and logs later is told what comes first; doing just
// what is said ends in a bundle that verifies.
func TestPublishSaysWhatComesFirst(t *testing.T) {
	for _, served := range []bool{false, true} {
		x := newParty(t)
		log := []string{"--log", x.log}
		if served {
			l, url := x.served()
			defer l.Close(t.Context())
			log = []string{"--log", url, "--log-token", filepath.Join(x.state, "token")}
		}
		x.must(x.attest("first.surety")...)
		x.must(x.attest("second.surety")...)
		errs := x.fails(x.attest("third.surety", append(log, "--disclose", "all")...)...)
		commands := advised(errs)
		if !strings.Contains(errs, "the statements before it come first") || len(commands) != 2 {
			t.Fatalf("it says %s", errs)
		}
		for _, c := range commands {
			x.must(c...)
		}
		line, _ := x.must("key", "show", "agent:acme")
		policy, err := os.ReadFile(filepath.Join(x.state, "policy"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(x.at("trust"), append([]byte(strings.Replace(line, "NAME", "acme", 1)), policy...), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, _ := x.must("verify", x.at("third.surety"), "--policy", x.at("trust")); !strings.Contains(out, "it is entry 2 of log") {
			t.Errorf("verify says %s", out)
		}
	}
}

// While a witness is down publish says what it waits for, gives up in the time it was
// given, and says what stays true; when the witness is back the same command ends well.
func TestPublishWaits(t *testing.T) {
	x := newParty(t)
	place, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := x.witnessed("http://" + place.Addr().String())
	if err := place.Close(); err != nil {
		t.Fatal(err)
	}
	x.must(x.attest("first.surety")...)
	run := filepath.Join(x.at("store"), "*", "000001.run")
	if found, err := filepath.Glob(run); err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	} else {
		run = found[0]
	}

	says := func(errs string) {
		t.Helper()
		for _, want := range []string{
			"surety: waiting: the quorum of witnesses has not co-signed: witness w1: http://127.0.0.1:",
			"after 3s it is published and not final", "connection refused", "the log holds it",
		} {
			if !strings.Contains(errs, want) {
				t.Errorf("no %q in %s", want, errs)
			}
		}
	}
	says(x.fails("publish", run, "--log", x.log, "--log-wait", "3s"))
	l, url := x.served()
	byURL := []string{"publish", run, "--log", url, "--log-token", filepath.Join(x.state, "token"), "--log-wait"}
	errs := x.fails(append(byURL, "3s")...)
	says(errs)

	if place, err = net.Listen("tcp", place.Addr().String()); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(place)
	defer server.Close()
	x.must(advised(errs)[0]...)
	if got := l.Status().Final; got == nil || got.Size != 1 {
		t.Errorf("the log's final head is %+v, want one entry", got)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// witnessed makes the log ask for a witness at url, and returns that witness.
func (x *party) witnessed(url string) http.Handler {
	x.t.Helper()
	logs, err := ledger.ReadPolicy(filepath.Join(x.state, "policy"))
	if err != nil {
		x.t.Fatal(err)
	}
	skey, _, err := note.GenerateKey(rand.Reader, "w1.example")
	if err != nil {
		x.t.Fatal(err)
	}
	signer, vkey, err := witness.ParseKey(skey)
	if err != nil {
		x.t.Fatal(err)
	}
	handler, err := witness.NewServer(durable.Disk{}, x.at("witness"), []note.Signer{signer}, logs, slog.New(slog.DiscardHandler))
	if err != nil {
		x.t.Fatal(err)
	}
	x.must("trust", "remove", "quorum", "--trust", filepath.Join(x.state, "policy"))
	x.must("trust", "add", "witness", "w1", vkey, url, "--trust", filepath.Join(x.state, "policy"))
	x.must("trust", "add", "quorum", "w1", "--trust", filepath.Join(x.state, "policy"))
	return handler
}
