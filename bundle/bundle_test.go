package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os/exec"
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
	all := statement.Counts{"pass": passes, "fail": failed}
	x.predicate = statement.Predicate{
		Issuer: statement.Issuer{Name: "kube", Key: "x"}, System: "shop",
		Policy:   statement.Policy{Digest: surety.DigestOf([]byte("policy")), Checks: 1},
		Evidence: statement.Evidence{Root: surety.DigestOf([]byte("evidence")), Items: 7, Sources: []statement.Source{{Live: true, Status: "complete", Items: 7}}},
		Results: statement.Results{Root: surety.Digest(x.committed.Tree.Root()), Leaves: x.committed.Tree.Size(), Counts: all,
			ByControl: map[string]statement.Counts{"SUR-VIR-02": {"pass": passes}, "SUR-IAM-01": {"fail": failed}},
			ByParty:   map[string]statement.Counts{"kube": all}},
		Window: statement.Window{NotBefore: at, NotAfter: at.Add(48 * time.Hour)}, Sequence: 1, Tool: statement.Tool{Name: "surety"},
	}
	return x
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
		Commitment: surety.DigestOf(envelope), Key: "0123456789abcdef", Claimed: x.from,
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
	back, err := Open(raw)
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
		{"counts that hide fails", NotVerified, "results of control SUR-IAM-01 are fail, and 0 in all", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.Counts = statement.Counts{"pass": passes + failed}
			x.predicate.Results.ByParty = map[string]statement.Counts{"kube": x.predicate.Results.Counts}
			return x.bundle(t, 3, 6), x.policy(t, 1, ""), now
		}},
		{"counts by control that hide fails", NotVerified, "2 results are fail, and 0 by control", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = map[string]statement.Counts{"SUR-IAM-01": {"pass": passes}}
			return x.bundle(t, 3), x.policy(t, 1, "require SUR-IAM-01\n"), now
		}},
		{"fails moved to another control", NotVerified, "1 results of SUR-IAM-01 are disclosed as fail, and the statement counts 0", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = map[string]statement.Counts{"SUR-IAM-01": {"pass": passes}, "SUR-IAM-02": {"fail": failed}}
			return x.bundle(t, 3, 6), x.policy(t, 1, "require SUR-IAM-01\n"), now
		}},
		{"erased padding", NotVerified, "result 7 is said to be erased, and the statement has 7", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 3)
			b.Erased = []int64{7}
			return b, x.policy(t, 1, ""), now
		}},
		{"another name", Verified, `that its issuer is called "kuba"`, func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Issuer.Name = "kuba"
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

// A bundle of one result is small enough for a message.
func TestOneResultIsSmall(t *testing.T) {
	x := newIssuer(t, time.Now())
	raw, err := Pack(x.bundle(t, 3, 6))
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 4<<10 {
		t.Errorf("%d bytes, more than 4 KiB", len(raw))
	}
}

func TestOpenRefuses(t *testing.T) {
	x := newIssuer(t, time.Now())
	raw, err := Pack(x.bundle(t, 1, 0, 6))
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for name, bad := range map[string]string{
		"unknown key":               strings.Replace(good, `"surety"`, `"policy":"quorum none","surety"`, 1),
		"repeated key":              strings.Replace(good, `"surety"`, `"log":null,"surety"`, 1),
		"version":                   strings.Replace(good, Version, "bundle/v2", 1),
		"result twice":              strings.Replace(good, `"index":6`, `"index":0`, 1),
		"also erased":               strings.Replace(good, `"log"`, `"erased":[6],"log"`, 1),
		"negative":                  strings.Replace(good, `"log"`, `"erased":[-1],"log"`, 1),
		"hash":                      strings.Replace(good, `"path":["`, `"path":["AAAA","`, 1),
		"long path":                 strings.Replace(good, `"path":[`, `"path":[`+strings.Repeat(`"`+strings.Repeat("A", 43)+`=",`, 40), 1),
		"key in the envelope twice": strings.Replace(good, `"envelope":{`, `"envelope":{"payload":"",`, 1),
		"something more":            good + "{}",
		"deep":                      strings.Repeat("[", 1000),
		"array":                     "[]",
		"empty":                     "",
	} {
		if b, err := Open([]byte(bad)); err == nil {
			t.Errorf("%s: opened as %+v", name, b)
		}
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
		{"issuer kube " + key + " since 3\n", "use system, from or until"},
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
		opened, err := Open(b)
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
		opened, err := Open(raw)
		if err != nil {
			b.Fatal(err)
		}
		if r := Verify(opened, p, time.Now()); r.State != Verified {
			b.Fatal(r.Reasons)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bundles/s")
}
