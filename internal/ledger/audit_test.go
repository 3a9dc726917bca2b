package ledger

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

func kinds(alerts []Alert) string {
	var out []string
	for _, a := range alerts {
		out = append(out, string(a.Kind))
	}
	return strings.Join(out, " ")
}

func auditor(c Config, src tiles.Source) *Auditor {
	return &Auditor{Source: src, Policy: c.Policy, Now: start.AddDate(1, 0, 0), Seen: &Seen{Root: tiles.Empty, Streams: map[string]SeenStream{}}}
}

// An auditor follows a log over HTTP and from its directory, and goes on from what
// it saw.
func TestAuditFollows(t *testing.T) {
	c := create(t)
	l := open(t, c)
	defer shut(t, l)
	server := httptest.NewServer(l.Handler("token"))
	defer server.Close()
	a := auditor(c, tiles.Open(server.URL))
	a.Keys = []string{"00000000000000aa"}
	path := filepath.Join(t.TempDir(), "seen")
	for round := range 3 {
		put(t, l, continued(1, 2*round), 2, Published)
		alerts, err := a.Audit(t.Context())
		if err != nil || kinds(alerts) != "key key" || a.Seen.Size != int64(2*round+2) {
			t.Fatalf("round %d: %v, %v, %+v", round, alerts, err, a.Seen)
		}
		if err := a.Seen.Write(path); err != nil {
			t.Fatal(err)
		}
		if a.Seen, err = ReadSeen(path); err != nil {
			t.Fatal(err)
		}
		a.Source = tiles.Dir(c.Dir)
	}
}

// written makes a log of these leaves whose files lie in a directory, by Tessera
// alone: what a log without our rules would hold.
func written(t *testing.T, leaves ...[]byte) (Config, []byte) {
	t.Helper()
	c := create(t)
	c.fill()
	l := &Ledger{config: c, origin: origin}
	return c, l.writeRaw(t, leaves)
}

func TestAuditAlerts(t *testing.T) {
	leaf := func(change func(*transparency.Leaf)) []byte {
		l := transparency.Leaf{Kind: transparency.StatementLeaf, Stream: "0000000000000001", Sequence: 1,
			Commitment: surety.DigestOf(nil), Key: "00000000000000aa", Claimed: start}
		change(&l)
		return l.Append(nil)
	}
	first := leaf(func(*transparency.Leaf) {})
	for name, tt := range map[string]struct {
		leaves [][]byte
		want   string
	}{
		"fine":             {[][]byte{first}, ""},
		"gap":              {[][]byte{leaf(func(l *transparency.Leaf) { l.Sequence, l.Previous = 2, surety.DigestOf([]byte("gone")) })}, "stream"},
		"twice":            {[][]byte{first, first}, "stream"},
		"second history":   {[][]byte{first, leaf(func(l *transparency.Leaf) { l.Key = "00000000000000bb" })}, "stream"},
		"no leaf":          {[][]byte{[]byte("hello")}, "leaf"},
		"a year too early": {[][]byte{leaf(func(l *transparency.Leaf) { l.Claimed = start.AddDate(2, 0, 0) })}, "clock"},
	} {
		c, _ := written(t, tt.leaves...)
		a := auditor(c, tiles.Dir(c.Dir))
		if alerts, err := a.Audit(t.Context()); err != nil || kinds(alerts) != tt.want {
			t.Errorf("%s: %v, %v", name, alerts, err)
		}
	}
}

// A log whose files are not what it signed is an alert that says what and where, and
// what was seen stays; a log that cannot be read is an error.
func TestAuditAltered(t *testing.T) {
	c := create(t)
	l := open(t, c)
	put(t, l, newChain(1), 3, Published)
	shut(t, l)
	entries, tile := tiles.Path(-1, 0, 3), tiles.Path(0, 0, 3)
	change := func(path string, to func([]byte) []byte) func(string) error {
		return func(dir string) error {
			raw, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, path), to(raw), 0o644)
		}
	}
	flip := func(raw []byte) []byte { raw[len(raw)/2] ^= 1; return raw }
	half := func(raw []byte) []byte { return raw[:len(raw)/2] }
	remove := func(path string) func(string) error {
		return func(dir string) error { return os.Remove(filepath.Join(dir, path)) }
	}
	for _, tt := range []struct {
		name   string
		damage func(dir string) error
		want   Kind
		where  string
	}{
		{"nothing", func(string) error { return nil }, "", ""},
		{"entries flipped", change(entries, flip), AlteredAlert, entries},
		{"entries torn", change(entries, half), AlteredAlert, entries},
		{"entries gone", remove(entries), MissingAlert, entries},
		{"hashes flipped", change(tile, flip), AlteredAlert, tile},
		{"hashes torn", change(tile, half), AlteredAlert, tile},
		{"hashes gone", remove(tile), MissingAlert, tile},
		{"head flipped", change(tiles.Checkpoint, flip), AlteredAlert, tiles.Checkpoint},
		{"head torn", change(tiles.Checkpoint, half), AlteredAlert, tiles.Checkpoint},
		{"head empty", change(tiles.Checkpoint, func([]byte) []byte { return nil }), AlteredAlert, tiles.Checkpoint},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(c.Dir)); err != nil {
			t.Fatal(err)
		}
		if err := tt.damage(dir); err != nil {
			t.Fatal(err)
		}
		a := auditor(c, tiles.Dir(dir))
		alerts, err := a.Audit(t.Context())
		if err != nil || kinds(alerts) != string(tt.want) {
			t.Errorf("%s: %v, %v, want %q", tt.name, alerts, err, tt.want)
			continue
		}
		if tt.want != "" && (!strings.Contains(alerts[0].Text, tt.where) || a.Seen.Size != 0 || a.Seen.Checkpoint != "") {
			t.Errorf("%s: %v is not about %s, or it was taken as seen: %+v", tt.name, alerts, tt.where, a.Seen)
		}
	}
	// Not there before anything was seen, and of another log: whoever asks is wrong.
	if alerts, err := auditor(c, tiles.Dir(t.TempDir())).Audit(t.Context()); err == nil {
		t.Errorf("no log: %v", alerts)
	}
	other := logtest.Other(t, "log.example/other")
	other.Add(t, newChain(1).next())
	if alerts, err := auditor(c, memory(t, other)).Audit(t.Context()); err == nil || !strings.Contains(err.Error(), "it is the log log.example/other") {
		t.Errorf("another log: %v, %v", alerts, err)
	}
	// A server that fails proves nothing against the log.
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/"+tiles.Checkpoint {
			http.ServeFile(w, r, filepath.Join(c.Dir, tiles.Checkpoint))
			return
		}
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}))
	defer broken.Close()
	if alerts, err := auditor(c, tiles.Open(broken.URL)).Audit(t.Context()); err == nil || len(alerts) > 0 {
		t.Errorf("a busy server: %v, %v", alerts, err)
	}
}

// What is said about a watched key is an alert, whoever says it.
func TestAuditWatchesKeyEvents(t *testing.T) {
	const other = "00000000000000bb"
	introduced := "ed25519:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	public, err := bundle.ParseKey(introduced)
	if err != nil {
		t.Fatal(err)
	}
	id, err := statement.KeyID(public)
	if err != nil {
		t.Fatal(err)
	}
	sig := base64.StdEncoding.EncodeToString(make([]byte, 64))
	for i, tt := range []struct {
		kind    transparency.Kind
		subject string
		at      int64
		watched string
		want    string
	}{
		{transparency.KeyIntroduced, introduced, 0, id, "key " + id + " is introduced, by key " + other},
		{transparency.KeyIntroduced, introduced, 0, other, "key " + id + " is introduced, by key " + other},
		{transparency.KeyRetired, "00000000000000aa", 0, "00000000000000aa", "key 00000000000000aa is retired, by key " + other},
		{transparency.KeyCompromised, "00000000000000aa", 7, "00000000000000aa", "is said to be compromised from entry 7 on"},
		{transparency.ErasureLeaf, "", 7, other, "results of entry 7 were erased"},
		{transparency.KeyRetired, "00000000000000aa", 0, "00000000000000cc", ""},
	} {
		l := transparency.Leaf{Kind: tt.kind, Stream: "0000000000000001", Sequence: 1, Key: other, Claimed: start,
			Declares: &transparency.Declaration{Subject: tt.subject, At: tt.at, Signatures: []string{sig}}}
		switch tt.kind {
		case transparency.KeyIntroduced:
			l.Declares.Signatures = append(l.Declares.Signatures, sig)
		case transparency.ErasureLeaf:
			l.Commitment = surety.DigestOf(nil)
		}
		c, _ := written(t, l.Append(nil))
		a := auditor(c, tiles.Dir(c.Dir))
		a.Keys = []string{tt.watched}
		alerts, err := a.Audit(t.Context())
		if err != nil || (tt.want == "") != (len(alerts) == 0) || len(alerts) > 0 && (alerts[0].Kind != KeyAlert || !strings.Contains(alerts[0].Text, tt.want)) {
			t.Errorf("%d: alerts = %+v, %v; want %q", i, alerts, err, tt.want)
		}
	}
}

// Two heads that cannot both be true are printed, and what was seen stays.
func TestAuditFork(t *testing.T) {
	a, b := logtest.New(t, 0), logtest.New(t, 0)
	for i := range 5 {
		a.Add(t, newChain(i).next())
		b.Add(t, newChain(100+i).next())
	}
	serve := func(l *logtest.Log) tiles.Source { return memory(t, l) }
	policy, err := transparency.ParsePolicy(a.Policy(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	follow := auditor(Config{Policy: policy}, serve(a))
	if alerts, err := follow.Audit(t.Context()); err != nil || len(alerts) > 0 {
		t.Fatal(alerts, err)
	}
	check := func(name string, alerts []Alert, err error, want Kind) {
		t.Helper()
		if err != nil || len(alerts) != 1 || alerts[0].Kind != want {
			t.Fatalf("%s: %v, %v", name, alerts, err)
		}
		if want == ForkAlert && (len(alerts[0].Heads) != 2 || !strings.HasPrefix(alerts[0].Heads[0], logtest.Origin) || !strings.Contains(alerts[0].Heads[1], "\n— ")) {
			t.Errorf("%s: heads %q", name, alerts[0].Heads)
		}
	}
	before := follow.Seen.Checkpoint
	follow.Source = serve(b)
	alerts, err := follow.Audit(t.Context())
	check("same size", alerts, err, ForkAlert)
	b.Add(t, newChain(200).next())
	follow.Source = serve(b)
	alerts, err = follow.Audit(t.Context())
	check("grown fork", alerts, err, ForkAlert)
	if follow.Seen.Checkpoint != before {
		t.Error("a fork replaced what was seen")
	}
	follow.Source = serve(a)
	alerts, err = follow.Compare(t.Context(), b.Checkpoint(t, 0))
	check("shown to a friend", alerts, err, ForkAlert)
	small := logtest.New(t, 0)
	small.Add(t, newChain(0).next())
	follow.Source = memory(t, small)
	alerts, err = follow.Audit(t.Context())
	if err != nil || len(alerts) != 1 {
		t.Errorf("an older head: %v, %v", alerts, err)
	}
}

// A witness whose clock is a year ahead is told.
func TestAuditClock(t *testing.T) {
	l := logtest.New(t, 1)
	l.Add(t, newChain(1).next())
	policy, err := transparency.ParsePolicy(l.Policy(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := auditor(Config{Policy: policy}, memory(t, l))
	a.Source = &witnessed{a.Source, l.Checkpoint(t, 1)}
	a.Now = time.Now().AddDate(-1, 0, 0)
	alerts, err := a.Audit(t.Context())
	if err != nil || !strings.Contains(kinds(alerts), "clock") {
		t.Errorf("%v, %v", alerts, err)
	}
}

func TestServerRefuses(t *testing.T) {
	c := create(t)
	l := open(t, c)
	defer shut(t, l)
	h := l.Handler("secret")
	good := string(newChain(1).next())
	for name, tt := range map[string]struct {
		method, path, token, body, id string
		want                          int
	}{
		"no token":        {"POST", "/add", "", good, "", 401},
		"wrong token":     {"POST", "/add", "secre", good, "", 401},
		"not a leaf":      {"POST", "/add", "secret", "hello", "", 400},
		"huge":            {"POST", "/add", "secret", strings.Repeat("x", 1<<20), "", 413},
		"unknown state":   {"POST", "/add?wait=done", "secret", good, "", 400},
		"bad id":          {"POST", "/add", "secret", good, "a b", 400},
		"gap":             {"POST", "/add", "secret", string(continued(2, 3).next()), "", 409},
		"get add":         {"GET", "/add", "secret", "", "", 405},
		"private state":   {"GET", "/tile/../../state/key", "", "", "", 307},
		"tessera's state": {"GET", "/.state/treeState", "", "", "", 404},
		"strange tile":    {"GET", "/tile/0/..%2f..%2fx", "", "", "", 404},
		"no such entry":   {"GET", "/entry/nobody", "secret", "", "", 404},
		"no such proof":   {"GET", "/proof/99", "", "", "", 404},
		"proof of what":   {"GET", "/proof/x", "", "", "", 400},
		"unwitnessed":     {"POST", "/add?wait=witnessed", "secret", good, "", 400},
		"health":          {"GET", "/health", "", "", "", 200},
		"accepted":        {"POST", "/add?wait=published", "secret", good, "", 200},
	} {
		req := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
		if tt.token != "" {
			req.Header.Set("Authorization", "Bearer "+tt.token)
		}
		req.Header.Set("Idempotency-Key", tt.id)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code != tt.want {
			t.Errorf("%s: %d %s, want %d", name, rec.Code, rec.Body, tt.want)
		}
	}
	empty := l.Handler("")
	req := httptest.NewRequest(http.MethodPost, "/add", strings.NewReader(good))
	req.Header.Set("Authorization", "Bearer ")
	rec := httptest.NewRecorder()
	if empty.ServeHTTP(rec, req); rec.Code != 401 {
		t.Errorf("an empty token lets through: %d", rec.Code)
	}
}

func TestReadSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, tt := range []struct {
		text string
		mode os.FileMode
		want string
	}{{"x\n", 0o644, "others may read"}, {"\n", 0o600, "empty"}, {"x\n", 0o600, ""}} {
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSecret(path); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q %v: %v", tt.text, tt.mode, err)
		}
	}
}
