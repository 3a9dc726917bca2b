package assure

import (
	"cmp"
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// relate adds what the checks on relations say of the items, which are numbered.
func (s *seen) relate(o Options, controllers map[evidence.Key]evidence.Key) {
	for _, part := range o.Policy.Divide(policy.Scene{Items: s.items, Controllers: controllers, Unseen: s.unseen}) {
		s.judged = append(s.judged, o.judgePart(part)...)
	}
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
