package relation

import (
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// division is a scene by namespace, and what reaches over their borders: rights
// that bindings give to accounts of other namespaces, and network policies that
// act everywhere.
type division struct {
	spaces     []*space
	known      map[spaceKey]*space
	everywhere map[string]*evidence.Item // by account, a network policy of another API group that acts in all namespaces
	access     []*evidence.Item          // roles, bindings and service accounts
	named      map[objectKey]*evidence.Item
	accounts   map[spaceKey][]grant  // to service accounts
	groups     map[objectKey][]right // to groups of them
}

// space is a namespace of one account and its objects.
type space struct {
	spaceKey
	items []*evidence.Item
	owned []byte // a mark for each item: '+' if another one controls it
}

type spaceKey struct{ account, namespace string }

type objectKey struct {
	spaceKey
	kind, name string
}

// namespaceOf gives an object without a namespace the one it is applied to when
// nothing else is said.
func namespaceOf(item *evidence.Item) string {
	if item.Namespace == "" {
		return "default"
	}
	return item.Namespace
}

func keyOf(item *evidence.Item) spaceKey { return spaceKey{item.Key.Account, namespaceOf(item)} }

// everywhere is the space of objects without a namespace.
func everywhere(item *evidence.Item) spaceKey { return spaceKey{item.Key.Account, "-"} }

// Divide implements policy.RelationEngine: each namespace is a part, and who may
// do what is one more.
func (e *Engine) Divide(scene policy.Scene) []policy.Part {
	d := newDivision(scene)
	missing := e.missing(scene.Unseen)
	unseen := strings.Join(slices.Sorted(maps.Keys(missing)), " ")
	out := make([]policy.Part, 0, len(d.spaces)+1)
	for _, s := range d.spaces {
		granted := d.granted(s.spaceKey)
		out = append(out, policy.Part{
			Items: s.items, Context: d.context(s, granted, unseen),
			Judge: func() []policy.Relation {
				x := newIndex(s, granted, d.everywhere[s.account])
				return e.judge(missing, func(r *rule, to *report) { r.within(x, to) })
			},
		})
	}
	return append(out, policy.Part{
		Items: d.access, Context: unseen,
		Judge: func() []policy.Relation {
			return e.judge(missing, func(r *rule, to *report) { r.across(d, to) })
		},
	})
}

func newDivision(scene policy.Scene) *division {
	d := &division{
		known: map[spaceKey]*space{}, everywhere: map[string]*evidence.Item{}, named: map[objectKey]*evidence.Item{},
		accounts: map[spaceKey][]grant{}, groups: map[objectKey][]right{},
	}
	for _, item := range scene.Items {
		if item.Key.Provider != evidence.ProviderKubernetes || item.Imported {
			continue
		}
		class := classOf(item)
		if class == access {
			d.addAccess(item)
		}
		switch {
		case class == ignored || class == access && strings.HasPrefix(item.Kind, "Cluster"):
		case class == foreign && item.Namespace == "" && item.Kind != "NetworkPolicy" && item.Kind != "CiliumNetworkPolicy":
			d.everywhere[item.Key.Account] = item
		default:
			_, owned := scene.Controllers[item.Key]
			d.space(keyOf(item)).add(item, owned)
		}
	}
	d.collectRights()
	return d
}

func (d *division) addAccess(item *evidence.Item) {
	at := keyOf(item)
	if strings.HasPrefix(item.Kind, "Cluster") {
		at = everywhere(item)
	}
	d.access = append(d.access, item)
	d.named[objectKey{at, item.Kind, item.Name}] = item
}

// space returns the space of this key. Most items are of the same one as the item
// before.
func (d *division) space(key spaceKey) *space {
	if n := len(d.spaces); n > 0 && d.spaces[n-1].spaceKey == key {
		return d.spaces[n-1]
	}
	s := d.known[key]
	if s == nil {
		s = &space{spaceKey: key}
		d.known[key] = s
		d.spaces = append(d.spaces, s)
	}
	return s
}

func (s *space) add(item *evidence.Item, owned bool) {
	mark := byte('-')
	if owned {
		mark = '+'
	}
	s.items, s.owned = append(s.items, item), append(s.owned, mark)
}

// context is what decides the outcomes in a namespace besides its own objects.
func (d *division) context(s *space, granted []grant, unseen string) string {
	parts := []string{s.account, s.namespace, string(s.owned), unseen}
	if item := d.everywhere[s.account]; item != nil {
		parts = append(parts, item.Kind, item.Name)
	}
	for _, g := range granted {
		parts = append(parts, g.account, g.text, g.binding.Origin.String())
	}
	return strings.Join(parts, "\x00")
}

// class is what an object is to relations.
type class uint8

const (
	ignored class = iota
	plain         // of Kubernetes, and related to others by name or label
	access        // of Kubernetes, and says who may do what
	custom        // of a kind that Kubernetes itself does not have
	foreign       // a network policy in the terms of Cilium, Calico or the cluster-wide policies of SIG Network
)

// classOf tells the class of an item. Other API groups have kinds of the same
// name as those of Kubernetes.
func classOf(item *evidence.Item) class {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	switch group {
	case "cilium.io", "projectcalico.org", "crd.projectcalico.org", "policy.networking.k8s.io":
		if strings.HasSuffix(item.Kind, "NetworkPolicy") {
			return foreign
		}
	}
	if c := classIn(item.Kind, group); c != ignored {
		return c
	}
	if strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && !makesNoPods(item.Kind, group) {
		return custom
	}
	return ignored
}

// makesNoPods knows kinds in wide use that configure what others run, and often have
// the name of the workload that they are about.
func makesNoPods(kind, group string) bool {
	switch group {
	case "monitoring.coreos.com":
		return strings.HasSuffix(kind, "Monitor") || strings.HasSuffix(kind, "Rule") || kind == "Probe" || strings.HasSuffix(kind, "Config")
	case "cert-manager.io", "acme.cert-manager.io", "external-secrets.io", "bitnami.com", "security.istio.io", "kyverno.io":
		return true
	case "networking.istio.io":
		return kind != "Gateway"
	}
	return false
}

func classIn(kind, group string) class {
	is := func(c class, ours bool) class {
		if ours {
			return c
		}
		return ignored
	}
	switch kind {
	case "ServiceAccount":
		return is(access, group == "")
	case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding":
		return is(access, group == "rbac.authorization.k8s.io")
	case "Service", "Secret", "ConfigMap", "ReplicationController", "Pod", "PodTemplate":
		return is(plain, group == "")
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet":
		return is(plain, group == "apps" || group == "extensions" || group == "") // the last is a mistake, but plain
	case "DeploymentConfig":
		return is(plain, group == "apps.openshift.io")
	case "Job", "CronJob":
		return is(plain, group == "batch")
	case "NetworkPolicy", "Ingress":
		return is(plain, group == "networking.k8s.io" || group == "extensions")
	case "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute":
		return is(plain, group == "gateway.networking.k8s.io")
	case "PodDisruptionBudget":
		return is(plain, group == "policy")
	case "HorizontalPodAutoscaler":
		return is(plain, group == "autoscaling")
	}
	return ignored
}
