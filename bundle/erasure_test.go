package bundle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// What was erased is proven to be erased if the issuer says so in the log, and is
// no failure otherwise.
func TestErasureIsProven(t *testing.T) {
	now := time.Now()
	key, err := FormatKey(newKey(7).Public())
	if err != nil {
		t.Fatal(err)
	}
	second := "\nissuer kube " + key
	const word = "that is the word of who made the bundle, for "
	for name, tt := range map[string]struct {
		places    []int64
		at        int64
		origin    string
		by        statement.Signer
		named     statement.Signer // whose key the entry names
		policy    string           // more words of the issuer's line
		unlogged  bool
		otherKind bool
		want      string
	}{
		"logged":                                {want: "kube says in entry 3 of log log.example/surety that 2 results it committed to were erased"},
		"no entry":                              {unlogged: true, want: word + "no log entry of its issuer says so"},
		"of other results":                      {places: []int64{0, 2}, want: word + "the log entry that it has is about something else"},
		"of another statement":                  {at: 1, want: "is about something else"},
		"another kind of entry":                 {otherKind: true, want: "is about something else"},
		"by a stranger":                         {by: newKey(7), want: "no key of kube that counts signed"},
		"signed elsewhere":                      {origin: "log.example/other", want: "no key of kube that counts signed"},
		"by a key that ended":                   {policy: " until 3", want: "no key of kube that counts signed"},
		"by another of its keys":                {by: newKey(7), named: newKey(7), policy: second, want: "kube says in entry 3"},
		"by one that counts for another system": {by: newKey(7), named: newKey(7), policy: second + " system bank", want: "no key of kube that counts signed"},
	} {
		x := newIssuer(t, now.Add(-time.Hour))
		b := x.bundle(t, 0)
		b.Erased = []int64{1, 0}
		if tt.places == nil {
			tt.places = []int64{0, 1}
		}
		if tt.at == 0 {
			tt.at = 2
		}
		if tt.origin == "" {
			tt.origin = logtest.Origin
		}
		if tt.by == nil {
			tt.by = x.key
		}
		if tt.named == nil {
			tt.named = x.key
		}
		commitment, err := ErasedDigest(surety.DigestOf(b.Envelope.Encode()), tt.places)
		if err != nil {
			t.Fatal(err)
		}
		leaf := &transparency.Leaf{Kind: transparency.ErasureLeaf, Stream: "00000000000000ff", Sequence: 1, Commitment: commitment,
			Key: idOf(t, tt.named), Claimed: now, Declares: &transparency.Declaration{At: tt.at}}
		if err := Declare(leaf, tt.origin, tt.by); err != nil {
			t.Fatal(err)
		}
		if tt.otherKind {
			leaf.Kind, leaf.Declares = transparency.AdminLeaf, nil
		}
		x.log.Add(t, leaf.Append(nil))
		if !tt.unlogged {
			b.Erasure = &LogProof{Leaf: leaf.Append(nil), Proof: x.log.Proof(t, 3, 0)}
		}
		key, err := FormatKey(x.key.Public())
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePolicy(fmt.Sprintf("issuer kube %s%s\n%s", key, tt.policy, x.log.Policy(0)))
		if err != nil {
			t.Fatal(err)
		}
		r := Verify(reopened(t, b), p, now)
		list := r.NotProven
		if strings.HasPrefix(tt.want, "kube says") {
			list = r.Proven
		}
		if r.State != Erased || !slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, tt.want) }) {
			t.Errorf("%s: %s, %q, want %q", name, r.State, list, tt.want)
		}
	}
}
