package statement_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
)

var (
	noon     = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	tomorrow = noon.Add(24 * time.Hour)
)

// stream gives the same randomness in every run.
type stream struct{ n byte }

func (s *stream) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = s.n
		s.n++
	}
	return len(b), nil
}

func result(i int) statement.Result {
	return statement.Result{
		Check: "KSV-0017", Version: "0123456789ab", Controls: []string{"SUR-VIR-02"},
		Resource: fmt.Sprintf("kubernetes/files/shop/Deployment.apps/web-%d", i), Verdict: surety.Fail, Severity: surety.High,
		Party: "acme", Evidence: []surety.Digest{surety.DigestOf([]byte{byte(i)})}, NotBefore: noon, NotAfter: tomorrow,
	}
}

func results(n int) []statement.Result {
	out := make([]statement.Result, n)
	for i := range out {
		out[i] = result(i)
	}
	return out
}

func commit(t testing.TB, n int) *statement.Committed {
	t.Helper()
	c, err := statement.Commit(results(n), &stream{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDisclosureForm(t *testing.T) {
	r := result(1)
	got := string(r.Append(nil, statement.Salt{1, 2, 3}))
	want := `["AQIDAAAAAAAAAAAAAAAAAA",1,"KSV-0017","0123456789ab",["SUR-VIR-02"],"kubernetes/files/shop/Deployment.apps/web-1","fail","high","acme",` +
		`["` + surety.DigestOf([]byte{1}).String() + `"],"2026-11-27T12:00:00Z","2026-11-28T12:00:00Z"]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	back, salt, err := statement.Disclosure(got).Parse()
	if err != nil || salt != (statement.Salt{1, 2, 3}) || back.Resource != r.Resource || back.Verdict != surety.Fail || !back.NotAfter.Equal(tomorrow) {
		t.Errorf("read back as %+v, %v, %v", back, salt, err)
	}
}

func TestDisclosureHasOneForm(t *testing.T) {
	r := result(1)
	good := string(r.Append(nil, statement.Salt{}))
	for name, bad := range map[string]string{
		"space":          strings.Replace(good, ",1,", ", 1,", 1),
		"after its end":  good + " ",
		"two":            good + good,
		"escaped letter": strings.Replace(good, "KSV", `\u004bSV`, 1),
		"other kind":     strings.Replace(good, ",1,", ",2,", 1),
		"other verdict":  strings.Replace(good, `"fail"`, `"fine"`, 1),
		"short salt":     strings.Replace(good, `"AAAA`, `"`, 1),
		"null controls":  strings.Replace(good, `["SUR-VIR-02"]`, "null", 1),
		"other zone":     strings.Replace(good, "2026-11-27T12:00:00Z", "2026-11-27T13:00:00+01:00", 1),
		"padding":        `["AAAAAAAAAAAAAAAAAAAAAA",0]`,
		"empty":          "",
		"object":         `{"a":1}`,
	} {
		if r, _, err := statement.Disclosure(bad).Parse(); err == nil {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
}

// Every leaf of trees of every small size leads to the root, and to no other.
func TestPaths(t *testing.T) {
	for n := range 20 {
		c := commit(t, n)
		size := c.Tree.Size()
		if size < int64(n) || size < 1 || size&(size-1) != 0 || n > 2 && size >= int64(2*n) {
			t.Errorf("%d results: a tree of %d leaves", n, size)
		}
		for i, d := range c.Disclosures {
			path, err := c.Tree.Path(i)
			if err != nil {
				t.Fatal(err)
			}
			if err := statement.CheckPath(d, int64(i), size, path, c.Tree.Root()); err != nil {
				t.Errorf("%d of %d: %v", i, n, err)
			}
			if err := statement.CheckPath(d, int64(i^1), size, path, c.Tree.Root()); err == nil && size > 1 {
				t.Errorf("%d of %d is also accepted in its neighbour's place", i, n)
			}
			other := append(statement.Disclosure{}, d...)
			other[len(other)-3] ^= 1
			if statement.CheckPath(other, int64(i), size, path, c.Tree.Root()) == nil {
				t.Errorf("%d of %d: a changed disclosure is accepted", i, n)
			}
		}
	}
}

func TestPathsOfForgedSizes(t *testing.T) {
	c := commit(t, 5)
	path, err := c.Tree.Path(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{-1, 0, 1, 5, 4, 16, 1 << 40} {
		if statement.CheckPath(c.Disclosures[0], 0, size, path, c.Tree.Root()) == nil {
			t.Errorf("a tree of 8 leaves is accepted as one of %d", size)
		}
	}
	for _, long := range [][]statement.Hash{nil, path[:2], append(path, path[0]), make([]statement.Hash, 1000)} {
		if statement.CheckPath(c.Disclosures[0], 0, 8, long, c.Tree.Root()) == nil {
			t.Errorf("a path of %d hashes is accepted", len(long))
		}
	}
}

// Equal results have different leaves, and padding tells nothing.
func TestSaltsHide(t *testing.T) {
	same := []statement.Result{result(1), result(1), result(1)}
	a, err := statement.Commit(same, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := statement.Commit(same, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.Disclosures[0], a.Disclosures[1]) || a.Tree.Root() == b.Tree.Root() {
		t.Error("equal results can be recognised")
	}
}

func TestCommitFailsWithoutRandomness(t *testing.T) {
	if _, err := statement.Commit(results(3), bytes.NewReader(make([]byte, 40))); err == nil {
		t.Error("committed with too little randomness")
	}
}

func predicate(c *statement.Committed, n int) statement.Predicate {
	root := surety.Digest(c.Tree.Root())
	counts := statement.Counts{Fail: n}
	return statement.Predicate{
		Issuer: statement.Issuer{Name: "acme", Key: trusted("acme", newEdKey(1)).ID}, System: "shop",
		Policy:   statement.Policy{Digest: surety.DigestOf([]byte("policy")), Checks: 297},
		Evidence: statement.Evidence{Root: surety.DigestOf([]byte("evidence")), Items: n, Sources: []statement.Source{{Status: "complete", Items: n}}},
		Results: statement.Results{Root: root, Leaves: c.Tree.Size(), Counts: counts,
			ByControl: statement.Tally{{Name: "SUR-VIR-02", Counts: counts}}, ByParty: statement.Tally{{Name: "acme", Counts: counts}}},
		Responsibilities: map[string]map[string]int{"acme": {"violated": 1}},
		Window:           statement.Window{NotBefore: noon, NotAfter: tomorrow}, Sequence: 1,
		Tool: statement.Tool{Name: "surety", Version: "v0.1.0"},
	}
}

type edKey struct{ ed25519.PrivateKey }

func (k edKey) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.PrivateKey, message), nil }

type p256Key struct{ *ecdsa.PrivateKey }

func (k p256Key) Public() crypto.PublicKey { return k.PrivateKey.Public() }

func (k p256Key) Sign(message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, k.PrivateKey, sum[:])
}

func newEdKey(seed byte) edKey {
	return edKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func trusted(name string, s statement.Signer) statement.Key {
	key, err := statement.NewKey(name, s.Public())
	if err != nil {
		panic(err)
	}
	return key
}

func TestSealAndOpen(t *testing.T) {
	c := commit(t, 3)
	s := statement.New(predicate(c, 3), map[string]surety.Digest{"assessment-results.oscal.json": surety.DigestOf([]byte("oscal"))})
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, p256 := newEdKey(1), p256Key{ecdsaKey}
	both, err := statement.Seal(s, ed, p256)
	if err != nil {
		t.Fatal(err)
	}
	s.Predicate.Issuer.Key = trusted("acme", p256).ID
	byP256, err := statement.Seal(s, p256)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		from *statement.Envelope
		keys []statement.Key
		by   string
	}{
		{"Ed25519", both, []statement.Key{trusted("acme", ed)}, "acme"},
		{"P-256", byP256, []statement.Key{trusted("acme", ed), trusted("acme too", p256)}, "acme too"},
		{"both", both, []statement.Key{trusted("acme too", p256), trusted("acme", ed)}, "acme"},
		{"another key", both, []statement.Key{trusted("mallory", newEdKey(2))}, ""},
		{"no key", both, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opened, err := reopen(tt.from.Encode(), tt.keys)
			if tt.by == "" {
				if !errors.Is(err, statement.ErrUntrusted) {
					t.Errorf("err = %v", err)
				}
				return
			}
			if err != nil || opened.By.Name != tt.by || opened.Statement.Predicate.System != "shop" || len(opened.Statement.Subject) != 4 {
				t.Errorf("opened %+v, %v", opened, err)
			}
		})
	}
}

// reopen opens an envelope from its bytes.
func reopen(raw []byte, keys []statement.Key) (*statement.Opened, error) {
	e, err := statement.ParseEnvelope(raw)
	if err != nil {
		return nil, err
	}
	return e.Open(keys)
}

// A statement must name the key that signs it: whoever watches for uses of a key
// goes by that name.
func TestStatementsThatNameAnotherKey(t *testing.T) {
	mine, other := newEdKey(1), newEdKey(2)
	keys := []statement.Key{trusted("acme", mine), trusted("acme", other)}
	s := statement.New(predicate(commit(t, 1), 1), nil)
	if _, err := statement.Seal(s, other); err == nil {
		t.Error("sealed by another key than it names")
	}
	both, err := statement.Seal(s, mine, other)
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(*statement.Envelope){
		"only the other signed":    func(e *statement.Envelope) { e.Signatures = e.Signatures[1:] },
		"the named one's is false": func(e *statement.Envelope) { e.Signatures[0].Sig = e.Signatures[1].Sig },
		"the other's under its id": func(e *statement.Envelope) {
			e.Signatures = []statement.Signature{{KeyID: keys[0].ID, Sig: e.Signatures[1].Sig}}
		},
		"its own under another id": func(e *statement.Envelope) {
			e.Signatures = []statement.Signature{{KeyID: keys[1].ID, Sig: e.Signatures[0].Sig}}
		},
		"twice by one":       func(e *statement.Envelope) { e.Signatures = append(e.Signatures, e.Signatures[0]) },
		"an id that is none": func(e *statement.Envelope) { e.Signatures[0].KeyID = "" },
	} {
		forged := *both
		forged.Signatures = slices.Clone(both.Signatures)
		forge(&forged)
		if opened, err := reopen(forged.Encode(), keys); err == nil {
			t.Errorf("%s: opened as signed by %v", name, opened.By)
		}
	}
	// Whoever believes the second key alone is not told that the first one signed.
	if opened, err := reopen(both.Encode(), keys[1:]); err == nil {
		t.Errorf("opened as signed by %v", opened.By)
	}
}

// No change of an envelope survives.
func TestEnvelopeOfChangedBytes(t *testing.T) {
	c := commit(t, 1)
	key := newEdKey(1)
	sealed, err := statement.Seal(statement.New(predicate(c, 1), nil), key)
	if err != nil {
		t.Fatal(err)
	}
	raw := sealed.Encode()
	keys := []statement.Key{trusted("acme", key)}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if opened, err := reopen(bad, keys); err == nil {
			t.Fatalf("byte %d (%q) changed, and still opened as %+v", i, bad[max(0, i-10):i+10], opened.Statement)
		}
	}
}

func TestStatementsThatContradictThemselves(t *testing.T) {
	c := commit(t, 2)
	for name, change := range map[string]func(*statement.Statement){
		"type":           func(s *statement.Statement) { s.Type = "https://in-toto.io/Statement/v0.1" },
		"predicate type": func(s *statement.Statement) { s.PredicateType = "x" },
		"root":           func(s *statement.Statement) { s.Predicate.Results.Root = surety.DigestOf(nil) },
		"no subject":     func(s *statement.Statement) { s.Subject = nil },
		"by party":       func(s *statement.Statement) { s.Predicate.Results.ByParty = nil },
		"negative":       func(s *statement.Statement) { s.Predicate.Results.Counts = statement.Counts{Fail: 3, Pass: -1} },
		"leaves":         func(s *statement.Statement) { s.Predicate.Results.Leaves = 1 },
		"window":         func(s *statement.Statement) { s.Predicate.Window.NotAfter = noon },
		"sequence":       func(s *statement.Statement) { s.Predicate.Sequence = 0 },
		"previous":       func(s *statement.Statement) { s.Predicate.Sequence, s.Predicate.Previous = 2, "00" },
		"uneven leaves":  func(s *statement.Statement) { s.Predicate.Results.Leaves = 600 },
		"endless leaves": func(s *statement.Statement) { s.Predicate.Results.Leaves = 1 << 62 },
		"no control":     func(s *statement.Statement) { s.Predicate.Results.ByControl = nil },
		"control above": func(s *statement.Statement) {
			s.Predicate.Results.ByControl[0].Counts = statement.Counts{Pass: 600}
		},
		"control below nothing": func(s *statement.Statement) {
			s.Predicate.Results.ByControl = append(s.Predicate.Results.ByControl, statement.Named{Name: "SUR-VIR-03", Counts: statement.Counts{Fail: -1}})
		},
		"by party of another verdict": func(s *statement.Statement) {
			s.Predicate.Results.ByParty = statement.Tally{{Name: "acme", Counts: statement.Counts{Pass: 2}}}
		},
		"sums that overflow": func(s *statement.Statement) {
			huge := statement.Counts{Fail: math.MaxInt, Pass: math.MaxInt, Waived: 4}
			s.Predicate.Results.Counts, s.Predicate.Results.ByParty[0].Counts, s.Predicate.Results.ByControl[0].Counts = huge, huge, huge
		},
		"a source's items": func(s *statement.Statement) { s.Predicate.Evidence.Sources[0].Items = -1 },
		"fraction": func(s *statement.Statement) {
			s.Predicate.Window.NotAfter = s.Predicate.Window.NotAfter.Add(time.Millisecond)
		},
		"zone": func(s *statement.Statement) {
			s.Predicate.Window.NotAfter = s.Predicate.Window.NotAfter.In(time.FixedZone("", 3600))
		},
		"system":        func(s *statement.Statement) { s.Predicate.System = "" },
		"issuer":        func(s *statement.Statement) { s.Predicate.Issuer.Name = strings.Repeat("a", 2000) },
		"items":         func(s *statement.Statement) { s.Predicate.Evidence.Items = -3 },
		"subject twice": func(s *statement.Statement) { s.Subject = append(s.Subject, s.Subject[0]) },
	} {
		s := statement.New(predicate(c, 2), nil)
		change(s)
		raw, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := statement.Decode(string(raw)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good, err := statement.New(predicate(c, 2), nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := statement.Decode(string(good)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"case":       strings.Replace(string(good), `"system":"shop"`, `"System":"shop"`, 1),
		"other case": strings.Replace(string(good), `"system":"shop"`, `"system":"shop","System":"bank"`, 1),
		"inner case": strings.Replace(string(good), `"leaves":`, `"Leaves":`, 1),
		"folded":     strings.Replace(string(good), `"issuer":`, `"i\u017fsuer":`, 1),
		"twice":      strings.Replace(string(good), `{"_type"`, `{"system":"a","_type"`, 1),
		"again":      strings.Replace(string(good), `"system":"shop"`, `"system":"shop","system":"bank"`, 1),
		"after":      string(good) + "{}",
		"verdict":    strings.Replace(string(good), `{"fail":2}`, `{"fail":2,"fine":2}`, 1),
		"count":      strings.Replace(string(good), `{"fail":2}`, `{"fail":2.0}`, 1),
		"missing":    strings.Replace(string(good), `"system":"shop",`, ``, 1),
		"control":    strings.Replace(string(good), `{"SUR-VIR-02":{"fail":2}}`, `{"SUR-VIR-02":{"fail":2},"SUR-VIR-02":{"fail":2}}`, 1),
		"deep":       strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
	} {
		if bad == string(good) {
			t.Errorf("%s: nothing is changed", name)
		}
		if _, err := statement.Decode(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDisclosure(f *testing.F) {
	r := result(1)
	f.Add([]byte(r.Append(nil, statement.Salt{})))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, salt, err := statement.Disclosure(b).Parse()
		if err == nil && !bytes.Equal(r.Append(nil, salt), b) {
			t.Errorf("%q is read as another text", b)
		}
	})
}

// What is read as a statement is written and read as the same one.
func FuzzDecode(f *testing.F) {
	raw, err := statement.New(predicate(commit(f, 3), 3), map[string]surety.Digest{"a.json": {}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := statement.Decode(string(raw))
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := statement.Decode(string(again))
		if err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%q is read as %+v, then (%v) as %+v", raw, s, err, back)
		}
	})
}

func FuzzOpen(f *testing.F) {
	key := newEdKey(1)
	sealed, err := statement.Seal(statement.New(predicate(commit(f, 1), 1), nil), key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed.Encode())
	keys := []statement.Key{trusted("acme", key)}
	f.Fuzz(func(t *testing.T, b []byte) {
		if opened, err := reopen(b, keys); (opened == nil) == (err == nil) {
			t.Errorf("opened %v with error %v", opened, err)
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	all := results(100_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := statement.Commit(all, rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "results/s")
}
