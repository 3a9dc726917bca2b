package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// TestInterrupt ends a run that waits for input which never comes: the report
// is written, whole and partial, and the exit code says it is not all.
func TestInterrupt(t *testing.T) {
	stdin, never := io.Pipe()
	defer never.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := Program{
		Args: []string{"assess", "-", "--format", "json", "--no-memo"}, Stdin: stdin, Stdout: &stdout, Stderr: &stderr,
		Env: func(string) string { return "" },
	}.Run(ctx)
	if code != exitUsage || !strings.Contains(stderr.String(), "interrupted; the report holds") {
		t.Errorf("exit %d, %s", code, &stderr)
	}
	var report struct {
		Evidence struct{ Sources []struct{ Status string } }
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if s := report.Evidence.Sources; len(s) != 1 || s[0].Status != "partial" {
		t.Errorf("sources %v, want one that is partial", s)
	}
}

// TestOutputThatFails names the place and what to do, as bad usage.
func TestOutputThatFails(t *testing.T) {
	dir := t.TempDir()
	var stderr bytes.Buffer
	code := Program{
		Args: []string{"assess", "-", "--no-memo", "--output", dir}, Stdout: io.Discard, Stderr: &stderr,
		Stdin: strings.NewReader("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"),
		Env:   func(string) string { return "" },
	}.Run(t.Context())
	if code != exitUsage || !strings.Contains(stderr.String(), dir+": write output: it is a directory; choose a place") {
		t.Errorf("exit %d, %s", code, &stderr)
	}
}
