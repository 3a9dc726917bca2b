package kubernetes

import (
	"fmt"

	"github.com/surety-cloud/surety/evidence"
)

// misfit says why a body cannot be an object of its kind, "" if it can: a spec
// that holds nothing, or a pod without a list of containers. A rule that looks
// for bad containers finds none in either, which is no reason to pass it. The
// finer fit of each field is a check of its own (SUR-DOC-02).
func misfit(kind string, body *evidence.Value) string {
	if spec := body.Get("spec"); spec != nil && !spec.Is(evidence.Object) && spec.Kind() != evidence.Null {
		return fmt.Sprintf("spec is not an object but %s", spec.Kind().Noun())
	}
	if _, ok := podTemplates[kind]; !ok {
		return ""
	}
	pod := PodSpec(body)
	if pod == nil {
		return "" // another group's kind of that name, or a template left out
	}
	if !pod.Is(evidence.Object) {
		return fmt.Sprintf("the pod's spec is not an object but %s", pod.Kind().Noun())
	}
	if pod.Get("containers").Len() == 0 && !pod.Get("containers").Is(evidence.Object) {
		return "the pod has no containers"
	}
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		containers := pod.Get(list)
		if containers == nil || containers.Kind() == evidence.Null {
			continue
		}
		if !containers.Is(evidence.Array) {
			return fmt.Sprintf("the pod's %s are not a list but %s", list, containers.Kind().Noun())
		}
		for _, c := range containers.Fields() {
			if !c.Value.Is(evidence.Object) {
				return fmt.Sprintf("one of the pod's %s is not an object but %s", list, c.Value.Kind().Noun())
			}
		}
	}
	return ""
}
