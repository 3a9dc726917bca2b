package kubernetes

import (
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

const (
	rbacGroup      = "rbac.authorization.k8s.io"
	admissionGroup = "admissionregistration.k8s.io"
)

// builtin lists the API groups of Kubernetes itself, and of OpenShift those that
// double its kinds, with their kinds, removed ones included. Of the groups that have
// a kind, the one to use stands first. Any other group may have a kind of any name.
var builtin = []struct{ group, kinds string }{
	{"", "Binding ClusterInfo ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node NodeInfo PersistentVolume PersistentVolumeClaim Pod " +
		"PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount"},
	{"apps", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"},
	{"apps.openshift.io", "DeploymentConfig"},
	{"batch", "CronJob Job"},
	{"autoscaling", "HorizontalPodAutoscaler Scale"},
	{"policy", "Eviction PodDisruptionBudget PodSecurityPolicy"},
	{"networking.k8s.io", "ClusterCIDR IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR"},
	{rbacGroup, "ClusterRole ClusterRoleBinding Role RoleBinding"},
	{"storage.k8s.io", "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass"},
	{"scheduling.k8s.io", "PodGroup PriorityClass Workload"},
	{admissionGroup, "InitializerConfiguration MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy " +
		"ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"},
	{"apiextensions.k8s.io", "CustomResourceDefinition"},
	{"apiregistration.k8s.io", "APIService"},
	{"authentication.k8s.io", "SelfSubjectReview TokenRequest TokenReview"},
	{"authorization.k8s.io", "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"},
	{"certificates.k8s.io", "CertificateSigningRequest ClusterTrustBundle PodCertificateRequest"},
	{"coordination.k8s.io", "Lease LeaseCandidate"},
	{"discovery.k8s.io", "EndpointSlice"},
	{"events.k8s.io", "Event"},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema PriorityLevelConfiguration"},
	{"internal.apiserver.k8s.io", "StorageVersion"},
	{"node.k8s.io", "RuntimeClass"},
	{"resource.k8s.io", "DeviceClass DeviceTaintRule PodSchedulingContext ResourceClaim ResourceClaimParameters ResourceClaimTemplate " +
		"ResourceClass ResourceClassParameters ResourcePoolStatusRequest ResourceSlice"},
	{"storagemigration.k8s.io", "StorageVersionMigration"},
	// OpenShift's older names of RBAC, and what else it has beside them.
	{"authorization.openshift.io", "ClusterRole ClusterRoleBinding IsPersonalSubjectAccessReview LocalResourceAccessReview " +
		"LocalSubjectAccessReview ResourceAccessReview Role RoleBinding RoleBindingRestriction SelfSubjectRulesReview SubjectAccessReview SubjectRulesReview"},
	{"extensions", "DaemonSet Deployment HorizontalPodAutoscaler Ingress NetworkPolicy PodSecurityPolicy ReplicaSet ThirdPartyResource"},
}

// homeGroups gives the API groups that have a kind, the one to use first, and
// builtinGroups holds all of them.
var homeGroups, builtinGroups = newHomeGroups()

func newHomeGroups() (homes map[string][]string, groups map[string]bool) {
	homes, groups = map[string][]string{}, map[string]bool{}
	for _, b := range builtin {
		groups[b.group] = true
		for _, kind := range strings.Fields(b.kinds) {
			homes[kind] = append(homes[kind], b.group)
		}
	}
	return homes, groups
}

// Namesake reports whether an item only shares the name of its kind with one that
// is built in, as Calico's NetworkPolicy does. What is asked of the one says nothing
// of the other.
func Namesake(item *evidence.Item) bool {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	if builtinGroups[group] {
		return false
	}
	_, known := homeGroups[item.Kind]
	return known && item.Key.Provider == evidence.ProviderKubernetes
}

// unknownKind says that one of Kubernetes' own API groups has no kind of this name,
// "" if it has, or if the group is another.
func unknownKind(group, kind string) string {
	if homes, known := homeGroups[kind]; !builtinGroups[group] || known && slices.Contains(homes, group) {
		return ""
	} else if known {
		return "API group " + groupName(group) + " has no " + kind + ", which is of " + groupName(homes[0])
	}
	return "API group " + groupName(group) + " has no kind " + kind + " that is known here"
}

func groupName(group string) string {
	if group == "" {
		return "core (apiVersion: v1)"
	}
	return group
}
