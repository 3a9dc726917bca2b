package kubernetes

import (
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/evidence"
)

// misfit says why a body cannot be an object of its kind, "" if it can: an API
// group that has no such kind, a spec that holds nothing, or a pod without a list
// of containers. A rule that looks for bad containers finds none in any of them,
// which is no reason to pass it. The finer fit of each field is a check of its own
// (SUR-DOC-02).
func misfit(group, kind string, body *evidence.Value) string {
	if homes, known := homeGroups[kind]; known && builtinGroups[group] && !slices.Contains(homes, group) {
		return fmt.Sprintf("API group %s has no %s, which is of %s", groupName(group), kind, groupName(homes[0]))
	}
	if spec := body.Get("spec"); spec != nil && !spec.Is(evidence.Object) {
		return fmt.Sprintf("spec is not an object but %s", spec.Kind().Noun())
	}
	if kind == nodeInfo && group == "" {
		return misfitReport(body)
	}
	if _, ok := podTemplates[kind]; !ok {
		return ""
	}
	pod := PodSpec(body)
	if pod == nil {
		return "there is no pod template where " + kind + " has it" // left out, or another group's kind of that name
	}
	if !pod.Is(evidence.Object) {
		return fmt.Sprintf("the pod's spec is not an object but %s", pod.Kind().Noun())
	}
	if pod.Get("containers").Len() == 0 && !pod.Get("containers").Is(evidence.Object) {
		return "the pod has no containers"
	}
	if security := pod.Get("securityContext"); security != nil && !security.Is(evidence.Object) {
		return fmt.Sprintf("the pod's securityContext is not an object but %s", security.Kind().Noun())
	}
	for _, list := range containerLists {
		containers := pod.Get(list)
		if containers == nil {
			continue
		}
		if !containers.Is(evidence.Array) {
			return fmt.Sprintf("the pod's %s are not a list but %s", list, containers.Kind().Noun())
		}
		for _, c := range containers.Fields() {
			if !c.Value.Is(evidence.Object) {
				return fmt.Sprintf("one of the pod's %s is not an object but %s", list, c.Value.Kind().Noun())
			}
			if security := c.Value.Get("securityContext"); security != nil && !security.Is(evidence.Object) {
				return fmt.Sprintf("the securityContext of one of the pod's %s is not an object but %s", list, security.Kind().Noun())
			}
		}
	}
	return ""
}

// nodeInfo is the kind of a node's own report, as k8s-node-collector writes it.
const nodeInfo = "NodeInfo"

// misfitReport is misfit for a node's own report.
func misfitReport(body *evidence.Value) string {
	if of := body.Get("type").Str(); of != "master" && of != "worker" {
		return fmt.Sprintf("its type is %q and neither master nor worker", of)
	}
	if !body.Get("info").Is(evidence.Object) {
		return "it has no info, where the node's values stand"
	}
	return ""
}

// homeGroups gives the API groups that have a kind, the one to use first.
var homeGroups = map[string][]string{
	"Pod": {""}, "PodTemplate": {""}, "ReplicationController": {""}, "Service": {""}, "ServiceAccount": {""}, "Secret": {""},
	"ConfigMap": {""}, "Namespace": {""}, "Node": {""}, "LimitRange": {""}, "ResourceQuota": {""}, "PersistentVolume": {""},
	"PersistentVolumeClaim": {""},
	"Deployment":            {"apps", "extensions"}, "ReplicaSet": {"apps", "extensions"}, "DaemonSet": {"apps", "extensions"},
	"StatefulSet": {"apps"}, "DeploymentConfig": {"apps.openshift.io"}, "Job": {"batch"}, "CronJob": {"batch"},
	"Ingress": {"networking.k8s.io", "extensions"}, "NetworkPolicy": {"networking.k8s.io", "extensions"}, "IngressClass": {"networking.k8s.io"},
	"Role": {rbacGroup}, "ClusterRole": {rbacGroup}, "RoleBinding": {rbacGroup}, "ClusterRoleBinding": {rbacGroup},
	"PodDisruptionBudget": {"policy"}, "PodSecurityPolicy": {"policy", "extensions"}, "HorizontalPodAutoscaler": {"autoscaling", "extensions"},
	"StorageClass": {"storage.k8s.io"}, "PriorityClass": {"scheduling.k8s.io"},
	"CustomResourceDefinition":       {"apiextensions.k8s.io"},
	"ValidatingWebhookConfiguration": {admissionGroup}, "MutatingWebhookConfiguration": {admissionGroup},
}

const (
	rbacGroup      = "rbac.authorization.k8s.io"
	admissionGroup = "admissionregistration.k8s.io"
)

// builtinGroups holds the groups that homeGroups knows in full. Any other group
// may have a kind of any name.
var builtinGroups = newBuiltinGroups()

func newBuiltinGroups() map[string]bool {
	groups := map[string]bool{}
	for _, homes := range homeGroups {
		for _, g := range homes {
			groups[g] = true
		}
	}
	return groups
}

func groupName(group string) string {
	if group == "" {
		return "core (apiVersion: v1)"
	}
	return group
}
