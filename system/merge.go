package system

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// Init proposes the text of a surety.yaml for what the items show. Without
// existing text it is the inferred model. With it, every byte a person wrote is
// kept: what is new is inserted into its section, and what the evidence no
// longer shows is named in notes, never removed. file names existing in errors
// and notes.
func Init(existing []byte, file string, items []*evidence.Item) (out []byte, notes []string, err error) {
	proposed := Infer(items)
	if len(bytes.TrimSpace(existing)) == 0 {
		return Encode(proposed), nil, nil
	}
	current, err := Decode(existing, file)
	if err != nil {
		return nil, nil, err
	}
	added := additions(current, proposed)
	out, err = insert(existing, file, added)
	if err != nil {
		return nil, nil, err
	}
	if _, err := Decode(out, file); err != nil {
		return nil, nil, &surety.Error{Op: "merge model", Origin: surety.Origin{File: file}, Err: err,
			Hint: "nothing was written; report this with the file"}
	}
	for _, section := range sections {
		for _, e := range added.entries(section) {
			notes = append(notes, "added to "+section+": "+strings.TrimPrefix(e.text, "- ")+originNote(e.origin))
		}
	}
	for _, gap := range Unmatched(current, items) {
		notes = append(notes, gap.String()+"; remove it if it is gone")
	}
	return out, notes, nil
}

func originNote(o surety.Origin) string {
	if o.File == "" {
		return ""
	}
	return " (" + o.String() + ")"
}

// additions is the part of proposed that current has no place for yet. An
// element is the same if the evidence leads to it, whatever its name.
func additions(current, proposed *Model) *Model {
	a := &adder{
		current: current, proposed: proposed, names: map[string]string{}, parties: map[string]string{},
		out: &Model{Parties: map[string]*Party{}, Services: map[string]*Service{}, Data: map[string]*Data{},
			Zones: map[string]*Zone{}, Components: map[string]*Component{}},
	}
	a.match()
	for _, name := range sortedKeys(proposed.Components) {
		if a.names[name] == "" {
			a.component(proposed.Components[name])
		}
	}
	a.flows()
	for _, x := range proposed.Assume {
		if a.out.Components[x.On] != nil || a.out.Services[x.On] != nil {
			n := *x
			n.Owner = a.party(x.Owner)
			a.out.Assume = append(a.out.Assume, &n)
		}
	}
	return a.out
}

// adder collects additions. names maps proposed elements, and parties proposed
// parties, to what the user calls them.
type adder struct {
	current, proposed, out *Model
	names, parties         map[string]string
}

// match finds the user's element for each proposed one.
func (a *adder) match() {
	matcher := NewMatcher(a.current)
	for name, c := range a.proposed.Components {
		for _, text := range c.Match {
			if p, err := parsePattern(text); err == nil {
				key := evidence.Key{Provider: p.provider, Account: evidence.AccountFiles, Scope: p.namespace, Kind: p.kind, Name: p.name}
				if found := matcher.component(key); found != "" {
					a.names[name] = found
				}
			}
		}
	}
	for name := range a.proposed.Zones {
		if z := matcher.zones[name]; z != "" {
			a.names[name] = z
		} else if z := matcher.assigned[name]; z != nil {
			a.names[name] = *z
		}
	}
	for name, s := range a.proposed.Services {
		if a.current.Services[name] != nil {
			a.names[name] = name
		}
		for _, own := range sortedKeys(a.current.Services) {
			if a.names[name] == "" && a.current.Services[own].Category == s.Category {
				a.names[name] = own
			}
		}
		if own := a.current.Services[a.names[name]]; own != nil {
			a.parties[s.Provider] = own.Provider
			a.parties[s.Customer] = own.Customer
		}
	}
}

func (a *adder) component(c *Component) {
	n := *c
	if a.taken(n.Name) {
		n.Name = free(n.Name, a.taken)
	}
	a.names[c.Name] = n.Name
	n.In, n.Exposed, n.Operator = a.place(c.In), a.place(c.Exposed), a.party(c.Operator)
	for _, data := range c.Stores {
		if a.current.Data[data] == nil && a.proposed.Data[data] != nil {
			a.out.Data[data] = a.proposed.Data[data]
		}
	}
	if n.Can = nil; c.Can != nil {
		n.Can = map[string][]string{}
	}
	for privilege, targets := range c.Can {
		for _, t := range targets {
			n.Can[privilege] = append(n.Can[privilege], a.place(t))
		}
	}
	a.out.Components[n.Name] = &n
}

func (a *adder) taken(name string) bool {
	return a.current.Components[name] != nil || a.current.Zones[name] != nil || a.current.Services[name] != nil ||
		a.out.Components[name] != nil || a.out.Zones[name] != nil || a.out.Services[name] != nil
}

// free is name with the first number behind it that is not taken.
func free(name string, taken func(string) bool) string {
	for i := 2; ; i++ {
		if n := fmt.Sprintf("%s-%d", name, i); !taken(n) {
			return n
		}
	}
}

// place returns the user's name of a proposed zone or service and adds what is
// missing.
func (a *adder) place(name string) string {
	if name == "" || a.names[name] != "" {
		return a.names[name]
	}
	own := name
	if a.taken(own) {
		own = free(own, a.taken)
	}
	a.names[name] = own
	if z := a.proposed.Zones[name]; z != nil {
		n := *z
		n.Name = own
		if own != name && len(n.Match) == 0 {
			n.Match = []string{"k8s:" + name + "/*/*"}
		}
		n.In = a.place(z.In)
		a.out.Zones[own] = &n
	} else if s := a.proposed.Services[name]; s != nil {
		n := *s
		n.Name, n.Provider, n.Customer = own, a.party(s.Provider), a.party(s.Customer)
		a.out.Services[own] = &n
	}
	return own
}

// party returns the user's party for a proposed one: in the same place on the
// same service, of the same name, the only one there is, or a new one.
func (a *adder) party(name string) string {
	if name == "" || a.current.Parties[name] != nil {
		return name
	}
	if own := a.parties[name]; a.current.Parties[own] != nil {
		return own
	}
	if len(a.current.Parties) == 1 && name == inferredCustomer {
		return sortedKeys(a.current.Parties)[0]
	}
	a.out.Parties[name] = a.proposed.Parties[name]
	return name
}

// flows adds each flow between two elements that the user has not drawn, if one
// of them is new or both are known.
func (a *adder) flows() {
	known := map[[2]string]bool{}
	for _, f := range a.current.Flows {
		known[[2]string{f.From, f.To}] = true
	}
	for _, f := range a.proposed.Flows {
		n := *f
		n.From, n.To = a.element(f.From), a.element(f.To)
		if n.From != n.To && !known[[2]string{n.From, n.To}] {
			a.out.Flows = append(a.out.Flows, &n)
		}
	}
}

func (a *adder) element(name string) string {
	if a.proposed.Components[name] != nil {
		return a.names[name]
	}
	return a.place(name)
}

// insert puts the entries of added into their sections of the text, each at the
// end of its section, and leaves every other byte alone.
func insert(text []byte, file string, added *Model) ([]byte, error) {
	var doc yamlv3.Node
	if err := yamlv3.Unmarshal(text, &doc); err != nil {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "merge model", Origin: surety.Origin{File: file}, Err: err}
	}
	root := doc.Content[0]
	if root.Style&yamlv3.FlowStyle != 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "merge model", Origin: surety.Origin{File: file, Line: root.Line},
			Err: fmt.Errorf("the file is one mapping in braces"), Hint: "write one section per line, or start anew with --force"}
	}
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	} else {
		lines[last] += "\n"
	}
	// From the last section up, so that the lines of those above stay.
	for at := len(root.Content) - 2; at >= 0; at -= 2 {
		if entries := added.entries(root.Content[at].Value); len(entries) > 0 {
			lines = insertSection(lines, root, at, entries)
		}
	}
	for _, section := range sections {
		if entries := added.entries(section); len(entries) > 0 && !hasSection(root, section) {
			lines = append(append(lines, section+":\n"), render(entries, "  ")...)
		}
	}
	return []byte(strings.Join(lines, "")), nil
}

// insertSection inserts entries into the section whose key is root.Content[at].
func insertSection(lines []string, root *yamlv3.Node, at int, entries []entry) []string {
	body := root.Content[at+1]
	if body.Style&yamlv3.FlowStyle != 0 {
		return insertFlow(lines, body, entries)
	}
	if len(body.Content) == 0 { // "section:" and nothing, or null
		line := root.Content[at].Line
		if body.Value != "" {
			lines[line-1] = strings.Replace(lines[line-1], body.Value, "", 1)
		}
		return slices.Insert(lines, line, render(entries, "  ")...)
	}
	end := sectionEnd(lines, root, at)
	column := body.Content[0].Column
	if body.Kind == yamlv3.SequenceNode {
		column = body.Column
	}
	return slices.Insert(lines, end, render(entries, strings.Repeat(" ", column-1))...)
}

func hasSection(root *yamlv3.Node, section string) bool {
	for i := 0; i < len(root.Content); i += 2 {
		if root.Content[i].Value == section {
			return true
		}
	}
	return false
}

// sectionEnd is the index of the line behind the last one of the section at
// index at: comments and blank lines before the next key belong to that key.
func sectionEnd(lines []string, root *yamlv3.Node, at int) int {
	end := len(lines)
	last := true
	for i := 0; i+1 < len(root.Content); i += 2 {
		if line := root.Content[i].Line - 1; line > root.Content[at].Line-1 && line < end {
			end, last = line, false
		}
	}
	for end > 0 {
		text := strings.TrimRight(lines[end-1], " \t\r\n")
		if text != "" && text != "..." && (last || !strings.HasPrefix(text, "#")) {
			break
		}
		end--
	}
	return end
}

// insertFlow puts entries right behind the opening brace of a section.
func insertFlow(lines []string, body *yamlv3.Node, entries []entry) []string {
	line := lines[body.Line-1]
	open := strings.IndexAny(line[min(byteColumn(line, body.Column), len(line)):], "{[") + byteColumn(line, body.Column) + 1
	parts := make([]string, len(entries))
	for i, e := range entries {
		parts[i] = strings.TrimPrefix(e.text, "- ")
		if strings.HasPrefix(e.text, "- ") && !strings.HasPrefix(parts[i], "{") && strings.Contains(parts[i], ": ") {
			parts[i] = "{" + parts[i] + "}"
		}
	}
	text := strings.Join(parts, ", ")
	if len(body.Content) > 0 {
		text += ", "
	}
	lines[body.Line-1] = line[:open] + text + line[open:]
	return lines
}

// byteColumn turns a 1-based column of characters into a 0-based one of bytes.
func byteColumn(line string, column int) int {
	n := 0
	for i := range line {
		if n++; n == column {
			return i
		}
	}
	return len(line)
}

func render(entries []entry, indent string) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = indent + e.text + e.comment() + "\n"
	}
	return out
}
