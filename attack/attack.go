// Package attack finds the ways by which an attacker gets from outside to what is worth
// protecting.
//
// Build makes an AND/OR graph of the model, the evidence and the verdicts. A node is a
// principal, component, secret or class of data together with what an attacker can do
// with it; a step is one attack of attacks.yaml between nodes. Graph.Answer then asks
// package attack/graph what can be reached, how, how probably, and what would cut it off.
//
//	model.go      what the model states: exposure, flows, privileges, data, operators
//	cluster.go    the workloads, services, accounts and secrets of the evidence
//	network.go    who reaches whom, by network policies
//	container.go  tokens, secrets, and the ways out of a container
//	rights.go     what roles and bindings let an identity do
//	chance.go     how the verdicts of checks move the chance of a step
//	answer.go     the question, and what is found
//	picture.go    the nodes and steps of the best ways, to be drawn
//
// # What is linear
//
// Pods that look alike to every network policy share one class, rights are granted to a
// namespace and not to each pod of it, and pods stand on nodes by way of the node. So the
// graph is linear in the evidence but for pairs of network classes, of which there are
// few.
//
// # What is not known
//
// Evidence that was not read gives no steps, and Graph.Unseen says what it was. Where a
// fact is not known the step is there, with the base chance of its attack, and says so:
// unknown is never safe.
package attack

import (
	"slices"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/attack/graph"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Kind is what a node is.
type Kind string

// The kinds of nodes.
const (
	Outside Kind = "outside" // a zone nobody trusts
	Party   Kind = "party"   // what a party can do from inside
	Network Kind = "network" // being able to send in a zone, or as pods of a class do
	Reached Kind = "reached" // being able to send to a component
	Code    Kind = "code"    // running one's own code in a component
	Data    Kind = "data"    // reading or changing a class of data
	Secret  Kind = "secret"  // knowing a secret
	Account Kind = "account" // acting as a service account, user or group
	Right   Kind = "right"   // having a right in a namespace or in the cluster
	Host    Kind = "host"    // root on a node of the cluster
	Cluster Kind = "cluster" // administering the cluster
)

// Node is something an attacker can gain.
type Node struct {
	Kind    Kind
	Name    string // as people know it, such as web or prod/api
	Element string // of the model, "" if none
	Zone    string // of the model that it is in, "" if none
	Origin  surety.Origin
}

// Label says what is gained, in words.
func (n *Node) Label() string {
	switch n.Kind {
	case Outside:
		return n.Name
	case Party:
		return "the party " + n.Name
	case Reached:
		return "a connection to " + n.Name
	case Data:
		return "the data " + n.Name
	case Secret:
		return "the secret " + n.Name
	case Host:
		return "root on " + n.Name
	case Cluster:
		return "administration of " + n.Name
	}
	return n.Name
}

// Fact is what a step rests on.
type Fact struct {
	Text   string        `json:"text"`
	Origin surety.Origin `json:"origin,omitzero"`
}

// Step is one attack, from all of some nodes to another.
type Step struct {
	Attack *Attack
	From   []int32 // nodes, all of which it needs
	To     int32
	Facts  []Fact // what enables it, the one to change first
	State  State
	Chance float64
	item   *evidence.Item // that the checks of Attack judge, nil if none
}

// Graph is all that an attacker can do. It is immutable.
type Graph struct {
	Model  *system.Model
	Nodes  []Node
	Steps  []Step
	Unseen []string // what could not be looked at, and what that means
	// Observed says that there is evidence, and not the model alone.
	Observed bool

	graph    *graph.Graph
	find     map[nodeKey]int32
	duties   *responsibility.Set
	verdicts *verdicts
	elements *system.Matcher
}

// Input is all that a graph depends on.
type Input struct {
	Model  *system.Model
	Duties *responsibility.Set
	// Assessment holds the evidence and the verdicts; nil for the model alone.
	Assessment *assessment.Assessment
}

type nodeKey struct {
	kind Kind
	name string
}

// edge tells steps from one node apart.
type edge struct {
	attack   *Attack
	from, to int32
}

// builder is a graph while it is made.
type builder struct {
	*Graph
	edges   *graph.Builder
	c       *cluster // nil without evidence
	table   map[string]*Attack
	edge    map[edge]int32        // steps from one node
	nobodys string                // the zone that what is exposed is reached from
	onHost  map[int32][]*workload // by node of the graph, once it is asked for
	outdone int                   // stated privileges that the roles of the evidence say better
}

// Build makes the graph. The error is about the table of attacks.
func Build(in Input) (*Graph, error) {
	table, err := loadTable()
	if err != nil {
		return nil, err
	}
	b := &builder{table: table.byID, edge: map[edge]int32{}, edges: graph.NewBuilder(1024), Graph: &Graph{
		Model: in.Model, find: map[nodeKey]int32{}, duties: in.Duties, elements: system.NewMatcher(in.Model), Observed: in.Assessment != nil,
	}}
	if in.Assessment != nil {
		b.verdicts = newVerdicts(table, in.Assessment)
		b.c = newCluster(in.Assessment.Items, b.elements, in.Model)
		b.unread(in.Assessment)
	}
	b.model()
	if b.outdone > 0 {
		b.Unseen = append(b.Unseen, "what the model says workloads may do is left out ("+count(b.outdone, "privilege", "privileges")+"): the roles in the evidence say it better")
	}
	if b.c != nil {
		b.exposure()
		b.network()
		b.containers()
		b.rights()
	}
	b.graph, err = b.edges.Graph(len(b.Nodes))
	return b.Graph, err
}

// node returns the node of a kind and name, which is made if there is none.
func (b *builder) node(kind Kind, name, element string, at surety.Origin) int32 {
	key := nodeKey{kind, name}
	if n, ok := b.find[key]; ok {
		return n
	}
	n := int32(len(b.Nodes))
	b.find[key] = n
	b.Nodes = append(b.Nodes, Node{kind, name, element, b.zoneOf(element), at})
	return n
}

// zoneOf returns the zone that an element is in, or is.
func (b *builder) zoneOf(element string) string {
	if c := b.Model.Components[element]; c != nil {
		return c.In
	}
	if b.Model.Zones[element] != nil {
		return element
	}
	return ""
}

// step adds a step. state is what facts say of its chance; where they say nothing the
// verdicts on item do.
func (b *builder) step(id string, to int32, state State, item *evidence.Item, facts []Fact, from ...int32) {
	a := b.table[id]
	if len(from) == 1 && from[0] == to {
		return
	}
	if len(from) == 1 && b.again(a, from[0], to, facts) {
		return
	}
	if state == Base && item != nil {
		state = b.verdicts.state(a, item)
	}
	p := a.Chance.of(state)
	b.edges.Step(to, p, from...)
	b.Steps = append(b.Steps, Step{Attack: a, From: from, To: to, Facts: facts, State: state, Chance: p, item: item})
}

// again reports whether the same attack leads from one node to another already. Its facts
// are then further reasons, each of which is enough, of which a few are kept.
func (b *builder) again(a *Attack, from, to int32, facts []Fact) bool {
	key := edge{a, from, to}
	n, ok := b.edge[key]
	if !ok {
		b.edge[key] = int32(len(b.Steps))
		return false
	}
	const most = 4
	s := &b.Steps[n]
	for _, f := range facts {
		if !slices.Contains(s.Facts, f) && len(s.Facts) < most {
			s.Facts = append(s.Facts[:len(s.Facts):len(s.Facts)], f)
		}
	}
	return true
}

// plain adds a step that no check decides, with one fact.
func (b *builder) plain(id string, from, to int32, text string, at surety.Origin) {
	b.step(id, to, Base, nil, []Fact{{text, at}}, from)
}
