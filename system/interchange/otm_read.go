package interchange

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/system"
)

// ReadOTM reads an Open Threat Model of version 0.1 or 0.2, in YAML or JSON
// (iriusrisk/OpenThreatModel, otm_schema.json). file names raw in errors and
// origins.
//
//	assets      data; risk from 0 to 100 becomes a need of 1 to 4, 0 is not stated
//	trustZones  zones; trustRating from 0 to 100 becomes trust of 0 to 5
//	components  components; one inside another can be controlled by it
//	dataflows   flows, both ways if bidirectional
//
// Threats and mitigations are claims of whoever wrote them. Surety derives its
// own, so they are counted in the notes. What WriteOTM put into attributes comes
// back.
func ReadOTM(raw []byte, file string) (*Proposal, error) {
	root, err := parse(raw, file)
	if err != nil {
		return nil, err
	}
	o := otmReader{draft: newDraft(root, file), zones: map[string]bool{}}
	if err := o.header(); err != nil {
		return nil, err
	}
	o.assets()
	for _, step := range []func() error{o.trustZones, o.components, o.flows} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	o.claims()
	return o.proposal()
}

type otmReader struct {
	*draft
	zones map[string]bool // ids of trust zones
}

// own returns what WriteOTM kept in the attributes of v, nil if nothing.
func (o *otmReader) own(v *evidence.Value) *evidence.Value {
	return o.get(o.get(v, "attributes"), "surety")
}

func (o *otmReader) header() error {
	version := o.text(o.root, "otmVersion")
	if !strings.HasPrefix(version, "0.1.") && !strings.HasPrefix(version, "0.2.") {
		return bad(o.file, o.root.Line(), "give an Open Threat Model of version 0.1 or 0.2", "otmVersion is %q", version)
	}
	p := o.get(o.root, "project")
	o.m.Name = cmp.Or(slug(o.text(p, "id")), slug(o.text(p, "name")), "imported")
	o.m.Currency = o.text(o.own(p), "currency")
	for _, f := range o.entries(o.own(p), "parties") {
		o.m.Parties[f.Key] = &system.Party{Name: f.Key, Title: o.text(f.Value, "title"), Sub: o.text(f.Value, "sub"), Origin: o.at(f.Value)}
	}
	owner := o.text(p, "owner")
	if len(o.m.Parties) == 0 {
		if o.party(owner, o.at(p)) == "" {
			o.party("owner", o.at(p))
			o.note("the project names no owner; a party of that name stands for it, correct it")
		}
	}
	o.ignore(p, "name", "description", "ownerContact")
	o.ignore(o.root, "representations")
	return nil
}

// quarter turns 0 to 100 into a need of 1 to 4; 0 is not stated.
func (o *otmReader) quarter(v *evidence.Value, key string) int {
	f, ok := o.get(v, key).Float()
	if !ok || f <= 0 {
		return 0
	}
	return int(math.Ceil(min(f, 100) / 25))
}

func (o *otmReader) assets() {
	for _, f := range o.entries(o.root, "assets") {
		id := o.text(f.Value, "id")
		name := o.dataName(cmp.Or(slug(id), slug(o.text(f.Value, "name")), "data"))
		o.dataIDs[id] = name
		risk, own := o.get(f.Value, "risk"), o.own(f.Value)
		records, _ := o.get(own, "records").Float()
		o.m.Data[name] = &system.Data{Name: name, Origin: o.at(f.Value), Kinds: o.words(own, "kind"), Records: int64(records),
			Confidentiality: o.quarter(risk, "confidentiality"), Integrity: o.quarter(risk, "integrity"), Availability: o.quarter(risk, "availability")}
		o.ignore(risk, "comment")
		o.ignore(f.Value, "name", "description")
	}
}

// trustZones makes zones, and services of those that were services before.
func (o *otmReader) trustZones() error {
	list := o.entries(o.root, "trustZones")
	for _, f := range list {
		id := o.text(f.Value, "id")
		if id == "" || o.zones[id] {
			return bad(o.file, f.Value.Line(), "give each trust zone an id of its own", "trust zone without an id, or with one that is taken: %q", id)
		}
		o.zones[id] = true
		own := o.own(f.Value)
		switch {
		case own.Get("party") != nil: // holds what only has an operator
			o.ignore(own, "party")
			o.ignore(f.Value, "name", "type", "risk")
		case own.Get("category") != nil:
			o.service(id, f.Value, own)
		default:
			o.zone(id, f.Value)
		}
		o.ignore(f.Value, "description", "representations")
	}
	for _, f := range list {
		v := f.Value
		inside, err := o.parent(v)
		if err != nil {
			return err
		}
		name := o.names[o.text(v, "id")]
		if z := o.m.Zones[name]; z != nil {
			z.In = inside
		} else if s := o.m.Services[name]; s != nil {
			s.On = inside
		}
	}
	return nil
}

// openZones are the types, names and ids of zones that nobody is kept out of. The last is
// the id that IriusRisk and StartLeft give the internet.
var openZones = []string{"internet", "public", "the internet", "public internet", "f0ba7722-39b6-4c81-8290-a30a248bb8d9"}

func (o *otmReader) zone(id string, v *evidence.Value) {
	name := o.element(id, o.text(v, "name"), id)
	z := &system.Zone{Name: name, Origin: o.at(v)}
	o.m.Zones[name] = z
	rating, ok := o.get(o.get(v, "risk"), "trustRating").Float()
	kind := strings.ToLower(o.text(v, "type"))
	own := o.own(v)
	z.Match = o.words(own, "match")
	trust := int(math.Round(min(max(rating, 0), 100) / 20))
	if unstated := o.truth(own, "trustUnstated"); unstated != nil && *unstated {
		ok = false
	}
	for _, word := range []string{kind, strings.ToLower(o.text(v, "name")), id} {
		if slices.Contains(openZones, word) && trust > 0 {
			o.note("%s: %s is the internet, with a rating of %g; taken as trust 0, which everyone has", o.at(v), name, rating)
			trust = 0
		}
	}
	if ok {
		z.Trust = &trust
	}
}

func (o *otmReader) service(id string, v, own *evidence.Value) {
	s := &system.Service{Name: o.element(id, id, o.text(v, "name")), Origin: o.at(v),
		Category: system.Category(o.text(own, "category")), Provider: o.text(own, "provider"), Customer: o.text(own, "customer"),
		Partners: o.words(own, "partners"), Terms: o.text(own, "terms"), Region: o.text(own, "region"), Match: o.words(own, "match")}
	for _, offer := range o.words(own, "offers") {
		s.Offers = append(s.Offers, system.Offer(offer))
	}
	o.ignore(v, "type", "risk")
	o.m.Services[s.Name] = s
}

// parent returns the zone or service that v lies in: that of its parent, and of
// the parent's if that is a component.
func (o *otmReader) parent(v *evidence.Value) (string, error) {
	p := o.get(v, "parent")
	zone := o.text(p, "trustZone")
	if zone != "" && !o.zones[zone] {
		return "", bad(o.file, p.Line(), "declare it under trustZones", "%s is not the id of a trust zone", zone)
	}
	return o.names[zone], nil
}

func (o *otmReader) components() error {
	list := o.entries(o.root, "components")
	hosts := map[string]string{} // the component around one, by name
	for _, f := range list {
		v, id := f.Value, o.text(f.Value, "id")
		if id == "" || o.names[id] != "" {
			return bad(o.file, v.Line(), "give each component an id of its own", "component without an id, or with one that is taken: %q", id)
		}
		in, err := o.parent(v)
		if err != nil {
			return err
		}
		assets, own := o.get(v, "assets"), o.own(v)
		c := &system.Component{Name: o.element(id, id, o.text(v, "name")), Origin: o.at(v), In: in, Type: cmp.Or(slug(o.text(v, "type")), "process"),
			Operator: o.text(own, "operator"), Service: o.text(own, "service"), Exposed: o.text(own, "exposed"),
			Encrypted: o.text(own, "encrypted"), Match: o.words(own, "match")}
		if c.Stores, err = o.dataNamed("assets", assets, "stored"); err != nil {
			return err
		}
		if c.Handles, err = o.dataNamed("assets", assets, "processed"); err != nil {
			return err
		}
		c.Handles = slices.DeleteFunc(c.Handles, func(x string) bool { return slices.Contains(c.Stores, x) })
		for _, p := range o.entries(own, "can") {
			o.lists[p.Value] = true
			for _, target := range p.Value.Fields() {
				o.used[target.Value] = true
				can(c, p.Key, target.Value.Text())
			}
		}
		if c.Service != "" {
			c.In, c.Type = "", o.text(own, "type")
		}
		if outer := o.text(o.get(v, "parent"), "component"); outer != "" {
			hosts[c.Name] = outer
		}
		o.m.Components[c.Name] = c
		o.ignore(v, "description", "representations")
	}
	return o.nest(hosts)
}

// nest places the components that lie in others. Components do not hold each
// other in Surety: the outer one gets the privilege to control the inner one.
func (o *otmReader) nest(hosts map[string]string) error {
	for _, name := range sortedKeys(hosts) {
		outer := hosts[name]
		host := o.m.Components[o.names[outer]]
		if host == nil {
			return bad(o.file, o.m.Components[name].Origin.Line, "declare it under components", "%s lies in %s, which is no component", name, outer)
		}
		can(host, "host", name)
	}
	for _, name := range sortedKeys(hosts) {
		o.settle(name, hosts)
	}
	for _, c := range o.m.Components {
		if c.In == "" && c.Operator == "" && c.Service == "" {
			c.Operator = sortedKeys(o.m.Parties)[0]
		}
	}
	return nil
}

// settle places a component, and all that hold it on the way, where the outermost
// of them is. Holders that go in a circle are nowhere.
func (o *otmReader) settle(name string, hosts map[string]string) {
	var way []*system.Component
	c := o.m.Components[name]
	for c.In == "" && hosts[c.Name] != "" && len(way) <= len(hosts) {
		way = append(way, c)
		c = o.m.Components[o.names[hosts[c.Name]]]
	}
	for _, inner := range way {
		inner.In = c.In
		delete(hosts, inner.Name)
	}
}

func (o *otmReader) flows() error {
	for _, f := range o.entries(o.root, "dataflows") {
		v := f.Value
		var ends [2]string
		for i, key := range [...]string{"source", "destination"} {
			id := o.text(v, key)
			ends[i] = o.names[id]
			if o.m.Components[ends[i]] == nil && o.m.Zones[ends[i]] == nil {
				return bad(o.file, v.Line(), "give the id of a component or trust zone", "the %s of a dataflow is %q", key, id)
			}
		}
		data, err := o.dataNamed("assets", v, "assets")
		if err != nil {
			return err
		}
		own := o.own(v)
		flow := &system.Flow{From: ends[0], To: ends[1], Data: data, Origin: o.at(v),
			Auth: o.text(own, "auth"), TLS: o.truth(own, "tls"), Via: o.text(own, "via"), Proto: o.text(own, "proto")}
		if flow.Proto == "" {
			o.tagged(flow, v)
		} else {
			o.ignore(v, "tags")
		}
		o.m.Flows = append(o.m.Flows, flow)
		if both := o.truth(v, "bidirectional"); both != nil && *both {
			back := *flow
			back.From, back.To = flow.To, flow.From
			o.m.Flows = append(o.m.Flows, &back)
		}
		o.ignore(v, "id", "name", "description", "representations")
	}
	return nil
}

// tagged takes the protocol of a flow from its tags, if one is a protocol.
func (o *otmReader) tagged(flow *system.Flow, v *evidence.Value) {
	for _, tag := range o.get(v, "tags").Fields() {
		if proto, tls := protocol(tag.Value.Str()); tls != nil {
			flow.Proto, flow.TLS = proto, tls
			o.used[tag.Value] = true
			return
		}
	}
}

// claims counts what others concluded.
func (o *otmReader) claims() {
	threats, mitigations := o.get(o.root, "threats"), o.get(o.root, "mitigations")
	placed := 0
	for _, section := range [...]string{"components", "dataflows"} {
		for _, f := range o.root.Get(section).Fields() {
			placed += f.Value.Get("threats").Len()
			o.ignore(f.Value, "threats")
		}
	}
	for _, v := range []*evidence.Value{threats, mitigations} {
		if v != nil {
			o.whole(v)
		}
	}
	if threats.Len()+mitigations.Len() > 0 {
		o.note("%d threats in %d places and %d mitigations are claims of the file; surety threats derives its own", threats.Len(), placed, mitigations.Len())
	}
}
