package system

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// Names that Infer gives to what the evidence does not name.
const (
	inferredCustomer = "customer"
	inferredProvider = "provider"
	inferredCluster  = "cluster"
	internet         = "internet"
)

// Infer proposes a model of what the items show, from Item.Facts alone:
// namespaces become zones, workloads components, services and routes exposure,
// network policies and routes flows, claims data, role bindings privileges. Who
// runs the cluster and what data is worth cannot be observed; what Infer
// supposes about them is in Model.Assume. The result depends on the set of
// items, not on their order, and takes time linear in it but for sorting.
func Infer(items []*evidence.Item) *Model {
	in := newInference(items)
	in.parties()
	in.zones()
	in.components()
	in.exposure()
	in.policies()
	in.privileges()
	in.builds()
	in.finish()
	return in.model
}

// inference is the state of one call of Infer.
type inference struct {
	model     *Model
	byKind    map[string][]*evidence.Item
	present   map[object]bool // what byKind holds, once it is asked for
	workloads []*workload
	spaces    map[string]*space           // the namespaces that hold anything
	named     map[object]*workload        // by namespace, kind, name
	services  map[object]*evidence.Item   // by namespace and name
	flows     map[[3]string]surety.Origin // from, to, proto -> where stated
	managed   string                      // what shows that somebody else runs the cluster
	managedAt surety.Origin
}

// object names a Kubernetes object in one cluster.
type object struct{ namespace, kind, name string }

// space is a namespace.
type space struct {
	zone      string
	workloads []*workload
	labels    map[string][]*workload // by "key=value"; made when it is first asked for
	accounts  map[string][]*workload // by service account; likewise
}

// workload is something that runs pods.
type workload struct {
	*Component
	item      *evidence.Item
	namespace string
	template  evidence.Facts
}

func newInference(items []*evidence.Item) *inference {
	in := &inference{
		model: &Model{
			Inferred: true,
			Parties:  map[string]*Party{}, Services: map[string]*Service{}, Data: map[string]*Data{},
			Zones: map[string]*Zone{},
		},
		byKind: map[string][]*evidence.Item{}, spaces: map[string]*space{},
		services: map[object]*evidence.Item{}, flows: map[[3]string]surety.Origin{},
	}
	sorted := evidence.Sorted(items)
	for _, it := range sorted {
		if it.Imported || it.Key.Provider != evidence.ProviderKubernetes && it.Key.Provider != evidence.ProviderDockerfile {
			continue
		}
		in.byKind[it.Kind] = append(in.byKind[it.Kind], it)
		if it.Kind == "Service" {
			in.services[object{spaceOf(it), it.Kind, it.Name}] = it
		}
	}
	in.model.Name = systemName(sorted)
	return in
}

// systemName is the cluster's name if there is one, else the namespace's if
// there is only one, else "system".
func systemName(items []*evidence.Item) string {
	var accounts, namespaces []string
	for _, it := range items {
		if it.Key.Provider != evidence.ProviderKubernetes {
			continue
		}
		if a := it.Key.Account; a != evidence.AccountFiles && !slices.Contains(accounts, a) && len(accounts) < 2 {
			accounts = append(accounts, a)
		}
		if ns := spaceOf(it); ns != "" && !slices.Contains(namespaces, ns) && len(namespaces) < 2 {
			namespaces = append(namespaces, ns)
		}
	}
	switch {
	case len(accounts) == 1:
		return cleanName(accounts[0])
	case len(accounts) == 0 && len(namespaces) == 1 && namespaces[0] != "default":
		return cleanName(namespaces[0])
	}
	return "system"
}

// spaceOf is the namespace an item lives in, "" if it is cluster-scoped.
func spaceOf(it *evidence.Item) string {
	if it.Namespace != "" {
		return it.Namespace
	}
	return namespaceOf(it.Kind, it.Key.Scope)
}

func (in *inference) parties() {
	m := in.model
	m.Parties[inferredCustomer] = &Party{Name: inferredCustomer, Title: "who owns the workloads"}
	if in.kubernetesItems() == 0 {
		return
	}
	cluster := &Service{Name: inferredCluster, Category: Containers, Provider: inferredProvider, Customer: inferredCustomer}
	m.Services[inferredCluster] = cluster
	in.findManaged()
	if own := in.controlPlane(); own != nil && in.managed == "" {
		cluster.Provider, cluster.Origin = inferredCustomer, own.Origin
		in.assume("the cluster is run by those who use it: "+own.Kind+" "+own.Name+" is part of its control plane", inferredCluster, own.Origin)
		return
	}
	m.Parties[inferredProvider] = &Party{Name: inferredProvider, Title: "who runs the cluster", Origin: in.managedAt}
	cluster.Origin = in.managedAt
	if in.managed == "" {
		in.assume("somebody else runs the cluster: nothing in the evidence shows its control plane", inferredCluster, surety.Origin{})
		return
	}
	in.assume("the cluster is a managed service: "+in.managed, inferredCluster, in.managedAt)
}

// controlPlane returns an object of the cluster's own control plane, nil if the
// evidence holds none. A managed service does not show it to its customers.
func (in *inference) controlPlane() *evidence.Item {
	for _, kind := range []string{"Pod", "DaemonSet", "StatefulSet", "Deployment"} {
		for _, it := range in.byKind[kind] {
			if !strings.Contains(it.Facts.Packed(), "/kube-apiserver") {
				continue // in short
			}
			for _, c := range kubernetes.PodTemplate(it.Facts).Path("spec", "containers").Fields() {
				image, _, _ := strings.Cut(c.Value.Get("image").Str(), ":")
				if strings.HasSuffix(image, "/kube-apiserver") {
					return it
				}
			}
		}
	}
	return nil
}

func (in *inference) kubernetesItems() (n int) {
	for kind, items := range in.byKind {
		if kind != "Dockerfile" {
			n += len(items)
		}
	}
	return n
}

func (in *inference) assume(text, on string, at surety.Origin) {
	in.model.Assume = append(in.model.Assume, &Assumption{Text: text, Owner: inferredCustomer, On: on, Origin: at})
}

// marks are texts that only a managed cluster carries, by where they stand: the
// name if that is empty.
var marks = []struct{ kind, path, text, product string }{
	{"Node", "metadata labels", "eks.amazonaws.com/", "nodes of Amazon EKS"},
	{"Node", "metadata labels", "cloud.google.com/gke-", "nodes of Google GKE"},
	{"Node", "metadata labels", "kubernetes.azure.com/", "nodes of Azure AKS"},
	{"ServiceAccount", "metadata annotations", "eks.amazonaws.com/", "a service account bound to Amazon EKS"},
	{"ServiceAccount", "metadata annotations", "iam.gke.io/", "a service account bound to Google GKE"},
	{"ServiceAccount", "metadata annotations", "azure.workload.identity/", "a service account bound to Azure AKS"},
	{"DaemonSet", "", "aws-node", "the network agent of Amazon EKS"},
	{"DaemonSet", "", "gke-metadata-server", "the metadata server of Google GKE"},
	{"DaemonSet", "", "azure-cns", "the network agent of Azure AKS"},
	{"StorageClass", "provisioner", "pd.csi.storage.gke.io", "the storage driver of Google GKE"},
	{"StorageClass", "provisioner", "disk.csi.azure.com", "the storage driver of Azure AKS"},
	{"StorageClass", "provisioner", "ebs.csi.eks.amazonaws.com", "the storage driver of Amazon EKS"},
}

// findManaged looks for the first sign that the cluster is a managed service.
// A node on a provider's machines is none by itself: it may be self-run.
func (in *inference) findManaged() {
	for _, mark := range marks {
		path := strings.Fields(mark.path)
		for _, it := range in.byKind[mark.kind] {
			v := it.Facts.Path(path...)
			found := v.Str() == mark.text || mark.path == "" && it.Name == mark.text
			for _, f := range v.Fields() {
				found = found || strings.HasPrefix(f.Key, mark.text)
			}
			if found {
				in.managed, in.managedAt = fmt.Sprintf("%s %s shows %s", it.Kind, it.Name, mark.product), it.Origin
				return
			}
		}
	}
}

// zones makes a zone of each namespace that holds anything.
func (in *inference) zones() {
	first := map[string]surety.Origin{}
	for _, it := range in.byKind["Namespace"] {
		first[it.Name] = it.Origin
	}
	for _, kind := range sortedKeys(in.byKind) {
		for _, it := range in.byKind[kind] {
			if ns := spaceOf(it); ns != "" && it.Key.Provider == evidence.ProviderKubernetes {
				if _, ok := first[ns]; !ok {
					first[ns] = it.Origin
				}
			}
		}
	}
	for _, ns := range sortedKeys(first) {
		z := &Zone{Name: ns, In: inferredCluster, Origin: first[ns]}
		if ns == inferredCluster || ns == internet {
			z.Name, z.Match = "namespace."+ns, []string{"k8s:" + ns + "/*/*"}
		}
		in.model.Zones[z.Name], in.spaces[ns] = z, &space{zone: z.Name}
	}
}

// zone is the zone of a namespace, "" if it holds nothing.
func (in *inference) zone(namespace string) string {
	if s := in.spaces[namespace]; s != nil {
		return s.zone
	}
	return ""
}

// workloadKinds are the kinds that run pods, with the types of their components.
var workloadKinds = []struct{ kind, typ string }{
	{"CronJob", "k8s.cronjob"}, {"DaemonSet", "k8s.daemonset"}, {"Deployment", "k8s.deployment"},
	{"Job", "k8s.job"}, {"Pod", "k8s.pod"}, {"ReplicaSet", "k8s.replicaset"},
	{"ReplicationController", "k8s.replicationcontroller"}, {"StatefulSet", "k8s.statefulset"},
}

func (in *inference) components() {
	n := 0
	for _, k := range workloadKinds {
		n += len(in.byKind[k.kind])
	}
	in.workloads, in.named = make([]*workload, 0, n), make(map[object]*workload, n)
	for _, k := range workloadKinds {
		for _, it := range in.byKind[k.kind] {
			if in.owned(it) || in.named[object{spaceOf(it), it.Kind, it.Name}] != nil {
				continue // a copy, or in another version, or without the namespace: one pattern matches both
			}
			in.addWorkload(it, k.typ)
		}
	}
	in.nameComponents()
	in.model.Components = make(map[string]*Component, len(in.workloads))
	for _, w := range in.workloads {
		in.model.Components[w.Name] = w.Component
		in.stores(w)
	}
}

func (in *inference) addWorkload(it *evidence.Item, typ string) {
	ns := spaceOf(it)
	s := in.spaces[ns]
	w := &workload{
		Component: &Component{Name: cleanName(it.Name), Type: typ, In: s.zone, Origin: it.Origin},
		item:      it, namespace: ns, template: kubernetes.PodTemplate(it.Facts),
	}
	w.Match = []string{"k8s:" + ns + "/" + shortKind(it.Kind) + "/" + it.Name}
	in.workloads = append(in.workloads, w)
	in.named[object{ns, it.Kind, it.Name}] = w
	s.workloads = append(s.workloads, w)
}

// account is the name of the service account the pods run as.
func (w *workload) account() string {
	spec := w.template.Get("spec")
	return cmp.Or(spec.Get("serviceAccountName").Str(), spec.Get("serviceAccount").Str(), "default")
}

// labelled lists the workloads whose pods have a label.
func (s *space) labelled(key, value string) []*workload {
	if s.labels == nil {
		s.labels = make(map[string][]*workload, 2*len(s.workloads)) // most have a label or two
		for _, w := range s.workloads {
			for _, f := range w.template.Path("metadata", "labels").Fields() {
				label := f.Key + "=" + f.Value.Text()
				s.labels[label] = append(s.labels[label], w)
			}
		}
	}
	return s.labels[key+"="+value]
}

// runningAs lists the workloads that run as a service account.
func (s *space) runningAs(account string) []*workload {
	if s.accounts == nil {
		s.accounts = map[string][]*workload{}
		for _, w := range s.workloads {
			s.accounts[w.account()] = append(s.accounts[w.account()], w)
		}
	}
	return s.accounts[account]
}

// owned reports whether it belongs to another workload of the set.
func (in *inference) owned(it *evidence.Item) bool {
	for _, f := range it.Facts.Path("metadata", "ownerReferences").Fields() {
		if in.has(object{spaceOf(it), f.Value.Get("kind").Str(), f.Value.Get("name").Str()}) {
			return true
		}
	}
	return false
}

func (in *inference) has(o object) bool {
	if in.present == nil {
		in.present = map[object]bool{}
		for kind, items := range in.byKind {
			for _, it := range items {
				in.present[object{spaceOf(it), kind, it.Name}] = true
			}
		}
	}
	return in.present[o]
}

// nameComponents gives each workload its own name if nothing else has it, else
// the namespace before it, else the kind behind it.
func (in *inference) nameComponents() {
	longer := [...]func(*workload) string{
		func(w *workload) string { return cleanName(w.item.Name) },
		func(w *workload) string { return cleanName(w.namespace + "." + w.item.Name) },
		func(w *workload) string {
			return cleanName(w.namespace + "." + w.item.Name + "." + shortKind(w.item.Kind))
		},
		func(w *workload) string { return cleanName("workload." + w.item.Key.String()) },
	}
	left := in.workloads
	taken := make(map[string]bool, len(left))
	for _, name := range [...]string{internet, inferredCluster, buildComponent} {
		taken[name] = true
	}
	for z := range in.model.Zones {
		taken[z] = true
	}
	for _, form := range longer {
		uses := make(map[string]int, len(left))
		for _, w := range left {
			w.Name = form(w)
			uses[w.Name]++
		}
		var again []*workload
		for _, w := range left {
			if taken[w.Name] || uses[w.Name] > 1 {
				again = append(again, w)
			}
		}
		for name := range uses {
			taken[name] = true
		}
		left = again
	}
}

// cleanName makes a name of the model from one of the evidence.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && nameChar(byte(r)) {
			return r
		}
		return '-'
	}, s)
	if s = strings.TrimLeft(s, "._-/"); s == "" {
		return "unnamed"
	}
	return s
}

func nameChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-/", c) >= 0
}
