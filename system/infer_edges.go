package system

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// manyPeers is the number of components on one side of a policy from which a
// flow is drawn from or to their zone instead of each of them. It keeps flows
// linear in the evidence, at the price of showing more than is allowed.
const manyPeers = 8

// buildComponent stands for all Dockerfiles together.
const buildComponent = "image-build"

// databases maps the base name of an image to the product, for stores that no
// volume claim shows.
var databases = map[string]bool{
	"postgres": true, "postgresql": true, "mysql": true, "mariadb": true, "mongo": true, "mongodb": true,
	"redis": true, "valkey": true, "memcached": true, "cassandra": true, "elasticsearch": true,
	"opensearch": true, "etcd": true, "influxdb": true, "couchdb": true, "neo4j": true, "rabbitmq": true,
	"cockroach": true, "clickhouse-server": true, "minio": true, "mssql": true,
}

// stores notes the volume claims a workload mounts, and a guess for a database
// without one.
func (in *inference) stores(w *workload) {
	spec := w.template.Get("spec")
	for _, f := range spec.Get("volumes").Fields() {
		if claim := f.Value.Path("persistentVolumeClaim", "claimName").Str(); claim != "" {
			in.store(w, claim)
		}
	}
	for _, f := range w.item.Facts.Path("spec", "volumeClaimTemplates").Fields() {
		if name := f.Value.Path("metadata", "name").Str(); name != "" {
			in.store(w, w.item.Name+"-"+name)
		}
	}
	for _, f := range spec.Get("containers").Fields() {
		image := imageName(f.Value.Get("image").Str())
		if !databases[image] {
			continue
		}
		if len(w.Stores) == 0 {
			in.store(w, w.item.Name+"-data")
		}
		in.assume("holds data worth protecting, going by its image "+image+"; what the data needs is not known",
			w.Name, surety.Origin{File: w.Origin.File, Line: cmp.Or(f.Value.Get("image").Line(), w.Origin.Line)})
		return
	}
}

// store adds a class of data to a workload. Claims are local to a namespace, so
// a name used in another one is given the namespace.
func (in *inference) store(w *workload, claim string) {
	name := cleanName(claim)
	if len(in.spaces) > 1 {
		name = cleanName(w.namespace + "." + claim)
	}
	if in.model.Data[name] == nil {
		in.model.Data[name] = &Data{Name: name, Origin: w.Origin}
	}
	if !slices.Contains(w.Stores, name) {
		w.Stores = append(w.Stores, name)
	}
}

// imageName is the last part of an image reference, without tag and digest.
func imageName(ref string) string {
	ref = ref[strings.LastIndexByte(ref, '/')+1:]
	if i := strings.IndexAny(ref, ":@"); i >= 0 {
		ref = ref[:i]
	}
	return ref
}

// exposure finds what can be reached from outside the cluster.
func (in *inference) exposure() {
	for _, it := range in.byKind["Service"] {
		spec := it.Facts.Get("spec")
		typ := spec.Get("type").Str()
		if typ != "LoadBalancer" && typ != "NodePort" && spec.Get("externalIPs").Len() == 0 || internalOnly(it) {
			continue
		}
		for _, w := range in.selected(spaceOf(it), spec.Get("selector")) {
			in.expose(w, portName(spec.Get("ports").At(0)), it.Origin)
		}
	}
	for _, it := range in.byKind["Ingress"] {
		proto := "http"
		if it.Facts.Path("spec", "tls").Len() > 0 {
			proto = "https"
		}
		in.backends(it, it.Facts.Get("spec"), proto, 0)
	}
	for _, kind := range [...]string{"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"} {
		proto := strings.ToLower(strings.TrimSuffix(kind, "Route"))
		for _, it := range in.byKind[kind] {
			in.backends(it, it.Facts.Get("spec"), proto, 0)
		}
	}
}

// internalOnly reports whether annotations keep a load balancer off the
// internet.
func internalOnly(it *evidence.Item) bool {
	for _, f := range it.Facts.Path("metadata", "annotations").Fields() {
		on := f.Value.True() || f.Value.Str() != "" && f.Value.Str() != "false" && f.Value.Str() != "internet-facing" && f.Value.Str() != "External"
		if on && strings.Contains(f.Key, "load-balancer") && (strings.HasSuffix(f.Key, "-internal") || strings.HasSuffix(f.Key, "load-balancer-type") && f.Value.Str() == "Internal" ||
			strings.HasSuffix(f.Key, "-scheme")) {
			return true
		}
	}
	return false
}

// backends follows every reference to a Service below v, as Ingress
// (backend.service.name, or serviceName of old) and routes (backendRefs) have
// them.
func (in *inference) backends(it *evidence.Item, v evidence.Facts, proto string, depth int) {
	const deepest = 8
	if v.Len() == 0 || depth > deepest {
		return
	}
	for _, f := range v.Fields() {
		switch f.Key {
		case "backend", "defaultBackend":
			in.backend(it, spaceOf(it), cmp.Or(f.Value.Path("service", "name").Str(), f.Value.Get("serviceName").Str()), proto)
		case "backendRefs":
			for _, ref := range f.Value.Fields() {
				in.backend(it, cmp.Or(ref.Value.Get("namespace").Str(), spaceOf(it)), ref.Value.Get("name").Str(), proto)
			}
		default:
			in.backends(it, f.Value, proto, depth+1)
		}
	}
}

func (in *inference) backend(it *evidence.Item, ns, service, proto string) {
	if svc := in.services[object{ns, "Service", service}]; svc != nil {
		for _, w := range in.selected(ns, svc.Facts.Path("spec", "selector")) {
			in.expose(w, proto, it.Origin)
		}
	}
}

func (in *inference) expose(w *workload, proto string, at surety.Origin) {
	if in.model.Zones[internet] == nil {
		nobody := 0
		in.model.Zones[internet] = &Zone{Name: internet, Trust: &nobody, Origin: at}
	}
	w.Exposed = internet
	in.flow(internet, w.Name, proto, at)
}

// flow notes a flow once, with where it was first seen.
func (in *inference) flow(from, to, proto string, at surety.Origin) {
	key := [3]string{from, to, proto}
	if _, ok := in.flows[key]; !ok && from != to {
		in.flows[key] = at
	}
}

// portName is the protocol of a port as far as its name or number tells.
func portName(port evidence.Facts) string {
	if name := port.Get("appProtocol").Str(); name != "" {
		return cleanName(strings.ToLower(name))
	}
	known := map[int64]string{22: "ssh", 53: "dns", 80: "http", 443: "https", 3306: "mysql", 5432: "postgres", 6379: "redis", 8080: "http", 8443: "https", 27017: "mongodb"}
	number, ok := port.Get("port").Int()
	if proto := known[number]; proto != "" {
		return proto
	}
	for _, proto := range [...]string{"https", "http", "grpc", "ssh", "mysql", "postgres", "redis", "mongodb"} {
		if strings.HasPrefix(port.Get("name").Str(), proto) {
			return proto
		}
	}
	proto := strings.ToLower(cmp.Or(port.Get("protocol").Str(), "tcp"))
	if ok {
		return cleanName(proto + "-" + strconv.FormatInt(number, 10))
	}
	return cleanName(proto)
}

// selected lists the workloads of a namespace whose pods have all the labels of
// a selector given as a map. An empty selector selects none, as in a Service.
func (in *inference) selected(ns string, labels evidence.Facts) []*workload {
	s := in.spaces[ns]
	if labels.Len() == 0 || s == nil {
		return nil
	}
	var best []*workload
	for i, f := range labels.Fields() {
		if list := s.labelled(f.Key, f.Value.Text()); i == 0 || len(list) < len(best) {
			best = list
		}
	}
	return slices.DeleteFunc(slices.Clone(best), func(w *workload) bool {
		have := w.template.Path("metadata", "labels")
		for _, f := range labels.Fields() {
			if got := have.Get(f.Key); got.Absent() || got.Text() != f.Value.Text() {
				return true
			}
		}
		return false
	})
}

// policies draws a flow for each connection a NetworkPolicy allows into a
// workload. Rules that name no peer allow everything and say nothing about
// intent; expressions and named namespaces are widened to the zone.
func (in *inference) policies() {
	for _, it := range in.byKind["NetworkPolicy"] {
		ns := spaceOf(it)
		to := in.peers(ns, it.Facts.Path("spec", "podSelector"))
		for _, rule := range it.Facts.Path("spec", "ingress").Fields() {
			proto := "tcp"
			if ports := rule.Value.Get("ports"); ports.Len() > 0 {
				proto = portName(ports.At(0))
			}
			for _, peer := range rule.Value.Get("from").Fields() {
				for _, from := range in.sources(ns, peer.Value) {
					for _, t := range to {
						in.flow(from, t, proto, it.Origin)
					}
				}
			}
		}
	}
}

// peers lists the components that a pod selector selects in ns, or the zone if
// it selects all or too many of them.
func (in *inference) peers(ns string, selector evidence.Facts) []string {
	zone := in.zone(ns)
	if selector.Get("matchExpressions").Len() > 0 || selector.Get("matchLabels").Len() == 0 {
		return nonEmpty(zone)
	}
	list := in.selected(ns, selector.Get("matchLabels"))
	if len(list) > manyPeers {
		return nonEmpty(zone)
	}
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = w.Name
	}
	return names
}

// sources lists what a peer of a policy stands for.
func (in *inference) sources(ns string, peer evidence.Facts) []string {
	if block := peer.Path("ipBlock", "cidr").Str(); block != "" {
		if block == "0.0.0.0/0" || block == "::/0" {
			if in.model.Zones[internet] != nil {
				return []string{internet}
			}
		}
		return nil
	}
	if spaces := peer.Get("namespaceSelector"); !spaces.Absent() {
		other := spaces.Path("matchLabels", "kubernetes.io/metadata.name").Str()
		if other == "" || in.spaces[other] == nil {
			return nil
		}
		ns = other
	}
	return in.peers(ns, peer.Get("podSelector"))
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// builds makes one component of all Dockerfiles.
func (in *inference) builds() {
	files := in.byKind["Dockerfile"]
	if len(files) == 0 {
		return
	}
	in.model.Components[buildComponent] = &Component{
		Name: buildComponent, Type: "container.build", Operator: inferredCustomer,
		Match: []string{"dockerfile:*"}, Origin: files[0].Origin,
	}
}

// finish puts the flows in order.
func (in *inference) finish() {
	for key, at := range in.flows {
		in.model.Flows = append(in.model.Flows, &Flow{From: key[0], To: key[1], Proto: key[2], Origin: at})
	}
	slices.SortFunc(in.model.Flows, func(a, b *Flow) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Proto, b.Proto))
	})
	for _, w := range in.workloads {
		for privilege, targets := range w.Can {
			slices.Sort(targets)
			w.Can[privilege] = slices.Compact(targets)
		}
	}
}
