package system

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
)

// SchemaURL is where the JSON Schema of surety.yaml is published; editors take
// it from the first line that Encode writes.
const (
	SchemaURL      = "https://raw.githubusercontent.com/surety-cloud/surety/main/docs/schema/surety.schema.json"
	TermsSchemaURL = "https://raw.githubusercontent.com/surety-cloud/surety/main/docs/schema/surety-terms.schema.json"
)

// Encode writes m as a surety.yaml that Decode reads back to the same model but
// for origins, which become comments. The order is that of the sections and of
// the names in them.
func Encode(m *Model) []byte {
	var b strings.Builder
	b.WriteString("# yaml-language-server: $schema=" + SchemaURL + "\n")
	if m.Inferred {
		b.WriteString("# Proposed from what was observed; the comments say where. Correct it: it is yours.\n")
	}
	b.WriteString("surety: 1\nsystem: " + scalar(m.Name) + "\n")
	if m.Currency != "" {
		b.WriteString("currency: " + scalar(m.Currency) + "\n")
	}
	if len(m.Rules) > 0 {
		b.WriteString("rules: " + sequence(m.Rules, false) + "\n")
	}
	for _, section := range sections {
		lines := m.entries(section)
		if len(lines) == 0 && section != "parties" {
			continue
		}
		b.WriteString(section + ":" + map[bool]string{true: " {}"}[len(lines) == 0] + "\n")
		for _, l := range lines {
			b.WriteString("  " + l.text + l.comment() + "\n")
		}
	}
	return []byte(b.String())
}

// sections are the parts of the file below the header, in their order.
var sections = []string{"parties", "services", "data", "zones", "components", "flows", "responsibility", "risk", "assume"}

// entry is one line of a section.
type entry struct {
	name   string // key within the section, "" in a list
	text   string
	origin surety.Origin
}

func (e entry) comment() string {
	if e.origin.File == "" {
		return ""
	}
	return "  # " + strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffd {
			return '?'
		}
		return r
	}, e.origin.String())
}

// entries lists the lines of a section of m.
func (m *Model) entries(section string) (out []entry) {
	switch section {
	case "parties":
		for _, n := range sortedKeys(m.Parties) {
			p := m.Parties[n]
			out = append(out, named(n, p.Origin, pairs{{"title", scalar(p.Title)}, {"sub", scalar(p.Sub)}}))
		}
	case "services":
		for _, n := range sortedKeys(m.Services) {
			out = append(out, m.Services[n].entry())
		}
	case "data":
		for _, n := range sortedKeys(m.Data) {
			out = append(out, m.Data[n].entry())
		}
	case "zones":
		for _, n := range sortedKeys(m.Zones) {
			z := m.Zones[n]
			trust := ""
			if z.Trust != nil {
				trust = strconv.Itoa(*z.Trust)
			}
			out = append(out, named(n, z.Origin, pairs{{"in", scalar(z.In)}, {"trust", trust}, {"match", sequence(z.Match, true)}}))
		}
	case "components":
		for _, n := range sortedKeys(m.Components) {
			out = append(out, m.Components[n].entry())
		}
	default:
		return m.listEntries(section)
	}
	return out
}

func (m *Model) listEntries(section string) (out []entry) {
	switch section {
	case "flows":
		for _, f := range m.Flows {
			out = append(out, f.entry())
		}
	case "responsibility":
		for _, o := range m.Responsibility {
			out = append(out, item(o.Origin, pairs{{"control", scalar(o.Control)}, {"on", scalar(o.On)},
				{"accountable", scalar(o.Accountable)}, {"responsible", sequence(o.Responsible, true)}, {"split", scalar(o.Split)}}))
		}
	case "risk":
		if m.Risk != nil {
			out = m.Risk.entries()
		}
	case "assume":
		for _, a := range m.Assume {
			out = append(out, item(a.Origin, pairs{{"text", scalar(a.Text)}, {"owner", scalar(a.Owner)},
				{"on", scalar(a.On)}, {"accepts", sequence(a.Accepts, true)}, {"expires", quoted(a.Expires)}}))
		}
	}
	return out
}

func (s *Service) entry() entry {
	var offers []string
	for _, o := range s.Offers {
		offers = append(offers, string(o))
	}
	return named(s.Name, s.Origin, pairs{
		{"category", scalar(string(s.Category))}, {"provider", scalar(s.Provider)}, {"customer", scalar(s.Customer)},
		{"offers", sequence(offers, false)}, {"partners", sequence(s.Partners, false)}, {"terms", scalar(s.Terms)}, {"region", scalar(s.Region)}, {"on", scalar(s.On)},
		{"match", sequence(s.Match, true)},
	})
}

func (d *Data) entry() entry {
	need := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	records := ""
	if d.Records != 0 {
		records = formatAmount(float64(d.Records))
	}
	return named(d.Name, d.Origin, pairs{{"c", need(d.Confidentiality)}, {"i", need(d.Integrity)}, {"a", need(d.Availability)},
		{"kind", sequence(d.Kinds, false)}, {"records", records}})
}

func (c *Component) entry() entry {
	var can []string
	for _, privilege := range sortedKeys(c.Can) {
		can = append(can, scalar(privilege)+": "+sequence(c.Can[privilege], true))
	}
	grants := ""
	if c.Can != nil {
		grants = "{" + strings.Join(can, ", ") + "}"
	}
	return named(c.Name, c.Origin, pairs{
		{"type", scalar(c.Type)}, {"in", scalar(c.In)}, {"service", scalar(c.Service)}, {"operator", scalar(c.Operator)},
		{"exposed", scalar(c.Exposed)}, {"encrypted", scalar(c.Encrypted)}, {"stores", sequence(c.Stores, false)},
		{"handles", sequence(c.Handles, false)}, {"can", grants}, {"match", sequence(c.Match, true)},
	})
}

func (f *Flow) entry() entry {
	tls := ""
	if f.TLS != nil {
		tls = strconv.FormatBool(*f.TLS)
	}
	detail := pairs{{"proto", scalar(f.Proto)}, {"data", sequence(f.Data, true)}, {"auth", scalar(f.Auth)}, {"tls", tls}, {"via", scalar(f.Via)}}
	ends := f.From + " -> " + f.To
	if len(detail.given()) == 0 {
		return entry{"", "- " + ends, f.Origin}
	}
	if f.Proto != "" && len(detail.given()) == 1 {
		return entry{"", "- " + ends + ": " + scalar(f.Proto), f.Origin}
	}
	return entry{"", "- " + ends + ": " + detail.flow(), f.Origin}
}

// pairs are keys with their values as YAML; an empty value is left out.
type pairs [][2]string

func (p pairs) given() (out pairs) {
	for _, kv := range p {
		if kv[1] != "" {
			out = append(out, kv)
		}
	}
	return out
}

func (p pairs) flow() string {
	var parts []string
	for _, kv := range p.given() {
		parts = append(parts, kv[0]+": "+kv[1])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func named(name string, at surety.Origin, p pairs) entry {
	return entry{name, scalar(name) + ": " + p.flow(), at}
}

func item(at surety.Origin, p pairs) entry { return entry{"", "- " + p.flow(), at} }

// sequence writes a flow sequence, or its only element alone if bare.
func sequence(list []string, bare bool) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = cmp.Or(scalar(s), `""`)
	}
	switch {
	case len(list) == 0:
		return ""
	case len(list) == 1 && bare:
		return parts[0]
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// scalar writes s plain if every YAML reader takes it for the same string,
// quoted otherwise, and nothing if s is empty.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return quoted(s)
	}
	for i := range len(s) {
		letter := s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || !nameChar(s[i])) && !(i > 0 && s[i] == ' ' && i+1 < len(s) && s[i-1] != ' ') {
			return quoted(s)
		}
	}
	return s
}

// quoted writes s as a double-quoted scalar, which JSON strings are.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
