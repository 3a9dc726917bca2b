package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

// figures are what one process used.
type figures struct {
	wall, cpu time.Duration
	rss       int64 // bytes
	silent    bool  // it wrote nothing to standard output: it refused the input
}

// counter is where output goes: only whether there was any matters.
type counter int

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// command is one thing to measure.
type command struct {
	name string
	args []string
	fix  func() error // run before each run, not measured; nil for nothing
}

// once runs c and returns what it used. Exit codes say whether a peer found
// something, so they are not looked at; what could not start is an error.
func (c command) once() (figures, error) {
	if c.fix != nil {
		if err := c.fix(); err != nil {
			return figures{}, err
		}
	}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	var out counter
	cmd.Stdout, cmd.Stderr = &out, io.Discard
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil {
		return figures{}, fmt.Errorf("%s: %w", c.name, err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return figures{}, fmt.Errorf("%s: the kernel gave no account of it", c.name)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return figures{wall, cpu, usage.Maxrss << 10, out == 0}, nil
}

// measure runs the commands in turn, so that a machine that slows down slows
// all of them, and returns the median of each figure by command.
func measure(commands []command, runs int) ([]figures, error) {
	all := make([][]figures, len(commands))
	for range runs {
		for i, c := range commands {
			f, err := c.once()
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], f)
		}
	}
	out := make([]figures, len(commands))
	for i, list := range all {
		out[i] = figures{
			wall:   median(list, func(f figures) time.Duration { return f.wall }),
			cpu:    median(list, func(f figures) time.Duration { return f.cpu }),
			rss:    median(list, func(f figures) int64 { return f.rss }),
			silent: list[0].silent,
		}
	}
	return out, nil
}

func median[T int64 | time.Duration](list []figures, of func(figures) T) T {
	values := make([]T, len(list))
	for i, f := range list {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// runFloor does one floor's work on the YAML files of a directory and nothing
// else, in this process, on one core.
func runFloor(kind string, args []string) error {
	runtime.GOMAXPROCS(1)
	if len(args) != 1 {
		return fmt.Errorf("floor: want one directory")
	}
	return filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if kind == "hash" {
			sha256.Sum256(raw)
			return nil
		}
		dec := yaml.NewDecoder(bytes.NewReader(raw))
		for {
			var node yaml.Node
			if err := dec.Decode(&node); err == io.EOF {
				return nil
			} else if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	})
}

// machine describes what the figures were measured on.
func machine() string {
	cpu := "unknown CPU"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(raw), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			cpu = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	load := "?"
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(raw), " ")
	}
	return fmt.Sprintf("%d cores, %s, %s, load %s at the start, %s.\n",
		runtime.NumCPU(), cpu, runtime.Version(), load, time.Now().UTC().Format(time.DateOnly))
}
