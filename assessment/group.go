package assessment

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// Group is a set of fails that one change would fix: the same check on
// resources made from the same template.
type Group struct {
	Check   *policy.Check
	Cause   string // what the resources share: their controller, or their images
	Party   string
	Exposed bool // one of the resources can be reached from outside the system

	all   []standing // of the assessment
	fails []fail     // at least one, in report order
}

// fail is what the check of this number says of the item of this number; told is
// the number of its detail.
type fail struct {
	item        int32
	check, told int32
}

// Len is the number of fails in the group, at least one.
func (g *Group) Len() int { return len(g.fails) }

// Results yields the fails of the group in report order.
func (g *Group) Results() iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for i := range g.fails {
			if !yield(g.At(i)) {
				return
			}
		}
	}
}

// At returns fail i of the group.
func (g *Group) At(i int) Result {
	f := g.fails[i]
	s := &g.all[f.item]
	return s.result(int(f.check), int(f.told))
}

// group collects the fails by root cause, most urgent first: by severity, then
// what can be reached from outside, then by how many resources one fix mends.
func group(a *Assessment) []*Group {
	var groups []*Group
	causes := map[string]*cause{}
	for i := range a.standing {
		s := &a.standing[i]
		if s.Ruling == nil || strings.IndexByte(s.Marks, byte(fails)) < 0 && strings.IndexByte(s.Marks, byte(expired)) < 0 {
			continue
		}
		name := rootCause(s.Item)
		c := causes[name]
		if c == nil {
			c = &cause{name: name}
			causes[name] = c
		}
		component := a.Model.Components[s.element]
		exposed := component != nil && component.Exposed != ""
		before := len(c.groups)
		c.gather(a.standing, i, exposed)
		groups = append(groups, c.groups[before:]...)
	}
	slices.SortFunc(groups, byUrgency)
	return groups
}

// cause is a root cause and the groups of its fails.
type cause struct {
	name    string
	groups  []*Group
	landing *landing // of the last item
	at      []*Group // of each check of that landing, nil if it has not failed
}

// gather adds the fails of item i to the groups of their checks and parties.
func (c *cause) gather(all []standing, i int, exposed bool) {
	s := &all[i]
	if c.landing != s.landing {
		c.landing, c.at = s.landing, make([]*Group, len(s.Marks))
	}
	told := -1
	for k := range len(s.Marks) {
		if mark(s.Marks[k]) != pass {
			told++
		}
		if mark(s.Marks[k]).verdict() != surety.Fail {
			continue
		}
		g := c.at[k]
		if g == nil {
			g = c.group(all, s.Roster.checks[k], s.landing.owners[k].Party)
			c.at[k] = g
		}
		g.fails = append(g.fails, fail{int32(i), int32(k), int32(told)})
		g.Exposed = g.Exposed || exposed
	}
}

// group returns the group of a check and a party, which is made if there is none.
func (c *cause) group(all []standing, check *policy.Check, party string) *Group {
	for _, g := range c.groups {
		if g.Check == check && g.Party == party {
			return g
		}
	}
	g := &Group{Check: check, Cause: c.name, Party: party, all: all}
	c.groups = append(c.groups, g)
	return g
}

// byUrgency puts the most urgent first. It compares first what is told apart at
// once, since there are as many groups as fails where nothing is alike.
func byUrgency(a, b *Group) int {
	same := a.Check == b.Check
	switch {
	case !same && a.Check.Severity != b.Check.Severity:
		return cmp.Compare(b.Check.Severity, a.Check.Severity)
	case a.Exposed != b.Exposed && a.Exposed:
		return -1
	case a.Exposed != b.Exposed:
		return 1
	case a.Len() != b.Len():
		return cmp.Compare(b.Len(), a.Len())
	case !same && a.Check.ID != b.Check.ID:
		return strings.Compare(a.Check.ID, b.Check.ID)
	case a.Cause != b.Cause:
		return strings.Compare(a.Cause, b.Cause)
	}
	return cmp.Compare(a.fails[0].item, b.fails[0].item)
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
func images(pod evidence.Facts) string {
	var images []string
	for _, c := range pod.Get("containers").Fields() {
		if image := c.Value.Get("image").Str(); image != "" {
			images = append(images, image)
		}
	}
	return strings.Join(images, " ")
}
