package system

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// builtinRoles are the roles every cluster has, which manifests refer to
// without defining them.
var builtinRoles = map[string][]string{
	"cluster-admin": {"administer"}, "admin": {"administer"},
	"edit": {"read", "read-secrets", "run-workloads", "write"}, "view": {"read"},
}

// privileges notes what the service account of each workload may do, and where.
func (in *inference) privileges() {
	granted := map[object][]string{}
	for _, kind := range [...]string{"ClusterRole", "Role"} {
		for _, it := range in.byKind[kind] {
			granted[object{spaceOf(it), kind, it.Name}] = privilegesOf(it.Facts.Get("rules"))
		}
	}
	for _, kind := range [...]string{"ClusterRoleBinding", "RoleBinding"} {
		for _, it := range in.byKind[kind] {
			in.bind(it, granted)
		}
	}
}

func (in *inference) bind(binding *evidence.Item, granted map[object][]string) {
	ref := binding.Facts.Get("roleRef")
	role := object{kind: ref.Get("kind").Str(), name: ref.Get("name").Str()}
	target := inferredCluster
	if ns := spaceOf(binding); ns != "" {
		target = in.zone(ns)
		if role.kind == "Role" {
			role.namespace = ns
		}
	}
	privileges, ok := granted[role]
	if !ok && role.kind == "ClusterRole" {
		privileges = builtinRoles[role.name]
	}
	for _, f := range binding.Facts.Get("subjects").Fields() {
		if f.Value.Get("kind").Str() != "ServiceAccount" {
			continue
		}
		s := in.spaces[cmp.Or(f.Value.Get("namespace").Str(), spaceOf(binding))]
		if s == nil {
			continue
		}
		for _, w := range s.runningAs(f.Value.Get("name").Str()) {
			for _, p := range privileges {
				if w.Can == nil {
					w.Can = map[string][]string{}
				}
				w.Can[p] = append(w.Can[p], target)
			}
		}
	}
}

// privilegesOf sums up the rules of a role as what an attacker would gain.
func privilegesOf(rules evidence.Facts) []string {
	found := map[string]bool{}
	for _, f := range rules.Fields() {
		verbs, resources := textSet(f.Value.Get("verbs")), textSet(f.Value.Get("resources"))
		reads := verbs.any("*", "get", "list", "watch")
		writes := verbs.any("*", "create", "update", "patch", "delete", "deletecollection")
		found["read"] = found["read"] || reads
		found["write"] = found["write"] || writes && !harmless(resources)
		found["administer"] = found["administer"] || verbs["*"] && resources["*"]
		found["read-secrets"] = found["read-secrets"] || reads && resources.any("*", "secrets")
		found["run-workloads"] = found["run-workloads"] || verbs.any("*", "create", "update", "patch") && resources.any("*", "pods",
			"deployments", "daemonsets", "statefulsets", "replicasets", "replicationcontrollers", "jobs", "cronjobs")
		found["enter-containers"] = found["enter-containers"] || verbs.any("*", "create", "get") && resources.any("*", "pods/exec", "pods/attach", "pods/*")
		found["raise-privileges"] = found["raise-privileges"] || verbs.any("escalate", "bind", "impersonate") ||
			writes && resources.any("roles", "clusterroles", "rolebindings", "clusterrolebindings")
	}
	maps.DeleteFunc(found, func(_ string, is bool) bool { return !is })
	if found["administer"] {
		return []string{"administer"}
	}
	return slices.Sorted(maps.Keys(found))
}

// harmless reports whether whoever may write no more than these gains nothing by it.
func harmless(resources words) bool {
	for r := range resources {
		if !strings.HasSuffix(r, "/status") && !strings.HasSuffix(r, "/finalizers") && !trifles[r] {
			return false
		}
	}
	return true
}

// trifles are what nearly every controller writes: events, its place as leader, and
// questions to the API server.
var trifles = words{
	"events": true, "leases": true, "tokenreviews": true, "subjectaccessreviews": true, "localsubjectaccessreviews": true,
	"selfsubjectaccessreviews": true, "selfsubjectrulesreviews": true, "selfsubjectreviews": true,
}

// words is a set of texts.
type words map[string]bool

func textSet(list evidence.Facts) words {
	set := make(words, list.Len())
	for _, f := range list.Fields() {
		set[f.Value.Str()] = true
	}
	return set
}

func (w words) any(of ...string) bool {
	return slices.ContainsFunc(of, func(s string) bool { return w[s] })
}
