package bundle

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// What a policy's parties may have in one log: a thief of a key must not be able to
// fill the memory of those who follow it.
const (
	maxEvents     = 100_000
	maxIntroduced = 1_000
	maxRefused    = 1_000 // that are told in words
)

// Follower works out what the key events of one log change in a policy. Only keys
// that the policy believes are listened to, and those that they vouched for.
type Follower struct {
	policy    *Policy
	origin    string
	public    map[string]statement.Key // whose signatures are looked at, by id
	elsewhere map[string]*Issuer       // keys whose entries are counted in another log
	events    []keyEvent
	signed    map[string]int // events, by the key that signed them
	out       Followed
}

type keyEvent struct {
	index int64
	*transparency.Leaf
	subject statement.Key // of an introduction; otherwise its id alone
}

// Followed is what came of following a log.
type Followed struct {
	Issuers   []Issuer // as the policy should have them
	Changes   []string // in words
	Refused   []string // new events that name a key of the policy and do not count, in words
	Untold    int      // more of them, beyond what anybody reads
	Strangers int      // events of which the policy knows no key
}

// Follow begins with a policy and the origin of one of its logs. What the policy
// has from earlier events of the log is worked out anew.
func (p *Policy) Follow(origin string) *Follower {
	f := &Follower{policy: p, origin: origin, public: map[string]statement.Key{}, elsewhere: map[string]*Issuer{}, signed: map[string]int{}}
	for i := range p.Issuers {
		switch issuer := &p.Issuers[i]; {
		case issuer.In != "" && issuer.In != origin:
			f.elsewhere[issuer.ID] = issuer
		case issuer.By == "":
			f.public[issuer.ID] = issuer.Key
		}
	}
	return f
}

// Basis names, before anything is added, the keys that are listened to from the log's
// first entry on, and those whose entries are counted in another log. As long as it
// stays the same, what Counted gave stands for the entries that were read; once a
// policy has another key, what this one says in older entries is heard for the first
// time.
func (f *Follower) Basis() surety.Digest {
	text := strings.Join(slices.Sorted(maps.Keys(f.public)), " ")
	return surety.DigestOf([]byte(text + "\n" + strings.Join(slices.Sorted(maps.Keys(f.elsewhere)), " ")))
}

// Counted goes through the entries that were added and make a difference. Whoever
// keeps them can add them in the place of all others.
func (f *Follower) Counted() iter.Seq2[int64, *transparency.Leaf] {
	return func(yield func(int64, *transparency.Leaf) bool) {
		for _, e := range f.events {
			if !yield(e.index, e.Leaf) {
				return
			}
		}
	}
}

// Declare signs a declaration for the log of that origin: with the key of the leaf,
// and then, for an introduction, with the key that is introduced.
func Declare(leaf *transparency.Leaf, origin string, signers ...statement.Signer) error {
	message := leaf.Message(origin)
	leaf.Declares.Signatures = nil
	for _, signer := range signers {
		sig, err := signer.Sign(message)
		if err != nil {
			return fmt.Errorf("sign log entry: %w", err)
		}
		leaf.Declares.Signatures = append(leaf.Declares.Signatures, base64.StdEncoding.EncodeToString(sig))
	}
	return nil
}

// declaredBy reports whether the signatures of a leaf are those of the keys.
func declaredBy(leaf *transparency.Leaf, origin string, keys ...statement.Key) bool {
	message := leaf.Message(origin)
	for i, key := range keys {
		sig, err := base64.StdEncoding.Strict().DecodeString(leaf.Declares.Signatures[i])
		if err != nil || !statement.Verify(key.Public, message, sig) {
			return false
		}
	}
	return true
}

// Subject is the id of the key that a leaf says something about, "" if it
// introduces something else than a key.
func Subject(leaf *transparency.Leaf) string {
	if leaf.Kind != transparency.KeyIntroduced {
		return leaf.Declares.Subject
	}
	key, err := namedKey(leaf.Declares.Subject)
	if err != nil {
		return ""
	}
	return key.ID
}

// Add takes the next entry of the log. Leaves about no key are passed over.
func (f *Follower) Add(index int64, leaf *transparency.Leaf) error {
	if !leaf.Kind.AboutKey() {
		return nil
	}
	e := keyEvent{index, leaf, statement.Key{ID: leaf.Declares.Subject}}
	if leaf.Kind == transparency.KeyIntroduced {
		var err error
		if e.subject, err = namedKey(leaf.Declares.Subject); err != nil {
			f.refuse(index, "it introduces no key: %v", err)
			return nil
		}
	}
	if other := f.elsewhere[leaf.Key]; other != nil {
		f.refuse(index, "key %s of %s counts for entries of log %s", other.ID, other.Name, other.In)
		return nil
	}
	signer, known := f.public[leaf.Key]
	if !known {
		f.stranger(&e)
		return nil
	}
	signers := []statement.Key{signer}
	if leaf.Kind == transparency.KeyIntroduced {
		signers = append(signers, e.subject)
	}
	switch {
	case !declaredBy(leaf, f.origin, signers...):
		f.refuse(index, "it is said to be of key %s, which did not sign it for this log", leaf.Key)
		return nil
	case leaf.Kind == transparency.KeyCompromised && leaf.Declares.At > index:
		f.refuse(index, "key %s says that key %s is compromised from entry %d on, which is still to come", leaf.Key, e.subject.ID, leaf.Declares.At)
		return nil
	case len(f.events) == maxEvents:
		most := slices.MaxFunc(slices.Sorted(maps.Keys(f.signed)), func(a, b string) int { return cmp.Compare(f.signed[a], f.signed[b]) })
		return fmt.Errorf("follow key events: the log has more than %d of the policy's parties, %d of them signed by key %s; take a key out that is misused", maxEvents, f.signed[most], most)
	}
	if _, known := f.public[e.subject.ID]; !known && e.subject.Public != nil {
		if len(f.public) == len(f.policy.Issuers)+maxIntroduced {
			f.refuse(index, "key %s vouches for more keys than anybody needs", leaf.Key)
			return nil
		}
		f.public[e.subject.ID] = e.subject
	}
	f.events = append(f.events, e)
	f.signed[leaf.Key]++
	return nil
}

// stranger notes an event of a key that the policy does not know. One about a key
// that it knows is an attempt.
func (f *Follower) stranger(e *keyEvent) {
	if _, known := f.public[e.subject.ID]; known {
		f.refuse(e.index, "key %s, which the policy does not know, says something about key %s", e.Key, e.subject.ID)
		return
	}
	f.out.Strangers++
}

// refuse says why an event does not count, if it was not said when the log was
// followed before.
func (f *Follower) refuse(index int64, format string, args ...any) {
	at := slices.IndexFunc(f.policy.Seen, func(h transparency.Head) bool { return h.Origin == f.origin })
	if at >= 0 && index < f.policy.Seen[at].Size {
		return
	}
	if len(f.out.Refused) == maxRefused {
		f.out.Untold++
		return
	}
	f.out.Refused = append(f.out.Refused, fmt.Sprintf("entry %d: ", index)+fmt.Sprintf(format, args...))
}

// namedKey reads a public key in its one form.
func namedKey(text string) (statement.Key, error) {
	public, err := ParseKey(text)
	if err != nil {
		return statement.Key{}, err
	}
	id, err := statement.KeyID(public)
	if err != nil {
		return statement.Key{}, err
	}
	if again, err := FormatKey(public); err != nil || again != text {
		return statement.Key{}, errors.New("the key is not in its one form")
	}
	return statement.Key{ID: id, Public: public}, nil
}
