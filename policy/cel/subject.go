package cel

import (
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/surety-cloud/surety/evidence"
)

// Workload, as a kind in a check's match, stands for every kind that holds a
// pod specification.
const Workload = "Workload"

var workloads = []string{
	"CronJob", "DaemonSet", "Deployment", "DeploymentConfig", "Job", "Pod", "PodTemplate",
	"ReplicaSet", "ReplicationController", "StatefulSet",
}

// podTemplate gives the path of the part that holds a pod's metadata and spec in
// an object of this kind. Kinds that are not built in are taken to follow
// Deployment, as Argo's Rollout and OpenKruise's workloads do.
func podTemplate(kind string) []string {
	switch kind {
	case "Pod":
		return nil
	case "PodTemplate":
		return []string{"template"}
	case "CronJob":
		return []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return []string{"spec", "template"}
	}
}

// subject is one item as the variables of an expression. It is made once for an
// item and serves all its checks.
type subject struct {
	item       *evidence.Item
	pod        ref.Val
	podless    bool // the item is a workload, and there is no pod in it
	podMeta    ref.Val
	containers ref.Val
	it         ref.Val // the offending element, while its message is computed
	frame      *frame  // of the fast form
}

var _ interpreter.Activation = (*subject)(nil)

func newSubject(item *evidence.Item) *subject {
	s := &subject{item: item, pod: types.NullValue, podMeta: types.NullValue, frame: frames.Get().(*frame)}
	template := item.Body.Path(podTemplate(item.Kind)...)
	spec := template.Get("spec")
	if item.Kind == "Pod" || spec.Is(evidence.Object) && template.Get("spec").Get("containers") != nil {
		s.pod = wrap(spec)
		s.podMeta = wrap(template.Get("metadata"))
	}
	s.podless = s.pod == types.NullValue && slices.Contains(workloads, item.Kind)
	s.containers = containersOf(spec)
	return s
}

// containersOf joins the three lists of containers. A list that is no list is
// an error, so that no check passes because it found nothing to look at.
func containersOf(spec *evidence.Value) ref.Val {
	var all []evidence.Field
	for _, key := range [...]string{"containers", "initContainers", "ephemeralContainers"} {
		part := spec.Get(key)
		switch part.Kind() {
		case evidence.Null:
		case evidence.Array:
			all = append(all[:len(all):len(all)], part.Fields()...)
		default:
			return types.NewErr("%s is %s, want an array", key, part.Kind().Noun())
		}
	}
	return list{evidence.NewArray(all, spec.Line())}
}

// ResolveName implements interpreter.Activation.
func (s *subject) ResolveName(name string) (any, bool) {
	switch name {
	case "object":
		return object{s.item.Body}, true
	case "pod":
		return s.pod, true
	case "podMeta":
		return s.podMeta, true
	case "containers":
		return s.containers, true
	case "name":
		return types.String(s.item.Name), true
	case "ns": // "namespace" is reserved in CEL
		return types.String(s.item.Namespace), true
	case "kind":
		return types.String(s.item.Kind), true
	case "it":
		return s.it, s.it != nil
	}
	return nil, false
}

// Parent implements interpreter.Activation.
func (s *subject) Parent() interpreter.Activation { return nil }
