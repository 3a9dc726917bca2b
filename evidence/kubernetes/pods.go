package kubernetes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// Pod is a pod template in an object whose kind is not built in, such as Argo's
// Rollout, Knative's Service or a task of Volcano's Job.
type Pod struct {
	At   string         // where the template stands in the object, as a JSON Pointer
	Item *evidence.Item // the template as a Pod of the object's name and namespace
}

// Pods returns the pod templates in an object of a kind that is not built in,
// wherever they stand: what is under a key that ends in template and has a spec
// with a list of containers that all have an image. Less than that may be laid over
// what an operator brings along, and says nothing of the pod.
func Pods(item *evidence.Item) []Pod {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	if item.Key.Provider != evidence.ProviderKubernetes || withoutTemplates(group) {
		return nil
	}
	var s search
	s.walk(item.Body, "")
	pods := make([]Pod, len(s.templates))
	for i, t := range s.templates {
		pods[i] = Pod{t.at, podOf(item, t.template)}
	}
	return pods
}

// withoutTemplates reports whether no pod template is to be looked for in objects of a group:
// those of Kubernetes' own say where they have theirs, and policies of Kyverno and
// Gatekeeper hold patterns of pods that they make nothing of.
func withoutTemplates(group string) bool {
	return builtinGroups[group] || strings.HasSuffix(group, "kyverno.io") || strings.HasSuffix(group, "gatekeeper.sh")
}

// unread says what in an object nobody has judged though it may run, "" if there
// is no such thing: its kind is none its group has, or it holds what looks like a
// container or a pod and is no pod template that Pods finds.
func unread(id identity, body *evidence.Value) string {
	if homes := homeGroups[id.kind]; len(homes) == 0 && builtinGroups[id.group()] {
		return fmt.Sprintf("%s %s is not judged: %s; correct kind or apiVersion", id.kind, id.name, unknownKind(id.group(), id.kind))
	}
	if withoutTemplates(id.group()) {
		return ""
	}
	var s search
	s.walk(body, "")
	if s.unread == nil {
		return ""
	}
	return fmt.Sprintf("%s %s is not judged as a whole: %s looks like a part of a pod, and no check reads it there; assess the Pods that come of it, in a cluster or from its dump",
		id.kind, id.name, *s.unread)
}

// search looks for pods in an object.
type search struct {
	path      []string
	templates []placed
	unread    *string // where the first thing stands that looks like a part of a pod outside of templates
}

type placed struct {
	at       string
	template *evidence.Value
}

// maxPods is how many pod templates one object may hold. What is beyond is unread.
const maxPods = 100

// walk looks at v, which stands at key. Metadata describes the object and runs
// nothing.
func (s *search) walk(v *evidence.Value, key string) {
	if v.Is(evidence.Object) {
		if endsIn(key, "template") && isPodTemplate(v) && len(s.templates) < maxPods {
			s.templates = append(s.templates, placed{s.at(), v})
			return
		}
		if s.unread == nil && looksLikePod(v) {
			at := s.at()
			s.unread = &at
		}
	}
	for i, f := range v.Fields() {
		if f.Value.Len() == 0 || f.Key == "metadata" {
			continue
		}
		segment := f.Key
		if v.Is(evidence.Array) {
			segment = strconv.Itoa(i)
		}
		s.path = append(s.path, segment)
		s.walk(f.Value, f.Key)
		s.path = s.path[:len(s.path)-1]
	}
}

// at is the place of the value that is looked at (RFC 6901).
func (s *search) at() string {
	var b strings.Builder
	for _, segment := range s.path {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(segment, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

func endsIn(key, word string) bool {
	return len(key) >= len(word) && strings.EqualFold(key[len(key)-len(word):], word)
}

func isPodTemplate(v *evidence.Value) bool {
	containers := v.Path("spec", "containers")
	return containers.Is(evidence.Array) && containers.Len() > 0 &&
		!slices.ContainsFunc(containers.Fields(), func(f evidence.Field) bool { return f.Value.Get("image").Str() == "" })
}

// looksLikePod reports whether v has what pods and containers have: the settings
// that isolate them, a list of containers under one of its usual names, a directory
// of the node, or an image and what to run in it.
func looksLikePod(v *evidence.Value) bool {
	for _, key := range []string{"securityContext", "podSecurityContext", "containerSecurityContext"} {
		if v.Get(key).Len() > 0 {
			return true
		}
	}
	for _, key := range []string{"hostNetwork", "hostPID", "hostIPC", "privileged"} {
		if v.Get(key).True() {
			return true
		}
	}
	for _, key := range []string{"containers", "initContainers", "ephemeralContainers", "sidecars", "steps"} {
		for _, f := range v.Get(key).Fields() {
			if f.Value.Get("image") != nil {
				return true
			}
		}
	}
	if slices.ContainsFunc(v.Get("volumes").Fields(), func(f evidence.Field) bool { return f.Value.Get("hostPath") != nil }) {
		return true
	}
	runs := func(key string) bool { return v.Get(key) != nil }
	return v.Get("image").Is(evidence.String) && slices.ContainsFunc([]string{"command", "args", "script", "source", "env", "volumeMounts"}, runs)
}

// podOf is a template in item as a Pod. Its containers are named: a rule names the
// container it speaks of, and not every kind wants names.
func podOf(item *evidence.Item, template *evidence.Value) *evidence.Item {
	line := template.Line()
	text := func(s string) *evidence.Value { return evidence.NewString(s, line) }
	meta := append(slices.Clone(template.Get("metadata").Fields()), evidence.Field{Key: "name", Value: text(item.Name)})
	if item.Namespace != "" {
		meta = append(meta, evidence.Field{Key: "namespace", Value: text(item.Namespace)})
	}
	spec := template.Get("spec")
	body := evidence.NewObject([]evidence.Field{
		{Key: "apiVersion", Value: text("v1")}, {Key: "kind", Value: text("Pod")},
		{Key: "metadata", Value: evidence.NewObject(meta, line)}, {Key: "spec", Value: withNames(spec, spec)},
	}, line)
	pod := &evidence.Item{
		Key: item.Key, Kind: "Pod", Namespace: item.Namespace, Name: item.Name,
		Origin: item.Origin, Digest: item.Digest, Body: body, Facts: item.Facts,
	}
	pod.Key.Kind = "Pod"
	pod.SetCaveats(evidence.Caveats{Misfit: misfit("", "Pod", body), Unfit: unfit("", "Pod", body)})
	return pod
}
