package files_test

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// TestHostileFiles puts each hostile file beside a good one: the good one is
// read, and what is wrong with the other is said once, with file and line.
func TestHostileFiles(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h}\n"
	bomb := head + "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'j'; i++ {
		bomb += string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+string(i-1)+",", 9) + "*" + string(i-1) + "]\n"
	}
	tests := []struct {
		name, raw string
		line      int
		part      string
	}{
		{"alias-bomb.yaml", bomb, 0, "aliases expand"},
		{"own-alias.yaml", head + "a: &a [*a]\n", 4, "contains itself"},
		{"deep-flow.yaml", head + "a: " + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "\n", 0, "nest"},
		{"deep-block.yaml", head + "a:\n" + deepBlock(20000), 0, "nest"},
		{"deep.json", `{"apiVersion":"v1","kind":"ConfigMap","x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", 1, "nest"},
		{"utf8.yaml", head + "data: {x: \xff}\n", 4, "UTF-8"},
		{"tabs.yaml", head + "data:\n\tx: y\n", 0, ""},
		{"nul.yaml", head + "data: {x: \x00}\n", 4, "U+0000"},
		{"binary.yaml", "\x7fELF\x02\x01\x00\x00", 1, "binary"},
		{"no-bom.yaml", "a\x00p\x00i\x00", 1, "UTF-16 without a byte order mark"},
		{"half-utf16.yaml", "\xff\xfea\x00\x00", 1, "UTF-8"},
		{"open-quote.yaml", head + "data: {x: \"y}\n", 0, ""},
		{"truncated.json", `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1"`, 1, ""},
		{"template.yaml", "{{- range .Values.x }}\n" + head + "{{- end }}\n", 0, "template, not rendered"},
		{"text.yaml", "hello\nworld: x: y\n", 0, ""},
		{"Dockerfile", "FROM x\nRUNN y\n", 2, "unknown instruction"},
		{"no-kind.yaml", "apiVersion: v1\nmetadata: {name: x}\n", 1, "it has no kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, map[string]string{"good.yaml": pod, tt.name: tt.raw})
			var items []*evidence.Item
			var problems []evidence.Problem
			report, err := files.New([]string{dir}, nil).Collect(context.Background(), func(d evidence.Document) error {
				n := kubernetes.Normalise(d)
				if d.Format == evidence.Dockerfile {
					n = dockerfile.Normalise(d)
				}
				items, problems = append(items, n.Items...), append(problems, n.Problems...)
				return nil
			})
			problems = append(report.Problems, problems...)
			if err != nil || len(items) != 1 || items[0].Name != "p" {
				t.Fatalf("%d items, error %v", len(items), err)
			}
			if len(problems) != 1 {
				t.Fatalf("%d problems: %v", len(problems), problems)
			}
			p := problems[0]
			t.Logf("%s: %s", filepath.Base(p.Origin.String()), p.Message)
			if filepath.Base(p.Origin.File) != tt.name || p.Origin.Line < 1 || tt.line > 0 && p.Origin.Line != tt.line ||
				!strings.Contains(p.Message, tt.part) || len(p.Message) > 300 {
				t.Errorf("want line %d and %q", tt.line, tt.part)
			}
		})
	}
}

// deepBlock nests n sequences in block style on one line.
func deepBlock(n int) string { return strings.Repeat("- ", n) + "x\n" }

// TestUTF16 reads what editors and shells of another system write.
func TestUTF16(t *testing.T) {
	for name, text := range map[string]string{
		"pod.yaml": pod,
		"pod.json": `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}]}`,
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			var raw []byte
			for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
				raw = order.AppendUint16(raw, unit)
			}
			dir := tree(t, map[string]string{name: string(raw)})
			items := 0
			report, err := files.New([]string{dir}, nil).Collect(context.Background(), func(d evidence.Document) error {
				items += len(kubernetes.Normalise(d).Items)
				return nil
			})
			if err != nil || items != 1 || len(report.Problems) > 0 {
				t.Errorf("%s, %v: %d items, %v, %v", name, order, items, report.Problems, err)
			}
		}
	}
}

// TestListOfNothing gives a list of so many empty elements that noting where
// each begins would take many times the file's size.
func TestListOfNothing(t *testing.T) {
	raw := `{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat("{},", 7<<20) + "{}]}"
	dir := tree(t, map[string]string{"good.yaml": pod, "list.json": raw})
	report, err := files.New([]string{dir}, nil).Collect(context.Background(), func(evidence.Document) error { return nil })
	if err != nil || report.Seen != 1 || len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Message, "over the limit") {
		t.Errorf("%d documents, %v, %v", report.Seen, report.Problems, err)
	}
}

// TestEndlessReader gives a device that never ends: it is seen to be no text.
func TestEndlessReader(t *testing.T) {
	report, err := files.New([]string{"-"}, zeros{}).Collect(context.Background(), func(evidence.Document) error { return nil })
	if err == nil || len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Message, "binary") {
		t.Errorf("%v, %v", report.Problems, err)
	}
}

// zeros is /dev/zero.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
