package kubernetes

import (
	"fmt"

	"github.com/surety-cloud/surety/evidence"
)

// misfit says why a body cannot be an object of its kind, "" if it can: an API
// group that has no such kind, a spec that holds nothing, or a pod without a list
// of containers. A rule that looks for bad containers finds none in any of them,
// which is no reason to pass it. The finer fit of each field is a check of its own
// (SUR-DOC-02).
func misfit(group, kind string, body *evidence.Value) string {
	if why := unknownKind(group, kind); why != "" {
		return why
	}
	if spec := body.Get("spec"); spec != nil && !spec.Is(evidence.Object) {
		return fmt.Sprintf("spec is not an object but %s", spec.Kind().Noun())
	}
	if kind == nodeInfo && group == "" {
		return misfitReport(body)
	}
	if _, ok := podTemplates[kind]; !ok || !builtinGroups[group] {
		return "" // what pods another group's kind holds, Pods finds
	}
	pod := PodSpec(body)
	if pod == nil {
		return "there is no pod template where " + kind + " has it"
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
