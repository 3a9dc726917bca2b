package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bench measures one corpus.
type bench struct {
	options
	surety string
	dir    string
}

// size makes a corpus of n objects and writes its table.
func (b *bench) size(w io.Writer, n int) error {
	corpus, memo := filepath.Join(b.dir, "corpus"), filepath.Join(b.dir, "memo")
	origin, bytes, err := makeCorpus(corpus, n)
	if err != nil {
		return err
	}
	small := filepath.Join(b.dir, "small.yaml")
	if err := os.WriteFile(small, []byte(smallManifest), 0o644); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	assess := func(args ...string) []string { return append([]string{b.surety, "assess"}, args...) }
	change := changer{dir: corpus}
	commands := []command{
		{name: "floor: parse YAML to nodes, one core", args: []string{self, "-floor", "parse", corpus}},
		{name: "floor: read and hash", args: []string{self, "-floor", "hash", corpus}},
		{name: "surety, cold", args: assess(corpus, "--no-memo")},
		{name: "surety, first run with a memo", args: assess(corpus, "--memo", memo), fix: func() error { return os.RemoveAll(memo) }},
		{name: "surety, nothing changed", args: assess(corpus, "--memo", memo)},
		{name: "surety, 1 % changed", args: assess(corpus, "--memo", memo), fix: change.next},
		{name: "surety, cold, JSON with every result", args: assess(corpus, "--no-memo", "--format", "json")},
		{name: "surety, cold, SARIF", args: assess(corpus, "--no-memo", "--format", "sarif")},
		{name: "surety, cold, HTML", args: assess(corpus, "--no-memo", "--format", "html")},
		{name: "surety paths, cold", args: []string{b.surety, "paths", corpus, "--no-memo", "--format", "json"}},
		{name: "surety, one small file", args: assess(small, "--no-memo")},
	}
	ours := len(commands)
	var missing []string
	for _, p := range peers {
		if _, err := exec.LookPath(p.args[0]); err != nil {
			missing = append(missing, p.args[0])
			continue
		}
		commands = append(commands, command{name: p.name, args: p.on(corpus)})
	}
	results, err := measure(commands[:ours], b.runs)
	if err != nil {
		return err
	}
	slow, err := measure(commands[ours:], 1) // peers take minutes
	if err != nil {
		return err
	}
	return writeTable(w, fmt.Sprintf("%d objects, %.1f MB of YAML (%s)", n, float64(bytes)/1e6, origin),
		bytes, commands, append(results, slow...), missing)
}

func writeTable(w io.Writer, title string, bytes int64, commands []command, results []figures, missing []string) error {
	floor := results[0].cpu.Seconds()
	fmt.Fprintf(w, "\n**%s**\n\n| what | CPU s | / parse floor | wall s | peak MB | / input |\n|---|---|---|---|---|---|\n", title)
	for i, f := range results {
		if f.silent && !strings.HasPrefix(commands[i].name, "floor") {
			fmt.Fprintf(w, "| %s | gave no result on this input | | | | |\n", commands[i].name)
			continue
		}
		fmt.Fprintf(w, "| %s | %.3f | %.2f | %.3f | %.0f | %.1f |\n", commands[i].name,
			f.cpu.Seconds(), f.cpu.Seconds()/floor, f.wall.Round(time.Millisecond).Seconds(),
			float64(f.rss)/1e6, float64(f.rss)/float64(bytes))
	}
	if len(missing) > 0 {
		fmt.Fprintf(w, "\nNot on the PATH, so not measured: %s.\n", strings.Join(missing, ", "))
	}
	_, err := fmt.Fprintln(w)
	return err
}

// peers are the tools people use for this today, with the check sets they run by
// default. The corpus takes the place of DIR.
var peers = []command{
	{name: "kube-score", args: []string{"kube-score", "score", "--output-format", "json", "FILES"}},
	{name: "kube-linter", args: []string{"kube-linter", "lint", "--format", "json", "DIR"}},
	{name: "polaris", args: []string{"polaris", "audit", "--audit-path", "DIR", "--format", "json"}},
	{name: "kubescape, NSA framework", args: []string{"kubescape", "scan", "framework", "nsa", "--keep-local", "--format", "json", "DIR"}},
	{name: "trivy", args: []string{"trivy", "config", "--skip-check-update", "--quiet", "--format", "json", "DIR"}},
	{name: "kics", args: []string{"kics", "scan", "--type", "Kubernetes", "--silent", "--no-progress", "-p", "DIR"}},
}

// on puts the corpus into the arguments.
func (c command) on(corpus string) []string {
	var out []string
	for _, a := range c.args {
		switch a {
		case "DIR":
			out = append(out, corpus)
		case "FILES":
			files, err := filepath.Glob(filepath.Join(corpus, "*.yaml"))
			if err == nil {
				out = append(out, files...)
			}
		default:
			out = append(out, a)
		}
	}
	return out
}

const smallManifest = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: web
      image: registry.example.com/web:1
      securityContext: {privileged: true}
`
