package rego

import "strings"

const ruleHolds = `	some ru, r, v
	input.kind == readKinds[_]
	input.rules[ru].resources[r] == RESOURCES
	input.rules[ru].verbs[v] == readVerbs[_]
`

// accessAmendments are those of checks on roles. Most looked for the names of
// resources and never at *, which is all of them; and the verb * is every verb.
var accessAmendments = map[string][]amendment{
	"checks/kubernetes/manage_secrets.rego":                gives("", `"secrets"`, `["secrets"]`),
	"checks/kubernetes/manage_namespace_secrets.rego":      gives("", `"secrets"`, `["secrets"]`),
	"checks/kubernetes/manage_configmaps.rego":             gives("", `readResource`, `[readResource]`),
	"checks/kubernetes/manage_webhook_configurations.rego": gives("admissionregistration.k8s.io", `readResource[_]`, `readResource`),
	"checks/kubernetes/manage_kubernetes_networking.rego":  gives(" networking.k8s.io extensions discovery.k8s.io", `readResources[_]`, `readResources`),
	// KSV-0048 and KSV-0053 name their lists otherwise; a session can be opened by get too.
	"checks/kubernetes/allowing_to_update_a_malicious_pod.rego": {{
		`	some ru, r, v
	input.kind == readKinds[_]
	input.rules[ru].resources[r] == workloads[_]
	input.rules[ru].verbs[v] == changeVerbs[_]
`, `	some ru
	input.kind == readKinds[_]
	kubernetes.may(input.rules[ru], ["", "apps", "batch", "extensions"], workloads, changeVerbs)
`,
	}},
	"checks/kubernetes/get_shell_on_pod.rego": {{
		`changeVerbs := ["create",`, `changeVerbs := ["get", "create",`,
	}, {
		`	some ru, r, v
	input.kind == readKinds[_]
	input.rules[ru].resources[r] == workloads[_]
	input.rules[ru].verbs[v] == changeVerbs[_]
`, `	some ru
	input.kind == readKinds[_]
	kubernetes.may(input.rules[ru], [""], array.concat(["*/exec"], workloads), changeVerbs)
`,
	}},
	// KSV-0043 asked for the group *, though users and groups are of the core group.
	"checks/kubernetes/impersonate_privileged_groups.rego": {{
		`	input.rules[ru].apiGroups[_] == "*"
	input.rules[ru].resources[_] == "groups"
	input.rules[ru].verbs[_] == "impersonate"
`, `	input.rules[ru].apiGroups[_] in ["*", ""]
	data.lib.kubernetes.may(input.rules[ru], [""], ["groups"], ["impersonate"])
	data.lib.kubernetes.privileged(input.rules[ru])
`,
	}},
	// KSV-0044 passed * on * of the core group or of roles, which is as good as all.
	"checks/kubernetes/any_any.rego": {{
		`	input.rules[ru].apiGroups[_] == "*"
`, `	input.rules[ru].apiGroups[_] in ["*", "", "rbac.authorization.k8s.io"]
`,
	}},
	// KSV-0045 lists the resources it means, and passed the verb * on all of them.
	"checks/kubernetes/any_verb.rego":                          {{`resourceRead := ["secrets",`, `resourceRead := ["*", "secrets",`}},
	"checks/kubernetes/manage_all_resources.rego":              {{`readVerbs := ["create", "update",`, `readVerbs := ["create", "update", "patch", "watch",`}},
	"checks/kubernetes/manage_all_resources_at_namespace.rego": {{`readVerbs := ["create", "update",`, `readVerbs := ["create", "update", "patch", "watch",`}},
	"checks/kubernetes/privilege_escalation_from_node_proxy.rego": {{
		`	some ru, r, v
	input.rules[ru].resources[r] == "nodes/proxy"
	input.rules[ru].verbs[v] == readVerbs[_]
`, `	some ru
	data.lib.kubernetes.may(input.rules[ru], [""], ["nodes/proxy", "*/proxy"], readVerbs)
`,
	}},
	// KSV-0050 knew neither cluster roles nor their bindings, nor the verbs that
	// were made for roles.
	"checks/kubernetes/manage_kubernetes_rbac_resources.rego": {{
		`readVerbs := ["create", "update",`, `readVerbs := ["create", "update", "patch", "bind", "escalate",`,
	}, {
		`readResources := ["roles", "rolebindings"]`, `readResources := ["roles", "rolebindings", "clusterroles", "clusterrolebindings"]`,
	}, {
		strings.Replace(ruleHolds, "RESOURCES", "readResources[_]", 1), `	some ru
	input.kind == readKinds[_]
	kubernetes.may(input.rules[ru], ["rbac.authorization.k8s.io"], readResources, readVerbs)
`,
	}},
	// KSV-0051 and KSV-0052 asked for two rules in one order, of which the second
	// names the role "*": no role is called so, and a rule without names means all.
	"checks/kubernetes/allowing_create_role_binding_and_associate_privileged_clusterrole.rego": {{
		`	some i, j
	ruleA := input.rules[i]
	ruleB := input.rules[j]
	i < j
	ruleA.apiGroups[_] == "rbac.authorization.k8s.io"
	ruleA.resources[_] == "rolebindings"
	ruleA.verbs[_] == "create"

	ruleB.apiGroups[_] == "rbac.authorization.k8s.io"
	ruleB.resources[_] == ["clusterroles", "roles"][_]
	ruleB.verbs[_] == "bind"
	ruleB.resourceNames[_] == "*"
}
`, bindings(`"rolebindings"`, `"clusterroles", "roles"`),
	}},
	"checks/kubernetes/allowing_create_role_clusterrolebinding_and_associate_privileged_clusterrole.rego": {{
		`	some i, j
	ruleA := input.rules[i]
	ruleB := input.rules[j]
	i < j
	ruleA.apiGroups[_] == "rbac.authorization.k8s.io"
	ruleA.resources[_] == "clusterrolebindings"
	ruleA.verbs[_] == "create"
	ruleA.apiGroups[_] == "rbac.authorization.k8s.io"
	ruleB.resources[_] == "clusterroles"
	ruleB.verbs[_] == "bind"
	ruleB.resourceNames[_] == "*"
}
`, bindings(`"clusterrolebindings"`, `"clusterroles"`),
	}},
	// KSV-0054 asked for two rules of the group *; to attach, the one right is enough.
	"checks/kubernetes/attaching_pod_view_logs_realtime.rego": {{
		`	some i, j
	ruleA := input.rules[i]
	ruleB := input.rules[j]
	i < j
	ruleA.apiGroups[_] == "*"
	ruleA.resources[_] == "pods/attach"
	ruleA.verbs[_] == "create"
	ruleB.apiGroups[_] == "*"
	ruleB.resources[_] == "pods"
	ruleB.verbs[_] == "get"
`, `	ruleA := input.rules[_]
	data.lib.kubernetes.may(ruleA, [""], ["pods/attach", "*/attach"], ["create", "get"])
`,
	}},
	// KSV-0055 asked for the group *, and for get and patch in one rule. A subject is
	// added without get, so that one of its tests asked for what must not be.
	"checks/kubernetes/allowing_users_rolebinding_add_other_users_rolebindings_test.rego": {{`"verbs": ["get1", "patch"],`, `"verbs": ["get1", "patch1"],`}},
	"checks/kubernetes/allowing_users_rolebinding_add_other_users_rolebindings.rego": {{
		`	input.rules[ru].apiGroups[_] == "*"
	input.rules[ru].resources[_] == "rolebindings"
	input.rules[ru].verbs[_] == "get"
	input.rules[ru].verbs[_] == "patch"
`, `	data.lib.kubernetes.may(input.rules[ru], ["rbac.authorization.k8s.io"], ["rolebindings"], ["create", "update", "patch"])
`,
	}},
}

// gives amends the condition that a rule gives a verb on resources of some groups, which
// stand apart by a space: one in front is for the core group, whose name is empty.
func gives(groups, was, is string) []amendment {
	quoted := `["` + strings.Join(strings.Split(groups, " "), `", "`) + `"]`
	return []amendment{{
		strings.Replace(ruleHolds, "RESOURCES", was, 1),
		"	some ru\n	input.kind == readKinds[_]\n	kubernetes.may(input.rules[ru], " + quoted + ", " + is + ", readVerbs)\n",
	}}
}

// bindings is the condition that a role may make bindings of a kind and bind roles
// beyond its own rights.
func bindings(kind, roles string) string {
	return `	ruleA := input.rules[_]
	data.lib.kubernetes.may(ruleA, ["rbac.authorization.k8s.io"], [` + kind + `], ["create"])
	binds_privileged
}

binds_privileged if {
	some rule in input.rules
	data.lib.kubernetes.may(rule, ["rbac.authorization.k8s.io"], [` + roles + `], ["bind"])
	data.lib.kubernetes.privileged(rule)
}
`
}
