package rego

import "strings"

// lineAmendments let results point to the value that decided, of which the line is
// reported, instead of the container or the whole object it stands in. Where a check
// fails because something is absent, what it is absent from stays the place.
var lineAmendments = map[string][]amendment{
	"checks/kubernetes/host_ipc.rego":                                       append(points("input.spec", "kubernetes.host_ipcs[_]"), inPod("hostIPC")...),
	"checks/kubernetes/host_ipc_test.rego":                                  inPod("hostIPC")[:1],
	"checks/kubernetes/host_network.rego":                                   append(points("input.spec", "kubernetes.host_networks[_]"), inPod("hostNetwork")...),
	"checks/kubernetes/host_network_test.rego":                              inPod("hostNetwork")[:1],
	"checks/kubernetes/host_pid.rego":                                       append(points("input.spec", "kubernetes.host_pids[_]"), inPod("hostPID")...),
	"checks/kubernetes/host_pid_test.rego":                                  inPod("hostPID")[:1],
	"checks/kubernetes/manages_etc_hosts.rego":                              points("spec", "spec.hostAliases"),
	"checks/kubernetes/hostpath_volumes_mounted.rego":                       points("input.spec", "kubernetes.volumes[_].hostPath"),
	"checks/kubernetes/non_core_volume_types.rego":                          points("input.spec", "kubernetes.volumes[_][disallowed_volume_types[_]]"),
	"checks/kubernetes/privileged.rego":                                     points("output", "output.securityContext.privileged"),
	"checks/kubernetes/can_elevate_its_own_privileges.rego":                 points("output", inContext("output", "allowPrivilegeEscalation")),
	"checks/kubernetes/file_system_not_read_only.rego":                      points("output", inContext("output", "readOnlyRootFilesystem")),
	"checks/kubernetes/runs_as_root.rego":                                   points("output", inContext("output", "runAsNonRoot")),
	"checks/kubernetes/runs_with_UID_le_10000.rego":                         points("output", inContext("output", "runAsUser")),
	"checks/kubernetes/runs_with_GID_le_10000.rego":                         points("output", inContext("output", "runAsGroup")),
	"checks/kubernetes/runs_with_a_root_uid.rego":                           points("cause", "cause.runAsUser"),
	"checks/kubernetes/non_default_proc_masks_set.rego":                     points("output", "output.securityContext.procMount"),
	"checks/kubernetes/specific_capabilities_added.rego":                    points("output", "output.securityContext.capabilities.add"),
	"checks/kubernetes/capabilities_no_drop_all.rego":                       points("container", inContext("container", "capabilities", "drop")),
	"checks/kubernetes/uses_image_tag_latest.rego":                          points("container", `object.get(container, "image", container)`),
	"checks/kubernetes/protect_core_components_namespace.rego":              points("input.spec", `object.get(input.metadata, "namespace", input.metadata)`),
	"checks/kubernetes/cluster_admin_role_is_only_used_where_required.rego": points("input.metadata", "input.roleRef.name"),
	"checks/kubernetes/drop_all_capabilities_only_add_net_bind_service.rego": append(
		points("container", inContext("container", "capabilities", "drop")), points("container.securityContext.capabilities", "add")...),
	"checks/kubernetes/apparmor_policy_disabled.rego":              points("output", "kubernetes.annotations[_][apparmor_keys[output]]"),
	"checks/kubernetes/protecting_pod_service_account_tokens.rego": points("input.spec", `object.get(input.spec, "automountServiceAccountToken", input.spec)`),
	"checks/kubernetes/windows_host_process.rego": append(points("cause", "cause.hostProcess"), amendment{
		`failHostProcess contains spec if`, `failHostProcess contains spec.securityContext.windowsOptions if`,
	}),
	// KSV-0006 misspelt the socket besides.
	"checks/kubernetes/mounts_docker_socket.rego": append(pointsTo("checkDockerSocket", "input.spec", `some cause in [v.hostPath.path | some v in kubernetes.volumes]
	cause == "/var/run/docker.sock"`), socket),
	"checks/kubernetes/mounts_docker_socket_test.rego": {socket},
	"checks/kubernetes/Kubernetes_resource_with_disallowed_volumes_mounted.rego": pointsTo("failVolumes", "input.spec", `some cause in [v.hostPath.path | some v in kubernetes.volumes]
	cause in disallowedVolumes`),
	"checks/kubernetes/privileged_ports_binding.rego": pointsTo("failPrivilegedPort", "failPrivilegedPort", `some cause in [p.containerPort | some c in kubernetes.containers; some p in c.ports]
	cause < 1024`),
	"checks/kubernetes/anonymous_user_bind.rego": pointsTo("anonymousUserBind", "input.metadata", `some cause in kubernetes.object.subjects
	cause.name in readRoleRefs`),
	"checks/kubernetes/runs_with_a_root_primary_or_supplementary_GID.rego": {{
		`	failRootGroupId
	output := failRootGroupId
`, `	failRootGroupId
	some output in root_groups
`,
	}, {
		`deny contains res if {
`, `root_groups contains id if {
	some key in ["runAsGroup", "fsGroup"]
	id := contexts[_][key]
	id == 0
}

root_groups contains id if {
	some id in contexts[_].supplementalGroups
	id == 0
}

contexts contains kubernetes.containers[_].securityContext

contexts contains kubernetes.pods[_].spec.securityContext

deny contains res if {
`,
	}},
	"checks/kubernetes/service_with_externalip.rego": append(pointsTo("failExtIpsOrName", "kubernetes.kind", "some cause in external"), amendment{
		`deny contains res if {
`, `external contains kubernetes.object.spec.externalIPs[_]

external contains kubernetes.object.spec.externalName

deny contains res if {
`,
	}),
	// KSV-0024 named each container with host ports for every container without any.
	"checks/kubernetes/access_to_host_ports.rego": {{
		`	output := getContainersWitNohDisallowedHostPorts[_]
`, `	some container in kubernetes.containers
	some output in [p.hostPort | some p in container.ports]
	not output in allowed_host_ports
`,
	}, {
		`[getContainersWithDisallowedHostPorts[_], kubernetes.kind`, `[container.name, kubernetes.kind`,
	}},
	// KSV-0025 gives one result for each type, and one for all other properties.
	"checks/kubernetes/selinux_custom_options_set.rego": {{
		`uses invalid seLinux type '%s'", [kubernetes.kind, kubernetes.name, type]))
	res := result.new(msg, input.spec)
`, `uses invalid seLinux type '%s'", [kubernetes.kind, kubernetes.name, type]))
	some cause in [c.seLinuxOptions.type | some c in getAllSecurityContexts]
	cause == type
	res := result.new(msg, cause)
`,
	}, {
		`concat(", ", keys)]))
	res := result.new(msg, input.spec)
`, `concat(", ", keys)]))
	some key in ["role", "user"]
	some cause in [c.seLinuxOptions[key] | some c in getAllSecurityContexts]
	res := result.new(msg, cause)
`,
	}},
	// KSV-0026 called whatever holds a pod a Pod.
	"checks/kubernetes/unsafe_sysctl_options_set.rego": {{
		`"Pod '%s' has disallowed`, `"%s '%s' has disallowed`,
	}, {
		`		[kubernetes.name, sort(disallowed)],
`, `		[kubernetes.kind, kubernetes.name, sort(disallowed)],
`,
	}, {
		`	res := result.new(msg, pod)
`, `	some cause in pod.spec.securityContext.sysctls
	cause.name in disallowed
	res := result.new(msg, cause)
`,
	}},
	// KSV-0119 and KSV-0120 named every container for each, the latter by all of its JSON.
	"checks/kubernetes/net_raw_capability.rego": append(addedCapability("getCapsNetRaw", "NET_RAW"), amendment{
		"	container := allContainers.name\n", "	container := allContainers\n",
	}),
	"checks/kubernetes/SYS_MODULE_capability.rego": addedCapability("getCapsSysModule", "SYS_MODULE"),
	"checks/kubernetes/SYS_ADMIN_capability.rego":  points("output", theCapability("SYS_ADMIN")),
}

var socket = amendment{`/var/run/docker.socker`, `/var/run/docker.sock`}

// inPod has a message and what to do about it name a field of pods as every kind has
// it: a Pod has no template.
func inPod(field string) []amendment {
	return []amendment{
		{"not set 'spec.template.spec." + field + "' to true\"", "not set '" + field + "' to true\""},
		{"'spec.template.spec." + field + "' to true.", "'" + field + "' of the pod to true."},
	}
}

// points has a check's one result point to another value.
func points(was, is string) []amendment {
	return []amendment{{"result.new(msg, " + was + ")", "result.new(msg, " + is + ")"}}
}

// pointsTo has a check that denies on a condition give a result for each cause.
func pointsTo(condition, was, cause string) []amendment {
	return append(points(was, "cause"), amendment{
		"deny contains res if {\n\t" + condition + "\n", "deny contains res if {\n\t" + condition + "\n\t" + cause + "\n",
	})
}

// inContext is what stands in a container's security context on a path, or else the
// container.
func inContext(container string, path ...string) string {
	return `object.get(` + container + `, ["securityContext", "` + strings.Join(path, `", "`) + `"], ` + container + `)`
}

// theCapability is a capability that a container is known to add, in whatever spelling.
func theCapability(name string) string {
	return `[c | some c in output.securityContext.capabilities.add; trim_prefix(upper(c), "CAP_") in {"ALL", "` + name + `"}][0]`
}

func addedCapability(rule, name string) []amendment {
	return append(points("output", theCapability(name)), amendment{"[" + rule + "[_], lower(", "[output.name, lower("})
}
