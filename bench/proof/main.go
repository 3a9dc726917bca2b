// Command proof measures what it costs to state and to verify, against the limits
// of hashing and of Ed25519 on one core, in the same run.
//
//	go run ./bench/proof
//
// The limit of committing is SHA-256 over as many bytes as the disclosures hold. The
// limit of verifying is the Ed25519 signatures of a bundle: its envelope, the log's
// head and two witnesses.
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
	begin := time.Now()
	c, err := statement.Commit(all, rand.Reader)
	if err != nil {
		return nil, window, err
	}
	took := time.Since(begin)
	begin = time.Now()
	for _, d := range c.Disclosures {
		sha256.Sum256(d)
	}
	limit := time.Since(begin)
	fmt.Fprintf(w, "| limit: SHA-256 of each disclosure, one core | %.0f results/s | 1 |\n", results/limit.Seconds())
	fmt.Fprintf(w, "| salted results into a tree, one core | %.0f results/s | %.2f |\n", results/took.Seconds(), limit.Seconds()/took.Seconds())
	return c, window, nil
}

type signer struct{ ed25519.PrivateKey }

func (s signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.PrivateKey, message), nil }

// verify measures opening and verifying a bundle of one result.
func verify(w io.Writer, c *statement.Committed, window statement.Window) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	raw, policy, err := oneResult(c, window, signer{key})
	if err != nil {
		return err
	}
	message := make([]byte, 200)
	sig := ed25519.Sign(key, message)
	begin := time.Now()
	for range 4 * rounds {
		ed25519.Verify(key.Public().(ed25519.PublicKey), message, sig)
	}
	limit := time.Since(begin)
	begin = time.Now()
	for range rounds {
		b, err := bundle.Open(raw)
		if err != nil {
			return err
		}
		if r := bundle.Verify(b, policy, time.Now()); r.State != bundle.Verified {
			return errors.New("not verified: " + r.Reasons[0])
		}
	}
	took := time.Since(begin)
	fmt.Fprintf(w, "| limit: four Ed25519 signatures, one core | %.0f bundles/s | 1 |\n", rounds/limit.Seconds())
	fmt.Fprintf(w, "| offline verification of a bundle, one core | %.0f bundles/s | %.2f |\n", rounds/took.Seconds(), limit.Seconds()/took.Seconds())
	fmt.Fprintf(w, "| a bundle of one result of %d | %d bytes | |\n", results, len(raw))
	return nil
}

// oneResult makes a bundle that discloses one result, logged and seen by two
// witnesses, and the policy that believes it.
func oneResult(c *statement.Committed, window statement.Window, key signer) ([]byte, *bundle.Policy, error) {
	n := statement.Counts{"pass": results}
	root := surety.Digest(c.Tree.Root())
	s := statement.New(statement.Predicate{
		Issuer: statement.Issuer{Name: "kube", Key: "0123456789abcdef"}, System: "shop", Policy: statement.Policy{Digest: root, Checks: 1},
		Evidence: statement.Evidence{Root: root, Items: results}, Window: window, Sequence: 1,
		Results: statement.Results{Root: root, Leaves: c.Tree.Size(), Counts: n, ByControl: map[string]statement.Counts{"SUR-VIR-02": n}, ByParty: map[string]statement.Counts{"kube": n}},
	}, nil)
	envelope, err := statement.Seal(s, key)
	if err != nil {
		return nil, nil, err
	}
	leaf := (&transparency.Leaf{
		Kind: transparency.StatementLeaf, Stream: "0123456789abcdef", Sequence: 1, Commitment: surety.DigestOf(envelope), Key: "0123456789abcdef", Claimed: window.NotBefore,
	}).Append(nil)
	checkpoint, lines, err := head(leaf)
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

// head signs the head of a log that holds one leaf, as a log and two witnesses, and
// gives the lines of a policy that believes them.
func head(leaf []byte) (checkpoint []byte, policy string, err error) {
	const origin = "bench.example/log"
	root := tlog.RecordHash(leaf)
	var signers []note.Signer
	for i, name := range []string{origin, "w1.example", "w2.example"} {
		skey, vkey, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			return nil, "", err
		}
		if i == 0 {
			s, err := note.NewSigner(skey)
			if err != nil {
				return nil, "", err
			}
			signers, policy = append(signers, s), "log "+vkey+"\n"
			continue
		}
		s, err := fnote.NewSignerForCosignatureV1(skey)
		if err != nil {
			return nil, "", err
		}
		signers, policy = append(signers, s), policy+fmt.Sprintf("witness w%d %s\n", i, vkey)
	}
	text := fmt.Sprintf("%s\n1\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:]))
	checkpoint, err = note.Sign(&note.Note{Text: text}, signers...)
	return checkpoint, policy + "group both all w1 w2\nquorum both\n", err
}
