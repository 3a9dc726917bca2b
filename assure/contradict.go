package assure

import (
	"cmp"
	"fmt"

	"github.com/surety-cloud/surety/assessment"
)

// Contradictions refuses statements that cannot be of one history: two with one
// number of what a party states about a system, or one that follows another and names
// another before it. Only its own key signs them, so whoever holds two such has proof
// that the party, or who stole its key, tells different things to different people.
// It returns a sentence for each.
func Contradictions(list []assessment.Stated) (found []string) {
	type place struct {
		party, system string
		number        int64
	}
	at := map[place]*assessment.Stated{}
	for i := range list {
		s := &list[i]
		if s.Sequence == 0 || s.Party == "" {
			continue // not read
		}
		p := place{s.Party, s.System, s.Sequence}
		before, twice := at[p]
		switch {
		case !twice:
			at[p] = s
		case before.Digest != s.Digest:
			found = append(found, refuseBoth(before, s, fmt.Sprintf("%s shows two histories: its statement %d about %q is %s in %s and %s in %s",
				s.Party, s.Sequence, s.System, before.Digest, before.File, s.Digest, s.File)))
		}
	}
	for i := range list {
		s := &list[i]
		before := at[place{s.Party, s.System, s.Sequence - 1}]
		if before != nil && s.Previous != before.Digest.String() {
			found = append(found, refuseBoth(before, s, fmt.Sprintf("%s shows two histories: its statement %d about %q follows %s, says %s, and statement %d in %s is %s",
				s.Party, s.Sequence, s.System, s.Previous, s.File, before.Sequence, before.File, before.Digest)))
		}
	}
	return found
}

func refuseBoth(a, b *assessment.Stated, why string) string {
	for _, s := range []*assessment.Stated{a, b} {
		s.Refused = cmp.Or(s.Refused, why)
		s.Reasons = append(s.Reasons, why)
	}
	return why
}
