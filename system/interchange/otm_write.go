package interchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/system"
)

// Claim is a threat as an Open Threat Model lists it.
type Claim struct {
	ID, Name string   // of the rule
	Element  string   // component, or a->b of a flow; if there are several, with what tells it apart, see system.Flow
	Rows     []string // categories: clauses of X.1601, and ids of ATT&CK
	Answers  []Answer
}

// Answer is a control that answers a threat. Reduction is from 0 to 100 and the
// state is one of OTM: required, implemented, rejected.
type Answer struct {
	ID, Name, State string
	Reduction       int
}

// WriteOTM writes m as an Open Threat Model of version 0.2, with the threats.
// The notes list what the format has no place for: such facts go into attributes
// that ReadOTM reads back and other tools pass over, or are left out.
func WriteOTM(m *system.Model, claims []Claim) (raw []byte, notes []string) {
	w := otmWriter{m: m, byElement: map[string][]Claim{}}
	for _, c := range claims {
		w.byElement[c.Element] = append(w.byElement[c.Element], c)
	}
	doc := object{
		"otmVersion":  "0.2.0",
		"project":     w.project(),
		"assets":      w.assets(),
		"trustZones":  w.trustZones(),
		"components":  w.components(),
		"dataflows":   w.dataflows(),
		"threats":     threatsOf(claims),
		"mitigations": mitigationsOf(claims),
	}
	raw, err := json.MarshalIndent(doc, "", "  ")
	if err != nil { // strings, numbers and maps of them always encode
		panic(err)
	}
	w.rest()
	return append(raw, '\n'), w.notes
}

type object = map[string]any

type otmWriter struct {
	m         *system.Model
	byElement map[string][]Claim
	notes     []string
	placed    map[string]bool // parties that hold components without a place
}

func (w *otmWriter) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

// kept is an attributes object with what is given of facts, nil if nothing is.
func kept(facts object) object {
	maps.DeleteFunc(facts, func(_ string, v any) bool {
		switch v := v.(type) {
		case string:
			return v == ""
		case []string:
			return len(v) == 0
		case map[string][]string:
			return len(v) == 0
		case int64:
			return v == 0
		}
		return v == nil
	})
	if len(facts) == 0 {
		return nil
	}
	return object{"surety": facts}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (w *otmWriter) project() object {
	parties := object{}
	for name, p := range w.m.Parties {
		parties[name] = object{"title": p.Title, "sub": p.Sub}
	}
	w.note("parties have no place in OTM; kept in attributes of the project")
	return object{"name": w.m.Name, "id": w.m.Name, "attributes": kept(object{"currency": w.m.Currency, "parties": parties})}
}

func (w *otmWriter) assets() (out []object) {
	unstated := 0
	for _, name := range sortedKeys(w.m.Data) {
		d := w.m.Data[name]
		for _, need := range [...]int{d.Confidentiality, d.Integrity, d.Availability} {
			if need == 0 {
				unstated++
			}
		}
		out = append(out, object{"id": name, "name": name, "attributes": kept(object{"kind": d.Kinds, "records": d.Records}),
			"risk": object{"confidentiality": 25 * d.Confidentiality, "integrity": 25 * d.Integrity, "availability": 25 * d.Availability}})
	}
	if unstated > 0 {
		w.note("%d needs of data are not stated; OTM requires a number, so they are written as 0", unstated)
	}
	return out
}

// trustZones are the zones, the services, and a zone for each party that runs
// components which are in neither.
func (w *otmWriter) trustZones() (out []object) {
	unrated := 0
	for _, name := range sortedKeys(w.m.Zones) {
		z := w.m.Zones[name]
		rating, kind := 0, "zone"
		facts := object{"match": z.Match}
		switch {
		case z.Trust == nil:
			unrated++
			facts["trustUnstated"] = true
		case *z.Trust == 0:
			kind = "internet"
		default:
			rating = 20 * *z.Trust
		}
		zone := object{"id": name, "name": name, "type": kind, "risk": object{"trustRating": rating}, "attributes": kept(facts)}
		if z.In != "" {
			zone["parent"] = object{"trustZone": z.In}
		}
		out = append(out, zone)
	}
	if unrated > 0 {
		w.note("the trust of %d zones is not stated; OTM requires a number, so it is written as 0", unrated)
	}
	for _, name := range sortedKeys(w.m.Services) {
		out = append(out, w.service(w.m.Services[name]))
	}
	if len(w.m.Services) > 0 {
		w.note("services, with who provides them to whom, have no place in OTM; written as trust zones with attributes")
	}
	w.placed = map[string]bool{}
	for _, name := range sortedKeys(w.m.Components) {
		if c := w.m.Components[name]; c.In == "" && c.Service == "" && !w.placed[c.Operator] {
			w.placed[c.Operator] = true
			out = append(out, object{"id": partyZone(c.Operator), "name": "run by " + c.Operator, "type": "party",
				"risk": object{"trustRating": 0}, "attributes": kept(object{"party": c.Operator})})
		}
	}
	return out
}

func partyZone(party string) string { return "party " + party }

func (w *otmWriter) service(s *system.Service) object {
	var offers []string
	for _, o := range s.Offers {
		offers = append(offers, string(o))
	}
	zone := object{"id": s.Name, "name": s.Name, "type": "service", "risk": object{"trustRating": 0},
		"attributes": kept(object{"category": string(s.Category), "provider": s.Provider, "customer": s.Customer, "offers": offers,
			"partners": s.Partners, "terms": s.Terms, "region": s.Region, "match": s.Match})}
	if s.On != "" {
		zone["parent"] = object{"trustZone": s.On}
	}
	return zone
}

func (w *otmWriter) components() (out []object) {
	for _, name := range sortedKeys(w.m.Components) {
		c := w.m.Components[name]
		parent, kind := c.In, c.Type
		switch {
		case c.Service != "":
			parent = c.Service
		case parent == "":
			parent = partyZone(c.Operator)
		}
		if kind == "" {
			kind = "service"
		}
		facts := object{"operator": c.Operator, "service": c.Service, "exposed": c.Exposed, "encrypted": c.Encrypted, "can": c.Can, "match": c.Match}
		if c.Service != "" {
			facts["type"] = c.Type
		}
		out = append(out, object{"id": name, "name": name, "type": kind, "parent": object{"trustZone": parent},
			"assets":  object{"stored": c.Stores, "processed": slices.Concat(c.Handles, c.Stores)},
			"threats": w.threatsOn(name), "attributes": kept(facts)})
	}
	return out
}

func (w *otmWriter) dataflows() (out []object) {
	taken := map[string]bool{}
	for i, f := range w.m.Flows {
		name := f.Distinct(func(n string) bool { return taken[n] })
		id := name
		if taken[id] {
			id = numbered(name, i+1)
		}
		facts := object{"proto": f.Proto, "auth": f.Auth, "via": f.Via}
		tags := []string{}
		if f.Proto != "" {
			tags = append(tags, f.Proto)
		}
		if f.TLS != nil {
			facts["tls"] = *f.TLS
		}
		out = append(out, object{"id": id, "name": id, "source": f.From, "destination": f.To, "bidirectional": false,
			"assets": f.Data, "tags": tags, "threats": w.threatsOn(id), "attributes": kept(facts)})
		taken[id] = true
	}
	return out
}

// threatsOn are the threats of one element, taken so that the others can be
// named.
func (w *otmWriter) threatsOn(element string) (out []object) {
	for _, c := range w.byElement[element] {
		var answers []object
		for _, a := range c.Answers {
			answers = append(answers, object{"mitigation": a.ID, "state": a.State})
		}
		out = append(out, object{"threat": c.ID, "state": "exposed", "mitigations": answers})
	}
	delete(w.byElement, element)
	return out
}

func threatsOf(claims []Claim) (out []object) {
	seen := map[string]bool{}
	for _, c := range claims {
		if !seen[c.ID] {
			seen[c.ID] = true
			out = append(out, object{"id": c.ID, "name": c.Name, "categories": c.Rows, "risk": object{"likelihood": nil, "impact": 0,
				"impactComment": "not rated: surety risk gives the loss of scenarios, not of threats"}})
		}
	}
	return out
}

func mitigationsOf(claims []Claim) (out []object) {
	seen := map[string]bool{}
	for _, c := range claims {
		for _, a := range c.Answers {
			if !seen[a.ID] {
				seen[a.ID] = true
				out = append(out, object{"id": a.ID, "name": a.Name, "riskReduction": a.Reduction})
			}
		}
	}
	return out
}

// rest names what is left out.
func (w *otmWriter) rest() {
	if n := len(w.m.Responsibility); n > 0 {
		w.note("left out: %d deviations of responsibility", n)
	}
	if w.m.Risk != nil {
		w.note("left out: appetite and losses")
	}
	if n := len(w.m.Assume); n > 0 {
		w.note("left out: %d assumptions", n)
	}
	if len(w.byElement) > 0 {
		w.note("left out: threats on %s, on which OTM places none", strings.Join(sortedKeys(w.byElement), ", "))
	}
	slices.Sort(w.notes)
}
