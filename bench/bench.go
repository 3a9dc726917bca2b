package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// bench measures one corpus.
type bench struct {
	options
	surety string
	self   string // this program, which measures the floors
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
	assess := func(args ...string) []string { return append([]string{b.surety, "assess"}, args...) }
	change := changer{dir: corpus}
	commands := []command{
		b.parseFloor(corpus),
		{name: "floor: read and hash", args: []string{b.self, "-floor", "hash", corpus}},
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
	results, err := measure(commands, b.runs)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(corpus, "*.yaml"))
	if err != nil {
		return err
	}
	var refusing []command
	there, missing := onPath()
	for _, p := range there {
		whole := p.on(corpus, files...)
		f, err := whole.once() // peers take minutes
		if err != nil {
			return err
		}
		if f.silent {
			refusing = append(refusing, p)
		}
		commands, results = append(commands, whole), append(results, f)
	}
	title := fmt.Sprintf("%d objects, %.1f MB of YAML (%s)", n, float64(bytes)/1e6, origin)
	if err := writeTable(w, title, bytes, commands, results, missing); err != nil {
		return err
	}
	for _, p := range refusing {
		if err := b.apart(w, p, files); err != nil {
			return err
		}
	}
	return nil
}

// parseFloor measures what it takes to parse the files of a directory.
func (b *bench) parseFloor(dir string) command {
	return command{name: "floor: parse YAML to nodes, one core", args: []string{b.self, "-floor", "parse", dir}}
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

const smallManifest = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: web
      image: registry.example.com/web:1
      securityContext: {privileged: true}
`
