package catalog

import (
	"slices"

	"github.com/surety-cloud/surety/system"
)

// Share is the part that a role has in a control on one service.
type Share string

// The shares. The zero value is no part at all.
const (
	NoShare     Share = ""
	Sole        Share = "owned"       // it is this role's alone
	Independent Share = "independent" // each role does its own part whatever the others do
	Dependent   Share = "dependent"   // one role's part presupposes another's
)

// Roles lists every role, in the order that tables show them.
var Roles = []system.Role{system.Customer, system.Provider, system.Partner}

// Shares is one cell of the ownership matrix: what part each role has.
type Shares struct {
	Customer, Provider, Partner Share
	// Stays says that what is the provider's alone ends with it. Other such cells
	// are looked up again on the service that the provider's own runs on.
	Stays bool
}

// Row is one row of the ownership matrix, with a cell for every category.
type Row map[system.Category]Shares

// Of returns the share of a role.
func (s Shares) Of(r system.Role) Share {
	switch r {
	case system.Customer:
		return s.Customer
	case system.Provider:
		return s.Provider
	case system.Partner:
		return s.Partner
	}
	return NoShare
}

// Roles lists the roles that have a part.
func (s Shares) Roles() []system.Role {
	var out []system.Role
	for _, r := range Roles {
		if s.Of(r) != NoShare {
			out = append(out, r)
		}
	}
	return out
}

// Valid reports whether the cell is one role's alone, or shared by two or more
// in the same way.
func (s Shares) Valid() bool {
	roles := s.Roles()
	if len(roles) == 0 {
		return false
	}
	first := s.Of(roles[0])
	for _, r := range roles {
		if s.Of(r) != first {
			return false
		}
	}
	return (first == Sole) == (len(roles) == 1) && slices.Contains([]Share{Sole, Independent, Dependent}, first)
}

// AppliesTo reports whether the control is about services of category c.
func (k *Control) AppliesTo(c system.Category) bool {
	return len(k.Applies) == 0 || slices.Contains(k.Applies, c)
}

// Concerns reports whether the control is about a service: its category, and what
// it offers if the control is about that.
func (k *Control) Concerns(s *system.Service) bool {
	if !k.AppliesTo(s.Category) {
		return false
	}
	return len(k.Offers) == 0 || slices.ContainsFunc(s.Offering(), func(o system.Offer) bool { return slices.Contains(k.Offers, o) })
}

// OfPartners reports whether the control is about the work of a partner, such as
// an audit or a broker's listing: the provider has no part in it. Where there is
// no such partner, nothing is asked.
func (k *Control) OfPartners() bool {
	roles := k.Roles()
	return slices.Contains(roles, system.Partner) && !slices.Contains(roles, system.Provider)
}

// Roles lists the roles that have a share in the control on a service of any
// category that it applies to.
func (k *Control) Roles() []system.Role {
	var out []system.Role
	for _, r := range Roles {
		for _, cat := range system.Categories {
			if k.AppliesTo(cat) && k.Owner[cat].Of(r) != NoShare {
				out = append(out, r)
				break
			}
		}
	}
	return out
}
