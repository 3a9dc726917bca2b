package assure

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// relate adds what the checks on relations say of the items, which are numbered.
func (s *seen) relate(o Options) {
	r := relater{Options: o, hash: sha256.New()}
	for _, part := range o.Policy.Divide(policy.Scene{Items: s.items, Controllers: s.controllers, Unseen: s.unseen}) {
		s.judged = append(s.judged, r.remembered(part)...)
	}
}

// relater judges the parts of a scene, one at a time; its scratch is used for one
// after the other.
type relater struct {
	Options
	hash hash.Hash
	text []byte // of what is hashed
}

// remembered is judgePart for a part that the memo may know.
func (r *relater) remembered(part policy.Part) []assessment.Judgement {
	if r.Memo == nil {
		return r.judgePart(part)
	}
	digest := r.digest(part)
	out, ok := r.Memo.Judged(digest, part.Items)
	if !ok {
		out = r.judgePart(part)
		r.Memo.PutJudged(digest, part.Items, out)
	}
	return out
}

// partFormat tells a part from a document, whose digest begins with its format.
const partFormat = 0x7f

// digest covers all that decides what a part comes to, but for the checks. Lines of
// facts are relative to their item, and so are those of outcomes.
func (r *relater) digest(part policy.Part) (out surety.Digest) {
	format := byte(partFormat)
	if r.Facts {
		format |= factsFormat
	}
	add := func(texts ...string) {
		for _, s := range texts {
			r.text = append(binary.AppendUvarint(r.text, uint64(len(s))), s...)
		}
		r.hash.Write(r.text)
		r.text = r.text[:0]
	}
	r.hash.Reset()
	r.text = append(r.text[:0], format)
	add(part.Context)
	for _, item := range part.Items {
		add(item.Key.Account, item.Key.Kind, item.Kind, item.Namespace, item.Name, item.Facts.Packed())
	}
	r.hash.Sum(out[:0])
	return out
}

// judgePart keeps of a part's outcomes what the assessment needs.
func (r *relater) judgePart(part policy.Part) []assessment.Judgement {
	found := part.Judge()
	slices.SortStableFunc(found, func(a, b policy.Relation) int { return cmp.Compare(a.Item.Number, b.Item.Number) })
	var out []assessment.Judgement
	var said []assessment.Judged
	for i, f := range found {
		j := assessment.Judged{Item: f.Item, Check: f.Check, Verdict: f.Verdict}
		if f.Verdict != surety.Pass {
			var read *evidence.Value
			if r.Facts && f.Verdict == surety.Fail {
				read = f.Item.Facts.Value()
			}
			d := detail(r.Facts, f.Outcome, read)
			j.Detail = &d
		}
		said = append(said, j)
		if i+1 == len(found) || found[i+1].Item != f.Item {
			out = append(out, r.Pool.Judge(f.Item, said))
			said = said[:0]
		}
	}
	return out
}
