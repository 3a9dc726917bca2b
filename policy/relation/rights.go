package relation

import (
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/evidence"
)

// right is a role of unlimited rights that a binding gives.
type right struct {
	binding *evidence.Item
	text    string
}

// collectRights notes for each service account, and for each group of them, the
// bindings that give it every right, in one namespace or in the whole cluster.
func (x *index) collectRights() {
	for _, kind := range [...]string{"ClusterRoleBinding", "RoleBinding"} {
		for _, b := range x.byKind[kind] {
			role := b.Facts.Get("roleRef")
			why, unlimited := x.unlimited(b, role)
			if !unlimited {
				continue
			}
			scope := "in the whole cluster"
			if kind == "RoleBinding" {
				scope = "in namespace " + namespaceOf(b)
			}
			text := fmt.Sprintf("%s by %s %s: %s", scope, kind, b.Name, why)
			for _, s := range b.Facts.Get("subjects").Fields() {
				k := x.subject(b, s.Value)
				x.rights[k] = append(x.rights[k], right{b, text})
			}
		}
	}
}

// subject is the key of what a binding's subject names.
func (x *index) subject(binding *evidence.Item, s evidence.Facts) objectKey {
	k := objectKey{everywhere(binding), s.Get("kind").Str(), s.Get("name").Str()}
	if k.kind == "ServiceAccount" {
		k.namespace = s.Get("namespace").Str()
		if k.namespace == "" {
			k.namespace = namespaceOf(binding)
		}
	}
	return k
}

// unlimited reports whether the role a binding names allows everything, and why.
func (x *index) unlimited(binding *evidence.Item, ref evidence.Facts) (why string, ok bool) {
	name := ref.Get("name").Str()
	if ref.Get("kind").Str() == "ClusterRole" && name == "cluster-admin" {
		return "role cluster-admin", true
	}
	role := x.role(binding, ref)
	if role == nil {
		return "", false
	}
	for _, rule := range role.Facts.Get("rules").Fields() {
		if holds(rule.Value.Get("verbs"), "*") && holds(rule.Value.Get("resources"), "*") {
			return fmt.Sprintf("%s %s allows every verb on every resource", role.Kind, name), true
		}
	}
	return "", false
}

func (x *index) role(binding *evidence.Item, ref evidence.Facts) *evidence.Item {
	at := keyOf(binding)
	kind := ref.Get("kind").Str()
	if kind == "ClusterRole" {
		at = everywhere(binding)
	}
	return x.objects[objectKey{at, kind, ref.Get("name").Str()}]
}

func holds(list evidence.Facts, text string) bool {
	for _, f := range list.Fields() {
		if f.Value.Str() == text {
			return true
		}
	}
	return false
}

// rightsOf returns the unlimited rights of a workload's service account: its own
// and those of the groups every service account is in (Kubernetes
// documentation, "Using RBAC Authorization", service account subjects).
func (x *index) rightsOf(w *workload) []right {
	at := keyOf(w.item)
	group := func(name string) []right { return x.rights[objectKey{everywhere(w.item), "Group", name}] }
	return slices.Concat(
		x.rights[objectKey{at, "ServiceAccount", w.account()}],
		group("system:serviceaccounts"), group("system:serviceaccounts:"+at.namespace), group("system:authenticated"),
	)
}
