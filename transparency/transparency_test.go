package transparency

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/logtest"
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

// declared is a key event or an erasure, of the form that its kind has.
func declared(kind Kind) *Leaf {
	sig := base64.StdEncoding.EncodeToString(make([]byte, 64))
	l := &Leaf{Kind: kind, Stream: "0123456789abcdef", Sequence: 1, Key: "fedcba9876543210", Claimed: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC),
		Declares: &Declaration{Subject: "00112233445566ff", Signatures: []string{sig}}}
	switch kind {
	case KeyIntroduced:
		l.Declares.Subject, l.Declares.Signatures = "ed25519:"+base64.StdEncoding.EncodeToString(make([]byte, 32)), []string{sig, sig}
	case KeyCompromised:
		l.Declares.At = 7
	case ErasureLeaf:
		l.Declares.Subject, l.Declares.At, l.Commitment = "", 7, surety.DigestOf(nil)
	}
	return l
}

func TestDeclarationForm(t *testing.T) {
	for _, kind := range []Kind{KeyIntroduced, KeyRetired, KeyCompromised, ErasureLeaf} {
		raw := declared(kind).Append(nil)
		back, err := ParseLeaf(raw)
		if err != nil || !bytes.Equal(back.Append(nil), raw) {
			t.Errorf("%s is read as %+v, %v", raw, back, err)
		}
		if len(raw) > MaxLeaf {
			t.Errorf("a leaf of %d bytes", len(raw))
		}
		message := string(back.Message("log.example/a"))
		if !strings.HasPrefix(message, "surety log entry v1\nlog.example/a\n[1,") || !strings.HasSuffix(message, ",[]]") {
			t.Errorf("what is signed is %q", message)
		}
		for name, change := range map[string]func(*Leaf){
			"no signature":     func(l *Leaf) { l.Declares.Signatures = nil },
			"too many":         func(l *Leaf) { l.Declares.Signatures = append(l.Declares.Signatures, l.Declares.Signatures...) },
			"no base64":        func(l *Leaf) { l.Declares.Signatures[0] = "%" },
			"a short one":      func(l *Leaf) { l.Declares.Signatures[0] = "AAAA" },
			"not its subject":  func(l *Leaf) { l.Declares.Subject = "acme" },
			"before the log":   func(l *Leaf) { l.Declares.At = -1 },
			"in a stream":      func(l *Leaf) { l.Sequence, l.Previous = 2, surety.DigestOf(nil) },
			"and a commitment": func(l *Leaf) { l.Commitment = flipped(l.Commitment) },
			"of another kind":  func(l *Leaf) { l.Kind = StatementLeaf },
			"says nothing":     func(l *Leaf) { l.Declares = nil },
		} {
			l := declared(kind)
			change(l)
			if got, err := ParseLeaf(l.Append(nil)); err == nil {
				t.Errorf("%s, %s: read as %+v", kind, name, got.Declares)
			}
		}
	}
	for _, kind := range []Kind{KeyIntroduced, KeyRetired} {
		l := declared(kind)
		l.Declares.At = 7
		if _, err := ParseLeaf(l.Append(nil)); err == nil {
			t.Errorf("%s names an entry", kind)
		}
	}
}

// flipped is a commitment where there was none, and none where there was one.
func flipped(d surety.Digest) surety.Digest {
	if d.IsZero() {
		return surety.DigestOf(nil)
	}
	return surety.Digest{}
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
	w := logtest.New(t, 3)
	for i := range 7 {
		w.Add(t, leaf(int64(i+1)).Append(nil))
	}
	for need := range 4 {
		text := w.Policy(need)
		ours := parse(t, text)
		theirs, err := torchwood.ParsePolicy([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for signed := range 4 {
			for index := range int64(7) {
				proof := w.Proof(t, index, signed)
				got, err := ours.Check(w.Leaves[index], proof)
				foreign := torchwood.VerifyProof(theirs, tlog.RecordHash(w.Leaves[index]), []byte(proof))
				if (err == nil) != (foreign == nil) || (err == nil) != (signed >= need) {
					t.Errorf("%d of %d needed, entry %d: ours %v, torchwood's %v", signed, need, index, err, foreign)
				}
				if err != nil && !errors.Is(err, ErrQuorum) {
					t.Errorf("err = %v, want ErrQuorum", err)
				}
				if err == nil && (got.Index != index || got.Size != 7 || got.Origin != logtest.Origin || len(got.Witnesses) != signed) {
					t.Errorf("logged = %+v", got)
				}
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	w := logtest.New(t, 1)
	for i := range 5 {
		w.Add(t, leaf(int64(i+1)).Append(nil))
	}
	p := parse(t, w.Policy(1))
	good := w.Proof(t, 3, 1)
	if _, err := p.Check(w.Leaves[3], good); err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, bad := range map[string]string{
		"another index":     swap("index 3", "index 2"),
		"index past end":    swap("index 3", "index 5"),
		"index of old form": swap("index 3", "index 03"),
		"huge index":        swap("index 3", "index 18446744073709551615"),
		"another size":      swap("\n5\n", "\n6\n"),
		"another origin":    swap(logtest.Origin+"\n", logtest.Origin+".evil\n"),
		"header":            swap("@v1", "@v2"),
		"extension line":    swap("\n— ", "\nextension\n\n— "),
		"long path":         swap("index 3\n", "index 3\n"+strings.Repeat(strings.Repeat("A", 43)+"=\n", 100)),
		"huge":              strings.Repeat("x", MaxProof+1),
		"empty":             "",
	} {
		if got, err := p.Check(w.Leaves[3], bad); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
	if _, err := p.Check(w.Leaves[2], good); err == nil {
		t.Error("another leaf is accepted")
	}
	for i := range len(good) {
		bad := []byte(good)
		bad[i] ^= 1
		if got, err := p.Check(w.Leaves[3], string(bad)); err == nil {
			t.Errorf("byte %d changed and still accepted: %+v", i, got)
		}
	}
	stranger := parse(t, logtest.New(t, 1).Policy(0))
	stranger.Logs[0].Origin = "other"
	if _, err := stranger.Check(w.Leaves[3], good); err == nil {
		t.Error("a log is accepted under another origin")
	}
}

func TestPolicyMistakes(t *testing.T) {
	w := logtest.New(t, 2)
	good := w.Policy(2)
	for _, tt := range []struct{ name, text, want string }{
		{"unknown word", good + "mirror x\n", `line 7: "mirror"`},
		{"two quorums", good + "quorum none\n", "a quorum already"},
		{"unknown member", strings.Replace(good, "2 w0 w1", "2 w0 w9", 1), "w9 is no witness"},
		{"member twice", strings.Replace(good, "2 w0 w1", "2 w0 w0", 1), "in it twice"},
		{"cannot be met", strings.Replace(good, "2 w0 w1", "3 w0 w1", 1), "cannot be met"},
		{"zero", strings.Replace(good, "2 w0 w1", "0 w0 w1", 1), "cannot be met"},
		{"log key", "log nonsense\nquorum none\n", "not a verifier key"},
		{"witness key", "witness w " + w.VKey + "x\n", "not a witness key"},
		{"same key twice", strings.Replace(good, "group", "witness again "+w.Witnesses[0].Verifier().String()+"\ngroup", 1), "cannot count twice"},
		{"word as name", "witness none " + w.Witnesses[0].Verifier().String() + "\n", "a word of the policy"},
		{"name twice", strings.Replace(good, "witness w1", "witness w0", 1), "given already"},
		{"log twice", "log " + w.VKey + "\n" + good, "given twice"},
	} {
		if _, err := ParsePolicy(tt.text, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err = %v, want %q", tt.name, err, tt.want)
		}
	}
	nested := w.Policy(0)
	nested = strings.Replace(nested, "quorum none", "group inner any w0 w1\ngroup outer all inner w0\nquorum outer", 1)
	w.Add(t, leaf(1).Append(nil))
	p := parse(t, nested)
	if _, err := p.OpenHead(w.Checkpoint(t, 1)); err != nil {
		t.Errorf("nested groups: %v", err)
	}
	if _, err := p.OpenHead(w.Checkpoint(t, 0)); !errors.Is(err, ErrQuorum) {
		t.Errorf("nested groups without witness: %v", err)
	}
}

func TestConflict(t *testing.T) {
	a, b := logtest.New(t, 1), logtest.New(t, 1)
	a.Add(t, []byte("one"))
	b.Add(t, []byte("another"))
	p := parse(t, a.Policy(1))
	first, err := p.OpenHead(a.Checkpoint(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.OpenHead(b.Checkpoint(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if !Conflict(first, second) || Conflict(first, first) {
		t.Error("two histories are not told from one")
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(leaf(2).Append(nil))
	f.Add(declared(KeyIntroduced).Append(nil))
	f.Add(declared(ErasureLeaf).Append(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if l, err := ParseLeaf(raw); err == nil && !bytes.Equal(l.Append(nil), raw) {
			t.Errorf("%q is read as another text", raw)
		}
	})
}

func FuzzCheck(f *testing.F) {
	w := logtest.New(f, 1)
	w.Add(f, leaf(1).Append(nil))
	p := parse(f, w.Policy(1))
	f.Add(w.Proof(f, 0, 1))
	f.Fuzz(func(t *testing.T, proof string) {
		if got, err := p.Check(w.Leaves[0], proof); (got == nil) == (err == nil) {
			t.Errorf("%v with error %v", got, err)
		}
	})
}

// What is read as a proof, others read as the same one, and write in the same bytes.
func FuzzParseProof(f *testing.F) {
	w := logtest.New(f, 1)
	for i := range int64(5) {
		w.Add(f, leaf(i+1).Append(nil))
	}
	good := w.Proof(f, 3, 1)
	f.Add(good)
	f.Add(strings.Replace(good, "\nindex", "\nextra AAEC\nindex", 1))
	f.Add(strings.Replace(good, "\nindex", "\nextra \nindex", 1))
	f.Fuzz(func(t *testing.T, text string) {
		ours, err := parseProof(text)
		if err != nil || !strings.HasSuffix(ours.checkpoint, "\n") || strings.Contains(ours.checkpoint, "\r") {
			return // others add a line end to what has none; no checkpoint is so
		}
		var theirs proof.TLogProof
		if err := theirs.Unmarshal([]byte(text)); err != nil {
			t.Fatalf("%q is read, and others refuse it: %v", text, err)
		}
		if string(theirs.Marshal()) != text || string(theirs.Checkpoint) != ours.checkpoint || int64(theirs.Index) != ours.index || len(theirs.Hashes) != len(ours.path) {
			t.Fatalf("%q is read as %+v, others read %+v", text, ours, theirs)
		}
		for i, h := range theirs.Hashes {
			if tlog.Hash(h) != ours.path[i] {
				t.Fatalf("%q: hash %d is another one", text, i)
			}
		}
	})
}

func TestProofsInAnotherForm(t *testing.T) {
	w := logtest.New(t, 1)
	for i := range int64(5) {
		w.Add(t, leaf(i+1).Append(nil))
	}
	good := w.Proof(t, 3, 1)
	p := parse(t, w.Policy(1))
	if _, err := p.Check(w.Leaves[3], strings.Replace(good, "\nindex", "\nextra AAEC\nindex", 1)); err != nil {
		t.Errorf("with extra data: %v", err)
	}
	lines := strings.Split(good, "\n")
	for name, bad := range map[string]string{
		"another version":             strings.Replace(good, "@v1", "@v2", 1),
		"no index":                    strings.Replace(good, "index 3\n", "", 1),
		"index in another form":       strings.Replace(good, "index 3", "index 03", 1),
		"negative index":              strings.Replace(good, "index 3", "index -3", 1),
		"huge index":                  strings.Replace(good, "index 3", "index 99999999999999999999", 1),
		"another index":               strings.Replace(good, "index 3", "index 2", 1),
		"extra data that is none":     strings.Replace(good, "\nindex", "\nextra ?\nindex", 1),
		"extra data twice":            strings.Replace(good, "\nindex", "\nextra AAEC\nextra AAEC\nindex", 1),
		"hash in another form":        strings.Replace(good, lines[2], lines[2][:42]+"B=", 1),
		"hash cut short":              strings.Replace(good, lines[2], lines[2][:40], 1),
		"a hash less":                 strings.Replace(good, lines[2]+"\n", "", 1),
		"a hash twice":                strings.Replace(good, lines[2]+"\n", lines[2]+"\n"+lines[2]+"\n", 1),
		"too many hashes":             strings.Replace(good, lines[2]+"\n", strings.Repeat(lines[2]+"\n", 100), 1),
		"line ends of another system": strings.ReplaceAll(good, "\n", "\r\n"),
		"no checkpoint":               good[:strings.Index(good, "\n\n")],
		"empty":                       "",
	} {
		if bad == good {
			t.Errorf("%s: nothing is changed", name)
		}
		if got, err := p.Check(w.Leaves[3], bad); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(logtest.New(f, 2).Policy(1))
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := ParsePolicy(text, nil); (p == nil) == (err == nil) {
			t.Errorf("%v with error %v", p, err)
		}
	})
}
