package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// modelComponents is how many components the generated model has.
const modelComponents = 10_000

// makeModel writes a model of n components in a hundred zones, on a chain of
// three services with terms, and returns its path and size.
func makeModel(dir string, n int) (path string, size int64, err error) {
	if err := os.MkdirAll(filepath.Join(dir, "terms"), 0o755); err != nil {
		return "", 0, err
	}
	const terms = "surety-terms: 1\nname: kube-2026\nprovider: kube\nterms:\n  - {control: DR, provider: dependent, customer: dependent, split: kube copies and acme restores}\n"
	if err := os.WriteFile(filepath.Join(dir, "terms", "kube-2026.yaml"), []byte(terms), 0o644); err != nil {
		return "", 0, err
	}
	path = filepath.Join(dir, "surety.yaml")
	f, err := os.Create(path)
	if err != nil {
		return "", 0, err
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, `surety: 1
system: large
parties: {acme: {}, kube: {}, iron: {}, ops: {}}
services:
  iaas: {category: IaaS, provider: iron, customer: kube}
  cluster: {category: containers, provider: kube, customer: acme, on: iaas, terms: kube-2026}
  shop: {category: SaaS, provider: acme, customer: public, on: cluster}
  care: {category: SaaS, provider: ops, customer: acme}
zones:
`)
	const zones = 100
	for i := range zones {
		fmt.Fprintf(w, "  zone-%02d: {in: cluster, trust: %d}\n", i, i%5)
	}
	fmt.Fprintln(w, "components:")
	for i := range n {
		fmt.Fprintf(w, "  component-%05d: {type: k8s.deployment, in: zone-%02d, match: k8s:zone-%02d/deploy/component-%05d}\n", i, i%zones, i%zones, i)
	}
	fmt.Fprintln(w, "responsibility:\n  - {control: backup, on: zone-07, accountable: acme, responsible: [acme, kube], split: kube copies and acme restores}")
	if err := w.Flush(); err != nil {
		return "", 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	return path, info.Size(), f.Close()
}

// model measures what it takes to say who must do what, and writes its table.
func (b *bench) model(w io.Writer) error {
	model, bytes, err := makeModel(b.dir, modelComponents)
	if err != nil {
		return err
	}
	duties := func(args ...string) []string {
		return append([]string{b.surety, "responsibilities", "--system", model}, args...)
	}
	commands := []command{
		b.parseFloor(b.dir),
		{name: "surety responsibilities", args: duties()},
		{name: "surety responsibilities, one party in full", args: duties("--party", "acme")},
		{name: "surety responsibilities, JSON with every row", args: duties("--format", "json")},
		{name: "surety responsibilities, OSCAL", args: duties("--format", "oscal")},
		{name: "surety diff, the model with itself", args: []string{b.surety, "diff", model, model, "--format", "json"}},
	}
	results, err := measure(commands, b.runs)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("who must do what: a model of %d components, %.1f MB of YAML, every control", modelComponents, float64(bytes)/1e6)
	return writeTable(w, title, bytes, commands, results, nil)
}
