// Command bench measures surety against physical limits and against peers, on
// the same files in the same run, and prints each figure as a ratio.
//
//	make bench                  # 1,000 and 10,000 objects
//	go run ./bench -n 100000    # another size
//	go run ./bench -model       # only responsibilities, of 10,000 components
//	go run ./bench -write       # also writes the table in docs/performance.md
//
// Every figure is of a whole process, as the kernel accounts it: user and system
// CPU seconds and peak memory, the median of several runs taken in turn. The
// limit that everything is divided by is the CPU it takes to parse the same YAML
// to nodes with go.yaml.in/yaml/v3 on one core, measured in the same run. Peers
// are taken from the PATH; those that are not there are named as missing. One that
// refuses the corpus is compared on the files of it that it accepts.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	var o options
	flag.IntVar(&o.objects, "n", 0, "objects in the corpus (default 1000 and 10000)")
	flag.IntVar(&o.runs, "runs", 5, "runs of each command")
	flag.BoolVar(&o.modelOnly, "model", false, "measure only what it takes to say who must do what")
	flag.BoolVar(&o.write, "write", false, "write the table into docs/performance.md")
	flag.StringVar(&o.floor, "floor", "", "internal: measure one floor on the directory given as argument")
	flag.Parse()
	if err := o.run(os.Stdout, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	objects, runs int
	write         bool
	modelOnly     bool
	floor         string
}

func (o options) run(w io.Writer, args []string) error {
	if o.floor != "" {
		return runFloor(o.floor, args)
	}
	dir, err := os.MkdirTemp("", "surety-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	surety := filepath.Join(dir, "surety")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", surety, "./cmd/surety")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build surety: %w\n%s", err, out)
	}
	sizes := []int{1000, 10000}
	if o.modelOnly {
		sizes = nil
	} else if o.objects > 0 {
		sizes = []int{o.objects}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%s\n", machine())
	for _, n := range sizes {
		b := bench{options: o, surety: surety, self: self, dir: filepath.Join(dir, fmt.Sprint(n))}
		if err := b.size(&table, n); err != nil {
			return err
		}
	}
	b := bench{options: o, surety: surety, self: self, dir: filepath.Join(dir, "model")}
	if err := b.model(&table); err != nil {
		return err
	}
	fmt.Fprint(w, table.String())
	if o.write {
		return replaceTable("docs/performance.md", table.String())
	}
	return nil
}

// The markers in docs/performance.md between which the table stands.
const begin, end = "<!-- bench -->\n", "<!-- /bench -->"

func replaceTable(path, table string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(raw), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no place for the table: want %q and %q", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+table+end+after), 0o644)
}
