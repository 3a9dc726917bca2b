package native

import (
	"github.com/surety-cloud/surety"
	podsecurity "k8s.io/pod-security-admission/policy"
)

const (
	osName    = "/spec/os/name"
	hostUsers = "/spec/hostUsers"
)

// podChecks says of each rule of the Pod Security Standards what it is called,
// what to do, and what its code reads, as far as the newest version goes. Tests
// hold the reads to be complete.
var podChecks = map[podsecurity.CheckID]podCheck{
	// Baseline.
	"appArmorProfile": {
		"AppArmor profile is switched off", surety.Medium,
		"Remove appArmorProfile and the apparmor annotations, or set the type to RuntimeDefault or Localhost.",
		[]string{"/metadata/annotations/*", "/spec/securityContext/appArmorProfile/type"},
		[]string{"/securityContext/appArmorProfile/type"},
	},
	"capabilities_baseline": {
		"Container adds capabilities beyond the default set", surety.High,
		"Remove the capability from securityContext.capabilities.add.",
		nil, []string{"/securityContext/capabilities/add/*"},
	},
	"hostNamespaces": {
		"Pod shares the node's network, process or IPC namespace", surety.High,
		"Remove hostNetwork, hostPID and hostIPC, or set them to false.",
		[]string{"/spec/hostNetwork", "/spec/hostPID", "/spec/hostIPC"}, nil,
	},
	"hostPathVolumes": {
		"Pod mounts a path of the node", surety.High,
		"Use a persistent volume, configMap, secret or emptyDir instead of hostPath.",
		[]string{"/spec/volumes/*/hostPath", "/spec/volumes/*/name"}, nil,
	},
	"hostPorts": {
		"Container takes a port of the node", surety.Medium,
		"Remove hostPort and reach the pod through a Service.",
		nil, []string{"/ports/*/hostPort"},
	},
	"hostProbesAndHostLifecycle": {
		"Probe or lifecycle hook names a host", surety.Medium,
		"Remove host from httpGet and tcpSocket: the kubelet then connects to the pod itself, and cannot be made to reach other hosts.",
		nil, []string{
			"/livenessProbe/httpGet/host", "/livenessProbe/tcpSocket/host",
			"/readinessProbe/httpGet/host", "/readinessProbe/tcpSocket/host",
			"/startupProbe/httpGet/host", "/startupProbe/tcpSocket/host",
			"/lifecycle/postStart/httpGet/host", "/lifecycle/postStart/tcpSocket/host",
			"/lifecycle/preStop/httpGet/host", "/lifecycle/preStop/tcpSocket/host",
		},
	},
	"privileged": {
		"Container is privileged", surety.High,
		"Remove securityContext.privileged or set it to false; add the single capability or device that is needed.",
		nil, []string{"/securityContext/privileged"},
	},
	"procMount": {
		"Container unmasks /proc", surety.Medium,
		"Remove securityContext.procMount, or give the pod a user namespace with hostUsers: false.",
		[]string{hostUsers}, []string{"/securityContext/procMount"},
	},
	"seccompProfile_baseline": {
		"Seccomp profile is switched off", surety.Medium,
		"Set seccompProfile.type to RuntimeDefault or Localhost, or remove it.",
		[]string{"/spec/securityContext/seccompProfile/type"}, []string{"/securityContext/seccompProfile/type"},
	},
	"seLinuxOptions": {
		"SELinux user, role or type is set outside the allowed values", surety.Medium,
		"Remove seLinuxOptions.user and role, and use one of the container types container_t, container_init_t, container_kvm_t or container_engine_t.",
		[]string{"/spec/securityContext/seLinuxOptions/type", "/spec/securityContext/seLinuxOptions/user", "/spec/securityContext/seLinuxOptions/role"},
		[]string{"/securityContext/seLinuxOptions/type", "/securityContext/seLinuxOptions/user", "/securityContext/seLinuxOptions/role"},
	},
	"sysctls": {
		"Pod sets a kernel parameter outside the safe set", surety.Medium,
		"Remove the sysctl, or set it on the node for everyone.",
		[]string{"/spec/securityContext/sysctls/*/name"}, nil,
	},
	"windowsHostProcess": {
		"Pod runs as a Windows host process", surety.High,
		"Remove windowsOptions.hostProcess or set it to false.",
		[]string{"/spec/securityContext/windowsOptions/hostProcess"}, []string{"/securityContext/windowsOptions/hostProcess"},
	},

	// Restricted.
	"allowPrivilegeEscalation": {
		"Process may gain more privileges than its parent", surety.Medium,
		"Set securityContext.allowPrivilegeEscalation to false on every container.",
		[]string{osName}, []string{"/securityContext/allowPrivilegeEscalation"},
	},
	"capabilities_restricted": {
		"Container keeps capabilities", surety.Medium,
		"Set securityContext.capabilities.drop to [ALL] on every container, and add none but NET_BIND_SERVICE.",
		[]string{osName}, []string{"/securityContext/capabilities/add/*", "/securityContext/capabilities/drop/*"},
	},
	"procMount_restricted": {
		"Container unmasks /proc, even if in a user namespace", surety.Low,
		"Remove securityContext.procMount.",
		nil, []string{"/securityContext/procMount"},
	},
	"restrictedVolumes": {
		"Pod uses a volume type that is not allowed", surety.Low,
		"Use configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret.",
		[]string{"/spec/volumes/*/*"}, nil,
	},
	"runAsNonRoot": {
		"Container may run as root", surety.Medium,
		"Set securityContext.runAsNonRoot to true on the pod or on every container.",
		[]string{hostUsers, "/spec/securityContext/runAsNonRoot"}, []string{"/securityContext/runAsNonRoot"},
	},
	"runAsUser": {
		"Container runs as user 0", surety.Medium,
		"Remove runAsUser: 0, or set another user.",
		[]string{hostUsers, "/spec/securityContext/runAsUser"}, []string{"/securityContext/runAsUser"},
	},
	"seccompProfile_restricted": {
		"Container runs without a seccomp profile", surety.Low,
		"Set securityContext.seccompProfile.type to RuntimeDefault on the pod or on every container.",
		[]string{osName, "/spec/securityContext/seccompProfile/type"}, []string{"/securityContext/seccompProfile/type"},
	},
}
