package threat

import (
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// deals are what a party has to do with others.
type deals struct {
	provides, buys, partners, termless int
	suppliers, customers               runners
	operates                           []*part // those it is stated to operate
	unclear, unsplit                   int
}

// purchases are what a party buys.
type purchases struct {
	services int
	from     runners
}

// count adds up what the parties have to do with each other.
func (x *index) count() {
	x.deals, x.bought = map[string]*deals{}, map[string]*purchases{}
	for name := range x.model.Parties {
		x.deals[name], x.bought[name] = &deals{}, &purchases{}
	}
	x.bought[system.Public] = &purchases{}
	of := func(party string) *deals {
		if d := x.deals[party]; d != nil {
			return d
		}
		return &deals{}
	}
	for _, s := range x.services {
		if s.Provider != s.Customer {
			p, c := of(s.Provider), of(s.Customer)
			p.provides++
			p.customers.add(s.Customer)
			c.buys++
			c.suppliers.add(s.Provider)
			if t := x.terms(s); t == "none" || t == "absent" || t == "expired" {
				p.termless++
			}
			if b := x.bought[s.Customer]; b != nil {
				b.services++
				b.from.add(s.Provider)
			}
		}
		for _, partner := range s.Partners {
			of(partner).partners++
		}
	}
	for _, c := range x.components {
		if c.Operator != "" {
			d := of(c.Operator)
			d.operates = append(d.operates, x.parts[c.Name])
		}
	}
	x.countDuties(of)
}

// countDuties counts for each party the controls in which it has a part and that
// are not clear. Elements in one place share their rows, which count once.
func (x *index) countDuties(of func(string) *deals) {
	seen := map[*responsibility.Row]bool{}
	for i := range x.duties.Elements() {
		rows := x.duties.Elements()[i].Rows
		if len(rows) == 0 || seen[&rows[0]] {
			continue
		}
		seen[&rows[0]] = true
		for j := range rows {
			r := &rows[j]
			owned := r.State == responsibility.Owned
			if owned && !unsplit(r) {
				continue
			}
			for k, p := range r.Parts {
				if k > 0 && r.Parts[k-1].Party == p.Party {
					continue
				}
				if owned {
					of(p.Party).unsplit++
				} else {
					of(p.Party).unclear++
				}
			}
		}
	}
}
