package cli

import (
	"bytes"
	"strings"
	"testing"
)

// What the command line says is the caller's to correct, never an internal
// error, and its answer names the command to ask for help.
func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"", exitDone, ""},
		{"nosuch", exitUsage, `unknown command "nosuch"`},
		{"asess", exitUsage, "assess"},
		{"policy nosuch", exitUsage, `unknown command "nosuch"`},
		{"assess", exitUsage, "usage: surety assess SOURCE"},
		{"--nope", exitUsage, "see surety --help"},
		{"policy list --nope", exitUsage, "see surety policy list --help"},
		{"assess . --fail-on medum", exitUsage, "medum"},
	} {
		var out, errs bytes.Buffer
		p := Program{Args: strings.Fields(tt.args), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			Env: func(string) string { return "" }}
		if code := p.Run(t.Context()); code != tt.code || !strings.Contains(errs.String(), tt.says) {
			t.Errorf("surety %s: exit %d, want %d; it says %q", tt.args, code, tt.code, &errs)
		}
	}
}

// TestNothingUsable exits as bad input where no document could be read, whatever
// limit was set, and still says what was wrong with each.
func TestNothingUsable(t *testing.T) {
	for command, want := range map[string]int{"assess -": exitUsage, "assess - --fail-on critical": exitUsage, "assess - --strict": exitUsage, "paths -": exitUsage, "threats -": exitUsage} {
		for doc, code := range map[string]int{
			"apiVersion: v1\nkind: Pod\n\tbad": want,
			"apiVersion: v1\nkind: Pod\n\tbad\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomountServiceAccountToken: false\n": exitDone,
		} {
			var stdout, stderr bytes.Buffer
			if strings.HasSuffix(command, "--strict") && code == exitDone {
				code = exitBreach
			}
			got := Program{
				Args: append(strings.Fields(command), "--no-memo"), Stdin: strings.NewReader(doc), Stdout: &stdout, Stderr: &stderr,
				Env: func(string) string { return "" },
			}.Run(t.Context())
			if got != code || code == exitUsage && !strings.Contains(stderr.String(), "stdin:2: collect evidence: nothing usable was given") {
				t.Errorf("%s of %q: exit %d, want %d: %s", command, doc, got, code, &stderr)
			}
		}
	}
}
