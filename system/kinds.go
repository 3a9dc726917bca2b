package system

import "strings"

// kindInfo is what the patterns and the inference need to know of a kind.
type kindInfo struct {
	kind       string
	short      string // the short name kubectl accepts, or the lower-case kind
	namespaced bool
}

var kinds = []kindInfo{
	{"ClusterRole", "clusterrole", false},
	{"ClusterRoleBinding", "clusterrolebinding", false},
	{"ConfigMap", "cm", true},
	{"CronJob", "cj", true},
	{"CustomResourceDefinition", "crd", false},
	{"DaemonSet", "ds", true},
	{"Deployment", "deploy", true},
	{"Endpoints", "ep", true},
	{"Gateway", "gtw", true},
	{"HTTPRoute", "httproute", true},
	{"HorizontalPodAutoscaler", "hpa", true},
	{"Ingress", "ing", true},
	{"IngressClass", "ingressclass", false},
	{"Job", "job", true},
	{"LimitRange", "limits", true},
	{"Namespace", "ns", false},
	{"NetworkPolicy", "netpol", true},
	{"Node", "no", false},
	{"PersistentVolume", "pv", false},
	{"PersistentVolumeClaim", "pvc", true},
	{"Pod", "po", true},
	{"PodDisruptionBudget", "pdb", true},
	{"PriorityClass", "pc", false},
	{"ReplicaSet", "rs", true},
	{"ReplicationController", "rc", true},
	{"ResourceQuota", "quota", true},
	{"Role", "role", true},
	{"RoleBinding", "rolebinding", true},
	{"Secret", "secret", true},
	{"Service", "svc", true},
	{"ServiceAccount", "sa", true},
	{"StatefulSet", "sts", true},
	{"StorageClass", "sc", false},
}

// kindByAlias finds a kind by its short, singular or plural name in small letters, or
// as manifests write it.
var kindByAlias = func() map[string]*kindInfo {
	m := make(map[string]*kindInfo, 4*len(kinds))
	for i := range kinds {
		k := &kinds[i]
		lower := strings.ToLower(k.kind)
		m[k.short], m[lower], m[plural(lower)], m[k.kind] = k, k, k, k
	}
	return m
}()

// kindNamed finds a kind by any of its names in any case, nil if it is unknown.
func kindNamed(name string) *kindInfo {
	if k := kindByAlias[name]; k != nil {
		return k
	}
	return kindByAlias[strings.ToLower(name)]
}

func plural(s string) string {
	switch {
	case strings.HasSuffix(s, "y"):
		return strings.TrimSuffix(s, "y") + "ies"
	case strings.HasSuffix(s, "s"):
		return s + "es"
	}
	return s + "s"
}

// baseKind drops the API group of a key's kind: Deployment.apps is Deployment.
func baseKind(kind string) string {
	base, _, _ := strings.Cut(kind, ".")
	return base
}

// namespaceOf says in which namespace an object of this kind and key scope
// lives: "" for a cluster-scoped one. A namespaced object whose manifest names
// no namespace has the scope "-" and lands in "default".
func namespaceOf(kind, scope string) string {
	if scope != "-" {
		return scope
	}
	if k := kindNamed(kind); k != nil && k.namespaced {
		return "default"
	}
	return ""
}

// shortKind is the name patterns use for a kind: deploy for Deployment, the
// kind itself when it has no short name.
func shortKind(kind string) string {
	if k := kindNamed(kind); k != nil {
		return k.short
	}
	return kind
}
