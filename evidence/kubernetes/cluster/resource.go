package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

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

// path returns the segments of the URL that lists r, in one namespace or, if it
// is "", in all.
func (r resource) path(namespace string) []string {
	if r == info {
		return []string{r.name}
	}
	p := []string{"apis", r.group, r.version}
	if r.group == "" {
		p = []string{"api", r.version}
	}
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

// discover returns the kinds that can be listed, by group and kind, and the
// groups whose kinds the server could not tell. The error is for a server that
// could not be asked at all.
func (c *Cluster) discover(ctx context.Context) ([]resource, []evidence.Problem, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.request)
	defer cancel()
	client, err := discovery.NewDiscoveryClientForConfigAndClient(c.rest, c.http)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare discovery: %w", err)
	}
	lists, err := client.ServerPreferredResourcesWithContext(ctx)
	failed, partly := discovery.GroupDiscoveryFailedErrorGroups(err)
	if err != nil && !partly {
		return nil, nil, err
	}
	var problems []evidence.Problem
	for version, cause := range failed {
		problems = append(problems, evidence.Problem{
			Origin: surety.Origin{File: c.origin(version.String())},
			Message: "kinds of this API group unknown, so none was read: " + cause.Error() +
				"; see `kubectl get apiservices`",
		})
	}
	slices.SortFunc(problems, func(a, b evidence.Problem) int { return strings.Compare(a.Origin.File, b.Origin.File) })
	found, err := listable(lists)
	return found, problems, err
}

// listable picks what can be listed. The group "extensions" is old names of
// kinds that have moved to groups of their own.
func listable(lists []*metav1.APIResourceList) ([]resource, error) {
	var found []resource
	moved := map[string]bool{}
	for _, l := range lists {
		version, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("the server offers an API version that cannot be read: %w", err)
		}
		for _, r := range l.APIResources {
			if strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") {
				continue
			}
			found = append(found, resource{version.Group, version.Version, r.Name, r.Kind, r.Namespaced})
			moved[r.Name] = moved[r.Name] || version.Group != "extensions"
		}
	}
	found = slices.DeleteFunc(found, func(r resource) bool { return r.group == "extensions" && moved[r.name] })
	if len(found) == 0 {
		return nil, errors.New("the server offers no kind that can be listed")
	}
	slices.SortFunc(found, func(a, b resource) int {
		if n := strings.Compare(a.group, b.group); n != 0 {
			return n
		}
		return strings.Compare(a.kind, b.kind)
	})
	return found, nil
}
