package relation

import (
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// files is the account of objects that come from manifests.

// workload is an object that makes pods and that no other object controls.
type workload struct {
	item     *evidence.Item
	labels   evidence.Facts // of its pods
	spec     evidence.Facts // of its pods
	ingress  bool           // a network policy selects it for ingress
	egress   bool
	budgeted bool // a disruption budget selects it
}

// hostNetwork reports whether the pods use the node's network, where network
// policies have no effect.
func (w *workload) hostNetwork() bool { return w.spec.Get("hostNetwork").True() }

// account returns the name of the service account the pods run as.
func (w *workload) account() string {
	for _, key := range [...]string{"serviceAccountName", "serviceAccount"} {
		if name := w.spec.Get(key).Str(); name != "" {
			return name
		}
	}
	return "default"
}

// space is a namespace of one account.
type space struct {
	workloads []*workload
	byLabel   map[string][]*workload // "key" and "key=value"
}

type spaceKey struct{ account, namespace string }

type objectKey struct {
	spaceKey
	kind, name string
}

// index finds objects by what refers to them.
type index struct {
	spaces    map[spaceKey]*space
	objects   map[objectKey]*evidence.Item
	byKind    map[string][]*evidence.Item
	workloads []*workload
	rights    map[objectKey][]right        // by service account
	custom    map[objectKey]*evidence.Item // custom resources, by name alone
	foreign   map[spaceKey]*evidence.Item  // a network policy of another API group, for a namespace or everywhere
}

// namespaceOf gives an object without a namespace the one it is applied to when
// nothing else is said.
func namespaceOf(item *evidence.Item) string {
	if item.Namespace == "" {
		return "default"
	}
	return item.Namespace
}

func keyOf(item *evidence.Item) spaceKey { return spaceKey{item.Key.Account, namespaceOf(item)} }

// everywhere is the space of objects without a namespace.
func everywhere(item *evidence.Item) spaceKey { return spaceKey{item.Key.Account, "-"} }

// indexed reports whether item is of a kind the index holds. Other API
// groups have kinds of the same name, which are left out.
func indexed(item *evidence.Item) bool {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	switch item.Kind {
	case "Service", "ServiceAccount", "Secret", "ConfigMap", "ReplicationController", "Pod", "PodTemplate":
		return group == ""
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet":
		return group == "apps" || group == "extensions" || group == "" // the last is a mistake, but plain
	case "DeploymentConfig":
		return group == "apps.openshift.io"
	case "Job", "CronJob":
		return group == "batch"
	case "NetworkPolicy", "Ingress":
		return group == "networking.k8s.io" || group == "extensions"
	case "PodDisruptionBudget":
		return group == "policy"
	case "HorizontalPodAutoscaler":
		return group == "autoscaling"
	case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding":
		return group == "rbac.authorization.k8s.io"
	}
	return false
}

// isCustom reports whether the item's kind is not one of Kubernetes itself.
func isCustom(item *evidence.Item) bool {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && !indexed(item)
}

// isForeignPolicy reports whether the item is a network policy in the terms of
// Cilium, Calico or the cluster-wide policies of SIG Network.
func isForeignPolicy(item *evidence.Item) bool {
	_, group, _ := strings.Cut(item.Key.Kind, ".")
	switch group {
	case "cilium.io", "projectcalico.org", "crd.projectcalico.org", "policy.networking.k8s.io":
		return strings.HasSuffix(item.Kind, "NetworkPolicy")
	}
	return false
}

// limiter returns a foreign network policy that may act on the workload.
func (x *index) limiter(w *workload) *evidence.Item {
	if item := x.foreign[keyOf(w.item)]; item != nil {
		return item
	}
	return x.foreign[everywhere(w.item)]
}

func newIndex(items []*evidence.Item) *index {
	x := &index{
		spaces: map[spaceKey]*space{}, objects: make(map[objectKey]*evidence.Item, len(items)),
		byKind: map[string][]*evidence.Item{}, rights: map[objectKey][]right{}, custom: map[objectKey]*evidence.Item{},
		foreign: map[spaceKey]*evidence.Item{},
	}
	controlled := kubernetes.Controllers(items)
	for _, item := range items {
		if item.Key.Provider != evidence.ProviderKubernetes || item.Imported {
			continue
		}
		at := keyOf(item)
		if isForeignPolicy(item) {
			if item.Namespace == "" && item.Kind != "NetworkPolicy" && item.Kind != "CiliumNetworkPolicy" {
				at = everywhere(item)
			}
			x.foreign[at] = item
			continue
		}
		if isCustom(item) {
			x.custom[objectKey{at, "", item.Name}] = item
		}
		if !indexed(item) {
			continue
		}
		if strings.HasPrefix(item.Kind, "Cluster") {
			at = everywhere(item)
		}
		x.objects[objectKey{at, item.Kind, item.Name}] = item
		x.byKind[item.Kind] = append(x.byKind[item.Kind], item)
		if _, owned := controlled[item.Key]; owned {
			continue
		}
		if template := kubernetes.PodTemplate(item.Facts); !template.Absent() {
			x.addWorkload(at, &workload{item: item, labels: template.Path("metadata", "labels"), spec: template.Get("spec")})
		}
	}
	x.applyPolicies()
	x.applyBudgets()
	x.collectRights()
	return x
}

func (x *index) addWorkload(at spaceKey, w *workload) {
	x.workloads = append(x.workloads, w)
	s := x.spaces[at]
	if s == nil {
		s = &space{byLabel: map[string][]*workload{}}
		x.spaces[at] = s
	}
	s.workloads = append(s.workloads, w)
	for _, f := range w.labels.Fields() {
		s.byLabel[f.Key] = append(s.byLabel[f.Key], w)
		pair := f.Key + "=" + f.Value.Text()
		s.byLabel[pair] = append(s.byLabel[pair], w)
	}
}

// selects returns the workloads in a namespace that a label selector matches:
// all of them if it is empty (Kubernetes API, LabelSelector).
func (x *index) selects(at spaceKey, by selector) []*workload {
	s := x.spaces[at]
	if s == nil {
		return nil
	}
	candidates := s.workloads
	narrow := func(found []*workload) {
		if len(found) < len(candidates) {
			candidates = found
		}
	}
	for _, f := range by.labels.Fields() {
		narrow(s.byLabel[f.Key+"="+f.Value.Text()])
	}
	for _, f := range by.expressions.Fields() {
		switch f.Value.Get("operator").Str() {
		case "In", "Exists":
			narrow(s.byLabel[f.Value.Get("key").Str()])
		}
	}
	var out []*workload
	for _, w := range candidates {
		if by.matches(w.labels) {
			out = append(out, w)
		}
	}
	return out
}

// maker returns a custom resource that may make the pods a selector is for: an
// operator labels the pods it makes with the name of the resource.
func (x *index) maker(at spaceKey, by selector) *evidence.Item {
	for _, f := range by.labels.Fields() {
		if item := x.custom[objectKey{at, "", f.Value.Text()}]; item != nil {
			return item
		}
	}
	return nil
}

// matches reports whether the selector matches labels.
func (by selector) matches(labels evidence.Facts) bool {
	for _, f := range by.labels.Fields() {
		have := labels.Get(f.Key)
		if have.Absent() || have.Text() != f.Value.Text() {
			return false
		}
	}
	for _, f := range by.expressions.Fields() {
		have := labels.Get(f.Value.Get("key").Str())
		in := false
		for _, v := range f.Value.Get("values").Fields() {
			in = in || !have.Absent() && v.Value.Text() == have.Text()
		}
		switch f.Value.Get("operator").Str() {
		case "In":
			if !in {
				return false
			}
		case "NotIn":
			if in {
				return false
			}
		case "Exists":
			if have.Absent() {
				return false
			}
		case "DoesNotExist":
			if !have.Absent() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// selector is a label selector.
type selector struct{ labels, expressions evidence.Facts }

func labelSelector(of evidence.Facts) selector {
	return selector{of.Get("matchLabels"), of.Get("matchExpressions")}
}

// plainSelector is the plain map of a Service as a label selector.
func plainSelector(labels evidence.Facts) selector { return selector{labels: labels} }

// applyPolicies marks the workloads that a network policy isolates. Without
// policyTypes a policy acts on ingress, and on egress if it has egress rules
// (Kubernetes API, NetworkPolicySpec).
func (x *index) applyPolicies() {
	for _, item := range x.byKind["NetworkPolicy"] {
		spec := item.Facts.Get("spec")
		types := spec.Get("policyTypes")
		ingress, egress := types.Len() == 0, types.Len() == 0 && !spec.Get("egress").Absent()
		for _, f := range types.Fields() {
			ingress = ingress || f.Value.Str() == "Ingress"
			egress = egress || f.Value.Str() == "Egress"
		}
		for _, w := range x.selects(keyOf(item), labelSelector(spec.Get("podSelector"))) {
			w.ingress = w.ingress || ingress
			w.egress = w.egress || egress
		}
	}
}

func (x *index) applyBudgets() {
	for _, item := range x.byKind["PodDisruptionBudget"] {
		of := item.Facts.Path("spec", "selector")
		if of.Absent() {
			continue
		}
		for _, w := range x.selects(keyOf(item), labelSelector(of)) {
			w.budgeted = true
		}
	}
}
