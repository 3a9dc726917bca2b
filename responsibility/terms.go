package responsibility

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// Promise returns the term on which the parties of a service rest for a control,
// nil if the catalogue's default stands.
func Promise(m *system.Model, known *catalog.Catalog, s *system.Service, k *catalog.Control) *system.Term {
	if t := termOf(m, known, s, k); t != nil && unable(k, s, t) == "" {
		return t
	}
	return nil
}

// termOf returns the narrowest term about a control in the terms of a service of
// m, nil if there is none at hand that holds.
func termOf(m *system.Model, known *catalog.Catalog, s *system.Service, k *catalog.Control) *system.Term {
	if s == nil {
		return nil
	}
	terms := m.Terms[s.Terms]
	if terms == nil || terms.Expired || !terms.About(s.Category) {
		return nil
	}
	var best *system.Term
	for _, t := range terms.Terms {
		if !known.Names(t.Control, k) {
			continue
		}
		if itself := strings.EqualFold(t.Control, k.ID) || strings.EqualFold(t.Control, k.Topic); itself {
			return t
		}
		if best == nil {
			best = t
		}
	}
	return best
}

// unable returns the role that a term gives a part and that cannot act on the
// control's layer of a service, "" if there is none.
func unable(k *catalog.Control, s *system.Service, t *system.Term) system.Role {
	customer, provider := reach(k, s, true)
	switch {
	case t.Shares[system.Customer] != "" && !customer:
		return system.Customer
	case t.Shares[system.Provider] != "" && !provider:
		return system.Provider
	}
	return ""
}

// IdleTerms lists the terms that change nothing on any service that has them, by
// file and line: no control that they name is asked there, or the role to which they
// give a part cannot act on it, so that the default stands.
func IdleTerms(m *system.Model, known *catalog.Catalog) []system.Gap {
	bearers := map[*system.Terms][]*system.Service{}
	for _, name := range slices.Sorted(maps.Keys(m.Services)) {
		s := m.Services[name]
		if terms := m.Terms[s.Terms]; terms != nil && !terms.Expired && terms.About(s.Category) {
			bearers[terms] = append(bearers[terms], s)
		}
	}
	var out []system.Gap
	for _, name := range slices.Sorted(maps.Keys(m.Terms)) {
		services := bearers[m.Terms[name]]
		for _, t := range m.Terms[name].Terms {
			reason := ""
			for _, s := range services {
				if reason = idle(known, s, t); reason == "" {
					break
				}
			}
			if reason != "" {
				out = append(out, system.Gap{Origin: t.Origin, Message: fmt.Sprintf("the term on %s changes nothing: %s", t.Control, reason)})
			}
		}
	}
	return out
}

// idle says why a term changes nothing on a service, "" if it does, or if its
// control is unknown, which UnmatchedTerms lists.
func idle(known *catalog.Catalog, s *system.Service, t *system.Term) string {
	reason := ""
	for _, k := range known.Controls {
		if !known.Names(t.Control, k) {
			continue
		}
		role := unable(k, s, t)
		switch {
		case !k.Concerns(s):
			reason = fmt.Sprintf("%s asks nothing of %s", k.ID, s.Name)
		case role != "":
			reason = fmt.Sprintf("the %s of %s services cannot act on the %s layer, so the default stands", role, s.Category, k.Layer)
		default:
			return ""
		}
	}
	return reason
}

// UnmatchedTerms returns the terms at hand whose control the catalogue does not
// know, by file and line. They take on nothing.
func UnmatchedTerms(m *system.Model, c *catalog.Catalog) []*system.Term {
	var out []*system.Term
	for _, name := range slices.Sorted(maps.Keys(m.Terms)) {
		for _, t := range m.Terms[name].Terms {
			if !c.Knows(t.Control) {
				out = append(out, t)
			}
		}
	}
	return out
}
