package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The commands of docs/log.md work, in their order.
func TestLogDoc(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs two servers")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl to run the examples with")
	}
	doc, err := os.ReadFile("../../docs/log.md")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eum\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n"
	inside := false
	for line := range strings.Lines(string(doc)) {
		if strings.HasPrefix(line, "```") {
			inside = strings.HasPrefix(line, "```console")
		}
		if command, ok := strings.CutPrefix(line, "$ "); ok && inside {
			// The one command that finds what it looks for, and says so by its code.
			if strings.Contains(command, "log audit") && strings.Contains(command, "--key") {
				command = "if " + strings.TrimSuffix(command, "\n") + "; then exit 9; fi\n"
			}
			script += command
		}
	}
	for _, port := range []string{"localhost:6962", "localhost:6963"} {
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		script = strings.ReplaceAll(script, port, l.Addr().String())
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "surety"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	for _, want := range []string{`"state":"published"`, "c2sp.org/tlog-proof@v1\nindex 0", "0 damaged", "0 alerts", "ALERT key: entry 0"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
