package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	tesserafsck "github.com/transparency-dev/tessera/fsck"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// vkeyOf reads the log's key from the policy file that Create wrote.
func vkeyOf(t testing.TB, state string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(state, policyFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if vkey, ok := strings.CutPrefix(line, "log "); ok {
			return strings.TrimSpace(vkey)
		}
	}
	t.Fatal("the policy names no log")
	return ""
}

// What we write is read by code that is not ours: torchwood, formats, x/mod and
// Tessera's own check, from the directory and over HTTP.
func TestForeignReaders(t *testing.T) {
	c := create(t)
	w1, w2 := newWitness(t, c, "w1"), newWitness(t, c, "w2")
	witnessedBy(t, &c, 2, w1, w2)
	policyText := fmt.Sprintf("log %s\nwitness w1 %s\nwitness w2 %s\ngroup g all w1 w2\nquorum g\n", vkeyOf(t, c.State), w1.vkey, w2.vkey)
	l := open(t, c)
	spread(t, l, 0, 300)
	put(t, l, newChain(1000), 2, Witnessed)
	server := httptest.NewServer(l.Handler("token"))
	defer server.Close()
	defer shut(t, l)

	policy, err := torchwood.ParsePolicy([]byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := torchwood.NewTileFetcher(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := fetcher.ReadEndpoint(t.Context(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(raw, policy)
	if err != nil || checkpoint.Origin != origin || checkpoint.N != 302 {
		t.Fatalf("torchwood reads the head %+v, %v", checkpoint, err)
	}
	reader, err := torchwood.NewClient(fetcher)
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for index, entry := range reader.AllEntries(t.Context(), checkpoint.Tree, 0) {
		if _, err := transparency.ParseLeaf(entry); err != nil || index != n {
			t.Fatalf("torchwood reads entry %d as %q, %v", index, entry, err)
		}
		text, err := l.Proof(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(entry), []byte(text)); err != nil {
			t.Fatalf("torchwood on the proof of entry %d: %v", index, err)
		}
		var p proof.TLogProof
		if err := p.Unmarshal([]byte(text)); err != nil || !bytes.Equal(p.Marshal(), []byte(text)) {
			t.Fatalf("formats on the proof of entry %d: %v", index, err)
		}
		n++
	}
	if err := reader.Err(); err != nil || n != 302 {
		t.Errorf("torchwood reads %d entries, %v", n, err)
	}
	verifier, err := note.NewVerifier(vkeyOf(t, c.State))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(raw, note.VerifierList(verifier)); err != nil {
		t.Errorf("x/mod on the head: %v", err)
	}
	check := tesserafsck.New(origin, verifier, client.FileFetcher{Root: c.Dir}, bundleHashes, tesserafsck.Opts{N: 2})
	if err := check.Check(t.Context()); err != nil {
		t.Errorf("Tessera's fsck: %v", err)
	}
}

func bundleHashes(raw []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(raw); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}

// foreign is where the programs lie that are not ours.
func foreign(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../../testenv/foreign/bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("no litewitness, omniwitness and hammer; make testenv builds them")
	}
	return bin
}

// Tessera's hammer reads a log that grows. It checks that each head extends the one
// before, and says so if not; that it gets every file it asks for, we count. Entries
// it does not hold against the tree; its fsck does.
func TestForeignHammer(t *testing.T) {
	bin := foreign(t)
	c := create(t)
	l := open(t, c)
	defer shut(t, l)
	spread(t, l, 0, 400)
	var reads, misses atomic.Int64
	log := l.Handler("token")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		log.ServeHTTP(rec, r)
		if reads.Add(1); rec.Code != http.StatusOK {
			misses.Add(1)
		}
		w.WriteHeader(rec.Code)
		if _, err := w.Write(rec.Body.Bytes()); err != nil {
			misses.Add(1)
		}
	}))
	defer server.Close()
	cmd := exec.Command(filepath.Join(bin, "hammer"), "--log_url="+server.URL+"/", "--log_public_key="+vkeyOf(t, c.State), "--show_ui=false",
		"--num_writers=0", "--max_write_ops=0", "--max_read_ops=500", "--num_readers_full=1", "--num_readers_random=2", "--max_runtime=4s", "--logtostderr")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	put(t, l, newChain(1000), 10, Published)
	err := cmd.Wait() // 1: it was told to fail at the end
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "I") && !strings.Contains(line, "context canceled") {
			t.Errorf("the hammer says: %s", line)
		}
	}
	if err == nil || !strings.Contains(out.String(), "Max runtime reached") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if reads.Load() < 10 || misses.Load() > 3 { // what is cut off at the end
		t.Errorf("%d reads, %d of them in vain", reads.Load(), misses.Load())
	}
	t.Logf("%d reads, %d of them in vain", reads.Load(), misses.Load())
}

// litewitness and omniwitness, which are not ours, co-sign our log, and no second
// history of it.
func TestForeignWitness(t *testing.T) {
	bin := foreign(t)
	for name, start := range map[string]func(t *testing.T, bin, vkey string) *testWitness{
		"litewitness": startLitewitness, "omniwitness": startOmniwitness,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
				t.Skipf("no %s; make testenv builds it", name)
			}
			c := create(t)
			coSignsOneHistory(t, c, start(t, bin, vkeyOf(t, c.State)))
		})
	}
}

func coSignsOneHistory(t *testing.T, c Config, w *testWitness) {
	witnessedBy(t, &c, 1, w)
	l := open(t, c)
	put(t, l, newChain(1), 3, Witnessed)
	backup, state := copyDir(t, c.Dir), copyDir(t, c.State)
	put(t, l, continued(1, 3), 3, Witnessed)
	shut(t, l)
	restore(t, backup, c.Dir)
	restore(t, state, c.State)
	l = open(t, c)
	put(t, l, newChain(2), 10, Published)
	for range 100 {
		if err := l.Status().Problems[w.name]; errors.Is(err, witness.ErrRefused) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	s := l.Status()
	if s.Final.Size > 3 || s.Problems[w.name] == nil {
		t.Errorf("after a fork: final %+v, problems %v", s.Final, s.Problems)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// startLitewitness runs it with a key that an agent in this process holds.
func startLitewitness(t *testing.T, bin, vkey string) *testWitness {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	db, address := filepath.Join(t.TempDir(), "db"), freeAddress(t)
	startForeign(t, address, exec.Command(filepath.Join(bin, "litewitness"), "-name", "lite.example", "-db", db, "-ssh-agent", logtest.Agent(t, ring),
		"-listen", address, "-key", fmt.Sprintf("%x", sha256.Sum256(key.Public().(ed25519.PublicKey)))))
	if raw, err := exec.Command(filepath.Join(bin, "addlog"), db, origin, vkey).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	s, err := torchwood.NewCosignatureSigner("lite.example", key)
	if err != nil {
		t.Fatal(err)
	}
	return &testWitness{name: "lite", vkey: s.Verifier().String(), url: "http://" + address}
}

// startOmniwitness runs it with a key and a log in files.
func startOmniwitness(t *testing.T, bin, vkey string) *testWitness {
	t.Helper()
	skey, plain, err := note.GenerateKey(rand.Reader, "omni.example")
	if err != nil {
		t.Fatal(err)
	}
	witnessKey, err := fnote.VKeyToCosignatureV1(plain)
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), freeAddress(t)
	logs := fmt.Sprintf("Logs:\n  - Origin: %s\n    URL: http://localhost/\n    PublicKey: %s\n    Feeder: none\n", origin, vkey)
	for name, text := range map[string]string{"key": skey, "logs.yaml": logs} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	startForeign(t, address, exec.Command(filepath.Join(bin, "omniwitness"), "-listen", address, "-metrics_listen", "", "-logtostderr",
		"-db_file", filepath.Join(dir, "db"), "-private_key_path", filepath.Join(dir, "key"), "-additional_logs", filepath.Join(dir, "logs.yaml")))
	return &testWitness{name: "omni", vkey: witnessKey, url: "http://" + address}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// startForeign runs a server until the test ends, and returns when it listens.
func startForeign(t *testing.T, address string, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", cmd.Path, out.String())
		}
	})
	for range 200 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
}
