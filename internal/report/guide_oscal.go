package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	form "github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/guide"
)

// writeGuideOSCAL writes a guide as an OSCAL profile of the catalogue. It imports
// the controls in which the party has a part and says of each how it stands, its
// place in the order and what the party does. What is asked of others is a resource
// for each letter, and beside each imported control what they do for it.
func writeGuideOSCAL(w io.Writer, g *guide.Guide, c *catalog.Catalog, _ Options) error {
	p := newGuidePaper(g)
	t := form.Tailoring{Title: line(p.title), Remarks: markup(p.subtitle[0].String())}
	demands := demandsOn(g)
	place := 0
	for _, task := range append(g.Violated[:len(g.Violated):len(g.Violated)], g.Next...) {
		place++
		t.Controls = append(t.Controls, tailored(g, task, place, demands[task.Control.ID]))
	}
	for _, l := range g.Letters {
		t.Notes = append(t.Notes, letterNote(l))
	}
	raw, err := form.Tailor(c, t)
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

func tailored(g *guide.Guide, task guide.Task, place int, demands []form.Note) form.Tailored {
	out := form.Tailored{Control: task.Control, Props: []form.Property{
		{Name: "party", Value: g.Party}, {Name: "place", Value: strconv.Itoa(place)},
		{Name: "standing", Value: string(task.Standing)}, {Name: "elements", Value: strconv.Itoa(task.Places.Count)},
	}}
	if task.Leads {
		out.Props = append(out.Props, form.Property{Name: "accountable", Value: g.Party})
	}
	for _, d := range task.Does {
		note := form.Note{Name: "duty-here", Prose: markup(d.Text), Props: []form.Property{{Name: "role", Value: string(d.Role)}}}
		for _, s := range d.Services {
			note.Props = append(note.Props, form.Property{Name: "service", Value: flatten(s)})
		}
		out.Parts = append(out.Parts, note)
	}
	out.Parts = append(out.Parts, demands...)
	return out
}

// demandsOn lists for each control what is asked of others.
func demandsOn(g *guide.Guide) map[string][]form.Note {
	out := map[string][]form.Note{}
	for _, l := range g.Letters {
		for _, p := range l.Proofs {
			for _, k := range p.Controls {
				out[k.ID] = append(out[k.ID], form.Note{Name: "demand", Prose: markup(p.Text), Props: demandProps(l, p)})
			}
		}
	}
	return out
}

func demandProps(l guide.Letter, p guide.Proof) []form.Property {
	props := []form.Property{{Name: "of", Value: flatten(l.To)}}
	if l.Through != "" {
		props = append(props, form.Property{Name: "through", Value: flatten(l.Through)})
	}
	for _, s := range p.Services {
		props = append(props, form.Property{Name: "service", Value: flatten(s)})
	}
	if days := guide.Days(p.Valid); days > 0 {
		props = append(props, form.Property{Name: "valid-days", Value: strconv.Itoa(days)})
	}
	return props
}

func letterNote(l guide.Letter) form.Note {
	n := form.Note{Name: "letter", Title: line("Demands on " + l.To), Props: []form.Property{{Name: "of", Value: flatten(l.To)}}}
	if l.Through != "" {
		n.Props = append(n.Props, form.Property{Name: "through", Value: flatten(l.Through)})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Proof of %s:", count(l.Controls, "control"))
	for _, p := range l.Proofs {
		fmt.Fprintf(&b, "\n\n* %s (%s)", markup(p.Text), strings.Join(ids(p.Controls), ", "))
		for _, k := range p.Controls {
			n.Props = append(n.Props, form.Property{Name: "control", Value: k.ID})
		}
	}
	n.Prose = b.String()
	return n
}
