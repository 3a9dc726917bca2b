package transparency

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety"
)

func leaf(seq int64) *Leaf {
	l := &Leaf{
		Kind: StatementLeaf, Stream: "0123456789abcdef", Sequence: seq, Commitment: surety.DigestOf([]byte{byte(seq)}),
		Key: "fedcba9876543210", Claimed: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC),
	}
	if seq > 1 {
		l.Previous = leaf(seq - 1).Digest()
	}
	return l
}

func TestLeafForm(t *testing.T) {
	for seq := range int64(3) {
		raw := leaf(seq + 1).Append(nil)
		back, err := ParseLeaf(raw)
		if err != nil || *back != *leaf(seq + 1) {
			t.Errorf("%s is read as %+v, %v", raw, back, err)
		}
		if len(raw) > MaxLeaf {
			t.Errorf("a leaf of %d bytes", len(raw))
		}
	}
	good := string(leaf(2).Append(nil))
	for name, bad := range map[string]string{
		"space":      strings.Replace(good, ",", ", ", 1),
		"version":    strings.Replace(good, "[1,", "[2,", 1),
		"kind":       strings.Replace(good, "statement", "rumour", 1),
		"sequence":   strings.Replace(good, ",2,", ",1,", 1),
		"stream":     strings.Replace(good, "0123456789abcdef", "acme", 1),
		"more":       strings.Replace(good, "]", `,"x"]`, 1),
		"end":        good + "\n",
		"not UTC":    strings.Replace(good, "12:00:00Z", "13:00:00+01:00", 1),
		"empty":      "",
		"too long":   `[1,"` + strings.Repeat("x", MaxLeaf) + `"]`,
		"digest":     strings.Replace(good, `"",`, `"00",`, 1) + "x",
		"upper case": strings.ToUpper(good),
	} {
		if l, err := ParseLeaf([]byte(bad)); err == nil {
			t.Errorf("%s: read as %+v", name, l)
		}
	}
}

// world is a log with witnesses, made by code that is not ours.
type world struct {
	signer    note.Signer
	vkey      string
	leaves    [][]byte
	hashes    []tlog.Hash
	witnesses []*torchwood.CosignatureSigner
}

const origin = "log.example/surety"

func newWorld(t testing.TB, witnesses int) *world {
	t.Helper()
	w := &world{}
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	w.vkey = vkey
	if w.signer, err = note.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	for i := range witnesses {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, ed25519.SeedSize))
		s, err := torchwood.NewCosignatureSigner(fmt.Sprintf("witness%d.example", i), key)
		if err != nil {
			t.Fatal(err)
		}
		w.witnesses = append(w.witnesses, s)
	}
	return w
}

func (w *world) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, n := range indexes {
			out[i] = w.hashes[n]
		}
		return out, nil
	})
}

func (w *world) add(t testing.TB, raw []byte) {
	t.Helper()
	stored, err := tlog.StoredHashes(int64(len(w.leaves)), raw, w.reader())
	if err != nil {
		t.Fatal(err)
	}
	w.leaves, w.hashes = append(w.leaves, raw), append(w.hashes, stored...)
}

// checkpoint signs the head, with the first n witnesses.
func (w *world) checkpoint(t testing.TB, n int) []byte {
	t.Helper()
	root, err := tlog.TreeHash(int64(len(w.leaves)), w.reader())
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, len(w.leaves), base64.StdEncoding.EncodeToString(root[:]))
	signers := []note.Signer{w.signer}
	for _, s := range w.witnesses[:n] {
		signers = append(signers, s)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (w *world) proof(t testing.TB, index int64, witnesses int) string {
	t.Helper()
	path, err := tlog.ProveRecord(int64(len(w.leaves)), index, w.reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(torchwood.FormatProof(index, path, w.checkpoint(t, witnesses)))
}

// policy is the text of one that asks for need of all witnesses.
func (w *world) policy(need int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# of the tests\nlog %s https://%s/\n", w.vkey, origin)
	names := ""
	for i, s := range w.witnesses {
		fmt.Fprintf(&b, "witness w%d %s\n", i, s.Verifier())
		names += fmt.Sprintf(" w%d", i)
	}
	if need == 0 {
		return b.String() + "quorum none\n"
	}
	return b.String() + fmt.Sprintf("group g %d%s\nquorum g\n", need, names)
}

func parse(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := ParsePolicy(text, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// Ours and torchwood's verifier agree on every quorum.
func TestCheckAgreesWithTorchwood(t *testing.T) {
	w := newWorld(t, 3)
	for i := range 7 {
		w.add(t, leaf(int64(i+1)).Append(nil))
	}
	for need := range 4 {
		text := w.policy(need)
		ours := parse(t, text)
		theirs, err := torchwood.ParsePolicy([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for signed := range 4 {
			for index := range int64(7) {
				proof := w.proof(t, index, signed)
				got, err := ours.Check(w.leaves[index], proof)
				foreign := torchwood.VerifyProof(theirs, tlog.RecordHash(w.leaves[index]), []byte(proof))
				if (err == nil) != (foreign == nil) || (err == nil) != (signed >= need) {
					t.Errorf("%d of %d needed, entry %d: ours %v, torchwood's %v", signed, need, index, err, foreign)
				}
				if err != nil && !errors.Is(err, ErrQuorum) {
					t.Errorf("err = %v, want ErrQuorum", err)
				}
				if err == nil && (got.Index != index || got.Size != 7 || got.Origin != origin || len(got.Witnesses) != signed) {
					t.Errorf("logged = %+v", got)
				}
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 5 {
		w.add(t, leaf(int64(i+1)).Append(nil))
	}
	p := parse(t, w.policy(1))
	good := w.proof(t, 3, 1)
	if _, err := p.Check(w.leaves[3], good); err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, bad := range map[string]string{
		"another index":     swap("index 3", "index 2"),
		"index past end":    swap("index 3", "index 5"),
		"index of old form": swap("index 3", "index 03"),
		"huge index":        swap("index 3", "index 18446744073709551615"),
		"another size":      swap("\n5\n", "\n6\n"),
		"another origin":    swap(origin+"\n", origin+".evil\n"),
		"header":            swap("@v1", "@v2"),
		"extension line":    swap("\n— ", "\nextension\n\n— "),
		"long path":         swap("index 3\n", "index 3\n"+strings.Repeat(strings.Repeat("A", 43)+"=\n", 100)),
		"huge":              strings.Repeat("x", MaxProof+1),
		"empty":             "",
	} {
		if got, err := p.Check(w.leaves[3], bad); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
	if _, err := p.Check(w.leaves[2], good); err == nil {
		t.Error("another leaf is accepted")
	}
	for i := range len(good) {
		bad := []byte(good)
		bad[i] ^= 1
		if got, err := p.Check(w.leaves[3], string(bad)); err == nil {
			t.Errorf("byte %d changed and still accepted: %+v", i, got)
		}
	}
	stranger := parse(t, newWorld(t, 1).policy(0))
	stranger.Logs[0].Origin = "other"
	if _, err := stranger.Check(w.leaves[3], good); err == nil {
		t.Error("a log is accepted under another origin")
	}
}

func TestPolicyMistakes(t *testing.T) {
	w := newWorld(t, 2)
	good := w.policy(2)
	for _, tt := range []struct{ name, text, want string }{
		{"unknown word", good + "mirror x\n", `line 7: "mirror"`},
		{"no quorum", "log " + w.vkey + "\n", "no quorum"},
		{"two quorums", good + "quorum none\n", "a quorum already"},
		{"unknown member", strings.Replace(good, "2 w0 w1", "2 w0 w9", 1), "w9 is no witness"},
		{"member twice", strings.Replace(good, "2 w0 w1", "2 w0 w0", 1), "in it twice"},
		{"cannot be met", strings.Replace(good, "2 w0 w1", "3 w0 w1", 1), "cannot be met"},
		{"zero", strings.Replace(good, "2 w0 w1", "0 w0 w1", 1), "cannot be met"},
		{"log key", "log nonsense\nquorum none\n", "not a verifier key"},
		{"witness key", "witness w " + w.vkey + "x\n", "not a witness key"},
		{"same key twice", strings.Replace(good, "group", "witness again "+w.witnesses[0].Verifier().String()+"\ngroup", 1), "cannot count twice"},
		{"word as name", "witness none " + w.witnesses[0].Verifier().String() + "\n", "a word of the policy"},
		{"name twice", strings.Replace(good, "witness w1", "witness w0", 1), "given already"},
		{"log twice", "log " + w.vkey + "\n" + good, "given twice"},
	} {
		if _, err := ParsePolicy(tt.text, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err = %v, want %q", tt.name, err, tt.want)
		}
	}
	nested := w.policy(0)
	nested = strings.Replace(nested, "quorum none", "group inner any w0 w1\ngroup outer all inner w0\nquorum outer", 1)
	w.add(t, leaf(1).Append(nil))
	p := parse(t, nested)
	if _, err := p.OpenHead(w.checkpoint(t, 1)); err != nil {
		t.Errorf("nested groups: %v", err)
	}
	if _, err := p.OpenHead(w.checkpoint(t, 0)); !errors.Is(err, ErrQuorum) {
		t.Errorf("nested groups without witness: %v", err)
	}
}

func TestConflict(t *testing.T) {
	a, b := newWorld(t, 1), newWorld(t, 1)
	a.add(t, []byte("one"))
	b.add(t, []byte("another"))
	p := parse(t, a.policy(1))
	first, err := p.OpenHead(a.checkpoint(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.OpenHead(b.checkpoint(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if !Conflict(first, second) || Conflict(first, first) {
		t.Error("two histories are not told from one")
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(leaf(2).Append(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if l, err := ParseLeaf(raw); err == nil && !bytes.Equal(l.Append(nil), raw) {
			t.Errorf("%q is read as another text", raw)
		}
	})
}

func FuzzCheck(f *testing.F) {
	w := newWorld(f, 1)
	w.add(f, leaf(1).Append(nil))
	p := parse(f, w.policy(1))
	f.Add(w.proof(f, 0, 1))
	f.Fuzz(func(t *testing.T, proof string) {
		if got, err := p.Check(w.leaves[0], proof); (got == nil) == (err == nil) {
			t.Errorf("%v with error %v", got, err)
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(newWorld(f, 2).policy(1))
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := ParsePolicy(text, nil); (p == nil) == (err == nil) {
			t.Errorf("%v with error %v", p, err)
		}
	})
}
