package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// DutySchema names the JSON format of responsibilities and its version.
const DutySchema = "surety/responsibilities/v1"

// DutyHead is the head of the JSON form of responsibilities: everything but its
// last field, responsibilities, which is a list of Duty.
type DutyHead struct {
	Schema   string      `json:"schema"`
	System   string      `json:"system"`
	Inferred bool        `json:"inferred"` // the model was made from the evidence
	Judged   bool        `json:"judged"`   // evidence was assessed; if not, everything is unproven
	Time     string      `json:"time"`
	Tool     jsonTool    `json:"tool"`
	Summary  DutySummary `json:"summary"`
	Parties  []DutyParty `json:"parties"`
	Gaps     []DutyGap   `json:"gaps"`
}

// DutySummary counts the responsibilities that are listed.
type DutySummary struct {
	Responsibilities int                           `json:"responsibilities"`
	Controls         int                           `json:"controls"`
	Elements         int                           `json:"elements"`
	States           map[responsibility.State]int  `json:"states"`
	Statuses         map[responsibility.Status]int `json:"statuses"`
}

// DutyParty is one party: its roles, and the number of responsibilities.
type DutyParty struct {
	Name        string                        `json:"name"`
	Title       string                        `json:"title,omitempty"`
	Sub         string                        `json:"sub,omitempty"`
	Roles       []DutyRole                    `json:"roles"`
	Accountable int                           `json:"accountable"`
	TakesPart   int                           `json:"takes_part"` // while another is accountable
	Statuses    map[responsibility.Status]int `json:"statuses"`   // of those it is accountable for
}

// DutyRole is what a party is on one service.
type DutyRole struct {
	Role    system.Role `json:"role"`
	Service string      `json:"service"`
}

// DutyGap is responsibilities that are not owned and that one thing would make so.
type DutyGap struct {
	State    responsibility.State `json:"state"`
	Reasons  []string             `json:"reasons"`
	Remedy   string               `json:"remedy"`
	Controls []string             `json:"controls"`
	Elements []string             `json:"elements"`
	Count    int                  `json:"count"`
	Origin   string               `json:"origin,omitempty"`
}

// Duty is one row of responsibilities.
type Duty struct {
	ID      string `json:"id"`
	Control string `json:"control"`
	Element string `json:"element"`
	DutyBody
	Status   responsibility.Status `json:"status"`
	Verdicts Verdicts              `json:"verdicts"`
}

// DutyBody is the part of a row that all elements of a place have in common.
type DutyBody struct {
	State       responsibility.State `json:"state"`
	Accountable string               `json:"accountable"`
	Responsible []string             `json:"responsible"`
	Parts       []DutyPart           `json:"parts"`
	Split       string               `json:"split,omitempty"`
	Basis       string               `json:"basis"`
	Remedy      string               `json:"remedy,omitempty"`
	Trace       []DutyStep           `json:"trace"`
}

// DutyPart is what one party has in a control.
type DutyPart struct {
	Party   string        `json:"party"`
	Role    system.Role   `json:"role"`
	Share   catalog.Share `json:"share"`
	Service string        `json:"service,omitempty"`
}

// DutyStep is one step from the catalogue to the row.
type DutyStep struct {
	Rule   string `json:"rule"`
	Text   string `json:"text"`
	Origin string `json:"origin,omitempty"`
}

// writeDutyJSON writes the rows one by one, because there can be millions. What
// elements of one place have in common is encoded once.
func writeDutyJSON(w io.Writer, d *Duties, o Options) error {
	out := bufio.NewWriterSize(w, 1<<16)
	head, err := json.MarshalIndent(newDutyHead(d, o), "", " ")
	if err != nil {
		return fmt.Errorf("write responsibilities: %w", err)
	}
	out.Write(head[:len(head)-2]) // reopen the object
	out.WriteString(",\n \"responsibilities\": [")
	bodies := map[*responsibility.Row][]byte{}
	sep := "\n  "
	unproven, err := json.Marshal(newVerdicts([5]int{}))
	if err != nil {
		return fmt.Errorf("write responsibilities: %w", err)
	}
	for r, tail := range d.rows() {
		body := bodies[r.Row]
		if body == nil {
			if body, err = json.Marshal(newDutyBody(r.Row)); err != nil {
				return fmt.Errorf("write responsibilities: %w", err)
			}
			bodies[r.Row] = body
		}
		verdicts := unproven
		if tail.Verdicts.Total() > 0 {
			if verdicts, err = json.Marshal(newVerdicts(tail.Verdicts)); err != nil {
				return fmt.Errorf("write responsibilities: %w", err)
			}
		}
		element, err := json.Marshal(r.Element)
		if err != nil {
			return fmt.Errorf("write responsibilities: %w", err)
		}
		fmt.Fprintf(out, "%s{\"id\":\"%s@%s,\"control\":%q,\"element\":%s,", sep, r.Control, element[1:], r.Control, element)
		out.Write(body[1 : len(body)-1])
		fmt.Fprintf(out, ",\"status\":%q,\"verdicts\":%s}", tail.Status, verdicts)
		sep = ",\n  "
	}
	out.WriteString("\n ]\n}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write responsibilities: %w", err)
	}
	return nil
}

func newDutyHead(d *Duties, o Options) DutyHead {
	h := DutyHead{
		Schema: DutySchema, System: d.Model.Name, Inferred: d.Model.Inferred, Judged: d.Assessment != nil,
		Time: o.Time.UTC().Format(time.RFC3339), Tool: jsonTool{"surety", o.Version},
		Summary: DutySummary{States: map[responsibility.State]int{}}, Parties: []DutyParty{}, Gaps: []DutyGap{},
	}
	places := d.places()
	controls := map[string]bool{}
	var all []*stand
	byParty := map[string][]*stand{}
	part := map[string]int{}
	for _, p := range places {
		h.Summary.Elements += len(p.elements)
		for _, r := range p.rows {
			all = append(all, r)
			controls[r.Control] = true
			h.Summary.Responsibilities += len(p.elements)
			h.Summary.States[r.State] += len(p.elements)
			for _, party := range partiesOf(r.Row) {
				if party == r.Accountable {
					byParty[party] = append(byParty[party], r)
				} else {
					part[party] += len(p.elements)
				}
			}
		}
	}
	h.Summary.Controls, h.Summary.Statuses = len(controls), statusCounts(all)
	for _, name := range slices.Sorted(maps.Keys(d.Model.Parties)) {
		p := DutyParty{Name: name, Roles: rolesOf(d.Model, name), TakesPart: part[name], Statuses: statusCounts(byParty[name])}
		if known := d.Model.Parties[name]; known != nil {
			p.Title, p.Sub = known.Title, known.Sub
		}
		for _, r := range byParty[name] {
			p.Accountable += len(r.place.elements)
		}
		h.Parties = append(h.Parties, p)
	}
	for _, g := range gaps(places) {
		h.Gaps = append(h.Gaps, DutyGap{g.State, g.Reasons, g.Remedy, g.Controls, g.Elements, g.Count, originText(g.Origin)})
	}
	return h
}

func rolesOf(m *system.Model, party string) []DutyRole {
	roles := []DutyRole{}
	for _, name := range slices.Sorted(maps.Keys(m.Services)) {
		s := m.Services[name]
		if s.Customer == party {
			roles = append(roles, DutyRole{system.Customer, name})
		}
		if s.Provider == party {
			roles = append(roles, DutyRole{system.Provider, name})
		}
		if slices.Contains(s.Partners, party) {
			roles = append(roles, DutyRole{system.Partner, name})
		}
	}
	return roles
}

func newDutyBody(r *responsibility.Row) DutyBody {
	b := DutyBody{
		State: r.State, Accountable: r.Accountable, Responsible: notNil(r.Responsible), Parts: []DutyPart{},
		Split: r.Split, Basis: r.Basis, Remedy: r.Remedy, Trace: []DutyStep{},
	}
	for _, p := range r.Parts {
		b.Parts = append(b.Parts, DutyPart(p))
	}
	for _, s := range r.Trace {
		b.Trace = append(b.Trace, DutyStep{s.Rule, s.Text, originText(s.Origin)})
	}
	return b
}

// originText is where a fact stands, "" for the catalogue's own.
func originText(o surety.Origin) string {
	if o == (surety.Origin{}) {
		return ""
	}
	return strings.TrimSpace(o.String())
}
