package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/assessment"
)

// drawing is a picture in the page.
type drawing struct {
	Title string
	SVG   template.HTML // escaped by the one who draws
}

// functionRow is a functional component in the table that says what the drawing
// of the reference architecture shows.
type functionRow struct {
	Layer, Title, Parties, Standing, Checks, Components string
	Controls                                            int
}

// draw makes the architecture's part of the page.
func (p *page) draw(a *assessment.Assessment) error {
	v, err := architecture.New(a.Model, a.Catalog, a.Duties, a)
	if err != nil {
		return err
	}
	for _, s := range []*architecture.Scene{v.System(), v.Reference()} {
		var b strings.Builder
		if err := architecture.WriteInline(&b, s, architecture.ByParty); err != nil {
			return err
		}
		p.Drawings = append(p.Drawings, drawing{s.Title, template.HTML(b.String())})
	}
	for _, l := range v.Layers {
		for _, f := range l.Functions {
			names := make([]string, len(f.Components))
			for i, c := range f.Components {
				names[i] = c.Name
			}
			p.Functions = append(p.Functions, functionRow{
				Layer: l.Title, Title: f.Title, Controls: len(f.Controls), Parties: partyShares(v, f),
				Standing: f.Standing.Words(), Checks: some(f.Checks), Components: some(names),
			})
		}
	}
	types := v.UnplacedTypes()
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = fmt.Sprintf("%d of type %s", t.Count, t.Type)
	}
	p.Unplaced = some(words)
	return nil
}
