package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// dutyColumns are the columns of the csv format of responsibilities, in order.
// New ones are added at the end.
var dutyColumns = []string{
	"control", "title", "ccm_4.1", "service", "provider", "customer", "state", "ownership",
	"provider_part", "customer_part", "third_party_part", "proof", "basis", "status",
}

// Ownership is a control in the words of a CAIQ, seen from one service.
type Ownership string

// The ownerships. A third party is one that is neither provider nor customer of
// the service: who provides what the service runs on, or a partner.
const (
	ownedByCSP     Ownership = "CSP-owned"
	ownedByCSC     Ownership = "CSC-owned"
	outsourced     Ownership = "3rd-party outsourced"
	sharedCustomer Ownership = "Shared CSP and CSC"
	sharedThird    Ownership = "Shared CSP and 3rd-party"
)

// writeDutyCSV writes one row (RFC 4180) for each control and service.
func writeDutyCSV(w io.Writer, d *Duties) error {
	out := csv.NewWriter(w)
	out.Write(dutyColumns)
	for r, standing := range d.rows() {
		s := d.Model.Services[r.Element]
		if s == nil {
			continue
		}
		row := append(d.csvRow(s, r), string(standing.Status))
		for n := range row {
			row[n] = inert(row[n])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func (d *Duties) csvRow(s *system.Service, r responsibility.Responsibility) []string {
	k := d.Catalog.Control(r.Control)
	var ccm []string
	for _, m := range k.Frameworks["ccm-4.1"] {
		ccm = append(ccm, m.ID)
	}
	parts := map[string][]string{}
	for _, p := range r.Parts {
		side := sideOf(s, p.Party)
		text := k.Does[p.Role].Do
		if side == third {
			text = p.Party + ": " + text
		}
		if !slices.Contains(parts[side], text) {
			parts[side] = append(parts[side], text)
		}
	}
	if r.Split != "" {
		parts[provider] = append(parts[provider], "Split: "+r.Split)
	}
	proof := k.Proof
	if t := responsibility.Promise(d.Model, d.Catalog, s, k); t != nil && t.Proof != "" {
		proof = t.Proof
	}
	return []string{
		k.ID, k.Title, strings.Join(ccm, " "), r.Element, s.Provider, s.Customer, string(r.State), string(caiq(s, r.Row)),
		strings.Join(parts[provider], " "), strings.Join(parts[customer], " "), strings.Join(parts[third], " "), proof, r.Basis,
	}
}

// The sides of a service.
const (
	provider = string(system.Provider)
	customer = string(system.Customer)
	third    = "third party"
)

func sideOf(s *system.Service, party string) string {
	switch party {
	case s.Provider:
		return provider
	case s.Customer:
		return customer
	}
	return third
}

// caiq is who has a row, in one of the five ownerships seen from a service; it is
// "" for a row that is nobody's. The CAIQ has no word for a part of the customer
// beside one of a third party only, nor for all three sides: the customer's comes
// first, and the third party's part is told in its own column.
func caiq(s *system.Service, r *responsibility.Row) Ownership {
	if r.State != responsibility.Owned {
		return ""
	}
	has := map[string]bool{sideOf(s, r.Accountable): true}
	for _, p := range r.Parts {
		if p.Share != catalog.NoShare {
			has[sideOf(s, p.Party)] = true
		}
	}
	switch {
	case has[provider] && has[customer]:
		return sharedCustomer
	case has[provider] && has[third]:
		return sharedThird
	case has[provider]:
		return ownedByCSP
	case has[customer]:
		return ownedByCSC
	}
	return outsourced
}
