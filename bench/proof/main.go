// Command proof measures what it costs to state and to verify, against the limits
// of hashing and of Ed25519 on one core, in the same run.
//
//	go run ./bench/proof
//
// The limit of committing is SHA-256 over as many bytes as the disclosures hold. The
// limit of verifying is what crypto/ed25519 needs for the signatures of a bundle alone:
// its envelope's, the log's, and one or two witnesses'. Both are CPU time of the whole
// process, the collector's included, measured by turns.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench/proof:", err)
		os.Exit(1)
	}
}

const (
	results = 500_000
	rounds  = 5_000
)

func run(w io.Writer) error {
	fmt.Fprintf(w, "| what | figure | / limit |\n|---|---|---|\n")
	committed, window, err := commit(w)
	if err != nil {
		return err
	}
	return verify(w, committed, window)
}

// commit measures salted results into a tree.
func commit(w io.Writer) (*statement.Committed, statement.Window, error) {
	at := time.Now().UTC().Truncate(time.Second)
	window := statement.Window{NotBefore: at, NotAfter: at.Add(24 * time.Hour)}
	all := make([]statement.Result, results)
	for i := range all {
		all[i] = statement.Result{
			Check: "KSV-0017", Version: "0123456789ab", Controls: []string{"SUR-VIR-02"}, Resource: fmt.Sprintf("kubernetes/prod/shop/Pod/web-%d", i),
			Verdict: surety.Pass, Severity: surety.High, Party: "kube", NotBefore: at, NotAfter: window.NotAfter,
		}
	}
	begin := spent()
	c, err := statement.Commit(all, rand.Reader)
	if err != nil {
		return nil, window, err
	}
	took := spent() - begin
	begin = spent()
	for _, d := range c.Disclosures {
		sha256.Sum256(d)
	}
	limit := spent() - begin
	fmt.Fprintf(w, "| limit: SHA-256 of each disclosure, one core | %.0f results/s | 1 |\n", results/limit.Seconds())
	fmt.Fprintf(w, "| salted results into a tree, one core | %.0f results/s | %.2f |\n", results/took.Seconds(), limit.Seconds()/took.Seconds())
	return c, window, nil
}

type signer struct{ ed25519.PrivateKey }

func (s signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.PrivateKey, message), nil }

// bundles are the kinds that are measured.
var bundles = []struct {
	what                string
	controls, witnesses int
}{
	{"three signatures, one control", 1, 1},
	{"three signatures, 57 controls", 57, 1},
	{"four signatures, one control", 1, 2},
	{"four signatures, 57 controls", 57, 2},
}

// verify measures opening and verifying bundles of one result.
func verify(w io.Writer, c *statement.Committed, window statement.Window) error {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	type measured struct {
		what       string
		raw        []byte
		policy     *bundle.Policy
		signatures int
	}
	var cases []measured
	message := make([]byte, 200)
	sig := ed25519.Sign(key, message)
	for _, kind := range bundles {
		raw, policy, err := oneResult(c, window, signer{key}, kind.controls, kind.witnesses)
		if err != nil {
			return err
		}
		cases = append(cases, measured{kind.what, raw, policy, kind.witnesses + 2})
	}
	c.Disclosures, c.Tree = nil, nil // a verifier has no such heap
	runtime.GC()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, m := range cases {
		var limit, took time.Duration
		for range rounds / 100 {
			begin := spent()
			for range 100 * m.signatures {
				ed25519.Verify(public, message, sig)
			}
			between := spent()
			for range 100 {
				b, err := bundle.Open(string(m.raw))
				if err != nil {
					return err
				}
				if r := bundle.Verify(b, m.policy, time.Now()); r.State != bundle.Verified {
					return errors.New("not verified: " + r.Reasons[0])
				}
			}
			limit, took = limit+between-begin, took+spent()-between
		}
		fmt.Fprintf(w, "| limit: %d Ed25519 signatures, one core | %.0f bundles/s | 1 |\n", m.signatures, rounds/limit.Seconds())
		fmt.Fprintf(w, "| verified offline: %s; %d bytes | %.0f bundles/s | %.2f |\n", m.what, len(m.raw), rounds/took.Seconds(), limit.Seconds()/took.Seconds())
	}
	return nil
}

// spent is the CPU time of this process so far.
func spent() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// oneResult makes a bundle that discloses one result, logged and seen by witnesses,
// and the policy that believes it.
func oneResult(c *statement.Committed, window statement.Window, key signer, controls, witnesses int) ([]byte, *bundle.Policy, error) {
	id, err := statement.KeyID(key.Public())
	if err != nil {
		return nil, nil, err
	}
	envelope, err := statement.Seal(statement.New(predicate(c, window, id, controls), nil), key)
	if err != nil {
		return nil, nil, err
	}
	leaf := (&transparency.Leaf{
		Kind: transparency.StatementLeaf, Stream: "0123456789abcdef", Sequence: 1, Commitment: surety.DigestOf(envelope.Encode()), Key: id, Claimed: window.NotBefore,
	}).Append(nil)
	checkpoint, lines, err := head(leaf, witnesses)
	if err != nil {
		return nil, nil, err
	}
	path, err := c.Tree.Path(7)
	if err != nil {
		return nil, nil, err
	}
	raw, err := bundle.Pack(&bundle.Bundle{
		Envelope: envelope, Disclosures: []bundle.Disclosed{{Index: 7, Data: c.Disclosures[7], Path: path}},
		Log: &bundle.LogProof{Leaf: leaf, Proof: string(proof.TLogProof{Checkpoint: checkpoint}.Marshal())},
	})
	if err != nil {
		return nil, nil, err
	}
	public, err := bundle.FormatKey(key.Public())
	if err != nil {
		return nil, nil, err
	}
	policy, err := bundle.ParsePolicy("issuer kube " + public + "\n" + lines)
	return raw, policy, err
}

// predicate counts the results under some controls, as a real assessment of that
// many does: the first has all passes, and each of the others some.
func predicate(c *statement.Committed, window statement.Window, key string, controls int) statement.Predicate {
	all := statement.Counts{Pass: results}
	byControl := map[string]statement.Counts{"SUR-VIR-02": all}
	for i := 1; i < controls; i++ {
		byControl[fmt.Sprintf("SUR-%c%c%c-%02d", 'A'+i%7, 'A'+i%5, 'A'+i%3, i%10)] = statement.Counts{Pass: i * 7919 % results}
	}
	evidence, policy := surety.DigestOf([]byte("evidence")), surety.DigestOf([]byte("policy"))
	return statement.Predicate{
		Issuer: statement.Issuer{Name: "kube", Key: key}, System: "shop", Policy: statement.Policy{Digest: policy, Checks: 297},
		Evidence: statement.Evidence{Root: evidence, Items: results, Sources: []statement.Source{{Status: "complete", Items: results}}},
		Results: statement.Results{Root: surety.Digest(c.Tree.Root()), Leaves: c.Tree.Size(), Counts: all,
			ByControl: statement.NewTally(byControl), ByParty: statement.Tally{{Name: "kube", Counts: all}}},
		Responsibilities: map[string]map[string]int{"kube": {"met": 55, "unproven": 360}},
		Window:           window, Sequence: 1, Tool: statement.Tool{Name: "surety", Version: "v0.1.0"},
	}
}

// head signs the head of a log that holds one leaf, as a log and its witnesses, and
// gives the lines of a policy that believes them.
func head(leaf []byte, witnesses int) (checkpoint []byte, policy string, err error) {
	const origin = "bench.example/log"
	root := tlog.RecordHash(leaf)
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, "", err
	}
	log, err := note.NewSigner(skey)
	if err != nil {
		return nil, "", err
	}
	signers := []note.Signer{log}
	policy = "log " + vkey + "\n"
	group := "group every all"
	for i := range witnesses {
		skey, vkey, err := note.GenerateKey(rand.Reader, fmt.Sprintf("w%d.example", i))
		if err != nil {
			return nil, "", err
		}
		s, err := fnote.NewSignerForCosignatureV1(skey)
		if err != nil {
			return nil, "", err
		}
		signers = append(signers, s)
		policy += fmt.Sprintf("witness w%d %s\n", i, vkey)
		group += fmt.Sprintf(" w%d", i)
	}
	text := fmt.Sprintf("%s\n1\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:]))
	checkpoint, err = note.Sign(&note.Note{Text: text}, signers...)
	return checkpoint, policy + group + "\nquorum every\n", err
}
