package threat

import (
	"fmt"
	"strings"
	"sync"

	"github.com/surety-cloud/surety/policy/cel"
)

// Kind is the kind of element that a rule is about.
type Kind string

// The kinds of elements.
const (
	Component Kind = "component"
	Flow      Kind = "flow"
	Service   Kind = "service"
	Data      Kind = "data"
	Zone      Kind = "zone"
	Party     Kind = "party"
)

// Kinds lists the kinds of elements.
var Kinds = []Kind{Component, Flow, Service, Data, Zone, Party}

// FactType describes one fact that premises can read.
type FactType struct {
	Name string
	Type cel.Type
	Doc  string // what it says
	Ask  string // the question where nobody stated it, "" if it always follows; {name} is the element
}

// The questions that several facts ask.
const (
	askCan      = "What can {name} do to other elements: deploy, administer, read secrets? State can, or can: [] if nothing."
	askData     = "Which data does {name} store or handle, and what protection does it need (c, i, a)?"
	askKinds    = "What kind of data is in {name}: personal, payment, health, key, source-code ...? State kind in data."
	askRun      = "Who runs {name}? State operator, or in which service it lies."
	askReached  = "From where can {name} be reached? State exposed, or the flows into it."
	askTrust    = "How far is who is in the zone of {name} trusted? State trust, 0 to 5, on the zone."
	askRegion   = "In which region, and so under which law, is {name}? State region on its services."
	askType     = "What is {name}? State a type that says what it does, such as database, gateway or function (docs/model.md)."
	askFlowData = "Which data goes over {name}? State data on the flow."
	askOver     = "How is {name} protected? State tls."
	askPartners = "What are the partners of {name}: developer, auditor or broker? State sub on these parties."
	askBeneath  = "What does {name} rest on, and who supplies it? State on, and the services beneath."
	askCaller   = "How does the caller of {name} prove who it is? State auth."
)

func need(prefix, whose, ask, kinds string) []FactType {
	return []FactType{
		{prefix + "confidentiality", cel.Int, "the greatest need for confidentiality of the data " + whose + ", 0 if there is none", ask},
		{prefix + "integrity", cel.Int, "the greatest need for integrity of the data " + whose, ask},
		{prefix + "availability", cel.Int, "the greatest need for availability of the data " + whose, ask},
		{prefix + "sensitive", cel.Bool, "the data " + whose + " is confidential or secret, or of a kind that the law guards", ask},
		{prefix + "kinds", cel.Texts, "the kinds of the data " + whose, kinds},
	}
}

// vocabularyOf lists the facts of each kind of element.
var vocabularyOf = map[Kind][]FactType{
	Component: append(append([]FactType{
		{"role", cel.Text, "what it does: process, function, store, queue, gateway, identity, keys, ci, registry, security, management, network, host, client or agent", askType},
		{"vendor", cel.Bool, "only one provider offers it in this form", askType},
		{"managed", cel.Texts, "layers that the provider of such a product runs", askType},
		{"bought", cel.Bool, "it is provided as a service", ""},
		{"held", cel.Bool, "a service holds it", ""},
		{"category", cel.Text, "the category of the service that holds it", "In which service does {name} lie? State in."},
		{"public", cel.Bool, "a service for anyone is made of it", ""},
		{"trust", cel.Int, "trust in who is in its zone, 0 to 5", askTrust},
		{"reached", cel.Bool, "it can be reached from a less trusted zone", askReached},
		{"open", cel.Bool, "anyone can reach it", askReached},
		{"stores", cel.Bool, "it keeps data", askData},
		{"encrypted", cel.Bool, "what it keeps is encrypted", "Is what {name} stores encrypted, and with whose key? State encrypted."},
		{"key", cel.Text, "how what it keeps is encrypted, such as kms", "With which key is what {name} stores encrypted? State encrypted, such as kms, hsm or sse."},
		{"operator", cel.Text, "who runs it: customer, provider or partner of the service that holds it, or other", askRun},
		{"foreign", cel.Bool, "it is run by another party than the customer and the provider of the service that holds it", askRun},
		{"can", cel.Texts, "privileges it has on other elements; none if none are stated", askCan},
		{"reach.sensitive", cel.Bool, "it has privileges where sensitive data is", askData},
		{"reach.wide", cel.Bool, "it has privileges on a whole zone or service", ""},
		{"reach.foreign", cel.Bool, "it has privileges on what another party runs", askRun},
		{"acted", cel.Texts, "privileges that other components have on it", ""},
		{"acted.open", cel.Bool, "a component that anyone can reach has privileges on it", ""},
		{"acted.foreign", cel.Bool, "a component of another party has privileges on it", ""},
		{"callers", cel.Int, "how many flows lead to it", ""},
		{"calls", cel.Int, "how many flows lead from it", ""},
		{"sends", cel.Bool, "a flow leads from it to a less trusted zone or to another party", ""},
		{"shared", cel.Bool, "several customers share the service that holds it, or that it is a part of", "Who else shares the service that {name} is a part of? The model names one customer only."},
		{"depth", cel.Int, "how many services are beneath it", ""},
		{"parties", cel.Int, "how many parties provide these services", ""},
		{"twins", cel.Int, "how many other components of its type are in its zone", ""},
		{"unclear", cel.Texts, "topics of the controls on it of which it is not clear whose they are", ""},
	}, need("data.", "it stores or handles", askData, askKinds)...), need("stored.", "it stores", askData, askKinds)...),
	Flow: append([]FactType{
		{"proto", cel.Text, "its protocol", "Which protocol does {name} use? State proto."},
		{"auth", cel.Text, "how the caller proves who it is; none if it need not", askCaller},
		{"authenticated", cel.Bool, "the caller proves who it is", askCaller},
		{"encrypted", cel.Bool, "it is encrypted, by tls or its protocol", askOver},
		{"crosses", cel.Bool, "its ends lie in different zones or services", ""},
		{"inside", cel.Bool, "one service holds both ends", ""},
		{"rise", cel.Int, "by how much the callee is trusted more than the caller", askTrust},
		{"parties", cel.Bool, "different parties run its ends", "Who runs the two ends of {name}? State operator, or in which service they lie."},
		{"providers", cel.Bool, "different parties provide the services that hold its ends", ""},
		{"regions", cel.Bool, "its ends lie in different regions", "In which regions are the two ends of {name}? State region on their services."},
		{"mediated", cel.Bool, "a component stands between its ends", ""},
		{"via", cel.Text, "what that component does, direct if there is none", askType},
		{"from.zone", cel.Bool, "whoever is in a zone calls, or what stands for them as nobody is trusted there", ""},
		{"from.anyone", cel.Bool, "anyone calls: the caller is a zone without trust, or lies in one", askTrust},
		{"from.open", cel.Bool, "anyone can reach the caller", "From where can the caller of {name} be reached? State exposed, or the flows into it."},
		{"from.foreign", cel.Bool, "a party runs the caller that is neither customer nor provider there", askRun},
		{"from.role", cel.Text, "what the caller does, zone if it is one", askType},
		{"to.zone", cel.Bool, "it leads to whoever is in a zone", ""},
		{"to.anyone", cel.Bool, "it leads to a zone without trust", askTrust},
		{"to.stores", cel.Bool, "the callee keeps data", "Which data does the callee of {name} store?"},
		{"to.sensitive", cel.Bool, "the callee stores or handles sensitive data", "Which data does the callee of {name} store or handle?"},
		{"to.availability", cel.Int, "the greatest need for availability of the data at the callee", "Which data does the callee of {name} store or handle?"},
		{"to.can", cel.Texts, "privileges that the callee has", ""},
		{"to.bought", cel.Bool, "the callee is provided as a service", ""},
		{"to.role", cel.Text, "what the callee does, zone if it is one", askType},
		{"offers", cel.Texts, "what the services offer that are made of its ends", ""},
		{"public", cel.Bool, "a service for anyone is made of its callee", ""},
	}, need("data.", "that goes over it", askFlowData, "What kind of data goes over {name}? State kind in data.")...),
	Service: append([]FactType{
		{"category", cel.Text, "its category", ""},
		{"offers", cel.Texts, "what it offers: voice, multimedia, messaging, identity, emergency, security", ""},
		{"public", cel.Bool, "anyone may use it", ""},
		{"own", cel.Bool, "one party provides it to itself", ""},
		{"region", cel.Text, "where it runs", askRegion},
		{"regions", cel.Int, "in how many regions it, what it rests on and what it is joined to run", askRegion},
		{"terms", cel.Text, "what is known of its terms: own, public, none, absent, expired or held", ""},
		{"depth", cel.Int, "how many services are beneath it", ""},
		{"beneath", cel.Int, "how many other parties provide what it rests on", askBeneath},
		{"hosted", cel.Bool, "another party provides the service right beneath it", askBeneath},
		{"strangers", cel.Int, "how many of these have no agreement with its customer", ""},
		{"carries", cel.Int, "how many parties provide services that rest on it", ""},
		{"tenants", cel.Bool, "several customers share it", "Who besides its customer shares what is beneath {name}? The model names no other."},
		{"partners", cel.Int, "how many partners it has", ""},
		{"developers", cel.Int, "how many of these supply software", askPartners},
		{"brokers", cel.Int, "how many of these are brokers", askPartners},
		{"auditors", cel.Int, "how many of these audit it", askPartners},
		{"components", cel.Int, "how many components it holds or is made of", ""},
		{"software", cel.Bool, "software of its customer or provider runs in it", "Which software makes up {name}? No component of it is described."},
		{"open", cel.Bool, "anyone can reach a component of it", "From where can {name} be reached, and over what? State the components that use it."},
		{"administered", cel.Texts, "privileges that components have on it or in it", "Who administers {name}, and over which interfaces? State can on the components that do."},
		{"administered.open", cel.Bool, "a component that anyone can reach has such privileges", ""},
		{"administered.foreign", cel.Bool, "a component of another party has such privileges", ""},
		{"vendor", cel.Int, "how many components only its provider offers in that form", ""},
		{"finished", cel.Bool, "it keeps data and settings in a form of its own: PaaS, SaaS or communications", ""},
		{"monopoly", cel.Bool, "its customer buys several services, all from its provider", ""},
		{"resold", cel.Bool, "its customer provides a service that rests on it", ""},
		{"joined", cel.Int, "how many flows join it to services of other parties", ""},
		{"auths", cel.Int, "in how many ways callers of it prove who they are", "How is {name} protected, and how do its callers prove who they are? No component of it is described."},
		{"security", cel.Int, "how many components of it do security", ""},
		{"unclear", cel.Texts, "topics of the controls on it of which it is not clear whose they are", ""},
		{"unowned", cel.Int, "how many controls on it nobody is accountable for", ""},
		{"double", cel.Int, "how many controls on it several parties are accountable for", ""},
		{"ambiguous", cel.Int, "how many controls on it are shared without saying who does what", ""},
		{"unaccepted", cel.Int, "how many controls on it are laid on a party that has not taken them on", ""},
		{"broken", cel.Int, "how many controls on it were handed to a party that no service leads to", ""},
		{"unsplit", cel.Int, "how many shared controls, where one part rests on the other, nobody split", ""},
	}, need("data.", "in it", "Which data is in {name}, and what protection does it need (c, i, a)?", "What kind of data is in {name}: personal, payment, source-code ...? State kind in data.")...),
	Data: {
		{"confidentiality", cel.Int, "its need for confidentiality, 1 to 4", "What confidentiality does {name} need? State c."},
		{"integrity", cel.Int, "its need for integrity, 1 to 4", "What integrity does {name} need? State i."},
		{"availability", cel.Int, "its need for availability, 1 to 4", "What availability does {name} need? State a."},
		{"sensitive", cel.Bool, "it is confidential or secret, or of a kind that the law guards", "What confidentiality does {name} need? State c."},
		{"kinds", cel.Texts, "its kinds", "What kind of data is {name}: personal, payment, health, key, source-code ...? State kind."},
		{"records", cel.Int, "how many records there are", "How many records are there of {name}? State records."},
		{"stores", cel.Int, "how many components store it", ""},
		{"handlers", cel.Int, "how many components handle it without keeping it", ""},
		{"providers", cel.Int, "how many parties provide the services it lies in", ""},
		{"parties", cel.Int, "how many parties run the components that store or handle it", ""},
		{"foreign", cel.Bool, "a component run by another party than customer and provider has it", ""},
		{"bought", cel.Bool, "a bought service has it", ""},
		{"regions", cel.Int, "in how many regions it lies", askRegion},
		{"moves", cel.Bool, "a flow takes it to a service of another provider", ""},
		{"leaves", cel.Bool, "a flow takes it to a zone without trust", ""},
		{"open", cel.Bool, "a component that anyone can reach has it", ""},
		{"uneven", cel.Bool, "some of its stores are encrypted and some are not", "Are all stores of {name} encrypted? State encrypted on each."},
		{"priced", cel.Bool, "the model says what its loss costs", ""},
	},
	Zone: append([]FactType{
		{"trust", cel.Int, "trust in who is inside, 0 to 5", "How far is who is in {name} trusted? State trust, 0 to 5."},
		{"held", cel.Bool, "a service holds it", ""},
		{"components", cel.Int, "how many components are in it", ""},
		{"operators", cel.Int, "how many parties run these", ""},
		{"roles", cel.Texts, "what these do", ""},
		{"open", cel.Bool, "anyone can reach one of these", ""},
		{"mixed", cel.Bool, "one component is open to anyone, and another one stores sensitive data", ""},
		{"shared", cel.Bool, "several customers share the service that holds it", "Who else shares the service that {name} lies in? The model names one customer only."},
		{"unclear", cel.Texts, "topics of the controls on it of which it is not clear whose they are", ""},
	}, need("data.", "in it", askData, askKinds)...),
	Party: append([]FactType{
		{"sub", cel.Text, "its sub-role: auditor, broker, developer ...", "What is {name} on the services it is partner of: developer, auditor or broker? State sub."},
		{"provides", cel.Int, "how many services it provides to others", ""},
		{"buys", cel.Int, "how many services it has from others", ""},
		{"partners", cel.Int, "of how many services it is a partner", ""},
		{"operates", cel.Int, "how many components it is stated to operate", ""},
		{"can", cel.Texts, "privileges of the components it operates", ""},
		{"reach.sensitive", cel.Bool, "these reach sensitive data", ""},
		{"suppliers", cel.Int, "from how many parties it buys", ""},
		{"customers", cel.Int, "to how many parties it provides", ""},
		{"termless", cel.Int, "how many services it provides to others without terms at hand", ""},
		{"unclear", cel.Int, "how many controls in which it has a part are not clearly owned", ""},
		{"unsplit", cel.Int, "how many shared controls in which it has a part nobody split", ""},
	}, need("data.", "on what it operates", "Which data is on what {name} operates?", "What kind of data is on what {name} operates?")...),
}

// vocabularies are made when first used.
var vocabularies = sync.OnceValues(func() (map[Kind]*cel.Vocabulary, error) {
	out := map[Kind]*cel.Vocabulary{}
	for kind, facts := range vocabularyOf {
		var names []string
		var types []cel.Type
		for _, f := range facts {
			names, types = append(names, string(kind)+"."+f.Name), append(types, f.Type)
		}
		v, err := cel.NewVocabulary(names, types)
		if err != nil {
			return nil, fmt.Errorf("make the facts of a %s: %w", kind, err)
		}
		out[kind] = v
	}
	return out, nil
})

// FactsOf lists the facts that rules about elements of a kind can read. The name of
// each, in an expression, begins with the kind: component.open.
func FactsOf(k Kind) []FactType { return vocabularyOf[k] }

// ask is the question of a fact about an element.
func (f *FactType) ask(name string) string {
	if f.Ask == "" {
		return ""
	}
	return strings.ReplaceAll(f.Ask, "{name}", name)
}
