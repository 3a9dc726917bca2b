package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// A server describes its kinds in two documents, /api and /apis. One older than
// Kubernetes 1.30 needs one more for each version of each group.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api has both forms.
// The package of client-go that reads them brings the Go types of every kind along, a
// fifth of this program and of its start, so they are read here.
const (
	wholeDiscovery  = "APIGroupDiscoveryList"
	acceptDiscovery = acceptJSON + ";g=apidiscovery.k8s.io;v=v2;as=" + wholeDiscovery + "," + acceptJSON
)

// apiVersion is one version of an API group and what can be listed of it.
type apiVersion struct {
	group, version string
	kinds          []resource
	err            error // why the kinds are unknown
}

// discover returns the kinds that can be listed, by group and kind, and the
// groups whose kinds the server could not tell. The error is for a server that
// could not be asked at all.
func (c *Cluster) discover(ctx context.Context) ([]resource, []evidence.Problem, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.request)
	defer cancel()
	core, err := c.describe(ctx, "api")
	if err != nil && statusOf(err) != http.StatusNotFound { // a server may have no core group
		return nil, nil, err
	}
	named, err := c.describe(ctx, "apis")
	if err != nil {
		return nil, nil, err
	}
	versions := slices.Concat(core, named)
	var problems []evidence.Problem
	for _, v := range versions {
		if v.err != nil {
			problems = append(problems, evidence.Problem{
				Origin: surety.Origin{File: c.origin(resource{group: v.group, version: v.version}.apiVersion())},
				Message: "kinds of this API group unknown, so none was read: " + v.err.Error() +
					"; see `kubectl get apiservices`",
			})
		}
	}
	slices.SortFunc(problems, func(a, b evidence.Problem) int { return strings.Compare(a.Origin.File, b.Origin.File) })
	found, err := listable(versions)
	return found, problems, err
}

// describe returns the versions below a root, each group's preferred one first.
func (c *Cluster) describe(ctx context.Context, root string) ([]apiVersion, error) {
	var said description
	if err := c.ask(ctx, acceptDiscovery, &said, root); err != nil {
		return nil, err
	}
	found := said.inOrder()
	if said.Kind != wholeDiscovery {
		c.describeEach(ctx, found)
	}
	return found, nil
}

// description is what a server says below a root, in both forms.
type description struct {
	Kind     string           `json:"kind"`
	Items    []describedGroup `json:"items"`
	Versions []string         `json:"versions"` // of /api before 1.30
	Groups   []describedGroup `json:"groups"`   // of /apis before 1.30
}

func (d *description) inOrder() []apiVersion {
	var found []apiVersion
	for _, g := range slices.Concat(d.Items, d.Groups) {
		found = append(found, g.inOrder()...)
	}
	for _, v := range d.Versions {
		found = append(found, apiVersion{version: v})
	}
	return found
}

// describeEach asks for the kinds of each version, a few at a time.
func (c *Cluster) describeEach(ctx context.Context, versions []apiVersion) {
	var running sync.WaitGroup
	slots := make(chan struct{}, c.limits.workers)
	for i := range versions {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			v := &versions[i]
			var said struct {
				Resources []describedKind `json:"resources"`
			}
			v.err = c.ask(ctx, acceptJSON, &said, resource{group: v.group, version: v.version}.root()...)
			v.kinds = kindsOf(v, said.Resources)
		})
	}
	running.Wait()
}

// describedGroup is a group in both forms; the older one names it at the top and has
// no kinds.
type describedGroup struct {
	Name     string `json:"name"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Versions  []describedVersion `json:"versions"`
	Preferred describedVersion   `json:"preferredVersion"` // else the first
}

type describedVersion struct {
	Version   string          `json:"version"`
	Freshness string          `json:"freshness"`
	Resources []describedKind `json:"resources"`
}

// describedKind is a kind in both forms; the older one has name, kind and namespaced.
type describedKind struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Namespaced bool     `json:"namespaced"`
	Verbs      []string `json:"verbs"`
	Resource   string   `json:"resource"`
	Scope      string   `json:"scope"`
	Response   struct {
		Kind string `json:"kind"`
	} `json:"responseKind"`
}

func (g *describedGroup) inOrder() []apiVersion {
	var found []apiVersion
	for _, d := range g.Versions {
		v := apiVersion{group: g.Name + g.Metadata.Name, version: d.Version}
		if d.Freshness == "Stale" {
			v.err = errors.New("the server that has them does not answer")
		}
		v.kinds = kindsOf(&v, d.Resources)
		if d.Version == g.Preferred.Version {
			found = slices.Insert(found, 0, v)
		} else {
			found = append(found, v)
		}
	}
	return found
}

// kindsOf picks what can be listed. A name with "/" is of a part of an object.
func kindsOf(v *apiVersion, all []describedKind) []resource {
	var found []resource
	for _, k := range all {
		r := resource{v.group, v.version, k.Name + k.Resource, k.Kind + k.Response.Kind, k.Namespaced || k.Scope == "Namespaced"}
		if r.kind != "" && !strings.Contains(r.name, "/") && slices.Contains(k.Verbs, "list") {
			found = append(found, r)
		}
	}
	return found
}

// listable is all kinds, each at the first version of its group that has it. The
// group "extensions" is old names of kinds that have moved to groups of their own.
func listable(versions []apiVersion) ([]resource, error) {
	var found []resource
	known, moved := map[string]bool{}, map[string]bool{}
	for _, v := range versions {
		for _, r := range v.kinds {
			if !known[r.permission()] {
				known[r.permission()] = true
				found = append(found, r)
				moved[r.name] = moved[r.name] || r.group != "extensions"
			}
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

// ask reads one document of the server into a value. It waits where the server asks
// for it, and not for a server that does not answer.
func (c *Cluster) ask(ctx context.Context, accept string, into any, path ...string) error {
	return c.patiently(ctx, newPatience(c.limits.kind), newPatience(1), func(ctx context.Context) error {
		body, err := c.get(ctx, path, nil, accept)
		if err != nil {
			return err
		}
		defer body.Close()
		if err := json.NewDecoder(io.LimitReader(body, c.limits.pageBytes)).Decode(into); err != nil {
			return fmt.Errorf("the server describes its kinds in a form that cannot be read: %w", err)
		}
		return nil
	})
}
