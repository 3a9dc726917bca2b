package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence/yaml"
)

// directory is one directory to read: its name as the user would write it, and
// its real path.
type directory struct{ path, real string }

// walk reads a directory the user named. Links wait until all else is read, so
// that a file is called by its own name where it has one.
func (c *collector) walk(path, real string) error {
	links := []directory{}
	if err := c.tree(directory{path, real}, &links); err != nil {
		return err
	}
	for len(links) > 0 {
		link := links[0]
		links = links[1:]
		if err := c.link(link.path, real, &links); err != nil {
			return err
		}
	}
	return nil
}

// tree reads a directory and all below it; links found on the way are appended
// to links.
func (c *collector) tree(d directory, links *[]directory) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if !c.once(d.real) {
		return nil
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		c.unreadable(d.path, err) // and go on with the entries read before
	}
	skip := c.unrendered(d.path, entries)
	for _, e := range entries {
		at := directory{filepath.Join(d.path, e.Name()), filepath.Join(d.real, e.Name())}
		if skip[e.Name()] {
			continue
		}
		switch e.Type() {
		case fs.ModeSymlink:
			*links = append(*links, at)
		case fs.ModeDir:
			if e.Name() != ".git" && e.Name() != "node_modules" {
				err = c.tree(at, links)
			} else {
				err = nil
			}
		case 0:
			err = c.candidate(at)
		default:
			c.problem(at.path, 0, "not read: it is a socket, pipe or device")
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// candidate reads a file of a directory if its name is one of ours.
func (c *collector) candidate(at directory) error {
	if !wanted(at.path) || isDoubtful(at.path) && !showsObject(at.path) || !c.once(at.real) {
		return nil
	}
	return c.file(at.path, false)
}

// link follows a link found below the directory whose real path is root.
func (c *collector) link(path, root string, links *[]directory) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		c.unreadable(path, err)
		return nil
	}
	if real, err = filepath.Abs(real); err != nil {
		c.unreadable(path, err)
		return nil
	}
	info, err := os.Stat(real)
	if err != nil {
		c.unreadable(path, err)
		return nil
	}
	if !info.IsDir() && !wanted(path) {
		return nil
	}
	if rel, err := filepath.Rel(root, real); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		c.problem(path, 0, "not followed: the link leads out of the directory; name its target %s to read it", filepath.ToSlash(real))
		return nil
	}
	at := directory{path, real}
	switch {
	case info.IsDir():
		return c.tree(at, links)
	case info.Mode().IsRegular():
		return c.candidate(at)
	}
	c.problem(path, 0, "not read: it leads to a socket, pipe or device")
	return nil
}

// wanted reports whether a file's name says that it may hold evidence.
func wanted(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json", ".sarif":
		return true
	}
	return isDockerfile(name) || isKustomization(path) || isDoubtful(path)
}

// isDoubtful reports whether a file's name leaves open whether it was meant for
// Kubernetes. Such files are many elsewhere, and only their content tells.
func isDoubtful(path string) bool {
	switch ext := filepath.Ext(path); ext {
	case ".jsonl", ".ndjson", ".jsonnet":
		return true
	case ".gz":
		inner := filepath.Ext(strings.TrimSuffix(path, ext))
		return inner == ".yaml" || inner == ".yml" || inner == ".json"
	}
	return false
}

// dockerfileName is what Dockerfiles are called, in lower case: by the word alone, or
// with more before or after it.
var dockerfileName = regexp.MustCompile(`^(?:docker|container)file(?:[._-].*)?$|^[^.].*[._-](?:docker|container)file$`)

func isDockerfile(lowerName string) bool { return dockerfileName.MatchString(lowerName) }

// isPlainDockerfile reports whether the name can mean nothing else.
func isPlainDockerfile(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	return strings.HasSuffix(name, "dockerfile") || strings.HasSuffix(name, "containerfile")
}

// chartOf returns the Helm chart whose templates the real path is part of.
func chartOf(real string) (chart string, found bool) {
	for dir := real; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		if filepath.Base(dir) == "templates" {
			chart = filepath.Dir(dir)
			if _, err := os.Stat(filepath.Join(chart, "Chart.yaml")); err == nil {
				return chart, true
			}
		}
	}
	return "", false
}

func isKustomization(path string) bool {
	switch filepath.Base(path) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return false
}

// unrendered names what in a directory is input of a renderer, reports it, and
// returns the entries not to be read as manifests.
func (c *collector) unrendered(dir string, entries []fs.DirEntry) map[string]bool {
	skip := make(map[string]bool)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name() == "Chart.yaml":
			c.problem(path, 1, "Helm chart, not rendered; run `helm template %s | surety assess -`", filepath.ToSlash(dir))
			for _, e := range entries {
				name := e.Name()
				if name == "templates" || name == "charts" || strings.HasPrefix(name, "Chart.") || strings.HasPrefix(name, "values") {
					skip[name] = true
				}
			}
		case isKustomization(path) && e.Type() == 0:
			for _, patch := range patches(path) {
				file := filepath.Join(dir, filepath.FromSlash(patch))
				c.problem(file, 0, "patch of a kustomization: part of an object, not assessed; run `kubectl kustomize %s | surety assess -`", filepath.ToSlash(dir))
				if abs, err := filepath.Abs(file); err == nil {
					if real, err := filepath.EvalSymlinks(abs); err == nil {
						c.read[real] = true
					}
				}
			}
		}
	}
	return skip
}

// patches lists the patch files a kustomization names, sorted. What cannot be
// read or parsed has none here; it is reported where the file is read.
func patches(path string) []string {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) > 1<<20 {
		return nil
	}
	var files []string
	add := func(file string) {
		if file != "" && !strings.ContainsAny(file, "\n:") { // an inline patch is YAML
			files = append(files, file)
		}
	}
	for doc, line := range yaml.Split(raw) {
		res, err := yaml.Parse(doc, line)
		if err != nil {
			continue
		}
		for _, f := range res.Value.Get("patchesStrategicMerge").Fields() {
			add(f.Value.Str())
		}
		for _, key := range []string{"patches", "patchesJson6902"} {
			for _, f := range res.Value.Get(key).Fields() {
				add(f.Value.Get("path").Str())
			}
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}
