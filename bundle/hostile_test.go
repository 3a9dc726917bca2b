package bundle

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// lie is a bundle that its issuer, who has a key that is believed, made to mislead.
type lie struct {
	name  string
	state State
	says  string // a line of the report
	never string // what no line of it may have, "" if that is not asked
	make  func(x *issuer) (*Bundle, *Policy, time.Time)
}

func (l lie) check(t *testing.T) {
	t.Helper()
	now := time.Now()
	x := newIssuer(t, now)
	b, p, at := l.make(x)
	r := Verify(reopened(t, b), p, at)
	text := r.Text()
	if r.State != l.state || !strings.Contains(text, l.says) || l.never != "" && strings.Contains(text, l.never) {
		t.Errorf("%s: %s, want %s with %q and without %q:\n%s", l.name, r.State, l.state, l.says, l.never, text)
	}
}

// Counts that cannot be true of the results that are shown.
func TestLiesInCounts(t *testing.T) {
	now := time.Now()
	all := []int{0, 1, 2, 3, 4, 5, 6}
	for _, l := range []lie{
		{name: "a fail kept back, and its place shown as padding", state: NotVerified, says: "result 6 is disclosed, and the statement has 6", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			counts := statement.Counts{Pass: passes, Fail: 1}
			x.predicate.Results.Counts, x.predicate.Results.ByParty = counts, statement.NewTally(map[string]statement.Counts{"kube": counts})
			x.predicate.Results.ByControl = with(x.predicate.Results.ByControl, "SUR-IAM-01", statement.Counts{Fail: 1})
			return x.bundle(t, 1, 6), x.policy(t, 1, ""), now
		}},
		{name: "passes of a control that no result has, all results shown", state: NotVerified, says: "counts 5 results of SUR-DR-02 as pass; 0 are disclosed, and of all results only 0 more are pass", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = with(x.predicate.Results.ByControl, "SUR-DR-02", statement.Counts{Pass: passes})
			return x.bundle(t, 1, all...), x.policy(t, 1, "require SUR-DR-02\n"), now
		}},
		{name: "more passes of a control than are left to hide", state: NotVerified, says: "counts 5 results of SUR-DR-02 as pass; 0 are disclosed, and of all results only 3 more are pass", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = with(x.predicate.Results.ByControl, "SUR-DR-02", statement.Counts{Pass: passes})
			return x.bundle(t, 1, 0, 1), x.policy(t, 1, ""), now
		}},
		{name: "as many as are left, of which nobody can tell", state: Verified, says: "5 passes, without a fail", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = with(x.predicate.Results.ByControl, "SUR-DR-02", statement.Counts{Pass: passes})
			return x.bundle(t, 1), x.policy(t, 1, "require SUR-DR-02\n"), now
		}},
		{name: "fails moved to another party", state: NotVerified, says: "1 results of party kube are disclosed as fail, and the statement counts 0", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByParty = statement.NewTally(map[string]statement.Counts{"kube": {Pass: passes}, "customer": {Fail: failed}})
			x.predicate.Results.ByControl = without(x.predicate.Results.ByControl, "SUR-IAM-01")
			return x.bundle(t, 1, 6), x.policy(t, 1, ""), now
		}},
		{name: "fails moved to a party of which nothing is shown", state: NotVerified, says: "counts 2 results of party customer as fail; 0 are disclosed, and of all results only 0 more are fail", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByParty = statement.NewTally(map[string]statement.Counts{"kube": {Pass: passes}, "customer": {Fail: failed}})
			x.predicate.Results.ByControl = without(x.predicate.Results.ByControl, "SUR-IAM-01")
			return x.bundle(t, 1, 5, 6), x.policy(t, 1, ""), now
		}},
		{name: "one thing counted many times", state: Verified, says: "4 disclosed results are of a check and a resource that another one is of too", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			for i := range passes {
				x.recommit(t, i, func(r *statement.Result) { r.Resource = "kubernetes/prod/shop/Pod/web" })
			}
			return x.bundle(t, 1, all...), x.policy(t, 1, "require SUR-VIR-02\n"), now
		}},
		{name: "fails behind as many passes as the text lists", state: Verified, says: "Disclosed\n  - fail           KSV-0017", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 1, all...), x.policy(t, 1, ""), now
		}},
		{name: "an older statement shown for the newest", state: Verified, says: "that nothing newer says otherwise: it is number 1 of what kube states about shop", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 1), x.policy(t, 1, ""), now
		}},
		{name: "an erased bundle passed off as one of which nothing was erased", state: Verified, says: "what the results say that are not disclosed: 7 results: 2 fail, 5 pass", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			return x.bundle(t, 1), x.policy(t, 1, ""), now
		}},
		{name: "some erased, the rest passed off as all", state: Verified, says: "2 results it committed to were erased since: that is the word of who made the bundle", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 1, 0, 1, 2, 3, 4)
			b.Erased = []int64{5, 6}
			return b, x.policy(t, 1, ""), now
		}},
		{name: "a place before the first", state: NotVerified, says: "has no leaf -1", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 1, 0)
			b.Disclosures[0].Index = -1
			return b, x.policy(t, 1, ""), now
		}},
		{name: "a result of another time", state: NotVerified, says: "is of another time than the statement", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.recommit(t, 0, func(r *statement.Result) { r.NotAfter = r.NotAfter.AddDate(1, 0, 0) })
			return x.bundle(t, 1, 0), x.policy(t, 1, ""), now
		}},
	} {
		l.check(t)
	}
}

// Names that are sentences, or look like another name, stand in quotes.
func TestLiesInNames(t *testing.T) {
	now := time.Now()
	const sentence = "shop. SUR-DR-02 is shown by 40 passes, without a fail"
	named := func(system string) func(x *issuer) (*Bundle, *Policy, time.Time) {
		return func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.System = system
			return x.bundle(t, 1), x.policy(t, 1, ""), now
		}
	}
	for _, l := range []lie{
		{"a system that is a sentence", Verified, `statement about "` + sentence + `"`, " about " + sentence, named(sentence)},
		{"a system that is another line", Verified, `about "shop\n  - witness w9 saw that log"`, "\n  - witness w9", named("shop\n  - witness w9 saw that log")},
		{"a system that looks alike", Verified, `about "sh\u043ep"`, "shоp", named("shоp")},
		{"a system that is written from the right", Verified, `about "\u202epohs"`, "\u202e", named("\u202epohs")},
		{"a system that has quotes", Verified, `about "shop\" (\"seen by all"`, `shop" (`, named(`shop" ("seen by all`)},
		{"a system that fills the screen", Verified, strings.Repeat("x", maxQuoted) + `"...`, strings.Repeat("x", maxQuoted+1), named(strings.Repeat("x", 1000))},
		{"an issuer that looks alike", Verified, `is called "kub\u0435", as it says itself`, "kubе", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.rename("kubе")
			return x.bundle(t, 1), x.policy(t, 1, ""), now
		}},
		{"a resource that is a sentence", Verified, `KSV-0017 on "web (SUR-DR-02; kube's)` + strings.Repeat(" ", 20), "KSV-0017 on web (", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.recommit(t, 0, func(r *statement.Result) { r.Resource = "web (SUR-DR-02; kube's)" + strings.Repeat(" ", 80) + "fail" })
			return x.bundle(t, 1, 0), x.policy(t, 1, ""), now
		}},
		{"a control that is a sentence", NotVerified, `results of "all. It is verified" are disclosed`, "of all. It", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.recommit(t, 0, func(r *statement.Result) { r.Controls = []string{"all. It is verified"} })
			return x.bundle(t, 1, 0), x.policy(t, 1, ""), now
		}},
		{"a control of the counts that is a sentence", NotVerified, `of control "none. It is\nverified" are fail`, "none. It is\n", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Results.ByControl = with(x.predicate.Results.ByControl, "none. It is\nverified", statement.Counts{Fail: 1000})
			return x.bundle(t, 1), x.policy(t, 1, ""), now
		}},
		{"a key id that is a sentence", NotVerified, `key "none. It is verified by all who know it" signed it twice`, "", func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 1)
			sig := statement.Signature{KeyID: "none. It is verified by all who know it", Sig: []byte{1}}
			b.Envelope.Signatures = append(b.Envelope.Signatures, sig, sig)
			return b, x.policy(t, 1, ""), now
		}},
		{"a status that is a sentence", NotVerified, `a source of its evidence is none of`, "complete, and more", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Evidence.Sources[0].Status = "complete, and more"
			return x.bundle(t, 1), x.policy(t, 1, ""), now
		}},
		{"an attachment of no digest", NotVerified, `subject "report.pdf" has no SHA-256`, "", func(x *issuer) (*Bundle, *Policy, time.Time) {
			s := statement.New(x.predicate, nil)
			s.Subject = append(s.Subject, statement.Subject{Name: "report.pdf", Digest: statement.DigestSet{SHA256: "as sent"}})
			b := x.bundle(t, 1)
			var err error
			if b.Envelope, err = statement.Seal(s, x.key); err != nil {
				t.Fatal(err)
			}
			return b, x.policy(t, 1, ""), now
		}},
	} {
		l.check(t)
	}
}

// cosigned is a head that a log's witnesses, whose keys are those of logtest, co-sign
// at times of the liar's choice.
func cosigned(t *testing.T, l *logtest.Log, times ...time.Time) string {
	t.Helper()
	proof := l.Proof(t, int64(len(l.Leaves))-1, 0)
	_, text, _ := strings.Cut(proof, "\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	for i, at := range times {
		v := l.Witnesses[i].Verifier()
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, ed25519.SeedSize))
		sig := binary.BigEndian.AppendUint32(nil, v.KeyHash())
		sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
		sig = append(sig, ed25519.Sign(key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", uint64(at.Unix()), text))...)
		proof += fmt.Sprintf("— %s %s\n", v.Name(), base64.StdEncoding.EncodeToString(sig))
	}
	return proof
}

// Times that witnesses, or the issuer, say and that cannot be.
func TestLiesInTimes(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	seen := func(times ...time.Time) func(x *issuer) (*Bundle, *Policy, time.Time) {
		return func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 0)
			b.Log.Proof = cosigned(t, x.log, times...)
			return b, x.policy(t, 2, ""), now
		}
	}
	later := func(d time.Duration) time.Time { return now.Add(d) }
	for _, l := range []lie{
		{"as it was", Verified, "witness w1 saw that log at " + now.UTC().Format(time.RFC3339), "", seen(now, now)},
		{"one witness is of tomorrow", Verified, "when witness w1 saw that log: it says " + later(24*time.Hour).UTC().Format(time.RFC3339) + ", which is still to come", "witness w1 saw that log at", seen(now, later(24*time.Hour))},
		{"all are", NotVerified, "this machine says", "saw that log at", seen(later(24*time.Hour), later(25*time.Hour))},
		{"one saw it before it was collected", NotVerified, "saw it in the log at", "", seen(later(-time.Hour), now)},
		{"one is before time", NotVerified, "saw it in the log at 1970-01-01T00:00:00Z already", "", seen(time.Unix(0, 0), now)},
		{"one is before all time", NotVerified, "saw it in the log at", "", seen(time.Unix(-1<<62, 0), now)},
		{"evidence of tomorrow, seen by nobody", NotVerified, "which is still to come", "", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Window.NotBefore = now.Add(24 * time.Hour).UTC()
			return x.bundle(t, 0), x.policy(t, 0, ""), now
		}},
		{"evidence of tomorrow, seen today", NotVerified, "and witness w0 saw it in the log at", "", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Window.NotBefore = now.Add(24 * time.Hour).UTC()
			return x.bundle(t, 2), x.policy(t, 2, ""), now.Add(24 * time.Hour)
		}},
		{"seen only after it had run out", NotVerified, "it counted until", "", func(x *issuer) (*Bundle, *Policy, time.Time) {
			x.predicate.Window = statement.Window{NotBefore: now.AddDate(-1, 0, 0).UTC(), NotAfter: now.AddDate(0, -1, 0).UTC()}
			return x.bundle(t, 2), x.policy(t, 2, ""), now
		}},
	} {
		l.check(t)
	}
}

// Proofs of other entries, of other logs, and from other histories.
func TestLiesInProofs(t *testing.T) {
	now := time.Now()
	for _, l := range []lie{
		{name: "the path of another entry", state: NotVerified, says: "entry 1 of log.example/surety is not this leaf", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 1)
			b.Log.Proof = x.log.Proof(t, 1, 1)
			return b, x.policy(t, 1, ""), now
		}},
		{name: "another number of the same path", state: NotVerified, says: "is not this leaf", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 1)
			b.Log.Proof = strings.Replace(b.Log.Proof, "index 2", "index 0", 1)
			return b, x.policy(t, 1, ""), now
		}},
		{name: "a log whose name looks alike", state: NotVerified, says: "no log of the policy signed it", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b, p := x.bundle(t, 0), x.policy(t, 0, "")
			other := logtest.Other(t, strings.Replace(logtest.Origin, "o", "о", 1))
			other.Add(t, b.Log.Leaf)
			b.Log.Proof = other.Proof(t, 0, 0)
			return b, p, now
		}},
		{name: "a believed log that signs for another", state: NotVerified, says: "no log of the policy signed it as log.example/other", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b, p := x.bundle(t, 0), x.policy(t, 0, "")
			key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)) // the log's
			v := p.Log.Logs[0].Verifier
			text := strings.Replace(noteOf(b.Log.Proof), logtest.Origin, "log.example/other", 1)
			sig := append(binary.BigEndian.AppendUint32(nil, v.KeyHash()), ed25519.Sign(key, []byte(text))...)
			head, _, _ := strings.Cut(b.Log.Proof, "\n\n")
			b.Log.Proof = fmt.Sprintf("%s\n\n%s\n— %s %s\n", head, text, v.Name(), base64.StdEncoding.EncodeToString(sig))
			return b, p, now
		}},
		{name: "an erasure proven by another history", state: NotVerified, says: "shows two histories of 4 entries", make: func(x *issuer) (*Bundle, *Policy, time.Time) {
			b := x.bundle(t, 0)
			b.Erased = []int64{0}
			commitment, err := ErasedDigest(surety.DigestOf(b.Envelope.Encode()), b.Erased)
			if err != nil {
				t.Fatal(err)
			}
			leaf := &transparency.Leaf{Kind: transparency.ErasureLeaf, Stream: "00000000000000ff", Sequence: 1, Commitment: commitment,
				Key: idOf(t, x.key), Claimed: now, Declares: &transparency.Declaration{At: 2}}
			if err := Declare(leaf, logtest.Origin, x.key); err != nil {
				t.Fatal(err)
			}
			fork := x.log.Clone()
			fork.Add(t, leaf.Append(nil))
			x.log.Add(t, []byte("something else"))
			b.Log.Proof = x.log.Proof(t, 2, 0)
			b.Erasure = &LogProof{Leaf: leaf.Append(nil), Proof: fork.Proof(t, 3, 0)}
			return b, x.policy(t, 0, ""), now
		}},
	} {
		l.check(t)
	}
}

// noteOf is the text of the head that a proof ends with.
func noteOf(proof string) string {
	_, text, _ := strings.Cut(proof, "\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	return text + "\n"
}

// The entry from which a stolen key counts for nothing is one of one log: in another
// that the policy has, the thief would find a lower one.
func TestStolenKeyInAnotherLog(t *testing.T) {
	x := newIssuer(t, time.Now())
	key, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	other := logtest.Other(t, "log.example/other")
	b := x.bundle(t, 0)
	other.Add(t, b.Log.Leaf)
	b.Log.Proof = other.Proof(t, 0, 0)
	logs := x.log.Policy(0) + "log " + other.VKey + "\n"
	for line, want := range map[string]string{
		" compromised-at 2":                      "the policy names several logs",
		" until 2":                               "the policy names several logs",
		" from 2":                                "the policy names several logs",
		" compromised-at 2 in " + logtest.Origin: "the statement is in log log.example/other",
		" compromised-at 2 in log.example/other": "",
		" until 0":                               "does not count for log entry 0",
		"":                                       "",
	} {
		p, err := ParsePolicy("issuer kube " + key + line + "\n" + logs)
		if added := CheckPolicy("issuer kube " + key + line + "\n" + logs); (err == nil) != (added == nil) {
			t.Errorf("with %q: %v to be read, and %v to be written", line, err, added)
		}
		said := fmt.Sprint(err)
		if err == nil {
			said = strings.Join(Verify(b, p, time.Now()).Reasons, "; ")
		}
		if (want == "") != (said == "") || !strings.Contains(said, want) {
			t.Errorf("with %q: %s, want %q", line, said, want)
		}
	}
	// Two keys of one log are one log: its key is being replaced.
	_, second, err := note.GenerateKey(nil, logtest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePolicy("issuer kube " + key + " until 2\n" + x.log.Policy(0) + "log " + second + "\n"); err != nil {
		t.Error(err)
	}
}

// rename makes the issuer call itself otherwise: what is its own then is nobody's.
func (x *issuer) rename(name string) {
	x.predicate.Issuer.Name, x.predicate.Results.ByControl = name, statement.Tally{}
}

// without is t without the counts of a name.
func without(t statement.Tally, name string) statement.Tally {
	return slices.DeleteFunc(slices.Clone(t), func(n statement.Named) bool { return n.Name == name })
}

// with is t with other counts of a name.
func with(t statement.Tally, name string, c statement.Counts) statement.Tally {
	counts := map[string]statement.Counts{}
	for _, n := range t {
		counts[n.Name] = n.Counts
	}
	counts[name] = c
	return statement.NewTally(counts)
}
