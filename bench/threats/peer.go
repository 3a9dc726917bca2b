package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/system/interchange"
)

// patience is how long a process may take to answer.
const patience = 60 * time.Second

// tools is where Threagile is built and run from.
const tools = "testenv/threagile/"

// beside measures whole processes, Threagile's and ours, on the same models.
func beside(w io.Writer) error {
	dir, err := os.MkdirTemp("", "surety-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	surety := filepath.Join(dir, "surety")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", surety, "./cmd/surety")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build surety: %w\n%s", err, out)
	}
	fmt.Fprint(w, "| what | says | CPU s | wall s | peak MB | / surety |\n|---|---|---|---|---|---|\n")
	out, err := exec.Command(tools + "build.sh").CombinedOutput()
	if err != nil {
		fmt.Fprintf(w, "| Threagile | not measured: %v: %s | | | | |\n", err, lastLine(out))
	}
	self, failed := os.Executable()
	if failed != nil {
		return failed
	}
	theirs, model, report := filepath.Join(dir, "threagile.yaml"), filepath.Join(dir, "surety.yaml"), filepath.Join(dir, "threats.json")
	for _, n := range []int{100, 1000, 10_000} {
		// The kernel counts what this process holds when it starts another as that one's,
		// so large things are made elsewhere.
		if out, err := exec.Command(self, "-write", strconv.Itoa(n), theirs, model).CombinedOutput(); err != nil {
			return fmt.Errorf("write models: %w\n%s", err, out)
		}
		ours, failedUs := process(surety, "threats", "--system", model, "--format", "json", "--output", report)
		peer, failedThem := usage{}, ""
		if err == nil {
			peer, failedThem = process(tools+"risks.sh", theirs, dir)
		}
		row(w, fmt.Sprintf("surety threats, %d components", n), cmp.Or(failedUs, counted(report, "threats")), ours, ours)
		if err == nil {
			row(w, fmt.Sprintf("Threagile, rules and JSON alone, %d components", n), cmp.Or(failedThem, counted(filepath.Join(dir, "risks.json"), "risks")), peer, ours)
		}
	}
	return nil
}

// usage is what a process took.
type usage struct {
	cpu, wall time.Duration
	peak      int64 // bytes
}

// process runs a command. What it says is empty unless it failed or was stopped.
func process(args ...string) (usage, string) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	u := usage{wall: time.Since(start)}
	if cmd.ProcessState != nil {
		u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if account, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			u.peak = account.Maxrss << 10
		}
	}
	switch {
	case ctx.Err() != nil:
		return u, fmt.Sprintf("no answer in %.0f s", patience.Seconds())
	case err != nil:
		return u, fmt.Sprintf("%v: %s", err, lastLine(out))
	}
	return u, ""
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// counted says how many entries a report has: those of a list, or of the list that it
// holds under a name.
func counted(path, name string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	var list []json.RawMessage
	var report map[string]json.RawMessage
	if err = json.Unmarshal(raw, &list); err != nil {
		if err = json.Unmarshal(raw, &report); err == nil {
			err = json.Unmarshal(report[name], &list)
		}
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", len(list), name)
}

func row(w io.Writer, what, said string, u, ours usage) {
	fmt.Fprintf(w, "| %s | %s | %.2f | %.2f | %d | %.1f |\n", what, said, u.cpu.Seconds(), u.wall.Seconds(), u.peak/1e6, u.cpu.Seconds()/ours.cpu.Seconds())
}

// writeModels writes one model in the format of Threagile and, imported from that, in
// ours.
func writeModels(theirs, ours, components string) error {
	n, err := strconv.Atoi(components)
	if err != nil {
		return err
	}
	text := []byte(threagileModel(n))
	if err := os.WriteFile(theirs, text, 0o600); err != nil {
		return err
	}
	p, err := interchange.ReadThreagile(text, theirs)
	if err != nil {
		return err
	}
	if len(p.Model.Components) != n {
		return errors.New("components were lost in the import")
	}
	return os.WriteFile(ours, system.Encode(p.Model), 0o600)
}

// threagileModel is a system of n assets in a cloud, in security groups of 20, each with an entrance,
// services that call each other and stores, with two links each.
func threagileModel(n int) string {
	var b strings.Builder
	b.WriteString("threagile_version: 1.0.0\ntitle: bench\ndate: 2026-11-27\nauthor: {name: bench, homepage: ''}\nbusiness_criticality: important\ntags_available: []\ndata_assets:\n")
	data, secrecy := []string{"orders", "news", "logs"}, []string{"confidential", "public", "internal"}
	for i, name := range data {
		block(&b, 2, name, "id: "+name, assetText, "origin: x", "quantity: many", "confidentiality: "+secrecy[i], "integrity: critical", "availability: operational", "justification_cia_rating: x", "owner: shop")
	}
	b.WriteString("technical_assets:\n")
	kinds := [][3]string{{"process", "web-application", "container"}, {"datastore", "database", "virtual"}, {"process", "web-service-rest", "container"}, {"process", "message-queue", "container"}}
	for i := range n {
		k, uses := kinds[i%4], data[i%3]
		stored := ""
		if k[0] == "datastore" {
			stored = uses
		}
		block(&b, 2, fmt.Sprintf("asset %d", i), fmt.Sprintf("id: c-%d", i), assetText, "type: "+k[0], "technology: "+k[1], "machine: "+k[2],
			fmt.Sprintf("internet: %t", i%20 == 0), "encryption: "+[]string{"none", "transparent"}[i/4%2],
			"used_as_client_by_human: false", "out_of_scope: false", "justification_out_of_scope: ''", "size: component", "owner: shop",
			"confidentiality: confidential", "integrity: critical", "availability: critical", "justification_cia_rating: x",
			"multi_tenant: false", "redundant: false", "custom_developed_parts: true", "data_formats_accepted: [json]",
			"data_assets_processed: ["+uses+"]", "data_assets_stored: ["+stored+"]", "communication_links:")
		for link := 1; link <= 2; link++ {
			block(&b, 6, fmt.Sprintf("link %d", link), fmt.Sprintf("target: c-%d", (i+link*13)%n), assetText, "authorization: none",
				"protocol: "+[]string{"https", "http", "https"}[(i+link)%3], "authentication: "+[]string{"token", "none"}[(i+link)%2],
				"vpn: false", "ip_filtered: false", "readonly: false", "data_assets_sent: ["+data[(i+link)%3]+"]", "data_assets_received: []")
		}
	}
	b.WriteString("trust_boundaries:\n")
	var groups []string
	for at := 0; at < n; at += 20 {
		groups = append(groups, fmt.Sprintf("net-%d", at/20))
	}
	block(&b, 2, "cloud", "id: cloud", "description: x", "type: network-cloud-provider", "tags: []", "technical_assets_inside: []",
		"trust_boundaries_nested: ["+strings.Join(groups, ", ")+"]")
	for at := 0; at < n; at += 20 {
		var inside []string
		for i := at; i < min(n, at+20); i++ {
			inside = append(inside, fmt.Sprintf("c-%d", i))
		}
		block(&b, 2, fmt.Sprintf("network %d", at/20), fmt.Sprintf("id: net-%d", at/20), "description: x", "type: network-cloud-security-group", "tags: []",
			"trust_boundaries_nested: []", "technical_assets_inside: ["+strings.Join(inside, ", ")+"]")
	}
	b.WriteString("shared_runtimes: {}\nindividual_risk_categories: {}\nrisk_tracking: {}\n")
	return b.String()
}

// assetText is what the format wants of data, assets and links alike.
const assetText = "description: x\nusage: business\ntags: []"

// block writes a mapping, each line so far indented.
func block(b *strings.Builder, indent int, name string, lines ...string) {
	pad := strings.Repeat(" ", indent)
	fmt.Fprintf(b, "%s%s:\n", pad, name)
	for _, line := range strings.Split(strings.Join(lines, "\n"), "\n") {
		fmt.Fprintf(b, "%s  %s\n", pad, line)
	}
}
