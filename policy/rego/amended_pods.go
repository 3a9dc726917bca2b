package rego

// podAmendments are those of checks on pods and of the library they share.
var podAmendments = map[string][]amendment{
	// The library leaves containers that were added for debugging out of all
	// checks, and takes a flag of the control plane that is given nothing for one
	// that is set. may serves the checks on roles.
	"lib/kubernetes/kubernetes.rego": {{
		`pod_containers(pod) := all_containers if {
	keys = {"containers", "initContainers"}
`, `pod_containers(pod) := listed_containers(pod, {"containers", "initContainers", "ephemeralContainers"})

# lasting_containers leaves out those for debugging, which cannot have resources
lasting_containers contains container if {
	pods[pod]
	container = listed_containers(pod, {"containers", "initContainers"})[_]
}

lasting_containers contains container if {
	container = listed_containers(object, {"containers", "initContainers"})[_]
}

# may reports whether a rule of a role gives one of verbs on one of resources, which
# are of groups. Rules are told by what they name in any group, and by a wildcard in
# groups alone.
may(rule, groups, resources, verbs) if {
	some verb in rule.verbs
	verb in array.concat(["*"], verbs)
	reaches(rule, groups, resources)
}

reaches(rule, _, resources) if {
	some resource in rule.resources
	resource in resources
}

reaches(rule, groups, _) if {
	"*" in rule.resources
	some group in rule.apiGroups
	group in array.concat(["*"], groups)
}

# privileged reports whether what a rule is limited to, if it is, is known to have
# the rights of an administrator or of the cluster itself
privileged(rule) if not rule.resourceNames[0]

privileged(rule) if {
	some name in rule.resourceNames
	regex.match("^([*]|edit|system:.*)$|(?i)admin|root", name)
}

listed_containers(pod, keys) := all_containers if {
`,
	}, {
		`	regex.match(flag, command[_])
`, `	some word in command
	regex.match(flag, word)
	not endswith(word, "=")
`,
	}},
	"checks/kubernetes/CPU_not_limited.rego":               lasting("getNoLimitsCPUContainers"),
	"checks/kubernetes/CPU_requests_not_specified.rego":    lasting("getNoRequestsCPUContainers"),
	"checks/kubernetes/memory_not_limited.rego":            lasting("getNoLimitsMemoryContainers"),
	"checks/kubernetes/memory_requests_not_specified.rego": lasting("getNoRequestsMemoryContainers"),
	// KSV-0005, KSV-0119 and KSV-0120 looked for one spelling. ALL is every
	// capability, and runtimes take the prefix.
	"checks/kubernetes/SYS_ADMIN_capability.rego":  capability("container.securityContext", "SYS_ADMIN"),
	"checks/kubernetes/net_raw_capability.rego":    capability("allContainers.securityContext", "NET_RAW"),
	"checks/kubernetes/SYS_MODULE_capability.rego": capability("container.securityContext", "SYS_MODULE"),
	// KSV-0012 let a pod's runAsNonRoot stand for a container that says otherwise.
	// The library has given each container what it inherits already.
	"checks/kubernetes/runs_as_root.rego": {{
		`	checkRunAsNonRootPod
	output := getRootContainers[_]
`, `	output := getRootContainers[_]
`,
	}},
	// KSV-0038 said nothing of a policy without a spec, which selects by nothing.
	"checks/kubernetes/selector_usage_in_network_policies.rego": {{
		`	not hasSelector(input.spec)
`, `	not hasSelector(object.get(input, "spec", {}))
`,
	}, {
		`result.new(msg, input.spec)`, `result.new(msg, object.get(input, "spec", input.metadata))`,
	}},
	// KSV-0118 is titled as if a default had been configured.
	"checks/kubernetes/default_security_context.rego": {{`title: "Default security context configured"`, `title: "No security context set"`}},
	// KSV-0124 does not say what to do.
	"checks/kubernetes/repo_ambiguous_prefix.rego": {{`#   severity: HIGH
`, `#   severity: HIGH
#   recommended_action: End each reference with a slash, or name the image in full.
`}},
	// KCV-0033 took the threshold that turns the collection off for one that is set.
	"checks/kubernetes/controllermamager_terminated_pod_gc_threshold.rego": {{
		`	kubernetes.command_has_flag(container.command, "--terminated-pod-gc-threshold")`,
		`	kubernetes.command_has_flag(container.command, "^--terminated-pod-gc-threshold(=0*[1-9][0-9]*)?$")`,
	}, {
		`	kubernetes.command_has_flag(container.args, "--terminated-pod-gc-threshold")`,
		`	kubernetes.command_has_flag(container.args, "^--terminated-pod-gc-threshold(=0*[1-9][0-9]*)?$")`,
	}},
}

// lasting amends a rule that asks for resources, of which containers for debugging
// cannot have any.
func lasting(rule string) []amendment {
	return []amendment{{
		rule + ` contains container if {
	container := kubernetes.containers[_]
`, rule + ` contains container if {
	container := kubernetes.lasting_containers[_]
`,
	}}
}

// capability amends the condition that a container of this context adds a capability.
func capability(context, name string) []amendment {
	return []amendment{{
		context + `.capabilities.add[_] == "` + name + `"`,
		`trim_prefix(upper(` + context + `.capabilities.add[_]), "CAP_") in {"ALL", "` + name + `"}`,
	}}
}
