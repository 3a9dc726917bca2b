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
	Party   string
	Exposed bool // one of the resources can be reached from outside the system

	fails int32 // at least one
	first int32 // the item of the first one
	cause *cause
}

// cause is what the resources of groups share.
type cause struct {
	name  string
	of    *Assessment
	items []int32 // those that fail for it, by number
}

// Cause names what the resources share: their controller, or their images.
func (g *Group) Cause() string { return g.cause.name }

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
		for _, i := range g.cause.items {
			s := &g.cause.of.standing[i]
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
	causes := map[string]*gathering{}
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
			c = &gathering{cause: &cause{name: name, of: a}}
			causes[name] = c
		}
		component := a.Model.Components[s.element]
		exposed := component != nil && component.Exposed != ""
		before := len(c.groups)
		c.gather(i, exposed)
		groups = append(groups, c.groups[before:]...)
	}
	slices.SortFunc(groups, byUrgency)
	return groups
}

// gathering collects the fails of one cause.
type gathering struct {
	cause  *cause
	groups []*Group
	last   *standing // the item before
	hit    []*Group  // of each of its fails
}

// gather adds the fails of item i to the groups of their checks and parties.
func (c *gathering) gather(i int, exposed bool) {
	s := &c.cause.of.standing[i]
	c.cause.items = append(c.cause.items, int32(i))
	if c.last == nil || c.last.Ruling != s.Ruling || c.last.landing != s.landing {
		c.hit = c.hit[:0]
		for k := range len(s.Marks) {
			if mark(s.Marks[k]).verdict() == surety.Fail {
				c.hit = append(c.hit, c.group(i, s.Roster.checks[k], s.landing.owners[k].Party))
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
func (c *gathering) group(i int, check *policy.Check, party string) *Group {
	for _, g := range c.groups {
		if g.Check == check && g.Party == party {
			return g
		}
	}
	g := &Group{Check: check, Party: party, cause: c.cause, first: int32(i)}
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
	case a.cause != b.cause:
		return strings.Compare(a.cause.name, b.cause.name)
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
