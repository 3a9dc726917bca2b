package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the transcripts in the documents, and the expected output in scripts")

// Each console block of these documents is a command and what it prints today.
func TestReadmeTranscripts(t *testing.T) {
	t.Chdir("../..")
	for _, path := range []string{"README.md", "docs/guide.md", "docs/responsibilities.md", "docs/paths.md", "docs/threats.md", "docs/risk.md"} {
		t.Run(path, func(t *testing.T) { transcripts(t, path) })
	}
}

func transcripts(t *testing.T, path string) {
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const open, end = "```console\n$ surety ", "```\n"
	var out strings.Builder
	rest := string(readme)
	blocks := 0
	for {
		before, block, found := strings.Cut(rest, open)
		out.WriteString(before)
		if !found {
			break
		}
		body, after, closed := strings.Cut(block, end)
		if !closed {
			t.Fatal("a console block is not closed")
		}
		blocks++
		command, want, _ := strings.Cut(body, "\n")
		got := transcript(t, strings.Fields(command))
		if got != want && !*update {
			t.Errorf("surety %s prints\n%s\n%s says\n%s\nrun go test ./cmd/surety -update", command, got, path, want)
		}
		out.WriteString(open + command + "\n" + got + end)
		rest = after
	}
	if blocks == 0 {
		t.Errorf("%s shows no run", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func transcript(t *testing.T, args []string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := cli.Program{Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Env: func(string) string { return "" }}
	if code := p.Run(t.Context()); code != 0 {
		t.Fatalf("surety %v: exit %d: %s", args, code, &stderr)
	}
	return stdout.String()
}
