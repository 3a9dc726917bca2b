package guide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
)

// Gap is a set of responsibilities that for one reason are nobody's, or not clear
// whose they are.
type Gap struct {
	State    responsibility.State
	Controls []*catalog.Control
	Places   Places
	Reason   string
	Do       string

	weight float64
	names  map[string]bool
}

// gaps joins what concerns the party and is not owned by its reason, what would
// answer most first.
func (l *ledger) gaps(threats []Threat) []Gap {
	r := newRank(threats)
	byKey := map[string]*Gap{}
	var out []*Gap
	for _, e := range l.entries {
		if e.row.State == responsibility.Owned || !l.concernedBy(e) {
			continue
		}
		reason, do := l.reason(e)
		key := string(e.row.State) + "\n" + reason
		g := byKey[key]
		if g == nil {
			g = &Gap{State: e.row.State, Reason: reason, Do: do, names: map[string]bool{}}
			byKey[key] = g
			out = append(out, g)
		}
		if !slices.Contains(g.Controls, e.control) {
			g.Controls = append(g.Controls, e.control)
			g.weight += r.worth(e.control, e.need)
		}
		for _, name := range e.places.Names {
			if !g.names[name] {
				g.names[name] = true
				g.Places.add(name)
			}
		}
		g.Places.Count += e.places.Count - len(e.places.Names)
	}
	slices.SortStableFunc(out, func(a, b *Gap) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.Reason, b.Reason))
	})
	list := make([]Gap, len(out))
	for i, g := range out {
		list[i] = *g
	}
	return list
}

// concernedBy reports whether a defect is the party's to mend: it has a part, or
// is customer or provider of the service. A partner is not asked to mend what
// others leave open.
func (l *ledger) concernedBy(e *entry) bool {
	return e.mine || e.service != nil && (e.service.Customer == l.Party || e.service.Provider == l.Party)
}

// reason says why a responsibility is not owned, and what to do. Reasons that
// differ in their place only are put in the same words.
func (l *ledger) reason(e *entry) (reason, do string) {
	row := e.row
	switch row.State {
	case responsibility.BrokenChain:
		if len(row.Responsible) == 0 {
			sub := cmp.Or(strings.TrimPrefix(l.Catalog.SubRolesOf(e.control)["partner"], "cloud-service-"), "partner")
			sub = strings.TrimPrefix(sub, "cloud-")
			return fmt.Sprintf("only %s can do this, and none is named", article(sub)),
				fmt.Sprintf("Name %s among the partners of these services, or agree with the other side who appoints one.", article(sub))
		}
		return row.Basis, fmt.Sprintf("If %s gets it from somebody else, correct on in the model. Otherwise agree in writing with %s who has these controls, and state it under responsibility.",
			listed(row.Responsible), l.otherSide(row.Responsible))
	case responsibility.Unowned:
		return row.Basis, "Put these elements in a service or name their operator; until then nobody answers for them."
	case responsibility.Double:
		return row.Basis, fmt.Sprintf("Agree with %s which one of you answers, and strike the other line.", l.otherSide(row.Responsible))
	case responsibility.Unaccepted:
		if slices.Contains(row.Responsible, l.Party) {
			return row.Basis, "Take this on in your terms, or tell the other side that you do not; until then it counts for nobody."
		}
		return row.Basis, fmt.Sprintf("Have %s take this on in its terms and put these beside the model; until it does, plan as if nobody had it.", l.otherSide(row.Responsible))
	}
	return row.Basis, "Write down who does which part (split), or give it to a party that can act there."
}

// otherSide names the parties of a row without the reader.
func (l *ledger) otherSide(parties []string) string {
	others := slices.DeleteFunc(slices.Clone(parties), func(p string) bool { return p == l.Party })
	if len(others) == 0 {
		return "the other party of that service"
	}
	return listed(others)
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
