package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// peers are the tools people use for this today, with the check sets they run by
// default. The corpus takes the place of DIR or FILES.
var peers = []command{
	{name: "kube-score", args: []string{"kube-score", "score", "--output-format", "json", "FILES"}},
	{name: "kube-linter", args: []string{"kube-linter", "lint", "--format", "json", "DIR"}},
	{name: "polaris", args: []string{"polaris", "audit", "--audit-path", "DIR", "--format", "json"}},
	{name: "kubescape, NSA framework", args: []string{"kubescape", "scan", "framework", "nsa", "--keep-local", "--format", "json", "DIR"}},
	{name: "trivy", args: []string{"trivy", "config", "--skip-check-update", "--quiet", "--format", "json", "DIR"}},
	{name: "kics", args: []string{"kics", "scan", "--type", "Kubernetes", "--silent", "--no-progress", "-p", "DIR"}},
}

// on puts a directory, or the given files, into the arguments.
func (c command) on(dir string, files ...string) command {
	given := c.args
	c.args = nil
	for _, a := range given {
		switch a {
		case "DIR":
			c.args = append(c.args, dir)
		case "FILES":
			c.args = append(c.args, files...)
		default:
			c.args = append(c.args, a)
		}
	}
	return c
}

// onPath splits the peers into those on the PATH and the names of the others.
func onPath() (there []command, missing []string) {
	for _, p := range peers {
		if _, err := exec.LookPath(p.args[0]); err != nil {
			missing = append(missing, p.args[0])
		} else {
			there = append(there, p)
		}
	}
	return there, missing
}

// apart writes the table of a peer that refuses the corpus: it, the floor and surety
// on those of its files that the peer accepts alone.
func (b *bench) apart(w io.Writer, peer command, files []string) error {
	dir := filepath.Join(b.dir, "accepted", peer.args[0])
	accepted, size, err := peer.accepted(files, dir)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("the %d of these %d files that %s accepts, %.1f MB of YAML", len(accepted), len(files), peer.name, float64(size)/1e6)
	if len(accepted) == 0 {
		_, err := fmt.Fprintf(w, "\n%s accepts none of these files.\n", peer.name)
		return err
	}
	commands := []command{
		b.parseFloor(dir),
		peer.on(dir, accepted...),
		{name: "surety, cold", args: []string{b.surety, "assess", dir, "--no-memo"}},
		{name: "surety, cold, JSON with every result", args: []string{b.surety, "assess", dir, "--no-memo", "--format", "json"}},
	}
	results, err := measure(commands, b.runs)
	if err != nil {
		return err
	}
	return writeTable(w, title, size, commands, results, nil)
}

// accepted copies into dir the files for each of which alone the peer gives a
// result, and returns the copies and their size in bytes.
func (c command) accepted(files []string, dir string) (copies []string, size int64, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, 0, err
		}
		alone, err := os.MkdirTemp(dir, "")
		if err != nil {
			return nil, 0, err
		}
		name := filepath.Base(file)
		if err := os.WriteFile(filepath.Join(alone, name), raw, 0o644); err != nil {
			return nil, 0, err
		}
		f, err := c.on(alone, filepath.Join(alone, name)).once()
		if err != nil {
			return nil, 0, err
		}
		if !f.silent {
			to := filepath.Join(dir, name)
			if err := os.Rename(filepath.Join(alone, name), to); err != nil {
				return nil, 0, err
			}
			copies, size = append(copies, to), size+int64(len(raw))
		}
		if err := os.RemoveAll(alone); err != nil {
			return nil, 0, err
		}
	}
	return copies, size, nil
}
