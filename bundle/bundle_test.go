package bundle

import (
	"bytes"
	"compress/flate"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

type edKey struct{ ed25519.PrivateKey }

func (k edKey) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.PrivateKey, message), nil }

func newKey(seed byte) edKey {
	return edKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

// issuer is a provider with a key, a log and something to prove.
type issuer struct {
	key       edKey
	log       *logtest.Log
	committed *statement.Committed
	predicate statement.Predicate
	from      time.Time
	logged    string // the key that its log entries name
}

const (
	passes = 5
	failed = 2
)

func newIssuer(t testing.TB, at time.Time) *issuer {
	t.Helper()
	at = at.UTC().Truncate(time.Second)
	x := &issuer{key: newKey(1), log: logtest.New(t, 3), from: at}
	var results []statement.Result
	for i := range passes + failed {
		r := statement.Result{
			Check: "KSV-0017", Version: "0123456789ab", Controls: []string{"SUR-VIR-02"}, Resource: fmt.Sprintf("kubernetes/prod/shop/Pod/web-%d", i),
			Verdict: surety.Pass, Severity: surety.High, Party: "kube", NotBefore: at, NotAfter: at.Add(48 * time.Hour),
		}
		if i >= passes {
			r.Verdict, r.Controls = surety.Fail, []string{"SUR-IAM-01"}
		}
		results = append(results, r)
	}
	var err error
	if x.committed, err = statement.Commit(results, rand.Reader); err != nil {
		t.Fatal(err)
	}
	id, err := statement.KeyID(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	x.logged = id
	all := statement.Counts{Pass: passes, Fail: failed}
	x.predicate = statement.Predicate{
		Issuer: statement.Issuer{Name: "kube", Key: id}, System: "shop",
		Policy:   statement.Policy{Digest: surety.DigestOf([]byte("policy")), Checks: 1},
		Evidence: statement.Evidence{Root: surety.DigestOf([]byte("evidence")), Items: 7, Sources: []statement.Source{{Live: true, Status: "complete", Items: 7}}},
		Results: statement.Results{Root: surety.Digest(x.committed.Tree.Root()), Leaves: x.committed.Tree.Size(), Counts: all,
			ByControl: statement.NewTally(map[string]statement.Counts{"SUR-VIR-02": {Pass: passes}, "SUR-IAM-01": {Fail: failed}}),
			ByParty:   statement.Tally{{Name: "kube", Counts: all}}},
		Window: statement.Window{NotBefore: at, NotAfter: at.Add(48 * time.Hour)}, Sequence: 1, Tool: statement.Tool{Name: "surety"},
	}
	return x
}

// recommit changes one result, and nothing of what is stated about all of them.
func (x *issuer) recommit(t testing.TB, at int, change func(*statement.Result)) {
	t.Helper()
	results := make([]statement.Result, passes+failed)
	for i := range results {
		r, _, err := x.committed.Disclosures[i].Parse()
		if err != nil {
			t.Fatal(err)
		}
		results[i] = *r
	}
	change(&results[at])
	var err error
	if x.committed, err = statement.Commit(results, rand.Reader); err != nil {
		t.Fatal(err)
	}
	x.predicate.Results.Root = surety.Digest(x.committed.Tree.Root())
}

// bundle seals, logs as entry 2 of 3, and discloses results.
func (x *issuer) bundle(t testing.TB, witnesses int, disclose ...int) *Bundle {
	t.Helper()
	envelope, err := statement.Seal(statement.New(x.predicate, nil), x.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := (&transparency.Leaf{
		Kind: transparency.StatementLeaf, Stream: "0123456789abcdef", Sequence: 1,
		Commitment: surety.DigestOf(envelope.Encode()), Key: x.logged, Claimed: x.from,
	}).Append(nil)
	for _, entry := range [][]byte{[]byte("other"), []byte("another"), leaf} {
		x.log.Add(t, entry)
	}
	b := &Bundle{Envelope: envelope, Log: &LogProof{Leaf: leaf, Proof: x.log.Proof(t, int64(len(x.log.Leaves))-1, witnesses)}}
	for _, i := range disclose {
		path, err := x.committed.Tree.Path(i)
		if err != nil {
			t.Fatal(err)
		}
		b.Disclosures = append(b.Disclosures, Disclosed{int64(i), x.committed.Disclosures[i], path})
	}
	return b
}

// policy believes x's key and log, and asks for need witnesses.
func (x *issuer) policy(t testing.TB, need int, more string) *Policy {
	t.Helper()
	key, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePolicy("issuer kube " + key + "\n" + x.log.Policy(need) + more)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// reopened is b through its file.
func reopened(t testing.TB, b *Bundle) *Bundle {
	t.Helper()
	raw, err := Pack(b)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Open(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestVerify(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name  string
		state State
		says  string // one of the reasons, or of what is proven
		make  func(x *issuer) (*Bundle, *Policy, time.Time)
	}{
		{"two of three witnesses", Verified, "witness w1 saw that log", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 2, 0, 6), x.policy(t, 2, ""), now
		}},
		{"disclosed results", Verified, "2 disclosed results belong to it: 2 results: 1 fail, 1 pass", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3, 0, 6), x.policy(t, 1, ""), now
		}},
		{"no witness asked for", Verified, "asks for no witness", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 0), x.policy(t, 0, ""), now
		}},
		{"not final", NotVerified, "not final yet", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 1), x.policy(t, 2, ""), now
		}},
		{"another issuer", NotVerified, "none of the 1 keys", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3)
			x.key = newKey(2)
			return b, x.policy(t, 1, ""), now
		}},
		{"not logged", NotVerified, "in no log", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3)
			b.Log = nil
			return b, x.policy(t, 1, ""), now
		}},
		{"the log entry of another", NotVerified, "another statement", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3)
			x.predicate.System = "bank"
			b.Envelope = x.bundle(t, 3).Envelope
			return b, x.policy(t, 1, ""), now
		}},
		{"too old", NotVerified, "counted until", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3), x.policy(t, 1, ""), now.Add(72 * time.Hour)
		}},
		{"not fresh", NotVerified, "the policy takes 1", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3), x.policy(t, 1, "fresh 1d\n"), now.Add(47 * time.Hour)
		}},
		{"clock of the verifier far behind", NotVerified, "this machine says", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3), x.policy(t, 1, ""), now.Add(-24 * time.Hour)
		}},
		{"required control shown", Verified, "SUR-VIR-02 is shown by 5 passes", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3), x.policy(t, 1, "require SUR-VIR-02\n"), now
		}},
		{"required control fails", NotVerified, "SUR-IAM-01 is required", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3), x.policy(t, 1, "require SUR-VIR-02 SUR-IAM-01\n"), now
		}},
		{"required control missing", NotVerified, "nothing shows it", func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 3), x.policy(t, 1, "require SUR-DR-02\n"), now
		}},
		{"erased", Erased, "2 results it committed to were erased", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3)
			b.Erased = []int64{0, 6}
			return b, x.policy(t, 1, ""), now
		}},
		{"a result in another's place", NotVerified, "does not lead to the root", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3, 0, 6)
			b.Disclosures[0].Index, b.Disclosures[1].Index = 6, 0
			return b, x.policy(t, 1, ""), now
		}},
		{"a result made better", NotVerified, "does not lead to the root", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3, 6)
			b.Disclosures[0].Data = statement.Disclosure(strings.Replace(string(b.Disclosures[0].Data), `"fail"`, `"pass"`, 1))
			return b, x.policy(t, 1, ""), now
		}},
		{"counts that hide fails", NotVerified, `results of control "SUR-IAM-01" are fail, and 0 of its issuer in all`, func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.Counts = statement.Counts{Pass: passes + failed}
			x.predicate.Results.ByParty = statement.Tally{{Name: "kube", Counts: x.predicate.Results.Counts}}
			return x.bundle(t, 3, 6), x.policy(t, 1, ""), now
		}},
		{"counts by control that hide fails", NotVerified, "2 results of its issuer are fail, and 0 by control", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = statement.Tally{{Name: "SUR-IAM-01", Counts: statement.Counts{Pass: passes}}}
			return x.bundle(t, 3), x.policy(t, 1, "require SUR-IAM-01\n"), now
		}},
		{"fails moved to another control", NotVerified, "1 results of SUR-IAM-01 are disclosed as fail, and the statement counts 0", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = statement.Tally{{Name: "SUR-IAM-01", Counts: statement.Counts{Pass: passes}}, {Name: "SUR-IAM-02", Counts: statement.Counts{Fail: failed}}}
			return x.bundle(t, 3, 6), x.policy(t, 1, "require SUR-IAM-01\n"), now
		}},
		{"erased padding", NotVerified, "result 7 is said to be erased, and the statement has 7", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3)
			b.Erased = []int64{7}
			return b, x.policy(t, 1, ""), now
		}},
		{"a log entry under another key", NotVerified, "says that key 0123456789abcdef signed it", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.logged = "0123456789abcdef"
			return x.bundle(t, 3), x.policy(t, 1, ""), now
		}},
		{"a result of no control that is not counted", NotVerified, "1 results of no control are disclosed as fail", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.recommit(t, 6, func(r *statement.Result) { r.Controls = nil })
			return x.bundle(t, 3, 6), x.policy(t, 1, ""), now
		}},
		{"another name", Verified, `that its issuer is called "kuba"`, func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.rename("kuba")
			return x.bundle(t, 3), x.policy(t, 1, ""), now
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, p, at := tt.make(newIssuer(t, now))
			r := Verify(reopened(t, b), p, at)
			said := slices.Concat(r.Reasons, r.Proven, r.NotProven)
			if r.State != tt.state || !strings.Contains(strings.Join(said, "\n"), tt.says) {
				t.Errorf("%s, want %s with %q:\n%s", r.State, tt.state, tt.says, strings.Join(said, "\n"))
			}
			if (r.State == NotVerified) != (len(r.Reasons) > 0) || r.State == Verified && len(r.NotProven) == 0 {
				t.Errorf("%s with reasons %q, not proven %q", r.State, r.Reasons, r.NotProven)
			}
		})
	}
}

// A key that was stolen counts for nothing from a log entry on, and still for
// what was logged before.
func TestCompromisedKey(t *testing.T) {
	x := newIssuer(t, time.Now())
	b := x.bundle(t, 3) // entry 2
	key, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for until, want := range map[string]State{"until 3": Verified, "until 2": NotVerified, "from 2": Verified, "from 3": NotVerified, "from 2 until 3": Verified} {
		p, err := ParsePolicy("issuer kube " + key + " " + until + "\n" + x.log.Policy(1))
		if err != nil {
			t.Fatal(err)
		}
		if r := Verify(b, p, time.Now()); r.State != want {
			t.Errorf("%s: %s (%v), want %s", until, r.State, r.Reasons, want)
		}
	}
}

// A second key that signed does not let a statement count that names a stolen one:
// its owner, who watches the log for it, would not learn of that use.
func TestAnotherKeyDoesNotVouch(t *testing.T) {
	x, other := newIssuer(t, time.Now()), newKey(2)
	b := x.bundle(t, 0)
	both, err := statement.Seal(statement.New(x.predicate, nil), other, x.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := transparency.ParseLeaf(b.Log.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	leaf.Commitment = surety.DigestOf(both.Encode())
	x.log.Add(t, leaf.Append(nil))
	b = &Bundle{Envelope: both, Log: &LogProof{Leaf: leaf.Append(nil), Proof: x.log.Proof(t, 3, 0)}}
	stolen, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	second, err := FormatKey(other.Public())
	if err != nil {
		t.Fatal(err)
	}
	for until, want := range map[string]State{"": Verified, " until 3": NotVerified} {
		p, err := ParsePolicy("issuer mallory " + second + "\nissuer kube " + stolen + until + "\n" + x.log.Policy(0))
		if err != nil {
			t.Fatal(err)
		}
		if r := Verify(b, p, time.Now()); r.State != want || r.Issuer != "kube" {
			t.Errorf("with %q: %s by %s: %v", until, r.State, r.Issuer, r.Reasons)
		}
	}
}

func TestWithoutLog(t *testing.T) {
	x := newIssuer(t, time.Now())
	key, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePolicy("issuer kube " + key + "\n")
	if err != nil {
		t.Fatal(err)
	}
	b := x.bundle(t, 0, 1)
	b.Log = nil
	r := Verify(b, p, time.Now())
	if r.State != Verified || !strings.Contains(strings.Join(r.NotProven, "\n"), "names no log") {
		t.Errorf("%s: %q, not proven %q", r.State, r.Reasons, r.NotProven)
	}
}

// A bundle of one result is small enough for a message: one of half a million
// results, which 57 controls count, in a log of a thousand entries with one witness.
func TestOneResultIsSmall(t *testing.T) {
	x := newIssuer(t, time.Now())
	for i := range 997 {
		x.log.Add(t, []byte{byte(i), byte(i >> 8)})
	}
	x.predicate.Sequence, x.predicate.Previous = 12, surety.DigestOf([]byte("before")).String()
	x.predicate.Responsibilities = map[string]map[string]int{
		"customer": {"met": 52715, "unproven": 347665, "violated": 48117}, "provider": {"met": 4, "unproven": 137, "violated": 3},
	}
	byControl := map[string]statement.Counts{}
	for _, n := range x.predicate.Results.ByControl {
		byControl[n.Name] = n.Counts
	}
	for i := range 57 {
		name := fmt.Sprintf("SUR-%c%c%c-%02d", 'A'+i%7, 'A'+i%5, 'A'+i%3, 1+i%10)
		n := int(surety.DigestOf([]byte(name))[0])
		byControl[name] = statement.Counts{Pass: n * 241, Fail: n * n % 18000, Unknown: n / 200}
	}
	x.predicate.Results.ByControl = statement.NewTally(byControl)
	b := x.bundle(t, 1, 6)
	b.Log.Leaf = bytes.Replace(b.Log.Leaf, []byte(`,1,"",`), fmt.Appendf(nil, `,12,"%064x",`, 0), 1)
	random := make([]statement.Hash, 19)
	for i := range random {
		random[i] = statement.Hash(surety.DigestOf([]byte{byte(i)}))
	}
	b.Disclosures[0].Path = random
	raw, err := Pack(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 4<<10 {
		t.Errorf("%d bytes, more than 4 KiB; the statement takes %d", len(raw), len(b.Envelope.Payload))
	}
	t.Logf("%d bytes, with a statement of %d", len(raw), len(b.Envelope.Payload))
}

func TestOpenRefuses(t *testing.T) {
	x := newIssuer(t, time.Now())
	raw, err := Pack(x.bundle(t, 1, 0, 6))
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	longer, err := deflate(append([]byte(x.bundle(t, 0).Envelope.Payload), make([]byte, statement.MaxStatement)...))
	if err != nil {
		t.Fatal(err)
	}
	packed := between(t, good, `"statement":"`, `"`)
	encoded := base64.StdEncoding.EncodeToString
	for _, tt := range []struct{ name, bad, want string }{
		{"unknown key", strings.Replace(good, `"surety"`, `"policy":"quorum none","surety"`, 1), `"policy" is not known`},
		{"repeated key", strings.Replace(good, `"surety"`, `"log":null,"surety"`, 1), `"log" is given twice`},
		{"other case", strings.Replace(good, `"surety"`, `"Surety"`, 1), `"Surety" is not known`},
		{"no signatures", strings.Replace(good, `"signatures"`, `"erased"`, 1), `"erased.0" is an object`},
		{"version", strings.Replace(good, Version, "bundle/v3", 1), `it is "bundle/v3"`},
		{"version before", `{"surety":"bundle/v1","envelope":{"payloadType":""}}`, "of an earlier surety"},
		{"result twice", strings.Replace(good, `"index":6`, `"index":0`, 1), "result 0 is given twice"},
		{"also erased", strings.Replace(good, `"log"`, `"erased":[6],"log"`, 1), "result 6 is given twice"},
		{"negative", strings.Replace(good, `"log"`, `"erased":[-1],"log"`, 1), "erased result -1"},
		{"half a hash", strings.Replace(good, `"path":"`, `"path":"AAAA`, 1), "that is not up to 30 hashes"},
		{"long path", strings.Replace(good, `"path":"`, `"path":"`+strings.Repeat("A", 4*32*30/3), 1), "that is not up to 30 hashes"},
		{"statement that is not compressed", strings.Replace(good, packed, encoded([]byte(`{"_type":""}`)), 1), "not compressed as it must be"},
		{"statement cut short", strings.Replace(good, packed, packed[:400], 1), "unexpected EOF"},
		{"something behind the statement", strings.Replace(good, packed, encoded(append(decoded(t, packed), 0)), 1), "something follows its compressed end"},
		{"a second statement", strings.Replace(good, packed, encoded(append(decoded(t, packed), decoded(t, packed)...)), 1), "something follows its compressed end"},
		{"statement that unpacks without end", strings.Replace(good, packed, encoded(longer), 1), "it unpacks to more than 1048576 bytes"},
		{"something more", good + "{}", "it goes on after its end"},
		{"something hidden", good + "\x00{}", "it goes on after its end"},
		{"deep", strings.Repeat("[", 1000), "it is an array"},
		{"array", "[]", "it is an array"},
		{"empty", "", "it is empty"},
	} {
		b, err := Open(tt.bad)
		if err == nil {
			t.Errorf("%s: opened as %+v", tt.name, b)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// between is what stands in text behind one string and before another.
func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, _ := strings.Cut(text, from)
	inside, _, ok := strings.Cut(rest, to)
	if !ok {
		t.Fatalf("%q has no %q", text, from)
	}
	return inside
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// How a statement is compressed means nothing, and every row of its counts does.
func TestRepackedStatements(t *testing.T) {
	x := newIssuer(t, time.Now())
	raw, err := Pack(x.bundle(t, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	p := x.policy(t, 1, "require SUR-VIR-02\n")
	packed := between(t, string(raw), `"statement":"`, `"`)
	text, err := inflate(packed, statement.MaxStatement)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, from, to string
		level          int
		want           State
	}{
		{"as it was, not compressed", "", "", flate.NoCompression, Verified},
		{"as it was, compressed otherwise", "", "", flate.HuffmanOnly, Verified},
		{"a count changed", `"SUR-IAM-01":{"fail":2}`, `"SUR-IAM-01":{"fail":1}`, 9, NotVerified},
		{"a row left out", `"SUR-IAM-01":{"fail":2},`, ``, 9, NotVerified},
		{"a row twice", `"SUR-IAM-01":{"fail":2},`, `"SUR-IAM-01":{"fail":2},"SUR-IAM-01":{"fail":2},`, 9, NotVerified},
		{"rows swapped", `"SUR-IAM-01":{"fail":2},"SUR-VIR-02":{"pass":5}`, `"SUR-VIR-02":{"pass":5},"SUR-IAM-01":{"fail":2}`, 9, NotVerified},
		{"counts swapped", `"SUR-IAM-01":{"fail":2},"SUR-VIR-02":{"pass":5}`, `"SUR-IAM-01":{"pass":5},"SUR-VIR-02":{"fail":2}`, 9, NotVerified},
		{"a space more", `"by_control":`, `"by_control": `, 9, NotVerified},
	} {
		changed := strings.Replace(text, tt.from, tt.to, 1)
		if tt.from != "" && changed == text {
			t.Fatalf("%s: nothing is changed", tt.name)
		}
		var again bytes.Buffer
		w, err := flate.NewWriter(&again, tt.level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(changed)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := Open(strings.Replace(string(raw), packed, base64.StdEncoding.EncodeToString(again.Bytes()), 1))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if r := Verify(b, p, time.Now()); r.State != tt.want {
			t.Errorf("%s: %s: %v", tt.name, r.State, r.Reasons)
		}
	}
}

// A compression bomb costs no more than the limit, however small it is.
func TestCompressionBomb(t *testing.T) {
	const size = 256 << 20
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size / len(zeros) {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw := fmt.Appendf(nil, `{"surety":%q,"statement":%q,"signatures":[]}`, Version, base64.StdEncoding.EncodeToString(bomb.Bytes()))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Open(string(raw)); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Fatalf("err = %v", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > uint64(8*statement.MaxStatement+4*len(raw)) {
		t.Errorf("a bomb of %d bytes takes %d", len(raw), used)
	}
}

func TestPolicyMistakes(t *testing.T) {
	key, err := FormatKey(newKey(1).Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, want string }{
		{"", "names no issuer"},
		{"issuer kube\n", "line 1"},
		{"issuer kube " + key + "\nlog " + logtest.New(t, 0).VKey + "\n", "no quorum"},
		{"issuer kube ed25519:AAAA\n", "is not a key"},
		{"issuer kube rsa:" + strings.TrimPrefix(key, "ed25519:") + "\n", "is not a"},
		{"issuer kube " + key + " until soon\n", "not a log entry"},
		{"issuer kube " + key + " since 3\n", "use system, from, until, compromised-at, by or in"},
		{"issuer kube " + key + "\nissuer mallory " + key + "\n", "kube's already"},
		{"issuer kube " + key + "\nfresh 0d\n", "line 2"},
		{"issuer kube " + key + "\nfresh often\n", `"often" is not a number of days from 1d to 3650d`},
		{"issuer kube " + key + "\nfresh 1d\nfresh 60d\n", "a fresh line already"},
		{"issuer kube " + key + " from 9 until 3\n", "no log entry is from 9 until 3"},
		{"issuer kube " + key + "\nwitness w " + logtest.New(t, 1).Witnesses[0].Verifier().String() + "\nquorum w\n", "names no log that they see"},
		{"issuer kube " + key + "\nrequire\n", "one or more control ids"},
		{"issuer kube " + key + "\nbelieve everything\n", "believe: it is no entry of a policy"},
	} {
		if _, err := ParsePolicy(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: err = %v, want %q", tt.text, err, tt.want)
		}
	}
}

// TestReach holds what the verifier may be made of.
func TestReach(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"net/http", "database/sql", "go.yaml.in/yaml/v3", "os/exec", "filippo.io/torchwood"} {
		if slices.Contains(strings.Fields(string(out)), bad) {
			t.Errorf("the verifier reaches %s", bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	x := newIssuer(f, time.Unix(1_800_000_000, 0))
	raw, err := Pack(x.bundle(f, 2, 0, 6))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	p := x.policy(f, 2, "require SUR-VIR-02\n")
	f.Fuzz(func(t *testing.T, b []byte) {
		opened, err := Open(string(b))
		if (opened == nil) == (err == nil) {
			t.Fatalf("%v with error %v", opened, err)
		}
		if err == nil {
			Verify(opened, p, time.Unix(1_800_000_100, 0))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	x := newIssuer(b, time.Now())
	raw, err := Pack(x.bundle(b, 2, 6))
	if err != nil {
		b.Fatal(err)
	}
	p := x.policy(b, 2, "")
	b.ReportAllocs()
	for b.Loop() {
		opened, err := Open(string(raw))
		if err != nil {
			b.Fatal(err)
		}
		if r := Verify(opened, p, time.Now()); r.State != Verified {
			b.Fatal(r.Reasons)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bundles/s")
}
