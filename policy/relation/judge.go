package relation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

func judgeIngress(x *index, r *report) {
	for _, w := range x.workloads {
		r.isolation(x, w, w.ingress, "ingress")
	}
}

func judgeEgress(x *index, r *report) {
	for _, w := range x.workloads {
		r.isolation(x, w, w.egress, "egress")
	}
}

// isolation says whether a network policy limits one direction of a workload.
func (r *report) isolation(x *index, w *workload, limited bool, direction string) {
	switch other := x.limiter; {
	case w.hostNetwork(): // network policies do not reach it
	case limited:
		r.pass(w.item)
	case other != nil:
		r.unknown(w.item, "no NetworkPolicy selects its pods for %s, but %s %s may, which is not understood", direction, other.Kind, other.Name)
	default:
		r.fail(w.item, w.labels.Line(), "no NetworkPolicy of namespace %s selects its pods for %s", x.namespace, direction)
	}
}

// behind returns the workloads a Service leads to; ok is false if it has no
// selector, and so leads wherever its endpoints say.
func (x *index) behind(service *evidence.Item) (found []*workload, ok bool) {
	selector := service.Facts.Path("spec", "selector")
	if selector.Len() == 0 || service.Facts.Path("spec", "type").Str() == "ExternalName" {
		return nil, false
	}
	return x.selects(kubernetes.PlainSelector(selector)), true
}

// selection says whether a selector of item fits any workload of its namespace.
func (r *report) selection(x *index, item *evidence.Item, by kubernetes.Selector, line int) {
	if len(x.selects(by)) > 0 {
		r.pass(item)
		return
	}
	if maker := x.maker(by); maker != nil {
		r.unknown(item, "no workload has these labels, but %s %s may make one", maker.Kind, maker.Name)
		return
	}
	r.fail(item, line, "the selector fits no workload of namespace %s", x.namespace)
}

func judgeServices(x *index, r *report) {
	for _, s := range x.byKind["Service"] {
		if _, ok := x.behind(s); ok {
			selector := s.Facts.Path("spec", "selector")
			r.selection(x, s, kubernetes.PlainSelector(selector), selector.Line())
		}
	}
}

func judgePolicies(x *index, r *report) {
	for _, p := range x.byKind["NetworkPolicy"] {
		selector := p.Facts.Path("spec", "podSelector")
		if selector.Len() == 0 { // a default for what is still to come
			r.pass(p)
			continue
		}
		r.selection(x, p, kubernetes.LabelSelector(selector), selector.Line())
	}
}

func judgeBudgets(x *index, r *report) {
	for _, b := range x.byKind["PodDisruptionBudget"] {
		selector := b.Facts.Path("spec", "selector")
		if selector.Absent() { // no selector fits nothing, an empty one everything
			r.fail(b, 0, "it has no selector")
			continue
		}
		r.selection(x, b, kubernetes.LabelSelector(selector), selector.Line())
	}
}

func judgeAutoscalers(x *index, r *report) {
	for _, h := range x.byKind["HorizontalPodAutoscaler"] {
		ref := h.Facts.Path("spec", "scaleTargetRef")
		kind, name := ref.Get("kind").Str(), ref.Get("name").Str()
		switch {
		case x.objects[object{kind, name}] != nil:
			r.pass(h)
		case !slices.Contains(workloadKinds(), kind):
			r.unknown(h, "whether the target %s %s exists is not known: its kind is not looked at", kind, name)
		default:
			r.fail(h, ref.Line(), "there is no %s %s in namespace %s", kind, name, x.namespace)
		}
	}
}

func judgeRoutes(x *index, r *report) {
	for _, in := range x.byKind["Ingress"] {
		spec := in.Facts.Get("spec")
		var findings []policy.Finding
		for _, key := range [...]string{"defaultBackend", "backend"} {
			findings = append(findings, x.route(spec.Get(key))...)
		}
		for _, rule := range spec.Get("rules").Fields() {
			for _, path := range rule.Value.Path("http", "paths").Fields() {
				findings = append(findings, x.route(path.Value.Get("backend"))...)
			}
		}
		r.verdict(in, findings)
	}
	for _, kind := range routeKinds {
		for _, route := range x.byKind[kind] {
			r.backends(x, route)
		}
	}
}

// backends judges those of a route of the Gateway API. One of another namespace or
// another kind is not looked for.
func (r *report) backends(x *index, route *evidence.Item) {
	var findings []policy.Finding
	for _, rule := range route.Facts.Path("spec", "rules").Fields() {
		for _, b := range rule.Value.Get("backendRefs").Fields() {
			name, kind, space := b.Value.Get("name"), b.Value.Get("kind").Str(), b.Value.Get("namespace").Str()
			if kind != "" && kind != "Service" || b.Value.Get("group").Str() != "" || space != "" && space != x.namespace {
				r.unknown(route, "whether the backend %s exists is not known: it is of another kind or namespace", name.Str())
				return
			}
			findings = append(findings, x.leads(name, b.Value.Get("port"))...)
		}
	}
	r.verdict(route, findings)
}

// route says what is wrong with one backend of an Ingress, in the form of
// networking.k8s.io/v1 or of the versions before it.
func (x *index) route(backend evidence.Facts) []policy.Finding {
	ref := backend.Get("service")
	name, port := ref.Get("name"), ref.Path("port", "number")
	if port.Absent() {
		port = ref.Path("port", "name")
	}
	if ref.Absent() {
		name, port = backend.Get("serviceName"), backend.Get("servicePort")
	}
	if port.Str() == "use-annotation" {
		return nil
	}
	return x.leads(name, port)
}

// leads says what is wrong with a port of a Service; it may be absent, and is a
// number or the port's name.
func (x *index) leads(name, port evidence.Facts) []policy.Finding {
	if name.Str() == "" {
		return nil
	}
	service := x.objects[object{"Service", name.Str()}]
	if service == nil {
		return []policy.Finding{{Line: name.Line(), Message: fmt.Sprintf("there is no Service %s in namespace %s", name.Str(), x.namespace)}}
	}
	if port.Absent() || service.Facts.Path("spec", "type").Str() == "ExternalName" {
		return nil
	}
	for _, p := range service.Facts.Path("spec", "ports").Fields() {
		if p.Value.Get("port").Text() == port.Text() || p.Value.Get("name").Str() == port.Text() {
			return nil
		}
	}
	return []policy.Finding{{Line: port.Line(), Message: fmt.Sprintf("Service %s has no port %s", name.Str(), port.Text())}}
}

func judgeExposure(x *index, r *report) {
	for _, s := range x.byKind["Service"] {
		spec := s.Facts.Get("spec")
		kind := spec.Get("type")
		how := "type " + kind.Str()
		if kind.Str() != "LoadBalancer" && kind.Str() != "NodePort" {
			if spec.Get("externalIPs").Len() == 0 {
				continue
			}
			how = "externalIPs"
		}
		found, ok := x.behind(s)
		if !ok {
			continue
		}
		var findings []policy.Finding
		for _, w := range found {
			if why := w.privileges(); why != "" {
				findings = append(findings, policy.Finding{Line: kind.Line(), Message: fmt.Sprintf("%s leads to %s %s, which %s", how, w.item.Kind, w.item.Name, why)})
			}
		}
		r.verdict(s, findings)
	}
}

// privileges says what of the node the pods share; "" for nothing.
func (w *workload) privileges() string {
	for _, key := range [...]string{"hostNetwork", "hostPID", "hostIPC"} {
		if w.spec.Get(key).True() {
			return "sets " + key
		}
	}
	for _, c := range w.spec.Get("containers").Fields() {
		if c.Value.Path("securityContext", "privileged").True() {
			return "has the privileged container " + c.Value.Get("name").Str()
		}
	}
	return ""
}

func judgeReplicas(x *index, r *report) {
	for _, w := range x.workloads {
		replicas := w.item.Facts.Path("spec", "replicas")
		if n, ok := replicas.Int(); !ok || n < 2 || !slices.Contains(r.check.Kinds, w.item.Kind) {
			continue
		}
		if w.budgeted {
			r.pass(w.item)
			continue
		}
		r.fail(w.item, replicas.Line(), "no PodDisruptionBudget selects its %s replicas", replicas.Text())
	}
}

// judgeSelectors compares selectors that are equal as values. Overlap of
// different ones is rare and would have to be looked for pair by pair.
func judgeSelectors(x *index, r *report) {
	first := map[string]*workload{}
	for _, w := range x.workloads {
		selector := w.item.Facts.Path("spec", "selector")
		if selector.Len() == 0 || !slices.Contains(r.check.Kinds, w.item.Kind) {
			continue
		}
		text := string(selector.Value().AppendJSON(nil))
		if selector.Get("matchLabels").Absent() && selector.Get("matchExpressions").Absent() {
			text = `{"matchLabels":` + text + "}" // ReplicationController
		}
		other := first[text]
		if other == nil || other.item.Kind == w.item.Kind && other.item.Name == w.item.Name {
			first[text] = w
			r.pass(w.item)
			continue
		}
		r.fail(w.item, selector.Line(), "%s %s of the same namespace has the same selector", other.item.Kind, other.item.Name)
	}
}

func judgeRights(x *index, r *report) {
	for _, w := range x.workloads {
		var findings []policy.Finding
		for _, right := range x.rightsOf(w) {
			findings = append(findings, policy.Finding{
				Line:    w.spec.Get("serviceAccountName").Line(),
				Message: fmt.Sprintf("service account %s has every right %s (%s)", w.account(), right.text, right.binding.Origin),
			})
		}
		r.verdict(w.item, findings)
	}
}

func judgeBindings(d *division, r *report) {
	for _, b := range d.bindings() {
		var missing []policy.Finding
		ref := b.Facts.Get("roleRef")
		name := ref.Get("name").Str()
		if d.role(b, ref) == nil && !(ref.Get("kind").Str() == "ClusterRole" && builtInRole(name)) {
			missing = append(missing, policy.Finding{Line: ref.Line(), Message: fmt.Sprintf("there is no %s %s", ref.Get("kind").Str(), name)})
		}
		for _, s := range b.Facts.Get("subjects").Fields() {
			k := subject(b, s.Value)
			if k.kind == "ServiceAccount" && k.name != "default" && d.named[k] == nil {
				missing = append(missing, policy.Finding{Line: s.Value.Line(), Message: fmt.Sprintf("there is no ServiceAccount %s in namespace %s", k.name, k.namespace)})
			}
		}
		r.elsewhere(b, missing)
	}
}

// elsewhere fails the item for what is missing in a cluster. Among manifests
// the same may come from elsewhere, so that nothing is known.
func (r *report) elsewhere(item *evidence.Item, missing []policy.Finding) {
	if len(missing) > 0 && item.Key.Account == evidence.AccountFiles {
		var all []string
		for _, f := range missing {
			if !slices.Contains(all, f.Message) {
				all = append(all, f.Message)
			}
		}
		r.unknown(item, "%s among the manifests; it may come from elsewhere", strings.Join(all, ", "))
		return
	}
	r.verdict(item, missing)
}

func judgeReferences(x *index, r *report) {
	for _, w := range x.workloads {
		r.elsewhere(w.item, x.missingReferences(w))
	}
}

// missingReferences lists the Secrets and ConfigMaps the pods need and that are
// not there.
func (x *index) missingReferences(w *workload) []policy.Finding {
	var out []policy.Finding
	need := func(kind string, ref evidence.Facts, nameKey string) {
		name := ref.Get(nameKey).Str()
		if name == "" || ref.Get("optional").True() || x.objects[object{kind, name}] != nil {
			return
		}
		out = append(out, policy.Finding{Line: ref.Line(), Message: fmt.Sprintf("there is no %s %s", kind, name)})
	}
	for _, v := range w.spec.Get("volumes").Fields() {
		need("Secret", v.Value.Get("secret"), "secretName")
		need("ConfigMap", v.Value.Get("configMap"), "name")
		for _, p := range v.Value.Path("projected", "sources").Fields() {
			need("Secret", p.Value.Get("secret"), "name")
			need("ConfigMap", p.Value.Get("configMap"), "name")
		}
	}
	for _, list := range [...]string{"containers", "initContainers"} {
		for _, c := range w.spec.Get(list).Fields() {
			for _, e := range c.Value.Get("env").Fields() {
				need("Secret", e.Value.Path("valueFrom", "secretKeyRef"), "name")
				need("ConfigMap", e.Value.Path("valueFrom", "configMapKeyRef"), "name")
			}
			for _, e := range c.Value.Get("envFrom").Fields() {
				need("Secret", e.Value.Get("secretRef"), "name")
				need("ConfigMap", e.Value.Get("configMapRef"), "name")
			}
		}
	}
	return out
}

func judgeAccounts(x *index, r *report) {
	for _, w := range x.workloads {
		name := w.account()
		if name == "default" || x.objects[object{"ServiceAccount", name}] != nil {
			r.pass(w.item)
			continue
		}
		r.fail(w.item, w.spec.Get("serviceAccountName").Line(), "there is no ServiceAccount %s in namespace %s", name, x.namespace)
	}
}

// judgeTokens looks at what the pod says, then at what its service account says;
// where neither does, the token is mounted (Kubernetes API, PodSpec).
func judgeTokens(x *index, r *report) {
	for _, w := range x.workloads {
		setting := w.spec.Get("automountServiceAccountToken")
		if account := x.objects[object{"ServiceAccount", w.account()}]; setting.Absent() && account != nil {
			setting = account.Facts.Get("automountServiceAccountToken")
		}
		switch {
		case w.spec.Get("containers").Len() == 0:
			r.unknown(w.item, "there are no containers in its pod")
		case !setting.Absent() && setting.Kind() != evidence.Bool:
			r.unknown(w.item, "automountServiceAccountToken is %s where Kubernetes wants true or false", setting.Kind().Noun())
		case !setting.Absent() && !setting.True():
			r.pass(w.item)
		default:
			r.fail(w.item, w.spec.Line(), "mounts the token of service account %s", w.account())
		}
	}
}
