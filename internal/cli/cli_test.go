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
