package oscal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/surety-cloud/surety"
	form "github.com/surety-cloud/surety/catalog/oscal"
)

// Write writes the plan in the form of OSCAL 1.2.2: every statement with its text
// and its links. What the file did not have and the form demands (a published
// export has no system) is filled in with words that say so.
func (s *SSP) Write() ([]byte, error) {
	raw, err := json.Marshal(s.plan)
	if err != nil {
		return nil, fmt.Errorf("write OSCAL plan %s: %w", s.File, err)
	}
	var p plan // a copy, to be changed
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("write OSCAL plan %s: %w", s.File, err)
	}
	if p.Metadata.OSCALVersion != form.Version {
		p.Metadata.Props = append(p.Metadata.Props, prop("former-oscal-version", p.Metadata.OSCALVersion))
		p.Metadata.OSCALVersion = form.Version
	}
	if err := p.complete(s); err != nil {
		return nil, err
	}
	for i := range p.Controls.Requirements {
		r := &p.Controls.Requirements[i]
		nameByComponents(r.By)
		for j := range r.Statements {
			nameByComponents(r.Statements[j].By)
		}
	}
	return identified(document{SSP: &p})
}

// complete fills in what OSCAL demands and the file does not have.
func (p *plan) complete(s *SSP) error {
	if len(p.Controls.Requirements) == 0 || p.Metadata.LastModified == "" {
		return &surety.Error{Kind: surety.BadInput, Op: "write OSCAL plan", Origin: surety.Origin{File: s.File},
			Err: errors.New("it has no control or no time of change"), Hint: "give a complete plan"}
	}
	if p.Controls.Description == "" {
		p.Controls.Description = "Shared responsibility."
	}
	for _, part := range []struct {
		at    *json.RawMessage
		value any
	}{
		{&p.Profile, map[string]string{"href": "#" + form.UUID("no-profile", p.UUID)}},
		{&p.Characteristics, characteristicsOf(p.Metadata.Title, "What the provider publishes of its plan; the system itself is not described.")},
	} {
		if given(*part.at) {
			continue
		}
		raw, err := json.Marshal(part.value)
		if err != nil {
			return fmt.Errorf("write OSCAL plan: %w", err)
		}
		*part.at = raw
	}
	for i := range p.System.Components {
		if !given(p.System.Components[i].Status) {
			p.System.Components[i].Status = json.RawMessage(`{"state":"other"}`)
		}
	}
	return nil
}

// given reports whether a part that is kept as it is was there.
func given(part json.RawMessage) bool { return len(part) > 0 && string(part) != "null" }

func characteristicsOf(name, description string) characteristics {
	c := characteristics{IDs: []systemID{{flat(name)}}, Name: flat(name), Description: description, Status: state{"other", "Not stated."}}
	c.Boundary.Description = "Not stated."
	c.Information.Types = []informationType{{form.UUID("information", name), "Not stated", "The types of information are not stated."}}
	return c
}

// characteristics is the least that OSCAL demands of a system's.
type characteristics struct {
	IDs         []systemID `json:"system-ids"`
	Name        string     `json:"system-name"`
	Description string     `json:"description"`
	Information struct {
		Types []informationType `json:"information-types"`
	} `json:"system-information"`
	Status   state `json:"status"`
	Boundary struct {
		Description string `json:"description"`
	} `json:"authorization-boundary"`
}

type systemID struct {
	ID string `json:"id"`
}

type informationType struct {
	UUID        string `json:"uuid"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type state struct {
	State   string `json:"state"`
	Remarks string `json:"remarks,omitempty"`
}

// nameByComponents keeps the names of statements that are no UUID.
func nameByComponents(list []byComponent) {
	for i := range list {
		b := &list[i]
		var all [][]said
		if b.Export != nil {
			all = append(all, b.Export.Provided, b.Export.Responsibilities)
		}
		for _, said := range append(all, b.Inherited, b.Satisfied) {
			for n := range said {
				for _, id := range []string{said[n].UUID, said[n].Provided, said[n].Responsibility} {
					if id != "" && !validUUID.MatchString(id) {
						said[n].Props = append(said[n].Props, prop(formerUUID, id))
					}
				}
			}
		}
	}
}

// identified encodes d with each id that is no UUID replaced by one.
func identified(d document) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode OSCAL plan: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, fmt.Errorf("encode OSCAL plan: %w", err)
	}
	identify(tree)
	if raw, err = json.Marshal(tree); err != nil {
		return nil, fmt.Errorf("encode OSCAL plan: %w", err)
	}
	var again document // brings the fields into the order of the model
	if err := json.Unmarshal(raw, &again); err != nil {
		return nil, fmt.Errorf("encode OSCAL plan: %w", err)
	}
	return encode(again)
}

// identify replaces ids in a tree in place.
func identify(v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			identify(e)
		}
	case map[string]any:
		for key, value := range x {
			switch {
			case key == "uuid" || strings.HasSuffix(key, "-uuid"):
				if id, ok := value.(string); ok {
					x[key] = uuidOf(id)
				} else if value == nil {
					x[key] = form.UUID("unnamed")
				}
			case strings.HasSuffix(key, "-uuids"):
				if list, ok := value.([]any); ok {
					for i := range list {
						if id, ok := list[i].(string); ok {
							list[i] = uuidOf(id)
						}
					}
				}
			default:
				identify(value)
			}
		}
	}
}
