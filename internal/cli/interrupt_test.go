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

// TestInterruptComesFirst holds that a run cut short is told as that, whatever was
// found until then, and that a SARIF file says so too.
func TestInterruptComesFirst(t *testing.T) {
	for _, format := range []string{"text", "sarif"} {
		ctx, cancel := context.WithCancel(t.Context())
		stdin, feed := io.Pipe()
		go func() {
			// A batch of documents is judged before the rest is waited for.
			for range 100 {
				io.WriteString(feed, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x, securityContext: {privileged: true}}]}\n---\n")
			}
			cancel()
			feed.Close()
		}()
		var stdout, stderr bytes.Buffer
		code := Program{
			Args: []string{"assess", "-", "--format", format, "--no-memo", "--strict", "--fail-on", "low"}, Stdin: stdin, Stdout: &stdout, Stderr: &stderr,
			Env: func(string) string { return "" },
		}.Run(ctx)
		if code != exitUsage || !strings.Contains(stderr.String(), "interrupted; the report holds") {
			t.Errorf("%s: exit %d, %s", format, code, &stderr)
		}
		if format == "sarif" && !strings.Contains(stdout.String(), `"executionSuccessful":false`) {
			t.Errorf("the SARIF file calls it a success: %.500s", &stdout)
		}
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
