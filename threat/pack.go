package threat

import (
	"encoding/binary"

	"github.com/surety-cloud/surety/policy/cel"
)

// The marks of packed facts.
const (
	markUnstated = iota
	markFalse
	markTrue
	markInt
	markText
	markTexts
)

// pack appends facts to b in a form that is the same only for the same facts.
func pack(b []byte, facts []cel.Value) []byte {
	for _, v := range facts {
		switch x := v.Any().(type) {
		case nil:
			b = append(b, markUnstated)
		case bool:
			if x {
				b = append(b, markTrue)
			} else {
				b = append(b, markFalse)
			}
		case int:
			b = binary.AppendVarint(append(b, markInt), int64(x))
		case string:
			b = appendText(append(b, markText), x)
		case []string:
			b = binary.AppendUvarint(append(b, markTexts), uint64(len(x)))
			for _, s := range x {
				b = appendText(b, s)
			}
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpack is the inverse of pack.
func unpack(packed string) []cel.Value {
	var out []cel.Value
	b := []byte(packed)
	text := func() string {
		n, used := binary.Uvarint(b)
		s := string(b[used : used+int(n)])
		b = b[used+int(n):]
		return s
	}
	for len(b) > 0 {
		mark := b[0]
		b = b[1:]
		switch mark {
		case markUnstated:
			out = append(out, cel.Value{})
		case markFalse, markTrue:
			out = append(out, cel.BoolValue(mark == markTrue))
		case markInt:
			n, used := binary.Varint(b)
			b = b[used:]
			out = append(out, cel.IntValue(int(n)))
		case markText:
			out = append(out, cel.TextValue(text()))
		case markTexts:
			n, used := binary.Uvarint(b)
			b = b[used:]
			list := make([]string, n)
			for i := range list {
				list[i] = text()
			}
			out = append(out, cel.TextsValue(list))
		}
	}
	return out
}
