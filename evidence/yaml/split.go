package yaml

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// Split yields the documents of a YAML stream, each with the 1-based line it
// starts on. Documents without content (blank lines and comments only) are left
// out. A byte order mark is removed, and UTF-16 with one is turned into UTF-8.
//
// A line that begins with --- or ... ends the document before it, wherever the
// document stands (YAML 1.2 §9.1): a block scalar cannot hold such a line. The
// documents alias raw unless raw is UTF-16.
func Split(raw []byte) iter.Seq2[[]byte, int] {
	return func(yield func([]byte, int) bool) {
		raw := Text(raw)
		start, first := -1, 0 // of the open document; -1 if none is
		directives := false   // only directives so far: its --- is still to come
		for pos, line := 0, 1; pos < len(raw); line++ {
			at, text := pos, raw[pos:]
			if i := bytes.IndexByte(text, '\n'); i >= 0 {
				text = text[:i+1]
			}
			pos += len(text)
			begins, ends := isMarker(text, "---"), isMarker(text, "...")
			if !begins && !ends {
				if start < 0 && !isBlank(text) {
					start, first, directives = at, line, text[0] == '%'
				}
				continue
			}
			if begins && directives {
				directives = false
				continue
			}
			if start >= 0 && !yield(raw[start:at], first) {
				return
			}
			start, directives = -1, false
			if begins && !isBlank(text[3:]) {
				start, first = at, line
			}
		}
		if start >= 0 {
			yield(raw[start:], first)
		}
	}
}

// isMarker reports whether the line is a document marker: three characters and
// then white space or nothing.
func isMarker(line []byte, marker string) bool {
	if len(line) < 3 || string(line[:3]) != marker {
		return false
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r' || line[3] == '\n'
}

// isBlank reports whether the line holds white space or a comment only.
func isBlank(line []byte) bool {
	t := bytes.TrimLeft(line, " \t\r\n")
	return len(t) == 0 || t[0] == '#'
}

// Text returns raw as UTF-8: it removes a byte order mark, and decodes UTF-16
// that has one. What UTF-16 cannot mean (half a surrogate pair, half a code unit)
// becomes the byte 0xFF, so that Parse reports it with its line. The result
// aliases raw unless raw is UTF-16.
func Text(raw []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return raw[3:]
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return raw
	}
	out := make([]byte, 0, len(raw))
	i := 2
	for ; i+1 < len(raw); i += 2 {
		r := rune(order.Uint16(raw[i:]))
		if !utf16.IsSurrogate(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		if i+3 < len(raw) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(raw[i+2:]))); pair != utf8.RuneError {
				out = utf8.AppendRune(out, pair)
				i += 2
				continue
			}
		}
		out = append(out, 0xff)
	}
	if i < len(raw) {
		out = append(out, 0xff)
	}
	return out
}
