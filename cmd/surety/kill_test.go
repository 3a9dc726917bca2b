package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

const kills = 200

// writer adds the leaves of one stream, one after the other, each again until it
// was answered for.
type writer struct {
	url, token string
	stream     string
	last       surety.Digest
	sent       int
	answered   map[string]int64 // leaf -> index; -1 if the answer was accepted
}

func (w *writer) run(ctx context.Context, t *testing.T, random *rand.Rand) {
	for ctx.Err() == nil {
		w.sent++
		leaf := transparency.Leaf{
			Kind: transparency.StatementLeaf, Stream: w.stream, Sequence: int64(w.sent), Previous: w.last,
			Commitment: surety.DigestOf(fmt.Append(nil, w.stream, w.sent)), Key: "00000000000000aa", Claimed: time.Unix(int64(w.sent), 0),
		}
		w.last = leaf.Digest()
		raw := leaf.Append(nil)
		wait := []string{"accepted", "sequenced", "published"}[random.IntN(3)]
		for {
			index, err := w.add(raw, wait)
			if err == nil {
				w.answered[string(raw)] = index
				break
			}
			if strings.HasPrefix(err.Error(), "409 ") {
				t.Errorf("stream %s: %v", w.stream, err)
				return
			}
			if ctx.Err() != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (w *writer) add(raw []byte, wait string) (int64, error) {
	req, err := http.NewRequest(http.MethodPost, w.url+"/add?wait="+wait, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode/100 != 2 {
		return 0, fmt.Errorf("%s: %s", resp.Status, body)
	}
	var a ledger.Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return 0, err
	}
	if a.Index == nil {
		return -1, nil
	}
	return *a.Index, nil
}

// A serving process is killed 200 times, at any point of its life. Every leaf that
// was answered for is in the log once, at the index that was told, and nothing else
// is.
func TestKillServe(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	log := newServed(t, built(t), filepath.Join(t.TempDir(), "log"))
	random := rand.New(rand.NewPCG(1, 2))
	writers, stop := log.write(t)
	for n := range kills {
		cmd, out := log.start(t)
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatalf("start %d: it ended by itself: %v: %s", n, err, out)
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("start %d: it ended by itself: %v: %s", n, err, out)
		}
	}
	log.finish(t, stop)
	checkOnce(t, log.dir, writers, 200)
}

// served is a log that the real program serves.
type served struct {
	bin, dir, address, token string
}

// built builds the program.
func built(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "surety")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// newServed makes a log that the program bin will serve.
func newServed(t *testing.T, bin, dir string) *served {
	t.Helper()
	s := &served{dir: dir, bin: bin}
	if out, err := exec.Command(s.bin, "log", "init", dir, "--origin", "log.example/kill").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var err error
	if s.token, err = ledger.ReadToken(dir + "-state"); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// start serves the log, and returns what the process says.
func (s *served) start(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(s.bin, "log", "serve", s.dir, "--listen", s.address, "--interval", "100ms")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// write has eight writers add leaves until stop is called, which returns when they
// have ended.
func (s *served) write(t *testing.T) (writers []*writer, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range 8 {
		w := &writer{url: "http://" + s.address, token: s.token, stream: fmt.Sprintf("%016x", i+1), answered: map[string]int64{}}
		writers = append(writers, w)
		group.Go(func() { w.run(ctx, t, rand.New(rand.NewPCG(3, uint64(i)))) })
	}
	return writers, func() { cancel(); group.Wait() }
}

// finish serves until the writers have got all their answers, ends the process in
// peace and checks the files.
func (s *served) finish(t *testing.T, stop func()) {
	t.Helper()
	cmd, out := s.start(t)
	time.Sleep(time.Second)
	stop()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command(s.bin, "log", "fsck", s.dir).CombinedOutput(); err != nil {
		t.Errorf("fsck: %v: %s", err, out)
	}
}

// checkOnce reads the log's entries and holds them against what was answered, which
// must be for so many leaves that the test shows something.
func checkOnce(t *testing.T, dir string, writers []*writer, least int) {
	t.Helper()
	policy, err := ledger.ReadPolicy(filepath.Join(dir+"-state", "policy"))
	if err != nil {
		t.Fatal(err)
	}
	auditor := &ledger.Auditor{Source: tiles.Dir(dir), Policy: policy, Now: time.Now(), Seen: &ledger.Seen{Streams: map[string]ledger.SeenStream{}}}
	alerts, err := auditor.Audit(t.Context())
	if err != nil || len(alerts) > 0 {
		t.Errorf("audit: %v, %v", alerts, err)
	}
	at := map[string]int64{}
	tree := tiles.Tree{Source: tiles.Dir(dir), Size: auditor.Seen.Size, Root: auditor.Seen.Root}
	for index, e := range tree.Entries(t.Context(), 0) {
		if e.Err != nil {
			t.Fatal(e.Err)
		}
		if first, twice := at[string(e.Raw)]; twice {
			t.Errorf("entries %d and %d are the same: %s", first, index, e.Raw)
		}
		at[string(e.Raw)] = index
	}
	answered, sent := 0, 0
	for _, w := range writers {
		sent += w.sent
		answered += len(w.answered)
		for leaf, told := range w.answered {
			if index, ok := at[leaf]; !ok || told >= 0 && told != index {
				t.Errorf("%s was accepted at %d; it is at %d, %v", leaf, told, index, ok)
			}
		}
	}
	if len(at) < answered || len(at) > sent {
		t.Errorf("%d entries, %d answered for, %d sent", len(at), answered, sent)
	}
	t.Logf("%d entries; %d answered for; %d sent", len(at), answered, sent)
	if answered < least {
		t.Errorf("only %d leaves were answered for; the test shows nothing", answered)
	}
}
