package guide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Role is what the party is on one service.
type Role struct {
	Service *system.Service
	Role    system.Role
	With    string // the other parties and their roles, in words
	Beneath string // what the service runs on, in words, "" if on nothing
	Terms   string // what is known of the provider's terms, in words, "" if they do not matter
}

// Holdings are what the party runs and whose data it has.
type Holdings struct {
	Components Places
	Exposed    []string // of these, reachable from a zone
	Zones      []string
	Data       []DataUse // on components that the party runs
	Entrusted  []DataUse // on components that others run for it
}

func (h Holdings) empty() bool { return h.Components.Count == 0 && len(h.Zones) == 0 }

// DataUse is one class of data and where it is.
type DataUse struct {
	Data    *system.Data
	Needs   string // in words
	Stored  Places
	Handled Places
}

// rolesOf lists the party's roles by service.
func (v *view) rolesOf() []Role {
	var out []Role
	for _, s := range v.services {
		roles := plays(v.Party, s)
		if s.Provider == s.Customer && s.Provider == v.Party {
			roles = slices.DeleteFunc(roles, func(r system.Role) bool { return r == system.Customer }) // "for yourself" says it
		}
		for _, role := range roles {
			out = append(out, Role{Service: s, Role: role, With: v.with(s, role), Beneath: v.beneath(s), Terms: v.terms(s, role)})
		}
	}
	slices.SortStableFunc(out, func(a, b Role) int {
		return cmp.Compare(roleOrder[a.Role], roleOrder[b.Role])
	})
	return out
}

// Operator is what a party is where it runs an element for another.
const Operator system.Role = "operator"

var roleOrder = map[system.Role]int{system.Provider: 0, system.Customer: 1, system.Partner: 2, Operator: 3}

// roleIn is the role in which a party has a part.
func (v *view) roleIn(p responsibility.Part) system.Role {
	if s := v.Model.Services[p.Service]; s != nil && !slices.Contains(plays(p.Party, s), p.Role) {
		return Operator
	}
	return p.Role
}

func (v *view) with(s *system.Service, role system.Role) string {
	var parts []string
	if role != system.Provider && s.Provider != v.Party {
		parts = append(parts, "provided by "+s.Provider)
	}
	if role != system.Customer {
		switch {
		case s.Customer == system.Public:
			parts = append(parts, "for anyone")
		case s.Customer == v.Party:
			parts = append(parts, "for yourself")
		default:
			parts = append(parts, "for "+s.Customer)
		}
	}
	var partners []string
	for _, p := range s.Partners {
		if p == v.Party && role == system.Partner {
			continue
		}
		if sub := v.Model.Parties[p]; sub != nil && sub.Sub != "" {
			p += " (" + sub.Sub + ")"
		}
		partners = append(partners, p)
	}
	if len(partners) > 0 {
		parts = append(parts, "partner "+listed(partners))
	}
	return strings.Join(parts, ", ")
}

func (v *view) beneath(s *system.Service) string {
	var parts []string
	for _, below := range v.around[s.Name] {
		if below != s {
			parts = append(parts, fmt.Sprintf("%s of %s", below.Name, below.Provider))
		}
	}
	return strings.Join(parts, ", on ")
}

// terms says what is known of the terms of a service between two parties.
func (v *view) terms(s *system.Service, role system.Role) string {
	if s.Provider == s.Customer || role == system.Partner || s.Customer == system.Public && s.Terms == "" {
		return ""
	}
	t := v.Model.Terms[s.Terms]
	switch {
	case s.Terms == "":
		return "none named"
	case t == nil:
		return s.Terms + ", not at hand"
	case t.Expired:
		return s.Terms + ", do not hold today"
	case t.Until != "":
		return s.Terms + ", until " + t.Until
	}
	return s.Terms
}

func (v *view) holdings() Holdings {
	var h Holdings
	held := v.held()
	for _, c := range held {
		h.Components.add(c.Name)
		if c.Exposed != "" {
			h.Exposed = append(h.Exposed, c.Name)
		}
	}
	for name, z := range v.Model.Zones {
		s := v.nearest(name)
		if s != nil && z.In != "" && (s.Customer == v.Party || s.Customer == system.Public && s.Provider == v.Party) {
			h.Zones = append(h.Zones, name)
		}
	}
	slices.Sort(h.Zones)
	var others []*system.Component
	for _, c := range v.inside(v.as(system.Customer)) {
		if v.holder(c) != v.Party {
			others = append(others, c)
		}
	}
	h.Data, h.Entrusted = v.dataUse(held), v.dataUse(others)
	return h
}

// dataUse lists the data of components, the neediest first.
func (v *view) dataUse(components []*system.Component) []DataUse {
	byName := map[string]*DataUse{}
	var out []*DataUse
	of := func(name string) *DataUse {
		if byName[name] == nil {
			d := v.Model.Data[name]
			if d == nil {
				d = &system.Data{Name: name}
			}
			byName[name] = &DataUse{Data: d, Needs: needs(d)}
			out = append(out, byName[name])
		}
		return byName[name]
	}
	for _, c := range components {
		for _, name := range c.Stores {
			of(name).Stored.add(c.Name)
		}
		for _, name := range c.Handles {
			of(name).Handled.add(c.Name)
		}
	}
	slices.SortFunc(out, func(a, b *DataUse) int {
		return cmp.Or(cmp.Compare(greatest(b.Data), greatest(a.Data)), strings.Compare(a.Data.Name, b.Data.Name))
	})
	uses := make([]DataUse, len(out))
	for i, u := range out {
		uses[i] = *u
	}
	return uses
}

func greatest(d *system.Data) int { return max(d.Confidentiality, d.Integrity, d.Availability) }

// needs says the protection needs of data, its kinds and how much there is.
func needs(d *system.Data) string {
	var parts []string
	if d.Confidentiality > 0 {
		parts = append(parts, system.SecrecyWord(d.Confidentiality))
	}
	if d.Integrity > 0 {
		parts = append(parts, "integrity "+system.NeedWord(d.Integrity))
	}
	if d.Availability > 0 {
		parts = append(parts, "availability "+system.NeedWord(d.Availability))
	}
	if len(parts) == 0 {
		parts = append(parts, "needs not stated")
	}
	parts = append(parts, d.Kinds...)
	if d.Records > 0 {
		parts = append(parts, amount(d.Records)+" records")
	}
	return strings.Join(parts, ", ")
}

// amount writes a number as people say it.
func amount(n int64) string {
	switch {
	case n >= 1_000_000 && n%100_000 == 0:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e6), ".0") + " million"
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%d,000", n/1000)
	}
	return fmt.Sprint(n)
}

// Where says where the data is.
func (u DataUse) Where() string {
	var parts []string
	if u.Stored.Count > 0 {
		parts = append(parts, "stored by "+u.Stored.String())
	}
	if u.Handled.Count > 0 {
		parts = append(parts, "handled by "+u.Handled.String())
	}
	return strings.Join(parts, ", ")
}
