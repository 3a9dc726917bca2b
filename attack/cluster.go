package attack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/system"
)

// cluster indexes the Kubernetes objects that attacks are about. Several clusters are
// told apart by the account of their keys.
type cluster struct {
	items     []*evidence.Item
	workloads []*workload
	spaces    map[spaceKey]*space
	byOrigin  map[string]*workload // where the object stands
	observed  map[string]*evidence.Item
	byKind    map[string][]*evidence.Item
	objects   map[objectKey]*evidence.Item // service accounts, secrets, roles
	foreign   []*evidence.Item             // network policies of other API groups
	several   bool                         // clusters
}

type spaceKey struct{ account, namespace string }

type objectKey struct {
	spaceKey
	kind, name string
}

// space is a namespace.
type space struct {
	key       spaceKey
	labels    evidence.Facts
	item      *evidence.Item // nil if the Namespace object was not seen
	workloads []*workload
	accounts  map[string]bool // names of service accounts there
	secrets   map[string]bool // and of secrets, seen or referred to
}

// workload makes pods, and no other object controls it.
type workload struct {
	item         *evidence.Item
	space        *space
	labels, spec evidence.Facts // of its pods
	element      string         // of the model
	code         int32
	reached      int32
	nodes        []string // that its pods run on, nil if not known
	isolated     [2]bool  // some policy selects it for ingress, for egress
	policies     [2][]*netPolicy
	class        int
}

func (w *workload) hostNetwork() bool { return w.spec.Get("hostNetwork").True() }

// containers yields the containers and init containers of the pods.
func (w *workload) containers(yield func(evidence.Facts) bool) {
	for _, list := range [...]string{"containers", "initContainers"} {
		for _, c := range w.spec.Get(list).Fields() {
			if !yield(c.Value) {
				return
			}
		}
	}
}

func spaceOf(item *evidence.Item) spaceKey {
	return spaceKey{item.Key.Account, cmp.Or(item.Namespace, "default")}
}

// everywhere is the space of objects without a namespace.
func everywhere(item *evidence.Item) spaceKey { return spaceKey{item.Key.Account, ""} }

func newCluster(items []*evidence.Item, elements *system.Matcher, m *system.Model) *cluster {
	c := &cluster{
		items: items, spaces: map[spaceKey]*space{}, byOrigin: map[string]*workload{}, observed: map[string]*evidence.Item{},
		byKind: map[string][]*evidence.Item{}, objects: map[objectKey]*evidence.Item{},
	}
	controllers := kubernetes.Controllers(items)
	top := map[evidence.Key]*workload{}
	account := ""
	var pods []*evidence.Item
	for _, item := range items {
		if item.Imported || item.Key.Provider != evidence.ProviderKubernetes {
			continue
		}
		c.several = c.several || account != "" && account != item.Key.Account
		account = item.Key.Account
		if isForeignPolicy(item) {
			c.foreign = append(c.foreign, item)
			continue
		}
		c.add(item)
		if _, owned := controllers[item.Key]; owned {
			if item.Kind == "Pod" {
				pods = append(pods, item)
			}
			continue
		}
		if t := kubernetes.PodTemplate(item.Facts); !t.Absent() && item.Kind != "PodTemplate" {
			top[item.Key] = c.workload(item, t, elements, m)
		}
	}
	for _, pod := range pods {
		if w := top[controllers[pod.Key]]; w != nil {
			w.on(pod.Facts.Path("spec", "nodeName").Str())
		}
	}
	return c
}

// add notes an object by its kind.
func (c *cluster) add(item *evidence.Item) {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	at := spaceOf(item)
	switch item.Kind {
	case "Namespace":
		at = spaceKey{item.Key.Account, item.Name}
		s := c.space(at)
		s.item, s.labels = item, item.Facts.Path("metadata", "labels")
		return
	case "ServiceAccount":
		c.space(at).accounts[item.Name] = true
	case "Secret":
		c.space(at).secrets[item.Name] = true
	case "Service":
	case "ClusterRole", "ClusterRoleBinding":
		at = everywhere(item)
	case "Role", "RoleBinding", "NetworkPolicy":
	default:
		return
	}
	if strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") {
		return // another API group's kind of the same name
	}
	c.byKind[item.Kind] = append(c.byKind[item.Kind], item)
	c.objects[objectKey{at, item.Kind, item.Name}] = item
}

func (c *cluster) space(at spaceKey) *space {
	s := c.spaces[at]
	if s == nil {
		s = &space{key: at, accounts: map[string]bool{"default": true}, secrets: map[string]bool{}}
		c.spaces[at] = s
	}
	return s
}

func (c *cluster) workload(item *evidence.Item, template evidence.Facts, elements *system.Matcher, m *system.Model) *workload {
	w := &workload{item: item, space: c.space(spaceOf(item)), labels: template.Path("metadata", "labels"), spec: template.Get("spec"), element: elements.Element(item.Key)}
	w.on(w.spec.Get("nodeName").Str())
	w.space.workloads = append(w.space.workloads, w)
	w.space.accounts[kubernetes.ServiceAccountOf(w.spec)] = true
	c.workloads = append(c.workloads, w)
	c.byOrigin[item.Origin.String()] = w
	if m.Components[w.element] != nil && c.observed[w.element] == nil {
		c.observed[w.element] = item
	}
	return w
}

// on notes a node that a pod runs on.
func (w *workload) on(node string) {
	if node != "" && !slices.Contains(w.nodes, node) {
		w.nodes = append(w.nodes, node)
	}
}

// name qualifies a name by its namespace, and by its cluster where there are several.
func (c *cluster) name(at spaceKey, name string) string {
	if at.namespace != "" {
		name = at.namespace + "/" + name
	}
	if c.several {
		name = at.account + ":" + name
	}
	return name
}

// all is what stands for a whole cluster.
func (c *cluster) all(account string) string {
	if c.several {
		return "the cluster " + account
	}
	return "the cluster"
}

// sortedSpaces lists the namespaces of a cluster in order.
func (c *cluster) sortedSpaces(account string) []*space {
	var out []*space
	for _, s := range c.spaces {
		if s.key.account == account {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *space) int { return cmp.Compare(a.key.namespace, b.key.namespace) })
	return out
}

// nodes lists the names of the nodes of a cluster that pods are known to run on.
func (c *cluster) nodes(account string) []string {
	seen := map[string]bool{}
	for _, w := range c.workloads {
		if w.item.Key.Account == account {
			for _, n := range w.nodes {
				seen[n] = true
			}
		}
	}
	return sortedKeys(seen)
}

// accounts lists the clusters.
func (c *cluster) accounts() []string {
	seen := map[string]bool{}
	for at := range c.spaces {
		seen[at.account] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// isForeignPolicy reports whether the item is a network policy in terms of others.
func isForeignPolicy(item *evidence.Item) bool {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	return strings.HasSuffix(item.Kind, "NetworkPolicy") && group != "networking.k8s.io" && group != "extensions"
}

// observed returns an object of the evidence that is a component, nil if there is none.
func (b *builder) observed(component string) *evidence.Item {
	if b.c == nil {
		return nil
	}
	return b.c.observed[component]
}

// bound reports whether the evidence holds what binds roles to accounts.
func (c *cluster) bound() bool {
	return len(c.byKind["RoleBinding"])+len(c.byKind["ClusterRoleBinding"]) > 0
}

// exposure adds the workloads to the graph, and what of them is reached from outside as
// the services and routes of the evidence say.
func (b *builder) exposure() {
	for _, w := range b.c.workloads {
		if c := b.Model.Components[w.element]; c != nil {
			w.code, w.reached = b.code(c), b.reached(c)
			continue
		}
		name := b.c.name(w.space.key, strings.ToLower(w.item.Kind)+"/"+w.item.Name)
		w.code, w.reached = b.node(Code, name, w.element, w.item.Origin), b.node(Reached, name, w.element, w.item.Origin)
		b.step("ENDPOINT_EXPLOIT", w.code, Base, w.item, []Fact{{w.item.Kind + " " + w.item.Name, w.item.Origin}}, w.reached)
	}
	services := map[surety.Origin]*evidence.Item{}
	for _, s := range b.c.byKind["Service"] {
		services[s.Origin] = s
	}
	shown := b.shownExposure()
	for _, f := range shown.Flows {
		c := shown.Components[f.To]
		if f.From != internet || c == nil {
			continue
		}
		if w := b.c.byOrigin[c.Origin.String()]; w != nil {
			b.exposed(w, f, services[f.Origin])
		}
	}
	b.hostPorts()
}

// shownExposure is what inference finds from the same evidence.
func (b *builder) shownExposure() *system.Model {
	if b.Model.Inferred {
		return b.Model
	}
	return system.Infer(b.c.items)
}

// exposed adds one way in, by a Service of that kind or, if it is nil, by a route.
func (b *builder) exposed(w *workload, f *system.Flow, service *evidence.Item) {
	id, how := "EXPOSED", "a route leads to it from outside"
	if service != nil {
		kind := cmp.Or(service.Facts.Path("spec", "type").Str(), "external address")
		how = fmt.Sprintf("Service %s of type %s", service.Name, kind)
		if kind == "NodePort" {
			id = "REACH_NODE_PORT"
		}
	}
	b.plain(id, b.outside("", f.Origin), w.reached, how, f.Origin)
}

// hostPorts adds the pods that take a port of their node.
func (b *builder) hostPorts() {
	for _, w := range b.c.workloads {
		for container := range w.containers {
			for _, p := range container.Get("ports").Fields() {
				if port := p.Value.Get("hostPort"); !port.Absent() {
					at := w.item.Origin
					at.Line = port.Line()
					b.plain("REACH_NODE_PORT", b.outside("", at), w.reached, "hostPort "+port.Text(), at)
				}
			}
		}
	}
}

// unread notes what of the evidence could not be looked at.
func (b *builder) unread(a *assessment.Assessment) {
	kinds := map[string]bool{}
	for _, s := range a.Sources {
		for _, k := range s.Kinds {
			if k.Status != evidence.Complete && k.Status != evidence.Skipped {
				kinds[k.Kind] = true
			}
		}
		if s.Status == evidence.Partial || s.Status == evidence.Denied || s.Status == evidence.Failed {
			b.Unseen = append(b.Unseen, fmt.Sprintf("%s was not read completely: there can be ways through what it holds", s.Source))
		}
	}
	if len(kinds) > 0 {
		b.Unseen = append(b.Unseen, "not listed in the cluster: "+strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")+"; ways through these are not shown")
	}
	if len(b.c.foreign) > 0 {
		f := b.c.foreign[0]
		b.Unseen = append(b.Unseen, fmt.Sprintf("%s of other API groups, such as %s %s (%s), are not understood: what they forbid is shown as open", count(len(b.c.foreign), "network policy", "network policies"), f.Kind, f.Name, f.Origin))
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
