package catalog

// Extent is how far our controls cover an id of a framework.
type Extent string

// The extents. Full: some control demands all that the id demands. Part: some
// control has a part of it, and nobody has judged what several of them come to
// together. Indirect: at most an overlap, found by way of another framework, which
// need not be there.
const (
	Full     Extent = "full"
	Part     Extent = "part"
	Indirect Extent = "indirect"
	None     Extent = "none"
)

// Covered is one id of a framework and the links that cover it.
type Covered struct {
	Entry
	Extent Extent
	Links  []Link
}

// Coverage says for each id of a framework how far the controls cover it. It
// speaks about what controls demand, never about whether they are met.
type Coverage struct {
	Framework *Framework
	Rows      []Covered // in the order of the framework
	Count     map[Extent]int
}

// Coverage computes how far links cover f: those of the catalogue itself
// (Links) if f is one of its frameworks, and those given.
func (c *Catalog) Coverage(f *Framework, links []Link) Coverage {
	out := Coverage{Framework: f, Rows: make([]Covered, len(f.Entries)), Count: map[Extent]int{}}
	if c.Framework(f.Key) == f {
		links = append(c.Links(f.Key), links...)
	}
	by := map[string][]Link{}
	for _, l := range links {
		by[l.ID] = append(by[l.ID], l)
	}
	for i, e := range f.Entries {
		row := Covered{Entry: e, Extent: None, Links: by[e.ID]}
		for _, l := range row.Links {
			switch extent := l.extent(); {
			case extent == Full, row.Extent == None, row.Extent == Indirect && extent == Part:
				row.Extent = extent
			}
		}
		out.Rows[i] = row
		out.Count[row.Extent]++
	}
	return out
}

func (l Link) extent() Extent {
	switch {
	case l.Relation.Full():
		return Full
	case l.Via != "" && l.Relation == Intersects:
		return Indirect
	}
	return Part
}
