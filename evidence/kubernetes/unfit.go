package kubernetes

import (
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// The settings of a pod and of a container's securityContext that are true or
// false, or a number. A rule that asks for true finds none in a text.
var (
	podTruths      = []string{"hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace", "automountServiceAccountToken"}
	contextTruths  = []string{"privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "runAsNonRoot"}
	contextNumbers = []string{"runAsUser", "runAsGroup", "fsGroup"}
	containerLists = []string{"containers", "initContainers", "ephemeralContainers"}
)

// unfit lists what in a pod cannot be what it stands for: text where Kubernetes
// wants true, false or a number, as placeholders leave it, and an image that is
// a placeholder itself.
func unfit(group, kind string, body *evidence.Value) []evidence.Unfit {
	at, makesPods := podTemplates[kind]
	if !makesPods || !builtinGroups[group] {
		return nil
	}
	path := "/spec"
	if at != "" {
		path = "/" + strings.ReplaceAll(at, " ", "/") + path
	}
	var u unfitting
	pod := PodSpec(body)
	u.texts(pod, path, podTruths, "true or false")
	u.context(pod, path)
	for _, list := range containerLists {
		for i, c := range pod.Get(list).Fields() {
			image := c.Value.Get("image").Str()
			placeholder := strings.Contains(image, "${") || strings.Contains(image, "$(") || strings.Contains(image, "{{")
			if !placeholder && c.Value.Get("securityContext") == nil {
				continue
			}
			at := path + "/" + list + "/" + strconv.Itoa(i)
			u.context(c.Value, at)
			if placeholder {
				u = append(u, evidence.Unfit{Path: at + "/image", Why: "holds a placeholder; fill it in first, as envsubst does"})
			}
		}
	}
	return u
}

type unfitting []evidence.Unfit

// context looks at the securityContext of v, which stands at path.
func (u *unfitting) context(v *evidence.Value, path string) {
	if security := v.Get("securityContext"); security != nil {
		u.texts(security, path+"/securityContext", contextTruths, "true or false")
		u.texts(security, path+"/securityContext", contextNumbers, "a number")
		u.capabilities(security.Get("capabilities"), path+"/securityContext/capabilities")
	}
}

// capabilities looks at those that are added and dropped. A rule that looks for one
// in a list finds none in a text.
func (u *unfitting) capabilities(v *evidence.Value, path string) {
	if v != nil && !v.Is(evidence.Object) {
		*u = append(*u, evidence.Unfit{Path: path, Why: "is " + v.Kind().Noun() + " where Kubernetes wants an object"})
	}
	for _, key := range []string{"add", "drop"} {
		if list := v.Get(key); list != nil && !list.Is(evidence.Array) {
			*u = append(*u, evidence.Unfit{Path: path + "/" + key, Why: "is " + list.Kind().Noun() + " where Kubernetes wants a list"})
		}
	}
}

// texts notes the keys of v whose values are text instead of want.
func (u *unfitting) texts(v *evidence.Value, path string, keys []string, want string) {
	for _, key := range keys {
		if v.Get(key).Is(evidence.String) {
			*u = append(*u, evidence.Unfit{Path: path + "/" + key, Why: "is text where Kubernetes wants " + want})
		}
	}
}
