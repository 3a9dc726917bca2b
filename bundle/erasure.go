package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/transparency"
)

// ErasedDigest is what the log entry of an erasure commits to: the SHA-256 of
// ["sha256:ENVELOPE",[PLACE,...]], the digest of the envelope and the places of all
// results that are erased, in their order.
func ErasedDigest(envelope surety.Digest, places []int64) (surety.Digest, error) {
	text, err := json.Marshal([]any{envelope, slices.Sorted(slices.Values(places))})
	if err != nil {
		return surety.Digest{}, fmt.Errorf("erase results: %w", err)
	}
	return surety.DigestOf(text), nil
}

// erased says what is known of the results that the bundle calls erased. Nothing of
// it makes a statement fail but a proof from another history of the log: erasure is no
// failure.
func (r *Report) erased(b *Bundle, p *Policy) {
	if len(b.Erased) == 0 {
		return
	}
	logged, err := r.erasure(b, p)
	if err != nil {
		r.leave(fmt.Sprintf("that %d results it committed to were erased since: that is the word of who made the bundle, for %v", len(b.Erased), err))
		return
	}
	r.prove(fmt.Sprintf("%s says in entry %d of log %s that %d results it committed to were erased", r.Issuer, logged.Index, logged.Origin, len(b.Erased)))
}

// erasure verifies the log entry by which the issuer says what was erased.
func (r *Report) erasure(b *Bundle, p *Policy) (*transparency.Logged, error) {
	if b.Erasure == nil || r.Logged == nil {
		return nil, errors.New("no log entry of its issuer says so")
	}
	leaf, err := transparency.ParseLeaf(b.Erasure.Leaf)
	if err != nil {
		return nil, err
	}
	want, err := ErasedDigest(r.Envelope, b.Erased)
	if err != nil {
		return nil, err
	}
	logged, err := p.Log.Check(b.Erasure.Leaf, b.Erasure.Proof)
	switch {
	case err != nil:
		return nil, err
	case r.forked(logged, append(slices.Clone(p.Seen), r.Logged.Head)):
		return nil, errors.New("its proof is from another history of the log")
	case leaf.Kind != transparency.ErasureLeaf || leaf.Commitment != want || leaf.Declares.At != r.Logged.Index || logged.Origin != r.Logged.Origin:
		return nil, errors.New("the log entry that it has is about something else")
	}
	for i := range p.Issuers {
		issuer := &p.Issuers[i]
		about := issuer.System == "" || issuer.System == r.Statement.Predicate.System
		if issuer.ID == leaf.Key && issuer.Name == r.Issuer && about && issuer.countsIn(logged) && declaredBy(leaf, logged.Origin, issuer.Key) {
			return logged, nil
		}
	}
	return nil, fmt.Errorf("no key of %s that counts signed the log entry that it has", r.Issuer)
}

// countsIn reports whether the key counts for an entry of a log.
func (i *Issuer) countsIn(at *transparency.Logged) bool {
	return (i.In == "" || i.In == at.Origin) && i.From <= at.Index && (i.Until < 0 || at.Index < i.Until)
}
