package bundle

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

const someLog = "log.example/acme"

// said is one entry of a log: what a key says about another, by their seeds.
type said struct {
	kind      transparency.Kind
	by, about byte
	at        int64
	origin    string // it was signed for, if not someLog
	forged    bool   // somebody else signed it
}

func (s said) leaf(t testing.TB, index int) *transparency.Leaf {
	t.Helper()
	l := &transparency.Leaf{
		Kind: s.kind, Stream: fmt.Sprintf("%016x", index), Sequence: 1, Key: idOf(t, newKey(s.by)),
		Claimed: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Declares: &transparency.Declaration{At: s.at},
	}
	if s.origin == "" {
		s.origin = someLog
	}
	signers := []statement.Signer{newKey(s.by)}
	if s.forged {
		signers[0] = newKey(99)
	}
	l.Declares.Subject = idOf(t, newKey(s.about))
	if s.kind == transparency.KeyIntroduced {
		text, err := FormatKey(newKey(s.about).Public())
		if err != nil {
			t.Fatal(err)
		}
		l.Declares.Subject = text
		signers = append(signers, newKey(s.about))
	}
	if err := Declare(l, s.origin, signers...); err != nil {
		t.Fatal(err)
	}
	back, err := transparency.ParseLeaf(l.Append(nil))
	if err != nil {
		t.Fatalf("%s: %v", l.Append(nil), err)
	}
	return back
}

func idOf(t testing.TB, key statement.Signer) string {
	t.Helper()
	id, err := statement.KeyID(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// spelled writes K1 as the public key of seed 1 and I1 as its id.
func spelled(t testing.TB, text string) string {
	t.Helper()
	for seed := byte(9); seed > 0; seed-- {
		key, err := FormatKey(newKey(seed).Public())
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("K%d", seed), key)
		text = strings.ReplaceAll(text, fmt.Sprintf("I%d", seed), idOf(t, newKey(seed)))
	}
	return text
}

const (
	introduces  = transparency.KeyIntroduced
	retires     = transparency.KeyRetired
	compromises = transparency.KeyCompromised
	in          = " in " + someLog + "\n"
)

type followCase struct {
	name, policy string
	entries      map[int]said // the other entries say nothing of keys
	after        string
	refused      int
	strangers    int
}

var followCases = []followCase{
	{"an old key vouches for a new one", "issuer acme K1\n", map[int]said{3: {kind: introduces, by: 1, about: 2}},
		"issuer acme K1\nissuer acme K2 from 3 by I1" + in, 0, 0},
	{"and is retired after a while", "issuer acme K1 system shop\nissuer kube K9\n",
		map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: retires, by: 1, about: 1}},
		"issuer acme K1 system shop until 5" + in + "issuer acme K2 system shop from 3 by I1" + in + "issuer kube K9\n", 0, 0},
	{"the new key retires the old one", "issuer acme K1\n",
		map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: retires, by: 2, about: 1}},
		"issuer acme K1 until 5" + in + "issuer acme K2 from 3 by I1" + in, 0, 0},
	{"a key calls itself compromised, and then another entry", "issuer acme K1\n",
		map[int]said{6: {kind: compromises, by: 1, about: 1, at: 4}, 7: {kind: compromises, by: 1, about: 1, at: 5}},
		"issuer acme K1 compromised-at 4" + in, 0, 0},
	{"another key of the party calls it compromised", "issuer acme K1\nissuer acme K2\n",
		map[int]said{6: {kind: compromises, by: 2, about: 1, at: 4}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2\n", 0, 0},
	{"two that conflict: the lower entry counts", "issuer acme K1\nissuer acme K2\nissuer acme K3\n",
		map[int]said{6: {kind: compromises, by: 2, about: 1, at: 4}, 7: {kind: compromises, by: 3, about: 1, at: 2}, 8: {kind: compromises, by: 2, about: 1, at: 5}},
		"issuer acme K1 compromised-at 2" + in + "issuer acme K2\nissuer acme K3\n", 0, 0},
	{"retired, and found stolen before", "issuer acme K1\n",
		map[int]said{5: {kind: retires, by: 1, about: 1}, 6: {kind: compromises, by: 1, about: 1, at: 4}},
		"issuer acme K1 compromised-at 4" + in, 0, 0},
	{"a stranger says it", "issuer acme K1\n", map[int]said{6: {kind: compromises, by: 7, about: 1, at: 0}, 7: {kind: retires, by: 7, about: 1}}, "issuer acme K1\n", 2, 0},
	{"strangers among themselves", "issuer acme K1\n", map[int]said{6: {kind: introduces, by: 7, about: 8}, 7: {kind: retires, by: 7, about: 7}}, "issuer acme K1\n", 0, 2},
	{"a stranger vouches for himself in a party's name", "issuer acme K1\n", map[int]said{6: {kind: introduces, by: 1, about: 7, forged: true}}, "issuer acme K1\n", 1, 0},
	{"another party says it", "issuer acme K1\nissuer kube K2\n", map[int]said{6: {kind: compromises, by: 2, about: 1, at: 0}, 7: {kind: retires, by: 2, about: 1}}, "issuer acme K1\nissuer kube K2\n", 2, 0},
	{"another party takes a key for its own", "issuer acme K1\nissuer kube K2\n", map[int]said{6: {kind: introduces, by: 2, about: 1}}, "issuer acme K1\nissuer kube K2\n", 1, 0},
	{"the log forges it", "issuer acme K1\n", map[int]said{6: {kind: compromises, by: 1, about: 1, at: 0, forged: true}}, "issuer acme K1\n", 1, 0},
	{"it was said in another log", "issuer acme K1\n", map[int]said{6: {kind: retires, by: 1, about: 1, origin: "log.example/other"}}, "issuer acme K1\n", 1, 0},
	{"from an entry that is still to come", "issuer acme K1\n", map[int]said{6: {kind: compromises, by: 1, about: 1, at: 7}}, "issuer acme K1\n", 1, 0},
	{"a compromised key vouches afterwards", "issuer acme K1\n",
		map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: introduces, by: 1, about: 3}, 7: {kind: compromises, by: 1, about: 1, at: 4}, 8: {kind: introduces, by: 1, about: 4}, 9: {kind: introduces, by: 3, about: 5}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2 from 3 by I1" + in, 3, 0},
	{"what it vouched for falls when another says so", "issuer acme K1\n",
		map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: introduces, by: 1, about: 3}, 6: {kind: introduces, by: 3, about: 4}, 7: {kind: compromises, by: 2, about: 1, at: 4}, 8: {kind: retires, by: 4, about: 2}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2 from 3 by I1" + in, 1, 0},
	{"and can be vouched for anew", "issuer acme K1\nissuer acme K2\n",
		map[int]said{5: {kind: introduces, by: 1, about: 3}, 7: {kind: compromises, by: 2, about: 1, at: 4}, 8: {kind: introduces, by: 2, about: 3}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2\nissuer acme K3 from 8 by I2" + in, 0, 0},
	{"a thief accuses the honest key, and the stolen key answers", "issuer acme K1\nissuer acme K2\n",
		map[int]said{5: {kind: compromises, by: 1, about: 2, at: 0}, 6: {kind: introduces, by: 1, about: 3}, 7: {kind: compromises, by: 1, about: 1, at: 4}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2\n", 2, 0},
	{"a stolen key that ended accuses the honest one", "issuer acme K1\nissuer acme K2\n",
		map[int]said{5: {kind: compromises, by: 2, about: 1, at: 4}, 6: {kind: compromises, by: 1, about: 2, at: 0}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2\n", 1, 0},
	{"an old introduction is repeated after the key was retired", "issuer acme K1\n",
		map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: retires, by: 2, about: 2}, 7: {kind: introduces, by: 1, about: 2}},
		"issuer acme K1\nissuer acme K2 from 3 until 5 by I1" + in, 0, 0},
	{"a retired key vouches", "issuer acme K1\n", map[int]said{3: {kind: retires, by: 1, about: 1}, 5: {kind: introduces, by: 1, about: 2}},
		"issuer acme K1 until 3" + in, 1, 0},
	{"a key vouches before it counts itself", "issuer acme K1 from 4\n", map[int]said{3: {kind: introduces, by: 1, about: 2}}, "issuer acme K1 from 4\n", 1, 0},
	{"it was compromised before it was introduced", "issuer acme K1\n", map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: compromises, by: 2, about: 2, at: 2}},
		"issuer acme K1\nissuer acme K2 compromised-at 0 by I1" + in, 0, 0},
	{"a key for one system speaks about one for another", "issuer acme K1 system test\nissuer acme K2\n", map[int]said{3: {kind: retires, by: 1, about: 2}},
		"issuer acme K1 system test\nissuer acme K2\n", 1, 0},
	{"a key whose entries are of another log", "issuer acme K1 until 9 in log.example/other\n", map[int]said{3: {kind: introduces, by: 1, about: 2}, 4: {kind: compromises, by: 1, about: 1, at: 1}},
		"issuer acme K1 until 9 in log.example/other\n", 2, 0},
	{"what was followed before is worked out anew", "issuer acme K1 compromised-at 4" + in + "issuer acme K2 from 3 until 8 by I1" + in + "issuer acme K3 from 5 by I1" + in,
		map[int]said{3: {kind: introduces, by: 1, about: 2}, 5: {kind: introduces, by: 1, about: 3}, 7: {kind: compromises, by: 1, about: 1, at: 4}},
		"issuer acme K1 compromised-at 4" + in + "issuer acme K2 from 3 until 8 by I1" + in, 1, 0},
}

const followedEntries = 10

// followVector is one case that other implementations can run.
type followVector struct {
	Name      string            `json:"name"`
	Origin    string            `json:"origin"`
	Policy    string            `json:"policy"`
	Entries   map[string]string `json:"entries"` // of the log, by index; the others say nothing of keys
	After     string            `json:"policy_after"`
	Refused   int               `json:"refused"`
	Strangers int               `json:"strangers"`
}

// The vectors are what they were, and are followed as they say.
func TestFollow(t *testing.T) {
	var list []followVector
	for _, c := range followCases {
		v := followVector{c.name, someLog, spelled(t, c.policy), map[string]string{}, spelled(t, c.after), c.refused, c.strangers}
		for index, s := range c.entries {
			v.Entries[strconv.Itoa(index)] = string(s.leaf(t, index).Append(nil))
		}
		list = append(list, v)
	}
	path := filepath.Join("..", "testdata", "vectors", "keyevents.json")
	made, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, made) {
		t.Errorf("%s is not what is made today: the format has changed, or go test ./bundle -update is due", path)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		t.Run(v.Name, func(t *testing.T) {
			got, after := v.follow(t, v.Policy)
			if after != v.After || len(got.Refused) != v.Refused || got.Strangers != v.Strangers {
				t.Errorf("the policy is\n%swant\n%sand %d refused, %d of strangers, want %d and %d\n%s\n%s", after, v.After, len(got.Refused), got.Strangers, v.Refused, v.Strangers,
					strings.Join(got.Changes, "\n"), strings.Join(got.Refused, "\n"))
			}
			if (after == v.Policy) != (len(got.Changes) == 0) {
				t.Errorf("the changes are told as %q", got.Changes)
			}
			again, twice := v.follow(t, after)
			if twice != after || len(again.Changes) != 0 {
				t.Errorf("followed twice, the policy is\n%sand not\n%s%q", twice, after, again.Changes)
			}
		})
	}
}

// follow returns what came of it, and the policy as it is then but for what was seen.
func (v *followVector) follow(t *testing.T, policy string) (*Followed, string) {
	t.Helper()
	const rest = "quorum none\n"
	p, err := ParsePolicy(policy + rest)
	if err != nil {
		t.Fatal(err)
	}
	f := p.Follow(v.Origin)
	for index := range followedEntries {
		leaf := &transparency.Leaf{Kind: transparency.StatementLeaf}
		if raw, ok := v.Entries[strconv.Itoa(index)]; ok {
			if leaf, err = transparency.ParseLeaf([]byte(raw)); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Add(int64(index), leaf); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Result()
	if err != nil {
		t.Fatal(err)
	}
	seen := &transparency.Head{Origin: v.Origin, Size: followedEntries, Root: tlog.Hash{1}}
	lines, err := got.Rewrite(strings.Split(strings.TrimSuffix(policy+rest, "\n"), "\n"), seen)
	if err != nil {
		t.Fatal(err)
	}
	after := strings.Join(lines, "\n") + "\n"
	if _, err := ParsePolicy(after); err != nil {
		t.Errorf("the policy cannot be read any more: %v", err)
	}
	before, _, ok := strings.Cut(after, rest)
	if !ok || !strings.HasSuffix(after, fmt.Sprintf("\nseen %s %d %s\n", v.Origin, followedEntries, seen.Root)) {
		t.Errorf("the policy lost what it had beside issuers:\n%s", after)
	}
	return got, before
}

// What was refused is told once.
func TestFollowTellsOnce(t *testing.T) {
	p, err := ParsePolicy(spelled(t, "issuer acme K1\nseen "+someLog+" 5 "+tlog.Hash{1}.String()+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	f := p.Follow(someLog)
	for _, index := range []int{4, 5} {
		if err := f.Add(int64(index), said{kind: retires, by: 7, about: 1}.leaf(t, index)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Result()
	if err != nil || len(got.Refused) != 1 || !strings.HasPrefix(got.Refused[0], "entry 5: ") {
		t.Errorf("refused = %q, %v", got.Refused, err)
	}
}

// curveKey is a key on P-256.
type curveKey struct{ *ecdsa.PrivateKey }

func (k curveKey) Sign(message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return ecdsa.SignASN1(rand.Reader, k.PrivateKey, sum[:])
}

// Keys on P-256 vouch for each other within the bounds of a leaf.
func TestFollowP256(t *testing.T) {
	var keys [2]curveKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = curveKey{key}
	}
	var text [2]string
	for i, k := range keys {
		var err error
		if text[i], err = FormatKey(k.Public()); err != nil {
			t.Fatal(err)
		}
	}
	l := &transparency.Leaf{Kind: introduces, Stream: "0123456789abcdef", Sequence: 1, Key: idOf(t, keys[0]), Claimed: time.Unix(0, 0),
		Declares: &transparency.Declaration{Subject: text[1]}}
	if err := Declare(l, someLog, keys[0], keys[1]); err != nil {
		t.Fatal(err)
	}
	l, err := transparency.ParseLeaf(l.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePolicy("issuer acme " + text[0] + "\n")
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]int{someLog: 2, "log.example/other": 1} {
		f := p.Follow(origin)
		if err := f.Add(4, l); err != nil {
			t.Fatal(err)
		}
		got, err := f.Result()
		if err != nil || len(got.Issuers) != want {
			t.Errorf("in %s: %d issuers, %v; want %d", origin, len(got.Issuers), err, want)
		}
	}
}

// A flipped byte of an entry never makes it say something else.
func TestFollowFlipped(t *testing.T) {
	good := said{kind: introduces, by: 1, about: 2}.leaf(t, 3).Append(nil)
	p, err := ParsePolicy(spelled(t, "issuer acme K1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for bit := range 8 {
			raw := bytes.Clone(good)
			raw[i] ^= 1 << bit
			leaf, err := transparency.ParseLeaf(raw)
			if err != nil {
				continue
			}
			f := p.Follow(someLog)
			if err := f.Add(3, leaf); err != nil {
				t.Fatal(err)
			}
			if got, err := f.Result(); err != nil || len(got.Issuers) != 1 {
				t.Errorf("byte %d flipped: %s is believed (%v)", i, raw, err)
			}
		}
	}
}

// A key that vouches for more keys than anybody needs is stopped there, and one that
// fills the log is named.
func TestFollowBounds(t *testing.T) {
	p, err := ParsePolicy(spelled(t, "issuer acme K1\n"))
	if err != nil {
		t.Fatal(err)
	}
	f := p.Follow(someLog)
	for n := range maxIntroduced {
		f.public[fmt.Sprintf("%016x", n)] = statement.Key{}
	}
	if err := f.Add(1, said{kind: introduces, by: 1, about: 2}.leaf(t, 1)); err != nil {
		t.Fatal(err)
	}
	if len(f.events) != 0 || len(f.out.Refused) != 1 {
		t.Errorf("%d events, refused %q", len(f.events), f.out.Refused)
	}
	retired := said{kind: retires, by: 1, about: 1}.leaf(t, 1)
	f.events, f.signed[retired.Key] = make([]keyEvent, maxEvents), maxEvents
	if err := f.Add(2, retired); err == nil || !strings.Contains(err.Error(), "signed by key "+retired.Key) {
		t.Errorf("err = %v", err)
	}
}

// What a report leaves open says up to where key events are known.
func TestVerifySaysHowFarKeysWereFollowed(t *testing.T) {
	now := time.Now()
	x := newIssuer(t, now.Add(-time.Hour))
	b := x.bundle(t, 0)
	for more, want := range map[string]string{
		"": "says of keys was not followed (surety trust update)",
		"seen log.example/surety 9 " + tlog.Hash{1}.String() + "\n": "was followed up to its first 9 entries",
	} {
		r := Verify(b, x.policy(t, 0, more), now)
		if r.State != Verified || !strings.Contains(strings.Join(r.NotProven, "\n"), want) {
			t.Errorf("%q: %s, %q", more, r.State, r.NotProven)
		}
	}
	// A proof under another root than was seen is one of two histories.
	r := Verify(b, x.policy(t, 0, "seen log.example/surety 3 "+tlog.Hash{1}.String()+"\n"), now)
	if r.State != NotVerified || !strings.Contains(strings.Join(r.Reasons, "\n"), "shows two histories of 3 entries") {
		t.Errorf("%s, %q", r.State, r.Reasons)
	}
}
