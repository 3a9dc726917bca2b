package architecture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/system"
)

// mostUrgent keeps the edges that can be drawn: those from zones that are in
// nothing first, then those of most flows. It counts the others.
func mostUrgent(p *plan, edges []*edge) ([]*edge, int) {
	if len(edges) <= mostLines {
		return edges, 0
	}
	open := map[boxKey]bool{}
	for _, c := range p.open {
		open[boxKey{name: c.name}] = true
	}
	order := slices.Clone(edges)
	slices.SortStableFunc(order, func(a, b *edge) int {
		return cmp.Or(surety.TrueFirst(open[a.from], open[b.from]), cmp.Compare(len(b.flows), len(a.flows)))
	})
	return order[:mostLines], len(order) - mostLines
}

// lines draws the edges as arrows.
func (c *canvas) lines(edges []*edge) (undrawn, unlabelled int) {
	links := make([]Link, len(edges))
	for i, e := range edges {
		links[i] = Link{From: c.box[e.from], To: c.box[e.to], Leaves: c.holds(e.from, e.to), Enters: c.holds(e.to, e.from), Words: e.words(), Tip: e.tip(), Dashed: e.dashed()}
	}
	return c.scene.connect(c.router, links)
}

// holds reports whether a is a container around b.
func (c *canvas) holds(a, b boxKey) bool {
	for at, ok := c.parent[b]; ok; at, ok = c.parent[at] {
		if at == a {
			return true
		}
	}
	return false
}

// dashed reports whether the flows are stated to be without TLS, or none is stated
// at all.
func (e *edge) dashed() bool {
	if len(e.flows) == 0 {
		return true
	}
	return slices.ContainsFunc(e.flows, func(f *system.Flow) bool { return f.TLS != nil && !*f.TLS })
}

// words is what an arrow says: its protocols, or how many flows it stands for.
func (e *edge) words() string {
	if len(e.flows) == 0 {
		if e.exposed > 1 {
			return itoa(e.exposed) + " exposed"
		}
		return "exposed"
	}
	var protos []string
	for _, f := range e.flows {
		word := cmp.Or(f.Proto, "flow")
		if f.TLS != nil && !*f.TLS {
			word += ", no TLS"
		}
		if len(f.Data) > 0 && len(e.flows) == 1 {
			word += ": " + strings.Join(f.Data, ", ")
		}
		if !slices.Contains(protos, word) {
			protos = append(protos, word)
		}
	}
	words := strings.Join(protos, ", ")
	if len(protos) > 3 {
		words = strings.Join(protos[:3], ", ") + " …"
	}
	if len(e.flows) > 1 && len(e.flows) != len(protos) {
		words = itoa(len(e.flows)) + " × " + words
	}
	return words
}

func (e *edge) tip() string {
	var parts []string
	for i, f := range e.flows {
		if i == tipList {
			parts = append(parts, fmt.Sprintf("and %d more", len(e.flows)-i))
			break
		}
		parts = append(parts, f.From+" to "+f.To+flowWords(f))
	}
	if e.exposed > 0 {
		parts = append(parts, count(e.exposed, "component")+" of "+e.to.name+" exposed to "+e.from.name+", no flow is stated")
	}
	return strings.Join(parts, "; ")
}

func flowWords(f *system.Flow) string {
	var words []string
	for _, p := range []struct{ word, value string }{{"", f.Proto}, {"data ", strings.Join(f.Data, ", ")}, {"auth ", f.Auth}, {"via ", f.Via}} {
		if p.value != "" {
			words = append(words, p.word+p.value)
		}
	}
	switch {
	case f.TLS == nil:
	case *f.TLS:
		words = append(words, "TLS")
	default:
		words = append(words, "no TLS")
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
