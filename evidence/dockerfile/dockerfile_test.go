package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
)

func normalise(raw string) evidence.Normalised {
	return dockerfile.Normalise(evidence.Document{Origin: surety.Origin{File: "app/Dockerfile", Line: 1}, Format: evidence.Dockerfile, Raw: []byte(raw)})
}

// commands writes each command as "stage cmd sub flags values json start-end".
func commands(body *evidence.Value) string {
	var b strings.Builder
	join := func(v *evidence.Value) string {
		var s []string
		for _, f := range v.Fields() {
			s = append(s, f.Value.Str())
		}
		return strings.Join(s, "|")
	}
	for _, stage := range body.Get("Stages").Fields() {
		b.WriteString("[" + stage.Value.Get("Name").Str() + "]\n")
		for _, c := range stage.Value.Get("Commands").Fields() {
			v := c.Value
			for _, key := range []string{"Stage", "Cmd", "SubCmd"} {
				b.WriteString(v.Get(key).Text() + " ")
			}
			b.WriteString("<" + join(v.Get("Flags")) + "> <" + join(v.Get("Value")) + ">")
			if v.Get("JSON").True() {
				b.WriteString(" json")
			}
			b.WriteString(" " + v.Get("StartLine").Text() + "-" + v.Get("EndLine").Text() + "\n")
		}
	}
	return b.String()
}

func TestShape(t *testing.T) {
	const raw = `# syntax=docker/dockerfile:1
ARG V=1
FROM golang:$V AS build
RUN --mount=type=cache,target=/root \
    go build \
    -o /x .
COPY --unheard-of=1 --chown=a . /src/
from alpine
COPY --from=build /x /x
HEALTHCHECK --interval=5s CMD ["curl", "x"]
ONBUILD RUN make
ENV A=b C="d e"
RUN <<EOF
apt-get update
apt-get install x
EOF
ENTRYPOINT ["/x", "-v"]
`
	n := normalise(raw)
	if len(n.Problems) > 0 || len(n.Items) != 1 {
		t.Fatalf("problems %v", n.Problems)
	}
	want := `[]
0 arg  <> <V=1> 2-2
[golang:$V AS build]
0 from  <> <golang:$V|AS|build> 3-3
0 run  <--mount=type=cache,target=/root> <go build     -o /x .> 4-6
0 copy  <--chown=a> <.|/src/> 7-7
[alpine]
1 from  <> <alpine> 8-8
1 copy  <--from=build> </x|/x> 9-9
1 healthcheck  <--interval=5s> <CMD|curl|x> json 10-10
1 onbuild RUN <> <make> 11-11
1 env  <> <A|b|=|C|"d e"|=> 12-12
1 run  <> <apt-get update ; apt-get install x> 13-16
1 entrypoint  <> </x|-v> json 17-17
`
	it := n.Items[0]
	if got := commands(it.Body); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if it.Key.String() != "dockerfile/files/-/Dockerfile/app/Dockerfile" || it.Digest != it.Body.Digest() {
		t.Errorf("key %s digest %s", it.Key, it.Digest)
	}
	run := it.Body.Get("Stages").At(1).Get("Commands").At(1)
	if run.Line() != 4 || run.Get("Value").At(0).Line() != 4 {
		t.Errorf("RUN is on line %d", run.Line())
	}
	if got := it.Body.Get("Stages").At(2).Get("Commands").At(5).Get("Original").Str(); got != "RUN <<EOF\napt-get update\napt-get install x\nEOF" {
		t.Errorf("original %q", got)
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		name, raw string
		line      int
		part      string
	}{
		{"unknown instruction", "FROM x\nFORM y\n", 2, "unknown instruction"},
		{"empty", "", 1, "no instructions"},
		{"open heredoc", "FROM x\nRUN <<EOF\nls\n", 2, "unterminated heredoc"},
		{"binary", "FROM x\x00\n", 1, "NUL"},
		{"not UTF-8", "FROM \xff\n", 1, "UTF-8"},
		{"too few arguments", "FROM x\n\nCOPY a\n", 3, "COPY requires at least two arguments"},
		{"UTF-16", "\xff\xfeF\x00R\x00", 1, "save the file as UTF-8"},
		{"template", "FROM {{ base }}\n", 1, "if it is a template, render it first"},
		{"many instructions", "FROM x\n" + strings.Repeat("RUN a\n", 100_000), 1, "200002 instructions and arguments, more than the 40000 allowed; split it"},
		{"many arguments", "FROM x\n" + strings.Repeat("ONBUILD COPY"+strings.Repeat(" a", 30_000)+"\n", 2), 1, "instructions and arguments"},
		{"long", "FROM x\n" + strings.Repeat("#\n", 1<<21), 1, "bytes"},
	}
	for _, tt := range tests {
		n := normalise(tt.raw)
		if len(n.Items) != 0 || len(n.Problems) != 1 {
			t.Errorf("%s: %d items, %d problems", tt.name, len(n.Items), len(n.Problems))
			continue
		}
		p := n.Problems[0]
		if p.Origin.File != "app/Dockerfile" || p.Origin.Line != tt.line || !strings.Contains(p.Message, tt.part) {
			t.Errorf("%s: %s: %s", tt.name, p.Origin, p.Message)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add([]byte("FROM a AS b\nRUN <<E\nx\nE\nONBUILD HEALTHCHECK CMD x\n"))
	f.Add([]byte("# escape=`\nFROM a\nRUN a `\n b\nSHELL [\"a\"]\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := normalise(string(raw))
		if len(n.Items)+len(n.Problems) != 1 {
			t.Fatalf("%d items, %d problems", len(n.Items), len(n.Problems))
		}
	})
}
