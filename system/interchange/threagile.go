package interchange

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/system"
)

// ReadThreagile reads a model of Threagile (threagile.io, model version 1.0.0).
// file names raw in errors and origins.
//
//	data_assets       data; five words of confidentiality and of need become 1 to 4
//	technical_assets  components; technology is the type, owner the operator
//	trust_boundaries  zones; one at a cloud provider lies in a service of its own
//	shared_runtimes   components that can host what runs on them
//	communication_links  flows, with the data sent and received
//	risk_tracking     an accepted risk becomes an assumption
func ReadThreagile(raw []byte, file string) (*Proposal, error) {
	root, err := parse(raw, file)
	if err != nil {
		return nil, err
	}
	if root.Get("technical_assets") == nil {
		hint := "give Threagile's own model file"
		if root.Get("includes") != nil {
			hint = "put what it includes into one file first"
		}
		return nil, bad(file, root.Line(), hint, "it has no technical_assets")
	}
	t := threagile{draft: newDraft(root, file), inside: map[string]string{}, owners: map[string]int{}}
	t.header()
	t.data()
	t.assetOwners()
	t.boundaries()
	if err := t.assets(); err != nil {
		return nil, err
	}
	if err := t.links(); err != nil {
		return nil, err
	}
	t.runtimes()
	t.tracking()
	return t.proposal()
}

type threagile struct {
	*draft
	inside map[string]string // the trust boundary's zone that holds an asset, by the asset's id
	owners map[string]int    // how many assets of the system a party owns
}

func (t *threagile) header() {
	t.m.Name = cmp.Or(slug(t.text(t.root, "title")), "imported")
	t.ignore(t.root, "threagile_version", "title", "date", "author", "tags_available", "diagram_tweak_edge_layout", "diagram_tweak_suppress_edge_labels",
		"diagram_tweak_layout_left_to_right", "diagram_tweak_nodesep", "diagram_tweak_ranksep",
		"diagram_tweak_invisible_connections_between_assets", "diagram_tweak_same_rank_assets")
}

// Threagile's words on five steps, as Surety's needs on four.
var (
	threagileSecrecy = map[string]int{"public": 1, "internal": 2, "restricted": 3, "confidential": 3, "strictly-confidential": 4}
	threagileNeed    = map[string]int{"archive": 1, "operational": 1, "important": 2, "critical": 3, "mission-critical": 4}
)

// id returns what the source calls an entry.
func (t *threagile) id(f evidence.Field) string { return cmp.Or(t.text(f.Value, "id"), f.Key) }

func (t *threagile) data() {
	for _, f := range t.entries(t.root, "data_assets") {
		id := t.id(f)
		name := t.dataName(cmp.Or(slug(id), slug(f.Key), "data"))
		t.dataIDs[id] = name
		t.m.Data[name] = &system.Data{Name: name, Origin: t.at(f.Value),
			Confidentiality: threagileSecrecy[t.text(f.Value, "confidentiality")],
			Integrity:       threagileNeed[t.text(f.Value, "integrity")],
			Availability:    threagileNeed[t.text(f.Value, "availability")]}
		t.ignore(f.Value, "description", "justification_cia_rating")
	}
}

// assetOwners proposes a party for every owner of an asset.
func (t *threagile) assetOwners() {
	for _, f := range t.entries(t.root, "technical_assets") {
		p := t.party(t.text(f.Value, "owner"), t.at(f.Value))
		if p != "" && t.text(f.Value, "type") != "external-entity" {
			t.owners[p]++
		}
	}
	if len(t.m.Parties) == 0 {
		t.party("owner", t.at(t.root))
		t.note("no technical asset names its owner; one party stands for all, correct it")
	}
}

// mainOwner is the party that owns most assets of the system.
func (t *threagile) mainOwner() string {
	return slices.MinFunc(sortedKeys(t.m.Parties), func(a, b string) int {
		return cmp.Compare(t.owners[b], t.owners[a])
	})
}

// boundaries makes a zone of each trust boundary, in the one that nests it.
func (t *threagile) boundaries() {
	list := t.entries(t.root, "trust_boundaries")
	for _, f := range list {
		name := t.element(boundary(t.id(f)), t.id(f), f.Key)
		t.m.Zones[name] = &system.Zone{Name: name, Origin: t.at(f.Value)}
	}
	for _, f := range list {
		name := t.names[boundary(t.id(f))]
		for _, id := range t.words(f.Value, "technical_assets_inside") {
			t.inside[id] = name
		}
		for _, id := range t.words(f.Value, "trust_boundaries_nested") {
			if z := t.m.Zones[t.names[boundary(id)]]; z != nil && !t.within(name, z.Name) {
				z.In = name
			} else {
				t.note("%s nests %s, which is no trust boundary or holds it itself; left out", t.at(f.Value), id)
			}
		}
		t.ignore(f.Value, "description")
	}
	for _, f := range list {
		if t.text(f.Value, "type") == "network-cloud-provider" {
			t.cloud(f)
		}
	}
	if len(list) > 0 {
		t.note("Threagile does not say how far a trust boundary is trusted; set trust on the zones")
	}
}

// boundary is the key of a trust boundary's id. Threagile's ids are unique within
// a section; those of assets stand for themselves.
func boundary(id string) string { return "boundary " + id }

// within reports whether zone lies in holder, or is it.
func (t *threagile) within(zone, holder string) bool {
	for z := t.m.Zones[zone]; z != nil; z = t.m.Zones[z.In] {
		if z.Name == holder {
			return true
		}
	}
	return false
}

// clouds are the tags that name a provider.
var clouds = []string{"aws", "azure", "gcp", "oci", "ibm", "alibaba"}

// cloud puts a boundary at a cloud provider into a service.
func (t *threagile) cloud(f evidence.Field) {
	z := t.m.Zones[t.names[boundary(t.id(f))]]
	provider := "cloud-provider"
	for _, tag := range t.words(f.Value, "tags") {
		if name, _, _ := strings.Cut(strings.ToLower(tag), ":"); slices.Contains(clouds, name) {
			provider = name
		}
	}
	t.party(provider, z.Origin)
	service := t.free(provider+"-iaas", "cloud")
	t.taken[service] = true
	t.m.Services[service] = &system.Service{Name: service, Category: system.IaaS, Provider: provider, Customer: t.mainOwner(), Origin: z.Origin}
	z.In = service
	t.note("%s lies at a cloud provider; proposed as service %s of %s to %s, correct category and parties", z.Name, service, provider, t.mainOwner())
}

func (t *threagile) assets() error {
	for _, f := range t.entries(t.root, "technical_assets") {
		v, id := f.Value, t.id(f)
		c := &system.Component{Name: t.element(id, id, f.Key), Origin: t.at(v), Type: t.technology(v),
			Operator: t.party(t.text(v, "owner"), t.at(v)), In: t.inside[id]}
		t.m.Components[c.Name] = c
		t.reach(c, v)
		t.secrecy(c, v)
		var err error
		if c.Stores, err = t.dataNamed("data_assets", v, "data_assets_stored"); err != nil {
			return err
		}
		handled, err := t.dataNamed("data_assets", v, "data_assets_processed")
		if err != nil {
			return err
		}
		for _, x := range handled {
			if !slices.Contains(c.Stores, x) {
				c.Handles = append(c.Handles, x)
			}
		}
		t.ignore(v, "description", "size", "justification_cia_rating", "diagram_tweak_order")
	}
	return nil
}

// threagileTypes are the component types of Threagile's technologies. Every other
// technology is an application of that name.
var threagileTypes = map[string]string{
	"artifact-registry": "registry", "big-data-platform": "database", "block-storage": "volume", "browser": "browser",
	"build-pipeline": "ci", "client-system": "terminal", "cli": "terminal", "code-inspection-platform": "scanner",
	"container-platform": "orchestrator", "data-lake": "bucket", "database": "database", "desktop": "terminal",
	"devops-client": "terminal", "file-server": "volume", "function": "function", "gateway": "gateway", "hsm": "hsm",
	"identity-provider": "idp", "identity-store-database": "directory", "identity-store-ldap": "directory", "ids": "siem",
	"iot-device": "terminal", "ips": "firewall", "ldap-server": "directory", "load-balancer": "loadbalancer",
	"local-file-system": "volume", "mainframe": "server", "message-queue": "queue", "mobile-app": "mobile", "monitoring": "siem",
	"reverse-proxy": "gateway", "search-index": "database", "service-mesh": "gateway", "sourcecode-repository": "repository",
	"stream-processing": "queue", "task": "function", "vault": "vault", "waf": "waf",
}

// technology is the type of an asset by its first technology.
func (t *threagile) technology(v *evidence.Value) string {
	tech := t.text(v, "technology")
	if all := t.words(v, "technologies"); len(all) > 0 {
		tech = all[0]
		for _, more := range all[1:] {
			t.note("%s has several technologies; %s is not carried", t.at(v), more)
		}
	}
	kind := t.text(v, "type")
	switch known := threagileTypes[strings.ToLower(tech)]; {
	case known != "":
		return known
	case tech != "" && tech != "unknown-technology":
		return "app." + slug(tech)
	case kind == "datastore":
		return "database"
	case kind == "external-entity":
		return "terminal"
	}
	return "app"
}

// reach says where an asset is reached from. One outside the system is on the
// internet; one inside is exposed to it.
func (t *threagile) reach(c *system.Component, v *evidence.Value) {
	public := t.truth(v, "internet")
	external := t.text(v, "type") == "external-entity"
	switch {
	case public == nil || !*public:
	case external && c.In == "":
		c.In = t.everyone()
	default:
		c.Exposed = t.everyone()
	}
	if c.In == "" && c.Operator == "" {
		c.Operator = t.mainOwner()
		t.note("%s says neither where %s is nor whose it is; taken to be run by %s", t.at(v), c.Name, c.Operator)
	}
}

func (t *threagile) secrecy(c *system.Component, v *evidence.Value) {
	switch how := t.text(v, "encryption"); how {
	case "":
	case "none":
		c.Encrypted = "false"
	default:
		c.Encrypted = how
	}
}

// links makes a flow of each communication link.
func (t *threagile) links() error {
	for _, f := range t.entries(t.root, "technical_assets") {
		from := t.names[t.id(f)]
		for _, l := range t.entries(f.Value, "communication_links") {
			v := l.Value
			target := t.text(v, "target")
			to := t.names[target]
			if t.m.Components[to] == nil {
				return bad(t.file, v.Line(), "declare it under technical_assets", "link %s leads to %s, which is no technical asset", l.Key, target)
			}
			data, err := t.dataNamed("data_assets", v, "data_assets_sent", "data_assets_received")
			if err != nil {
				return err
			}
			flow := &system.Flow{From: from, To: to, Data: data, Origin: t.at(v), Auth: t.text(v, "authentication")}
			flow.Proto, flow.TLS = protocol(t.text(v, "protocol"))
			if vpn := t.truth(v, "vpn"); vpn != nil && *vpn && (flow.TLS == nil || !*flow.TLS) {
				t.note("%s goes through a VPN, which is not carried: whether %s -> %s is encrypted end to end stays as its protocol says", t.at(v), from, to)
			}
			t.m.Flows = append(t.m.Flows, flow)
			t.deploys(v, from, to)
			t.called(from, to)
			t.ignore(v, "description", "diagram_tweak_weight", "diagram_tweak_constraint")
		}
	}
	return nil
}

// called says that what is called from the internet can be reached from there.
func (t *threagile) called(from, to string) {
	source, target := t.m.Components[from], t.m.Components[to]
	if source.In == internet && target.In != internet && target.Exposed == "" {
		target.Exposed = internet
	}
}

// deploys gives a pipeline the privilege to change what it writes to for
// development and operations, unless that only keeps code or builds it.
func (t *threagile) deploys(link *evidence.Value, from, to string) {
	readonly := t.truth(link, "readonly")
	if t.text(link, "usage") != "devops" || readonly != nil && *readonly {
		return
	}
	pipeline, target := t.m.Components[from], t.m.Components[to]
	if pipeline.Type == "ci" && target.Type != "ci" && target.Type != "repository" && target.Type != "registry" {
		can(pipeline, "deploy", to)
	}
}

// Protocols that are encrypted, and those that are not, whatever is said around
// them. Of others, and of any that may be either, encryption is not stated.
var (
	encrypted = []string{"https", "wss", "ssh", "ssh-tunnel", "ftps", "sftp", "scp", "ldaps", "amqps", "mqtts", "tls", "grpcs"}
	plaintext = []string{"http", "ws", "jdbc", "odbc", "sql-access-protocol", "nosql-access-protocol", "smtp", "pop3", "imap", "ftp",
		"ldap", "nfs", "smb", "iiop", "jrmp", "reverse-proxy-web-protocol", "telnet"}
)

// protocol returns the protocol by its plain name and whether it is encrypted,
// nil if that is not said.
func protocol(word string) (proto string, tls *bool) {
	yes, no := true, false
	word = strings.ToLower(word)
	plain, encoded := strings.CutSuffix(word, "-encrypted")
	switch {
	case word == "" || word == "unknown-protocol":
		return "", nil
	case encoded || slices.Contains(encrypted, word):
		return slug(plain), &yes
	case slices.Contains(plaintext, word):
		return slug(word), &no
	}
	return slug(word), nil
}

// runtimes makes a component of each shared runtime, which can do what it likes
// with what runs on it.
func (t *threagile) runtimes() {
	for _, f := range t.entries(t.root, "shared_runtimes") {
		var hosted []string
		in := ""
		for _, id := range t.words(f.Value, "technical_assets_running") {
			if c := t.m.Components[t.names[id]]; c != nil {
				hosted = append(hosted, c.Name)
				in = cmp.Or(in, c.In)
			} else {
				t.note("%s runs %s, which is no technical asset; left out", t.at(f.Value), id)
			}
		}
		c := &system.Component{Name: t.element("runtime "+t.id(f), t.id(f), f.Key), Type: "host", In: t.outermost(in), Origin: t.at(f.Value)}
		if c.In == "" {
			c.Operator = t.mainOwner()
		}
		can(c, "host", hosted...)
		t.m.Components[c.Name] = c
		t.ignore(f.Value, "description")
	}
}

// outermost is the outermost zone around zone.
func (t *threagile) outermost(zone string) string {
	for z := t.m.Zones[zone]; z != nil && t.m.Zones[z.In] != nil; z = t.m.Zones[zone] {
		zone = z.In
	}
	return zone
}

// tracking carries what was decided about risks. Surety derives threats of its
// own, so an accepted one becomes an assumption that a person must date, and the
// other states are only named.
func (t *threagile) tracking() {
	for _, f := range t.entries(t.root, "risk_tracking") {
		status, why := t.text(f.Value, "status"), t.text(f.Value, "justification")
		if status != "accepted" && status != "false-positive" {
			t.note("%s is %s in Threagile (%s); look at what Surety says of it", f.Key, cmp.Or(status, "unchecked"), t.at(f.Value))
			continue
		}
		a := &system.Assumption{Owner: t.mainOwner(), Text: "Threagile: " + f.Key + " " + status + ", " + why, Origin: t.at(f.Value)}
		for _, part := range strings.Split(f.Key, "@")[1:] {
			if c := t.m.Components[t.names[part]]; c != nil {
				a.On = c.Name
				if c.Operator != "" {
					a.Owner = c.Operator
				}
			}
		}
		t.m.Assume = append(t.m.Assume, a)
		t.ignore(f.Value, "ticket", "date", "checked_by")
	}
}
