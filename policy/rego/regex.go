package rego

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
)

// maxPatterns bounds the regular expressions a machine keeps. A policy has few;
// more come only from patterns that it takes from documents.
const maxPatterns = 256

// pattern is a compiled regular expression; re is nil if it is not one.
//
// Most patterns look for a word in any case ((?i)password\s*=), for which Go's
// regexp has no fast path. A text without the word is found out before.
type pattern struct {
	re   *regexp.Regexp
	word string // in lower case; "" if there is none
}

// folded is a text and its form in lower case, kept because one text is matched
// against many patterns.
type folded struct {
	text, lower string
	exact       bool // a letter may hide in a character that only folding reveals
}

func regexMatch(m *machine, args []*evidence.Value) *evidence.Value {
	if !args[0].Is(evidence.String) || !args[1].Is(evidence.String) {
		return nil
	}
	p, subject := m.pattern(args[0].Str()), args[1].Str()
	if p.re == nil || !m.spend(len(subject)/16) {
		return nil
	}
	if p.word != "" && !m.mayHold(subject, p.word) {
		return falseValue
	}
	return boolean(p.re.MatchString(subject))
}

func (m *machine) pattern(expr string) pattern {
	p, known := m.patterns[expr]
	if known {
		return p
	}
	m.spend(len(expr))
	if m.patterns == nil || len(m.patterns) >= maxPatterns {
		m.patterns = map[string]pattern{}
	}
	if re, err := regexp.Compile(expr); err == nil {
		p.re = re
		if parsed, err := syntax.Parse(expr, syntax.Perl); err == nil {
			p.word = foldedWord(parsed)
		}
	}
	m.patterns[strings.Clone(expr)] = p
	return p
}

// foldedWord returns the longest ASCII word, of those in any case, that every
// match of re holds.
func foldedWord(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		word := strings.ToLower(string(re.Rune))
		if re.Flags&syntax.FoldCase != 0 && len(word) == len(re.Rune) {
			return word
		}
	case syntax.OpCapture, syntax.OpPlus:
		return foldedWord(re.Sub[0])
	case syntax.OpConcat:
		longest := ""
		for _, sub := range re.Sub {
			if word := foldedWord(sub); len(word) > len(longest) {
				longest = word
			}
		}
		return longest
	}
	return ""
}

// mayHold reports whether text holds word in any case, or might.
func (m *machine) mayHold(text, word string) bool {
	f := &m.folded
	if f.text != text || f.lower == "" {
		// Two letters beyond ASCII fold to k and s, and only one of them has
		// these as its lower case.
		*f = folded{text, strings.ToLower(text), strings.ContainsRune(text, '\u017f') || !utf8.ValidString(text)}
	}
	return f.exact || strings.Contains(f.lower, word)
}
