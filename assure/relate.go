package assure

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// relate adds what the checks on relations say of the items, which are numbered.
func (s *seen) relate(o Options, controllers map[evidence.Key]evidence.Key) {
	var scratch []byte
	for _, part := range o.Policy.Divide(policy.Scene{Items: s.items, Controllers: controllers, Unseen: s.unseen}) {
		s.judged = append(s.judged, o.remembered(part, &scratch)...)
	}
}

// remembered is judgePart for a part that the memo may know.
func (o *Options) remembered(part policy.Part, scratch *[]byte) []assessment.Judgement {
	if o.Memo == nil {
		return o.judgePart(part)
	}
	*scratch = appendPart((*scratch)[:0], part, o.Facts)
	digest := surety.DigestOf(*scratch)
	out, ok := o.Memo.Judged(digest, part.Items)
	if !ok {
		out = o.judgePart(part)
		o.Memo.PutJudged(digest, part.Items, out)
	}
	return out
}

// partFormat tells a part from a document, whose digest begins with its format.
const partFormat = 0x7f

// appendPart appends all that decides what a part comes to, but for the checks.
// Lines of facts are relative to their item, and so are those of outcomes.
func appendPart(b []byte, part policy.Part, facts bool) []byte {
	format := byte(partFormat)
	if facts {
		format |= factsFormat
	}
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	b = append(b, format)
	text(part.Context)
	for _, item := range part.Items {
		text(item.Key.Account)
		text(item.Key.Kind)
		text(item.Kind)
		text(item.Namespace)
		text(item.Name)
		text(item.Facts.Packed())
	}
	return b
}

// judgePart keeps of a part's outcomes what the assessment needs.
func (o *Options) judgePart(part policy.Part) []assessment.Judgement {
	found := part.Judge()
	slices.SortStableFunc(found, func(a, b policy.Relation) int { return cmp.Compare(a.Item.Number, b.Item.Number) })
	var out []assessment.Judgement
	var said []assessment.Judged
	for i, r := range found {
		j := assessment.Judged{Item: r.Item, Check: r.Check, Verdict: r.Verdict}
		if r.Verdict != surety.Pass {
			var read *evidence.Value
			if o.Facts && r.Verdict == surety.Fail {
				read = r.Item.Facts.Value()
			}
			d := detail(o.Facts, r.Outcome, read)
			j.Detail = &d
		}
		said = append(said, j)
		if i+1 == len(found) || found[i+1].Item != r.Item {
			out = append(out, o.Pool.Judge(r.Item, said))
			said = said[:0]
		}
	}
	return out
}
