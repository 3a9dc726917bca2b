package cluster

import "github.com/surety-cloud/surety/evidence/kubernetes"

// resource is one kind of the server, at its preferred version.
type resource struct {
	group, version string
	name           string // as in the URL and in roles: deployments
	kind           string
	namespaced     bool
}

// info is what the server says of itself. It is read as a kind with one object,
// whose body is the server's answer.
var info = resource{name: "version", kind: kubernetes.ClusterInfo}

// title names the kind as evidence keys do: Pod, Deployment.apps.
func (r resource) title() string {
	if r.group == "" {
		return r.kind
	}
	return r.kind + "." + r.group
}

// permission names the kind as roles and "kubectl auth can-i" do.
func (r resource) permission() string {
	if r.group == "" {
		return r.name
	}
	return r.name + "." + r.group
}

func (r resource) apiVersion() string {
	if r.group == "" {
		return r.version
	}
	return r.group + "/" + r.version
}

// root returns the segments of the URL that describes r's version.
func (r resource) root() []string {
	if r.group == "" {
		return []string{"api", r.version}
	}
	return []string{"apis", r.group, r.version}
}

// path returns the segments of the URL that lists r, in one namespace or, if it
// is "", in all.
func (r resource) path(namespace string) []string {
	if r == info {
		return []string{r.name}
	}
	p := r.root()
	if namespace != "" {
		p = append(p, "namespaces", namespace)
	}
	return append(p, r.name)
}

// secret reports whether objects of r hold secret values in their body.
func (r resource) secret() bool { return r.group == "" && r.name == "secrets" }

// Reasons for leaving a kind out.
const (
	runtimeNoise = "left out: changes by itself as the cluster runs, and no check reads it"
	derived      = "left out: a copy of what other kinds say"
	measured     = "left out: measurements, not configuration"
)

// leftOut says why a kind is not evidence, by permission name; "*.GROUP" is
// every kind of a group.
var leftOut = map[string]string{
	"events":                              runtimeNoise,
	"events.events.k8s.io":                runtimeNoise,
	"leases.coordination.k8s.io":          runtimeNoise,
	"leasecandidates.coordination.k8s.io": runtimeNoise,
	"componentstatuses":                   runtimeNoise,
	"csistoragecapacities.storage.k8s.io": runtimeNoise,
	"endpoints":                           derived,
	"endpointslices.discovery.k8s.io":     derived,
	"ipaddresses.networking.k8s.io":       derived,
	"controllerrevisions.apps":            derived,
	"*.metrics.k8s.io":                    measured,
	"*.custom.metrics.k8s.io":             measured,
	"*.external.metrics.k8s.io":           measured,
	"*.authorization.openshift.io":        derived,
}

func (r resource) leftOut() string {
	if why, ok := leftOut[r.permission()]; ok {
		return why
	}
	return leftOut["*."+r.group]
}
