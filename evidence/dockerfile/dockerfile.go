// Package dockerfile turns a Dockerfile into one evidence item.
//
// The body has the shape that Trivy's Rego checks are written for: Stages, each
// with a Name and Commands, each command with Cmd, SubCmd, Flags, Value,
// Original, JSON, Stage, Path, StartLine and EndLine. Instructions before the
// first FROM stand in a stage without a name. Every value of a command is on
// the line its instruction starts.
//
// The file is read by BuildKit's own parser, so what a build accepts is
// accepted. Flags of instructions that this version of it does not know are
// left out rather than failing the file. Normalise is pure and never panics.
package dockerfile

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// maxBytes is how long a Dockerfile may be; BuildKit itself reads no longer ones.
const maxBytes = 2 << 20

// maxWords is how many instructions and arguments of instructions a Dockerfile may
// have. An image has at most 127 layers; far above that the checks would run out
// of their budget, and the body takes some hundred times the bytes of the file.
const maxWords = 40_000

// Normalise turns a document into one item, or into a problem that names the
// line at fault.
func Normalise(doc evidence.Document) evidence.Normalised {
	file, first := doc.Origin.File, max(doc.Origin.Line, 1)
	instrs, err := parse(doc.Raw)
	if err != nil {
		origin := surety.Origin{File: file, Line: first + max(lineOf(err), 1) - 1}
		remedy := "correct the instruction or remove the file"
		switch {
		case errors.Is(err, errTooLarge):
			remedy = "split it into several, or remove the file"
		case errors.Is(err, errEncoding):
			remedy = "save the file as UTF-8"
		case bytes.Contains(doc.Raw, []byte("{{")):
			remedy = "if it is a template, render it first"
		}
		return evidence.Normalised{Problems: []evidence.Problem{{
			Origin: origin, Message: "read Dockerfile: " + err.Error() + "; " + remedy,
		}}}
	}
	body := newBody(instrs, file, first)
	account := doc.Account
	if account == "" {
		account = evidence.AccountFiles
	}
	return evidence.Normalised{Items: []*evidence.Item{{
		Key:    evidence.Key{Provider: evidence.ProviderDockerfile, Account: account, Scope: "-", Kind: "Dockerfile", Name: file},
		Kind:   "Dockerfile",
		Name:   path.Base(file),
		Origin: surety.Origin{File: file, Line: first},
		Digest: body.Digest(),
		Body:   body,
		Facts:  body.Project(projection, body.Line()),
	}}}
}

// These end what is said of a file above a limit, and of one in another encoding.
var (
	errTooLarge = errors.New("allowed")
	errEncoding = errors.New("not UTF-8")
)

// projection keeps of a Dockerfile what the inferred model reads.
var projection = evidence.NewProjection("Stages * Name")

// parse returns the instructions of a Dockerfile, each checked as a build would
// check it.
func parse(raw []byte) (instrs []*parser.Node, err error) {
	switch {
	case len(raw) > maxBytes:
		return nil, fmt.Errorf("it has %d bytes, more than the %d %w", len(raw), maxBytes, errTooLarge)
	case bytes.IndexByte(raw, 0) >= 0:
		return nil, fmt.Errorf("it holds NUL bytes: a binary file, or %w", errEncoding)
	case !utf8.Valid(raw):
		return nil, fmt.Errorf("it is %w", errEncoding)
	}
	// The parser is made for files their author wants built. A panic on any
	// other is an error of this file only.
	defer func() {
		if r := recover(); r != nil {
			instrs, err = nil, fmt.Errorf("the parser failed: %v", r)
		}
	}()
	res, err := parser.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if n := words(res.AST); n > maxWords {
		return nil, fmt.Errorf("it has %d instructions and arguments, more than the %d %w", n, maxWords, errTooLarge)
	}
	for _, node := range res.AST.Children {
		node.Value = strings.ToLower(node.Value)
		if err := check(node); err != nil {
			return nil, err
		}
	}
	return res.AST.Children, nil
}

// words counts the instructions of a file and their arguments.
func words(file *parser.Node) int {
	n := 0
	for _, instruction := range file.Children {
		for node := instruction; node != nil; node = node.Next {
			n++
			for _, inner := range node.Children { // of ONBUILD and HEALTHCHECK
				for ; inner != nil; inner = inner.Next {
					n++
				}
			}
		}
	}
	return n
}

// check parses one instruction and drops the flags it does not know.
func check(node *parser.Node) error {
	for {
		_, err := instructions.ParseInstruction(node)
		if err == nil {
			return nil
		}
		rest, found := strings.CutPrefix(err.Error(), "unknown flag: ")
		if !found {
			return parser.WithLocation(err, node.Location())
		}
		flag, _, _ := strings.Cut(rest, " ")
		known := len(node.Flags)
		node.Flags = slices.DeleteFunc(node.Flags, func(f string) bool { return strings.HasPrefix(f, flag) })
		if len(node.Flags) == known {
			return parser.WithLocation(err, node.Location())
		}
	}
}

// lineOf returns the line an error of the parser is about, 0 if it names none.
func lineOf(err error) int {
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		return located.Locations[0][0].Start.Line
	}
	return 0
}

// newBody builds the body from the instructions of a file whose first line has
// the number first.
func newBody(instrs []*parser.Node, file string, first int) *evidence.Value {
	var stages, commands []evidence.Field
	name, start, index := "", first, 0
	named := false
	flush := func() {
		if len(commands) > 0 {
			stages = append(stages, element(evidence.NewObject([]evidence.Field{
				{Key: "Commands", Value: evidence.NewArray(commands, start)},
				{Key: "Name", Value: evidence.NewString(name, start)},
			}, start)))
		}
		commands = nil
	}
	for _, node := range instrs {
		line := first + node.StartLine - 1
		if node.Value == "from" {
			flush()
			if named {
				index++
			}
			name, start, named = stageName(node.Original), line, true
		}
		if len(commands) == 0 && !named {
			start = line
		}
		commands = append(commands, element(newCommand(node, index, file, first)))
	}
	flush()
	return evidence.NewObject([]evidence.Field{{Key: "Stages", Value: evidence.NewArray(stages, first)}}, first)
}

// stageName is what follows FROM, such as "golang:1.26 AS build".
func stageName(from string) string {
	from = strings.TrimSpace(from)
	if len(from) > 4 && strings.EqualFold(from[:4], "from") {
		from = from[4:]
	}
	return strings.TrimSpace(from)
}

func newCommand(node *parser.Node, stage int, file string, first int) *evidence.Value {
	line := first + node.StartLine - 1
	text := func(s string) *evidence.Value { return evidence.NewString(s, line) }
	list := func(texts []string) *evidence.Value {
		var elems []evidence.Field
		for _, s := range texts {
			elems = append(elems, element(text(s)))
		}
		return evidence.NewArray(elems, line)
	}
	// ONBUILD and HEALTHCHECK hold another instruction.
	inner, sub := node, ""
	if node.Next != nil && len(node.Next.Children) > 0 {
		inner = node.Next.Children[0]
		sub = inner.Value
	}
	original := node.Original
	var value []string
	if len(inner.Heredocs) > 0 && inner.Next != nil {
		original = withHeredocs(inner.Original, inner.Heredocs)
		value = []string{script(inner)}
	} else {
		for arg := inner.Next; arg != nil; arg = arg.Next {
			value = append(value, arg.Value)
		}
	}
	return evidence.NewObject([]evidence.Field{
		{Key: "Cmd", Value: text(node.Value)},
		{Key: "EndLine", Value: evidence.NewInt(int64(first+node.EndLine-1), line)},
		{Key: "Flags", Value: list(node.Flags)},
		{Key: "JSON", Value: evidence.NewBool(inner.Attributes["json"], line)},
		{Key: "Original", Value: text(original)},
		{Key: "Path", Value: text(file)},
		{Key: "Stage", Value: evidence.NewInt(int64(stage), line)},
		{Key: "StartLine", Value: evidence.NewInt(int64(line), line)},
		{Key: "SubCmd", Value: text(sub)},
		{Key: "Value", Value: list(value)},
	}, line)
}

func element(v *evidence.Value) evidence.Field { return evidence.Field{Value: v} }

// withHeredocs is the text of an instruction with the here-documents below it.
func withHeredocs(line string, docs []parser.Heredoc) string {
	parts := []string{line}
	for _, d := range docs {
		parts = append(parts, d.Content+d.Name)
	}
	return strings.Join(parts, "\n")
}

// script is what a here-document runs. One that is the whole command is a list
// of shell commands; any other is handed to its interpreter as it is.
func script(node *parser.Node) string {
	doc := node.Heredocs[0]
	if parser.MustParseHeredoc(node.Next.Value) == nil || strings.HasPrefix(doc.Content, "#!") {
		return withHeredocs(node.Next.Value, node.Heredocs)
	}
	content := doc.Content
	if doc.Chomp {
		content = parser.ChompHeredocContent(content)
	}
	content = strings.ReplaceAll(content, "\r\n", "\n")
	return strings.ReplaceAll(strings.TrimSuffix(content, "\n"), "\n", " ; ")
}
