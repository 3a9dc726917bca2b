package assessment

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/system"
)

// Group is a set of fails that one change would fix: the same check on
// resources made from the same template.
type Group struct {
	Check   *policy.Check
	Cause   string // what the resources share: their controller, or their images
	Party   string
	Exposed bool      // one of the resources can be reached from outside the system
	Results []*Result // at least one, in report order
}

// group collects the fails by root cause, most urgent first: by severity, then
// what can be reached from outside, then by how many resources one fix mends.
func group(results []Result, m *system.Model) []Group {
	type key struct{ check, party, cause string }
	byKey := map[key]int{}
	var groups []Group
	causes := map[*evidence.Item]string{}
	for i := range results {
		r := &results[i]
		if r.Verdict != surety.Fail {
			continue
		}
		cause, ok := causes[r.Item]
		if !ok {
			cause = rootCause(r.Item)
			causes[r.Item] = cause
		}
		k := key{r.Check.ID, r.Owner.Party, cause}
		at, ok := byKey[k]
		if !ok {
			at = len(groups)
			byKey[k] = at
			groups = append(groups, Group{Check: r.Check, Cause: cause, Party: r.Owner.Party})
		}
		groups[at].Results = append(groups[at].Results, r)
		if c := m.Components[r.Owner.Element]; c != nil && c.Exposed != "" {
			groups[at].Exposed = true
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		return cmp.Or(
			cmp.Compare(b.Check.Severity, a.Check.Severity),
			compareBool(b.Exposed, a.Exposed),
			cmp.Compare(len(b.Results), len(a.Results)),
			strings.Compare(a.Check.ID, b.Check.ID),
			strings.Compare(a.Cause, b.Cause))
	})
	return groups
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// rootCause names what the item was made from. Pods of one controller share it;
// so do workloads that run the same images, which is what copies of one
// template have in common after namespaces and names are changed. Anything else
// is its own cause.
func rootCause(item *evidence.Item) string {
	if item == nil {
		return "-"
	}
	for _, f := range item.Facts.Path("metadata", "ownerReferences").Fields() {
		if f.Value.Get("controller").True() {
			return f.Value.Get("kind").Str() + " " + item.Namespace + "/" + f.Value.Get("name").Str()
		}
	}
	if shared := images(kubernetes.PodSpec(item.Facts)); shared != "" {
		return shared
	}
	return item.Key.String()
}

// images lists the images of a pod's containers, in order.
func images(pod *evidence.Value) string {
	var images []string
	for _, c := range pod.Get("containers").Fields() {
		if image := c.Value.Get("image").Str(); image != "" {
			images = append(images, image)
		}
	}
	return strings.Join(images, " ")
}
