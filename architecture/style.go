package architecture

import (
	"fmt"
	"strings"
)

// scheme is the colours of one colour scheme.
type scheme struct {
	ground, raised, line, ink, soft string
	parties                         []string // badges and edges
	badge                           string   // letters on badges
	violated, unproven, waived, met string
	mix                             int // per cent of a party's colour in the ground of what it answers for
}

// Text keeps a contrast of 4.5 to all that it stands on, which a test measures.
var (
	light = scheme{
		ground: "#ffffff", raised: "#ffffff", line: "#c4c9cd", ink: "#1c2226", soft: "#4c565e",
		parties: []string{"#1d5fa8", "#9a4a00", "#1f6e43", "#6b3fa0", "#0f6b74", "#a3234f", "#5e5d00", "#4a5568"},
		badge:   "#ffffff", violated: "#a3162f", unproven: "#67408f", waived: "#4d565e", met: "#1a6337", mix: 8,
	}
	dark = scheme{
		ground: "#14181b", raised: "#1f252a", line: "#4a535b", ink: "#e6e9eb", soft: "#b3bcc4",
		parties: []string{"#8ebcf5", "#f0b27a", "#8fd3a8", "#c9aef0", "#7fd0d8", "#f2a0bd", "#d3cf7a", "#b8c2d0"},
		badge:   "#14181b", violated: "#ff9dab", unproven: "#d0b1ee", waived: "#bcc4cb", met: "#93d6ab", mix: 14,
	}
)

// Style is the style sheet of every drawing. A page that holds drawings adds it to
// its own; a file of its own carries it along. All colours are written out, for
// programs that know no CSS variables.
func Style() string {
	var b strings.Builder
	b.WriteString(".sd text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,Helvetica,Arial,sans-serif}\n" +
		".sd .b{font-weight:600}\n.sd .m{text-anchor:middle}\n.sd .e{text-anchor:end}\n" +
		".sd .flow{fill:none;stroke-width:1.4;stroke-linejoin:round}\n.sd .dash{stroke-dasharray:5 4}\n")
	light.write(&b, "")
	b.WriteString("@media screen and (prefers-color-scheme:dark){\n")
	dark.write(&b, "")
	b.WriteString("}\n")
	return b.String()
}

func (s scheme) write(b *strings.Builder, indent string) {
	rule := func(format string, args ...any) { fmt.Fprintf(b, indent+format+"\n", args...) }
	rule(".sd .ground{fill:%s}", s.ground)
	rule(".sd text{fill:%s}", s.ink)
	rule(".sd .soft{fill:%s}", s.soft)
	rule(".sd .frame{fill:%s;stroke:%s}", s.raised, s.line)
	rule(".sd .hold{fill:%s;stroke:%s}", s.hold(), s.line)
	rule(".sd .band{fill:%s;stroke:%s}", mix(s.ground, s.soft, 5), s.line)
	rule(".sd .flow{stroke:%s}", s.soft)
	rule(".sd .head{fill:%s}", s.soft)
	rule(".sd .pill{fill:%s;stroke:%s}", s.ground, s.line)
	for i, colour := range s.parties {
		rule(".sd .t%d{fill:%s;stroke:%s}", i, s.tint(i), mix(s.ground, colour, 45))
		rule(".sd .c%d{fill:%s}", i, colour)
	}
	rule(".sd .cn{fill:%s}", s.soft)
	rule(".sd .letter{fill:%s}", s.badge)
	for _, m := range []struct{ name, colour string }{{"violated", s.violated}, {"unproven", s.unproven}, {"waived", s.waived}, {"met", s.met}} {
		rule(".sd .%s{fill:%s}", m.name, m.colour)
		rule(".sd .s-%s{fill:%s;stroke:%s}", m.name, mix(s.ground, m.colour, s.mix+4), mix(s.ground, m.colour, 60))
		rule(".sd .%s .in{fill:%s}", m.name, s.badge)
	}
	rule(".sd .sign{fill:none;stroke:%s;stroke-width:1.2}", s.soft)
}

// tint is the ground of what a party answers for.
func (s scheme) tint(party int) string { return mix(s.ground, s.parties[party], s.mix) }

// hold is the ground of zones.
func (s scheme) hold() string { return mix(s.ground, s.soft, 9) }

// mix puts per cent of colour b into a.
func mix(a, b string, per int) string {
	var x, y [3]int
	for i := range 3 {
		x[i], y[i] = hex(a[1+2*i:3+2*i]), hex(b[1+2*i:3+2*i])
		x[i] = (x[i]*(100-per) + y[i]*per + 50) / 100
	}
	return fmt.Sprintf("#%02x%02x%02x", x[0], x[1], x[2])
}

func hex(s string) int {
	n := 0
	for _, c := range s {
		n = n*16 + strings.IndexRune("0123456789abcdef", c)
	}
	return n
}
