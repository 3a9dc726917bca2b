package oscal

import (
	"errors"
	"fmt"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
)

// Tailoring is a choice of controls for one reader, with what is said of each
// beside the catalogue.
type Tailoring struct {
	Title    string // of the profile
	Remarks  string
	Controls []Tailored
	Notes    []Note
}

// Tailored is one chosen control.
type Tailored struct {
	Control *catalog.Control
	Props   []Property // in the namespace NS
	Parts   []Note     // prose added to the control
}

// Property is a name and a value; class tells properties of one name apart.
type Property struct{ Name, Value, Class string }

// Note is prose under a name, with properties. Beside the controls it stands in the
// back matter, where Title is shown.
type Note struct {
	Name  string
	Title string
	Props []Property
	Prose string
}

// Tailor writes a tailoring as an OSCAL profile of the catalogue: it imports the
// controls, alters them by the properties and parts given, and has the notes as
// resources.
func Tailor(c *catalog.Catalog, t Tailoring) ([]byte, error) {
	m, err := about(c, t.Title)
	if err != nil {
		return nil, err
	}
	if len(t.Controls) == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL profile", Err: errors.New("there is no control to import"),
			Hint: "an OSCAL profile needs at least one; text, markdown and html need none"}
	}
	m.Remarks = t.Remarks
	out := &profileModel{UUID: UUID("tailored", c.Version, t.Title), Metadata: m, Merge: &merge{true}, Modify: &modify{}}
	var ids []string
	for _, k := range t.Controls {
		id := Token(k.Control.ID)
		ids = append(ids, id)
		add := addition{Position: "ending", Props: properties(k.Props)}
		for i, n := range k.Parts {
			add.Parts = append(add.Parts, part{ID: fmt.Sprintf("%s_%s.%d", id, Token(n.Name), i+1), Name: Token(n.Name), NS: NS, Props: properties(n.Props), Prose: n.Prose})
		}
		out.Modify.Alters = append(out.Modify.Alters, alteration{ControlID: id, Adds: []addition{add}})
	}
	out.Imports = []profileImport{{Href: CatalogFile, Include: []selection{{ids}}}}
	if len(t.Notes) > 0 {
		out.BackMatter = &backMatter{}
		for _, n := range t.Notes {
			out.BackMatter.Resources = append(out.BackMatter.Resources, backResource{
				UUID: UUID("note", c.Version, t.Title, n.Name, n.Title), Title: n.Title, Description: n.Prose, Props: properties(n.Props)})
		}
	}
	return write(document{Profile: out})
}

func properties(list []Property) []property {
	var out []property
	for _, p := range list {
		one := prop(p.Name, p.Value)
		if p.Class != "" {
			one.Class = Token(p.Class)
		}
		out = append(out, one)
	}
	return out
}
