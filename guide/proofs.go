package guide

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Proof is one thing that shows one or more controls.
type Proof struct {
	Text     string
	Evidence catalog.Evidence
	Valid    time.Duration // how long it counts, the shortest of its controls; 0 until something changes
	Controls []*catalog.Control
	Services []string
	FromTerm bool // the provider's terms name this proof

	worth float64
}

// Owed are the proofs that the party owes in one role, each to those of the
// services that it is about.
type Owed struct {
	As       system.Role
	To       []Peer
	Proofs   []Proof // attestations first, because they take longest, then by worth
	ByKind   map[catalog.Evidence]int
	Controls int
}

// Peer is another party and what it is to this one.
type Peer struct {
	Party    string // system.Public for anyone
	As       string // customer, provider, auditor ...
	Services []string
}

// proofs collects proofs by their text.
type proofs struct {
	list []*Proof
	at   map[string]*Proof
}

func (p *proofs) add(text string, k *catalog.Control, worth float64, service string, term bool) {
	if p.at == nil {
		p.at = map[string]*Proof{}
	}
	one := p.at[text]
	if one == nil {
		one = &Proof{Text: text, Evidence: k.Evidence, Valid: k.Valid, FromTerm: term}
		p.at[text] = one
		p.list = append(p.list, one)
	}
	if !slices.Contains(one.Controls, k) {
		one.Controls = append(one.Controls, k)
		one.worth += worth
		if k.Valid > 0 && (one.Valid == 0 || k.Valid < one.Valid) {
			one.Valid = k.Valid
		}
	}
	if service != "" && !slices.Contains(one.Services, service) {
		one.Services = append(one.Services, service)
	}
}

// sorted lists the proofs, those that show most against the threats first.
func (p *proofs) sorted() []Proof {
	slices.SortStableFunc(p.list, func(a, b *Proof) int {
		return cmp.Or(cmp.Compare(b.worth, a.worth), strings.Compare(a.Controls[0].ID, b.Controls[0].ID))
	})
	out := make([]Proof, len(p.list))
	for i, one := range p.list {
		slices.Sort(one.Services)
		out[i] = *one
	}
	return out
}

// proofOf is what shows a part: what the terms of the service name, else what the
// catalogue does.
func (v *view) proofOf(k *catalog.Control, part responsibility.Part) (text string, term bool) {
	if s := v.Model.Services[part.Service]; s != nil && part.Role == system.Provider {
		if terms := v.Model.Terms[s.Terms]; terms != nil && !terms.Expired && terms.About(s.Category) {
			for _, t := range terms.Terms {
				if t.Proof != "" && v.Catalog.Names(t.Control, k) {
					return t.Proof, true
				}
			}
		}
	}
	return k.Proof, false
}

// owed lists what the party must be able to show in each of its roles. ranked gives
// the order in which its controls matter.
func (l *ledger) owed(ranked []Task) []Owed {
	place := map[string]float64{}
	for i, t := range ranked {
		place[t.Control.ID] = float64(len(ranked) - i)
	}
	var out []Owed
	for _, role := range []system.Role{system.Provider, system.Partner, system.Customer} {
		peers, controls := map[string]*Peer{}, map[string]bool{}
		var found proofs
		for _, id := range sortedKeys(l.byControl) {
			k := l.Catalog.Control(id)
			for _, e := range l.byControl[id] {
				for _, part := range l.partsOf(e.row) {
					if part.Role == role && l.addPeers(peers, part) {
						text, term := l.proofOf(k, part)
						found.add(text, k, place[id], part.Service, term)
						controls[id] = true
					}
				}
			}
		}
		if len(controls) > 0 {
			out = append(out, newOwed(role, peers, &found, len(controls)))
		}
	}
	return out
}

func newOwed(role system.Role, peers map[string]*Peer, found *proofs, controls int) Owed {
	o := Owed{As: role, Proofs: found.sorted(), ByKind: map[catalog.Evidence]int{}, Controls: controls}
	for _, name := range sortedKeys(peers) {
		slices.Sort(peers[name].Services)
		o.To = append(o.To, *peers[name])
	}
	for _, p := range o.Proofs {
		o.ByKind[p.Evidence]++
	}
	slices.SortStableFunc(o.Proofs, func(a, b Proof) int {
		return -compareBool(a.Evidence == catalog.ByAttestation, b.Evidence == catalog.ByAttestation)
	})
	return o
}

// addPeers adds those to whom the party must be able to show its part: a provider
// to its customer and to the auditors of the service, a customer to the provider
// whose part rests on its own, a partner to both. It reports whether there is one.
func (l *ledger) addPeers(peers map[string]*Peer, part responsibility.Part) bool {
	s := l.Model.Services[part.Service]
	if s == nil {
		return false
	}
	any := false
	add := func(party, as string) {
		if party == l.Party {
			return
		}
		any = true
		key := party + " " + as
		if peers[key] == nil {
			peers[key] = &Peer{Party: party, As: as}
		}
		if !slices.Contains(peers[key].Services, s.Name) {
			peers[key].Services = append(peers[key].Services, s.Name)
		}
	}
	switch part.Role {
	case system.Provider:
		add(s.Customer, "customer")
		for _, p := range s.Partners {
			if l.isSub(p, "auditor") {
				add(p, "auditor")
			}
		}
	case system.Partner:
		add(s.Provider, "provider")
		if s.Customer != system.Public {
			add(s.Customer, "customer")
		}
	case system.Customer:
		if part.Share == catalog.Dependent {
			add(s.Provider, "provider")
		}
	}
	return any
}

// Letter is what to ask of one other party.
type Letter struct {
	Audit    bool // the party asks as auditor, for what it audits
	To       string
	As       []Peer   // what it is, and where; Party is To
	Through  string   // the party to ask instead, because there is no agreement with To
	Terms    []string // of its services: named and not at hand, expired, or not named at all
	Proofs   []Proof
	Controls int
	ByKind   map[catalog.Evidence]int
}

// letters lists what the party relies on others for, the one it relies on most
// first.
func (l *ledger) letters(threats []Threat) []Letter {
	r := newRank(threats)
	audit := l.isSub(l.Party, "auditor")
	if audit { // it looks for others, at whatever threatens them
		for _, t := range l.Catalog.Threats {
			r.left[t.Clause] = 1
		}
	}
	type draft struct {
		Letter
		proofs   proofs
		controls map[string]bool
	}
	drafts := map[string]*draft{}
	for _, e := range l.entries {
		if e.row.State != responsibility.Owned || e.service == nil {
			continue
		}
		for _, part := range e.row.Parts {
			if part.Party == l.Party || part.Party == system.Public || !l.reliesOn(e, part) {
				continue
			}
			d := drafts[part.Party]
			if d == nil {
				d = &draft{Letter: Letter{To: part.Party, Audit: audit, Through: l.through(part)}, controls: map[string]bool{}}
				drafts[part.Party] = d
			}
			text, term := l.proofOf(e.control, part)
			d.proofs.add(text, e.control, r.worth(e.control, e.need), part.Service, term)
			d.addRole(part, l.view)
			d.controls[e.control.ID] = true
		}
	}
	var out []Letter
	for _, name := range sortedKeys(drafts) {
		d := drafts[name]
		d.Proofs, d.Controls, d.ByKind = d.proofs.sorted(), len(d.controls), map[catalog.Evidence]int{}
		for _, p := range d.Proofs {
			d.ByKind[p.Evidence]++
		}
		d.Terms = l.termsMissing(name)
		out = append(out, d.Letter)
	}
	slices.SortStableFunc(out, func(a, b Letter) int {
		return cmp.Or(-compareBool(a.Through == "", b.Through == ""), cmp.Compare(b.Controls, a.Controls))
	})
	return out
}

// addRole notes what the addressee is on the service that gives it a part.
func (d *Letter) addRole(part responsibility.Part, v *view) {
	as, service := string(v.roleIn(part)), part.Service
	switch s, p := v.Model.Services[service], v.Model.Parties[part.Party]; {
	case s == nil || as == string(Operator):
	case len(plays(v.Party, s)) == 0 && v.dealings[[2]string{v.Party, part.Party}]:
		return // what it is where the party has no role does not matter to them
	case part.Role == system.Partner && p != nil && p.Sub != "":
		as = p.Sub
	}
	for i := range d.As {
		if d.As[i].As == as {
			if service != "" && !slices.Contains(d.As[i].Services, service) {
				d.As[i].Services = append(d.As[i].Services, service)
				slices.Sort(d.As[i].Services)
			}
			return
		}
	}
	p := Peer{Party: part.Party, As: as}
	if service != "" {
		p.Services = []string{service}
	}
	d.As = append(d.As, p)
}

// reliesOn reports whether the party needs another's part: all of it as the
// customer of the service, as its auditor what the provider has, and otherwise
// only where its own part rests on it.
func (l *ledger) reliesOn(e *entry, part responsibility.Part) bool {
	roles := plays(l.Party, e.service)
	if slices.Contains(roles, system.Customer) {
		return true
	}
	if slices.Contains(roles, system.Partner) && l.isSub(l.Party, "auditor") {
		return part.Role == system.Provider
	}
	if slices.Contains(roles, system.Provider) && part.Role == system.Provider {
		return true // the provider of what the service rests on
	}
	return e.mine && part.Share == catalog.Dependent
}

// through is the party to ask for another's part if there is no agreement with
// that: who is customer of the service, or of one that rests on it.
func (l *ledger) through(part responsibility.Part) string {
	if l.dealings[[2]string{l.Party, part.Party}] {
		return ""
	}
	for _, s := range l.services {
		if slices.Contains(l.around[s.Name], l.Model.Services[part.Service]) && l.dealings[[2]string{l.Party, s.Provider}] && s.Provider != l.Party {
			return s.Provider
		}
	}
	return ""
}

// termsMissing says for which of a provider's services to this party its terms
// are not at hand.
func (l *ledger) termsMissing(provider string) []string {
	var out []string
	for _, s := range l.services {
		if s.Provider != provider || s.Customer != l.Party {
			continue
		}
		switch t := l.Model.Terms[s.Terms]; {
		case s.Terms == "":
			out = append(out, "Your terms for "+s.Name+": we have none")
		case t == nil:
			out = append(out, "Your terms "+s.Terms+" for "+s.Name+", as a file")
		case t.Expired:
			out = append(out, "Terms for "+s.Name+" that hold today, in place of "+s.Terms)
		}
	}
	return out
}
