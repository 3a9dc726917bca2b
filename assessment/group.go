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

	of    *Assessment
	items []int32 // those that have the cause, by number; shared with its other groups
	fails int32   // at least one
	first int32   // the item of the first one
}

// Len is the number of fails in the group, at least one.
func (g *Group) Len() int { return int(g.fails) }

// First returns the first of Results.
func (g *Group) First() (first Result) {
	for r := range g.Results() {
		return r
	}
	return first
}

// Results yields the fails of the group in report order.
func (g *Group) Results() iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for _, i := range g.items {
			s := &g.of.standing[i]
			for r := range s.resultsOf(g.Check) {
				if r.Verdict == surety.Fail && r.Owner.Party == g.Party && !yield(r) {
					return
				}
			}
		}
	}
}

// group collects the fails by root cause, most urgent first: by severity, then
// what can be reached from outside, then by how many resources one fix mends.
func group(a *Assessment, names []string) []*Group {
	var groups []*Group
	causes := map[string]*cause{}
	for i := range a.standing {
		s := &a.standing[i]
		if s.Ruling == nil || strings.IndexByte(s.Marks, byte(fails)) < 0 && strings.IndexByte(s.Marks, byte(expired)) < 0 {
			continue
		}
		name := names[i]
		if name == "" {
			name = s.Item.Key.String()
		}
		c := causes[name]
		if c == nil {
			c = &cause{name: name}
			causes[name] = c
		}
		component := a.Model.Components[s.element]
		exposed := component != nil && component.Exposed != ""
		before := len(c.groups)
		c.gather(a, i, exposed)
		groups = append(groups, c.groups[before:]...)
	}
	for _, c := range causes {
		for _, g := range c.groups {
			g.items = c.items
		}
	}
	slices.SortFunc(groups, byUrgency)
	return groups
}

// cause is a root cause, the items that fail for it and the groups of their fails.
type cause struct {
	name   string
	items  []int32
	groups []*Group
	last   *standing // the item before
	hit    []*Group  // of each of its fails
}

// gather adds the fails of item i to the groups of their checks and parties.
func (c *cause) gather(a *Assessment, i int, exposed bool) {
	s := &a.standing[i]
	c.items = append(c.items, int32(i))
	if c.last == nil || c.last.Ruling != s.Ruling || c.last.landing != s.landing {
		c.hit = c.hit[:0]
		for k := range len(s.Marks) {
			if mark(s.Marks[k]).verdict() == surety.Fail {
				c.hit = append(c.hit, c.group(a, i, s.Roster.checks[k], s.landing.owners[k].Party))
			}
		}
	}
	c.last = s
	for _, g := range c.hit {
		g.fails++
		g.Exposed = g.Exposed || exposed
	}
}

// group returns the group of a check and a party, which is made if there is none
// before item i.
func (c *cause) group(a *Assessment, i int, check *policy.Check, party string) *Group {
	for _, g := range c.groups {
		if g.Check == check && g.Party == party {
			return g
		}
	}
	g := &Group{Check: check, Cause: c.name, Party: party, of: a, first: int32(i)}
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
	return cmp.Compare(a.first, b.first)
}

// Causes names what each item was made from, "" for what shares that with no other.
// Pods of one controller share it; so do workloads that run the same images, which is
// what copies of one template have in common after namespaces and names are changed.
func Causes(items []*evidence.Item) []string {
	out := make([]string, len(items))
	known := map[string]string{} // one copy of each, which holds no facts
	for i, item := range items {
		name := madeBy(item)
		if name == "" {
			continue
		}
		if _, ok := known[name]; !ok {
			name = strings.Clone(name)
			known[name] = name
		}
		out[i] = known[name]
	}
	return out
}

func madeBy(item *evidence.Item) string {
	for _, f := range item.Facts.Path("metadata", "ownerReferences").Fields() {
		if f.Value.Get("controller").True() {
			return f.Value.Get("kind").Str() + " " + item.Namespace + "/" + f.Value.Get("name").Str()
		}
	}
	return images(kubernetes.PodSpec(item.Facts))
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
