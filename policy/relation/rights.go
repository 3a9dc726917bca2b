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

// grant is a right that a service account has in person, or all accounts of a
// namespace have.
type grant struct {
	account string
	toAll   bool
	right
}

// bindings lists the bindings, those of the whole cluster first.
func (d *division) bindings() []*evidence.Item {
	var out []*evidence.Item
	for _, kind := range [...]string{"ClusterRoleBinding", "RoleBinding"} {
		for _, item := range d.access {
			if item.Kind == kind {
				out = append(out, item)
			}
		}
	}
	return out
}

// collectRights notes for each service account, and for each group of them, the
// bindings that give it every right, in one namespace or in the whole cluster.
func (d *division) collectRights() {
	for _, b := range d.bindings() {
		role := b.Facts.Get("roleRef")
		why, unlimited := d.unlimited(b, role)
		if !unlimited {
			continue
		}
		scope := "in the whole cluster"
		if b.Kind == "RoleBinding" {
			scope = "in namespace " + namespaceOf(b)
		}
		r := right{b, fmt.Sprintf("%s by %s %s: %s", scope, b.Kind, b.Name, why)}
		for _, s := range b.Facts.Get("subjects").Fields() {
			if k := subject(b, s.Value); k.kind == "ServiceAccount" {
				d.accounts[k.spaceKey] = append(d.accounts[k.spaceKey], grant{k.name, false, r})
			} else {
				d.groups[k] = append(d.groups[k], r)
			}
		}
	}
}

// subject is the key of what a binding's subject names.
func subject(binding *evidence.Item, s evidence.Facts) objectKey {
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
func (d *division) unlimited(binding *evidence.Item, ref evidence.Facts) (why string, ok bool) {
	name := ref.Get("name").Str()
	if ref.Get("kind").Str() == "ClusterRole" && name == "cluster-admin" {
		return "role cluster-admin", true
	}
	role := d.role(binding, ref)
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

func (d *division) role(binding *evidence.Item, ref evidence.Facts) *evidence.Item {
	at := keyOf(binding)
	kind := ref.Get("kind").Str()
	if kind == "ClusterRole" {
		at = everywhere(binding)
	}
	return d.named[objectKey{at, kind, ref.Get("name").Str()}]
}

func holds(list evidence.Facts, text string) bool {
	for _, f := range list.Fields() {
		if f.Value.Str() == text {
			return true
		}
	}
	return false
}

// granted returns the unlimited rights of the service accounts of a namespace:
// their own first, and those of the groups every service account is in (Kubernetes
// documentation, "Using RBAC Authorization", service account subjects).
func (d *division) granted(at spaceKey) []grant {
	out := d.accounts[at]
	for _, group := range [...]string{"system:serviceaccounts", "system:serviceaccounts:" + at.namespace, "system:authenticated"} {
		for _, r := range d.groups[objectKey{spaceKey{at.account, "-"}, "Group", group}] {
			out = append(slices.Clip(out), grant{toAll: true, right: r})
		}
	}
	return out
}

// rightsOf returns the unlimited rights of a workload's service account.
func (x *index) rightsOf(w *workload) []right {
	var out []right
	for _, g := range x.granted {
		if g.toAll || g.account == w.account() {
			out = append(out, g.right)
		}
	}
	return out
}
