package relation

import (
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
func (w *workload) account() string { return kubernetes.ServiceAccountOf(w.spec) }

// index finds the objects of one namespace by what refers to them.
type index struct {
	*space
	granted   []grant
	objects   map[object]*evidence.Item
	byKind    map[string][]*evidence.Item
	custom    map[string]*evidence.Item // custom resources, by name alone
	workloads []*workload
	byLabel   map[string][]*workload // "key" and "key=value"
	limiter   *evidence.Item         // a network policy of another API group that may act on the workloads
}

type object struct{ kind, name string }

// newIndex indexes a namespace. limiter is what acts everywhere.
func newIndex(s *space, granted []grant, limiter *evidence.Item) *index {
	x := &index{
		space: s, granted: granted, limiter: limiter,
		objects: make(map[object]*evidence.Item, len(s.items)), byKind: map[string][]*evidence.Item{},
		custom: map[string]*evidence.Item{}, byLabel: map[string][]*workload{},
	}
	for i, item := range s.items {
		switch classOf(item) {
		case foreign:
			x.limiter = item
			continue
		case custom:
			x.custom[item.Name] = item
			continue
		}
		x.objects[object{item.Kind, item.Name}] = item
		x.byKind[item.Kind] = append(x.byKind[item.Kind], item)
		if s.owned[i] == '+' {
			continue
		}
		if template := kubernetes.PodTemplate(item.Facts); !template.Absent() {
			x.addWorkload(&workload{item: item, labels: template.Path("metadata", "labels"), spec: template.Get("spec")})
		}
	}
	x.applyPolicies()
	x.applyBudgets()
	return x
}

func (x *index) addWorkload(w *workload) {
	x.workloads = append(x.workloads, w)
	for _, f := range w.labels.Fields() {
		x.byLabel[f.Key] = append(x.byLabel[f.Key], w)
		pair := f.Key + "=" + f.Value.Text()
		x.byLabel[pair] = append(x.byLabel[pair], w)
	}
}

// selects returns the workloads that a label selector matches: all of them if it
// is empty (Kubernetes API, LabelSelector).
func (x *index) selects(by kubernetes.Selector) []*workload {
	candidates := x.workloads
	narrow := func(found []*workload) {
		if len(found) < len(candidates) {
			candidates = found
		}
	}
	for _, f := range by.Labels().Fields() {
		narrow(x.byLabel[f.Key+"="+f.Value.Text()])
	}
	for _, f := range by.Expressions().Fields() {
		switch f.Value.Get("operator").Str() {
		case "In", "Exists":
			narrow(x.byLabel[f.Value.Get("key").Str()])
		}
	}
	var out []*workload
	for _, w := range candidates {
		if by.Matches(w.labels) {
			out = append(out, w)
		}
	}
	return out
}

// maker returns a custom resource that may make the pods a selector is for: an
// operator labels the pods it makes with the name of the resource.
func (x *index) maker(by kubernetes.Selector) *evidence.Item {
	for _, f := range by.Labels().Fields() {
		if item := x.custom[f.Value.Text()]; item != nil {
			return item
		}
	}
	return nil
}

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
		for _, w := range x.selects(kubernetes.LabelSelector(spec.Get("podSelector"))) {
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
		for _, w := range x.selects(kubernetes.LabelSelector(of)) {
			w.budgeted = true
		}
	}
}
