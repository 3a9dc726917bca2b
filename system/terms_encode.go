package system

import "strings"

// EncodeTerms writes t as a file that DecodeTerms reads back to the same terms but
// for origins.
func EncodeTerms(t *Terms) []byte {
	var b strings.Builder
	b.WriteString("# yaml-language-server: $schema=" + TermsSchemaURL + "\nsurety-terms: 1\n")
	line := func(key, value string) {
		if value != "" {
			b.WriteString(key + ": " + value + "\n")
		}
	}
	var categories []string
	for _, c := range t.Categories {
		categories = append(categories, string(c))
	}
	line("name", scalar(t.Name))
	line("title", scalar(t.Title))
	line("provider", scalar(t.Provider))
	line("categories", sequence(categories, false))
	line("from", quoted(t.From))
	line("until", quoted(t.Until))
	b.WriteString("terms:" + map[bool]string{true: " []"}[len(t.Terms) == 0] + "\n")
	for _, x := range t.Terms {
		b.WriteString("  - control: " + scalar(x.Control) + "\n")
		for _, kv := range (pairs{
			{"customer", x.Shares[Customer]}, {"provider", x.Shares[Provider]}, {"partner", x.Shares[Partner]},
			{"split", scalar(x.Split)}, {"proof", scalar(x.Proof)},
		}).given() {
			b.WriteString("    " + kv[0] + ": " + kv[1] + "\n")
		}
	}
	return []byte(b.String())
}
