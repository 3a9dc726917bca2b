package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// The drawings of an architecture.
const (
	SystemDrawing    = "system"
	FunctionsDrawing = "functions"
	BothDrawings     = "all"
)

// Drawing makes one of the drawings of v.
func Drawing(v *architecture.View, name string) *architecture.Scene {
	switch name {
	case SystemDrawing:
		return v.System()
	case FunctionsDrawing:
		return v.Reference()
	}
	return v.Both()
}

// ArchitectureSchema names the JSON format of an architecture and its version.
const ArchitectureSchema = "surety/architecture/v1"

// WriteArchitecture writes v in full, as text or json.
func WriteArchitecture(w io.Writer, format string, v *architecture.View) error {
	switch format {
	case "text":
		return writeArchitectureText(w, v)
	case "json":
		return writeArchitectureJSON(w, v)
	}
	return &surety.Error{Kind: surety.BadInput, Op: "write architecture", Err: fmt.Errorf("there is no format %q", format), Hint: "use text or json"}
}

// writeArchitectureText writes a line for each functional component, and below it
// what stands there.
func writeArchitectureText(w io.Writer, v *architecture.View) error {
	t := bufio.NewWriter(w)
	fmt.Fprintf(t, "System %s on the reference architecture of ITU-T Y.3502\n", singleLine(cmp.Or(v.Model.Name, "(unnamed)")))
	fmt.Fprintf(t, "%s apply, %s show them, %s\n", count(v.Controls, "control"), count(v.Checks, "check"), count(len(v.Model.Components), "component"))
	if !v.Assessed {
		fmt.Fprintln(t, "No evidence was given: this says whose the controls are, not how they stand")
	}
	if v.Model.Inferred {
		fmt.Fprintln(t, "The model is inferred from the evidence; surety init writes it down")
	}
	fmt.Fprintln(t, "\nParties")
	for _, p := range v.Parties {
		fmt.Fprintf(t, "    %-2s %-24s accountable for %s\n", p.Letter, partyOrNobody(p.Name), count(p.Controls, "control"))
	}
	for _, l := range v.Layers {
		across := ""
		if l.Across {
			across = " (across the layers)"
		}
		fmt.Fprintf(t, "\n%s%s\n", l.Title, across)
		for _, f := range l.Functions {
			writeFunctionText(t, v, f)
		}
	}
	if len(v.Unplaced) > 0 {
		fmt.Fprintf(t, "\nNot placed: %s of a type that stands on no functional component\n", count(len(v.Unplaced), "component"))
		for _, c := range v.Unplaced {
			fmt.Fprintf(t, "    %s, %s\n", singleLine(c.Name), singleLine(cmp.Or(c.Type, "no type")))
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write architecture: %w", err)
	}
	return nil
}

func writeFunctionText(t *bufio.Writer, v *architecture.View, f *architecture.Function) {
	fmt.Fprintf(t, "    %-46s %s", f.Title, count(len(f.Controls), "control"))
	if shares := partyShares(v, f); shares != "" {
		fmt.Fprintf(t, ": %s", shares)
	}
	fmt.Fprintln(t)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(t, "        %-12s%s\n", name, text)
		}
	}
	line("standing", f.Standing.Words())
	line("checks", some(f.Checks))
	names := make([]string, len(f.Components))
	for i, c := range f.Components {
		names[i] = c.Name
	}
	line("components", some(names))
}

// partyShares says how many controls of f each party is accountable for.
func partyShares(v *architecture.View, f *architecture.Function) string {
	var shares []string
	for _, p := range v.PartiesOf(f) {
		shares = append(shares, fmt.Sprintf("%s %d", partyOrNobody(p.Name), f.ByParty[p.Name]))
	}
	return strings.Join(shares, ", ")
}

// some joins the first names of a list and counts the others.
func some(list []string) string {
	const most = 6
	text := singleLine(strings.Join(list[:min(len(list), most)], ", "))
	if rest := len(list) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

func partyOrNobody(name string) string {
	if name == "" {
		return "(nobody)"
	}
	return singleLine(name)
}

type jsonArchitecture struct {
	Schema   string       `json:"schema"`
	System   string       `json:"system"`
	Inferred bool         `json:"inferred"`
	Assessed bool         `json:"assessed"`
	Controls int          `json:"controls"`
	Checks   int          `json:"checks"`
	Parties  []jsonParty  `json:"parties"`
	Layers   []jsonLayer  `json:"layers"`
	Unplaced []jsonPlaced `json:"not_placed"`
}

type jsonParty struct {
	Party    string   `json:"party"` // "" is nobody
	Title    string   `json:"title,omitempty"`
	Letter   string   `json:"letter"`
	Controls int      `json:"controls"`
	Provides []string `json:"provides,omitempty"`
	Uses     []string `json:"uses,omitempty"`
	Partners []string `json:"partner_in,omitempty"`
}

type jsonLayer struct {
	ID        string         `json:"id"`
	Title     string         `json:"title"`
	Across    bool           `json:"across"`
	Functions []jsonFunction `json:"functions"`
}

type jsonFunction struct {
	ID         string                `json:"id"`
	Title      string                `json:"title"`
	ByParty    map[string]int        `json:"by_party"`
	Standing   architecture.Standing `json:"standing,omitempty"`
	Idle       int                   `json:"not_applicable"` // controls of the catalogue that do not apply
	Controls   []jsonPlacedControl   `json:"controls"`
	Checks     []string              `json:"checks"`
	Components []jsonPlaced          `json:"components"`
}

type jsonPlacedControl struct {
	ID       string                `json:"id"`
	Title    string                `json:"title"`
	Parties  []string              `json:"accountable"`
	Elements int                   `json:"elements"`
	Status   responsibility.Status `json:"status,omitempty"`
	Checks   []string              `json:"checks,omitempty"`
}

type jsonPlaced struct {
	Name     string                `json:"name"`
	Type     string                `json:"type,omitempty"`
	In       string                `json:"in,omitempty"`
	Service  string                `json:"service,omitempty"`
	Party    string                `json:"accountable,omitempty"` // for most of its controls
	Controls int                   `json:"controls"`
	Standing architecture.Standing `json:"standing,omitempty"`
}

func writeArchitectureJSON(w io.Writer, v *architecture.View) error {
	out := jsonArchitecture{
		Schema: ArchitectureSchema, System: v.Model.Name, Inferred: v.Model.Inferred, Assessed: v.Assessed,
		Controls: v.Controls, Checks: v.Checks, Unplaced: placedEntries(v, v.Unplaced),
	}
	for _, p := range v.Parties {
		out.Parties = append(out.Parties, jsonParty{p.Name, p.Title, p.Letter, p.Controls, p.Provides, p.Uses, p.Partners})
	}
	for _, l := range v.Layers {
		layer := jsonLayer{ID: l.ID, Title: l.Title, Across: l.Across}
		for _, f := range l.Functions {
			e := jsonFunction{ID: f.ID, Title: f.Title, ByParty: f.ByParty, Standing: f.Standing, Idle: f.Idle,
				Controls: []jsonPlacedControl{}, Checks: append([]string{}, f.Checks...), Components: placedEntries(v, f.Components)}
			for _, k := range f.Controls {
				e.Controls = append(e.Controls, jsonPlacedControl{k.ID, k.Title, k.Parties, k.Elements, k.Status, k.Checks})
			}
			layer.Functions = append(layer.Functions, e)
		}
		out.Layers = append(out.Layers, layer)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write architecture: %w", err)
	}
	return nil
}

func placedEntries(v *architecture.View, list []*system.Component) []jsonPlaced {
	out := []jsonPlaced{}
	for _, c := range list {
		e := jsonPlaced{Name: c.Name, Type: c.Type, In: c.In, Service: c.Service}
		if x := v.Elements[c.Name]; x != nil {
			e.Controls, e.Standing = x.Controls, x.Standing
			if x.Party != nil {
				e.Party = x.Party.Name
			}
		}
		out = append(out, e)
	}
	return out
}
