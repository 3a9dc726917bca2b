package attack

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// The directions of a network policy.
const (
	ingress = iota
	egress
)

// policy is a NetworkPolicy in one direction.
type netPolicy struct {
	item     *evidence.Item
	selected []*workload
	rules    []netRule
}

// netRule is one rule of a policy: whom it lets through. Ports are not looked at.
type netRule struct {
	all   bool
	peers []peer
	line  int
}

// peer says which pods a rule is about.
type peer struct {
	at     spaceKey // of the policy
	pods   kubernetes.Selector
	spaces *kubernetes.Selector // nil: the policy's own namespace
	any    bool                 // an address range that is everything
}

// class is pods that are alike to every policy: the same ones select them, and the same
// rules let them through.
type class struct {
	out, in int32 // nodes: being able to send as one of them, and to send to all of them
	one     *workload
	account string
}

// network adds who reaches whom among pods.
func (b *builder) network() {
	n := &network{b: b, bySpace: map[spaceKey][]int{}}
	for _, item := range b.c.byKind["NetworkPolicy"] {
		n.read(item)
	}
	n.classify()
	for k := range n.classes {
		n.every = append(n.every, k)
	}
	n.connect()
}

// network is the policies and classes of all clusters.
type network struct {
	b        *builder
	policies [2][]*netPolicy
	classes  []*class
	bySpace  map[spaceKey][]int // the classes that pods of a namespace are in
	every    []int              // all classes
	limited  [2][]int           // those that some policy limits
	open     [2]bool            // directions whose limits are not looked at
	unknown  bool               // a namespace selector met a namespace whose labels are not known
}

// read adds a policy. Without policyTypes it acts on ingress, and on egress if it has
// egress rules (Kubernetes API, NetworkPolicySpec).
func (n *network) read(item *evidence.Item) {
	spec := item.Facts.Get("spec")
	types := spec.Get("policyTypes")
	acts := [2]bool{types.Len() == 0, types.Len() == 0 && !spec.Get("egress").Absent()}
	for _, f := range types.Fields() {
		acts[ingress] = acts[ingress] || f.Value.Str() == "Ingress"
		acts[egress] = acts[egress] || f.Value.Str() == "Egress"
	}
	at := spaceOf(item)
	by := kubernetes.LabelSelector(spec.Get("podSelector"))
	var selected []*workload
	for _, w := range n.b.c.space(at).workloads {
		if by.Matches(w.labels) && !w.hostNetwork() {
			selected = append(selected, w)
		}
	}
	for way, keys := range [2][2]string{{"ingress", "from"}, {"egress", "to"}} {
		if !acts[way] {
			continue
		}
		p := &netPolicy{item: item, selected: selected}
		for _, rule := range spec.Get(keys[0]).Fields() {
			p.rules = append(p.rules, readRule(rule.Value, keys[1], at))
		}
		for _, w := range selected {
			w.isolated[way] = true
			w.policies[way] = append(w.policies[way], p)
		}
		n.policies[way] = append(n.policies[way], p)
	}
}

func readRule(rule evidence.Facts, key string, at spaceKey) netRule {
	list := rule.Get(key)
	r := netRule{all: list.Len() == 0, line: rule.Line()}
	for _, f := range list.Fields() {
		p := peer{at: at, pods: kubernetes.LabelSelector(f.Value.Get("podSelector"))}
		if cidr := f.Value.Path("ipBlock", "cidr").Str(); cidr != "" {
			if cidr != "0.0.0.0/0" && cidr != "::/0" {
				continue // addresses outside, as far as is known
			}
			p.any = true
		}
		if s := f.Value.Get("namespaceSelector"); !s.Absent() {
			by := kubernetes.LabelSelector(s)
			p.spaces = &by
		}
		r.peers = append(r.peers, p)
	}
	return r
}

// lets reports whether a rule lets a pod through.
func (n *network) lets(r *netRule, w *workload) bool {
	return r.all || slices.ContainsFunc(r.peers, func(p peer) bool {
		switch {
		case p.at.account != w.space.key.account:
			return false
		case p.any:
			return true
		case p.spaces == nil:
			return p.at == w.space.key && p.pods.Matches(w.labels)
		}
		return n.inSpace(p.spaces, w.space) && p.pods.Matches(w.labels)
	})
}

// inSpace reports whether a selector may match a namespace. Of one that was not seen only
// its name is known, so that any other label may be there.
func (n *network) inSpace(by *kubernetes.Selector, s *space) bool {
	if s.item != nil && s.labels.Len() > 0 {
		plain := true
		for _, f := range by.Labels().Fields() {
			if f.Key == nameLabel {
				plain = false
			}
		}
		if plain || !s.labels.Get(nameLabel).Absent() {
			return by.Matches(s.labels)
		}
	}
	for _, f := range by.Labels().Fields() {
		switch {
		case f.Key == nameLabel:
			if f.Value.Text() != s.key.namespace {
				return false
			}
		case s.item != nil:
			if have := s.labels.Get(f.Key); have.Absent() || have.Text() != f.Value.Text() {
				return false
			}
		default:
			n.unknown = true
		}
	}
	return true
}

// nameLabel is the label that every namespace has (Kubernetes 1.22).
const nameLabel = "kubernetes.io/metadata.name"

// classify groups the pods. What tells them apart is which policies select them, and
// which rules let them through.
func (n *network) classify() {
	workloads := n.b.c.workloads
	signs := make(map[*workload][]byte, len(workloads))
	for _, w := range workloads {
		signs[w] = append(signs[w], w.space.key.account...)
		if w.hostNetwork() {
			signs[w] = append(signs[w], "|host"...)
		}
	}
	for way := range n.policies {
		for i, p := range n.policies[way] {
			for _, w := range p.selected {
				signs[w] = strconv.AppendInt(append(signs[w], '|', "IE"[way]), int64(i), 10)
			}
		}
	}
	for way := range n.policies {
		for i, p := range n.policies[way] {
			for j := range p.rules {
				if p.rules[j].all {
					continue
				}
				for _, w := range n.candidates(&p.rules[j]) {
					if n.lets(&p.rules[j], w) {
						signs[w] = strconv.AppendInt(append(strconv.AppendInt(append(signs[w], '|', "ie"[way]), int64(i), 10), '.'), int64(j), 10)
					}
				}
			}
		}
	}
	known := map[string]int{}
	for _, w := range workloads {
		k, ok := known[string(signs[w])]
		if !ok {
			k = len(n.classes)
			known[string(signs[w])] = k
			n.classes = append(n.classes, &class{one: w, account: w.space.key.account, out: none, in: none})
		}
		w.class = k
		if of := n.bySpace[w.space.key]; len(of) == 0 || !slices.Contains(of, k) {
			n.bySpace[w.space.key] = append(of, k)
		}
	}
}

// counterparts lists the classes that policies on a pod in one direction can be about.
func (n *network) counterparts(way int, w *workload) []int {
	var out []int
	seen := map[spaceKey]bool{}
	for _, p := range w.policies[way] {
		for _, r := range p.rules {
			if r.all {
				return n.every
			}
			for _, peer := range r.peers {
				switch {
				case peer.any || peer.spaces != nil:
					return n.every
				case !seen[peer.at]:
					seen[peer.at] = true
					out = append(out, n.bySpace[peer.at]...)
				}
			}
		}
	}
	return out
}

// candidates lists the pods that a rule can be about.
func (n *network) candidates(r *netRule) []*workload {
	var out []*workload
	seen := map[spaceKey]bool{}
	for _, p := range r.peers {
		if p.any || p.spaces != nil {
			return n.b.c.workloads
		}
		if !seen[p.at] {
			seen[p.at] = true
			out = append(out, n.b.c.space(p.at).workloads...)
		}
	}
	return out
}

// mostPairs bounds the pairs of classes that are compared in each direction. Beyond it the
// limits are taken as none, which shows more than there is, and is said.
const mostPairs = 4_000_000

// connect adds the steps between classes. What may send anywhere and what anybody may
// send to meet in one node, so that only limited classes are compared with others.
func (n *network) connect() {
	b := n.b
	hub := map[string]int32{}
	for _, account := range b.c.accounts() {
		hub[account] = b.node(Network, "the pod network of "+b.c.all(account), "", surety.Origin{})
	}
	for k, c := range n.classes {
		name := b.c.name(c.one.space.key, c.one.item.Name)
		c.out = b.node(Network, "the network as pods like "+name+" see it", c.one.element, c.one.item.Origin)
		c.in = b.node(Network, "pods like "+name, c.one.element, c.one.item.Origin)
		for way := range n.limited {
			if c.one.isolated[way] {
				n.limited[way] = append(n.limited[way], k)
			}
		}
	}
	n.bound()
	for _, c := range n.classes {
		if !n.isolated(egress, c.one) {
			b.plain("POD_NETWORK", c.out, hub[c.account], "no network policy limits what it sends to", surety.Origin{})
		}
		if !n.isolated(ingress, c.one) {
			why := ""
			if c.one.hostNetwork() {
				why = "it uses the node's network, where policies do not act"
			}
			b.plain("POD_NETWORK", hub[c.account], c.in, why, surety.Origin{})
		}
	}
	n.pairs()
	for _, w := range b.c.workloads {
		c := n.classes[w.class]
		b.plain("POD_NETWORK", w.code, c.out, w.item.Kind+" "+w.item.Name, w.item.Origin)
		id, why := "REACH", "no network policy limits who reaches "+w.item.Kind+" "+w.item.Name
		if n.isolated(ingress, w) {
			id, why = "POD_NETWORK", w.item.Kind+" "+w.item.Name
		}
		b.plain(id, c.in, w.reached, why, w.item.Origin)
	}
	if n.unknown {
		b.Unseen = append(b.Unseen, "labels of some namespaces are not known: what network policies allow by these is shown as open")
	}
}

// isolated reports whether a pod is limited in one direction, as far as is looked at.
func (n *network) isolated(way int, w *workload) bool { return w.isolated[way] && !n.open[way] }

// bound takes a direction as open if there is too much to compare in it.
func (n *network) bound() {
	for way, words := range [2]string{"who reaches pods", "what pods may send to"} {
		pairs := 0
		for _, k := range n.limited[way] {
			pairs += len(n.counterparts(way, n.classes[k].one))
		}
		if pairs > mostPairs {
			n.open[way], n.limited[way] = true, nil
			n.b.Unseen = append(n.b.Unseen, "there are too many different network policies to compare all pods: limits on "+words+" are not shown")
		}
	}
}

// pairs compares the classes of which one is limited.
func (n *network) pairs() {
	for _, to := range n.limited[ingress] {
		for _, from := range n.counterparts(ingress, n.classes[to].one) {
			n.link(n.classes[from], n.classes[to])
		}
	}
	for _, from := range n.limited[egress] {
		for _, to := range n.counterparts(egress, n.classes[from].one) {
			if !n.isolated(ingress, n.classes[to].one) {
				n.link(n.classes[from], n.classes[to])
			}
		}
	}
}

// link lets one class send to another if the policies on both allow it.
func (n *network) link(from, to *class) {
	if from.account != to.account {
		return
	}
	out, in := Fact{}, Fact{}
	ok := true
	if n.isolated(egress, from.one) {
		out, ok = n.allowed(egress, from.one, to.one)
	}
	if ok && n.isolated(ingress, to.one) {
		in, ok = n.allowed(ingress, to.one, from.one)
	}
	if ok {
		facts := slices.DeleteFunc([]Fact{in, out}, func(f Fact) bool { return f.Text == "" })
		n.b.step("POLICY_ALLOWS", to.in, Base, nil, facts, from.out)
	}
}

// allowed finds the rule of a policy on w that lets the other pod through.
func (n *network) allowed(way int, w, other *workload) (Fact, bool) {
	for _, p := range w.policies[way] {
		for j := range p.rules {
			if n.lets(&p.rules[j], other) {
				at := p.item.Origin
				at.Line = p.rules[j].line
				return Fact{fmt.Sprintf("NetworkPolicy %s allows it", p.item.Name), at}, true
			}
		}
	}
	return Fact{}, false
}
