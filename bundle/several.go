package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Unread is the state of a bundle among several that could not be read.
const Unread State = "not read"

// Suffix is how the names of bundles end, by which they are found in a folder.
const Suffix = ".surety"

// Folder lists the bundles in a folder, by name.
func Folder(path string) ([]string, error) { return filepath.Glob(filepath.Join(path, "*"+Suffix)) }

// Several reports whether paths name more than one bundle, or a folder of them.
func Several(paths []string) bool { return len(paths) > 1 || len(paths) == 1 && isFolder(paths[0]) }

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Totals is how many of several bundles came to each state.
type Totals map[State]int

// Code is the exit code of the worst of them: 2 not read, 1 not verified, 0 otherwise.
func (t Totals) Code() int {
	switch {
	case t[Unread] > 0:
		return 2
	case t[NotVerified] > 0:
		return 1
	}
	return 0
}

// String counts the states in words.
func (t Totals) String() string {
	var parts []string
	for _, s := range []State{Verified, Erased, NotVerified, Unread} {
		if n := t[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// batch bounds how many reports are held at once.
const batch = 1024

// VerifySeveral verifies bundles in files and folders on all cores, and writes a line
// for each to w, in their order: the outcome and why as text, or the report in JSON with
// its file. One that cannot be read is an outcome too. The error is about the
// paths, the format, or w.
func VerifySeveral(paths []string, p *Policy, now time.Time, format string, w io.Writer) (Totals, error) {
	files, err := bundlesIn(paths)
	if err != nil {
		return nil, err
	}
	totals := Totals{}
	for len(files) > 0 {
		some := files[:min(len(files), batch)]
		files = files[len(some):]
		var out bytes.Buffer
		for i, o := range verifyBatch(some, p, now) {
			totals[o.state()]++
			if err := o.write(&out, some[i], format); err != nil {
				return totals, err
			}
		}
		if _, err := w.Write(out.Bytes()); err != nil {
			return totals, err
		}
	}
	if format == "text" {
		_, err = fmt.Fprintf(w, "%s\n", totals)
	}
	return totals, err
}

// bundlesIn lists the bundles that are meant: files themselves, and what folders hold.
func bundlesIn(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		if path == "-" {
			return nil, errors.New("standard input is one bundle; verify it alone")
		}
		if !isFolder(path) {
			files = append(files, path)
			continue
		}
		found, err := Folder(path)
		switch {
		case err != nil:
			return nil, err
		case len(found) == 0:
			return nil, fmt.Errorf("%s: the folder holds no bundle, a file NAME%s", path, Suffix)
		}
		files = append(files, found...)
	}
	return files, nil
}

// outcome is a report, or why there is none.
type outcome struct {
	report *Report
	err    error
}

func (o *outcome) state() State {
	if o.err != nil {
		return Unread
	}
	return o.report.State
}

// verifyBatch verifies bundles on all cores.
func verifyBatch(files []string, p *Policy, now time.Time) []outcome {
	out := make([]outcome, len(files))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			for i := range next {
				b, err := Load(files[i])
				if out[i].err = err; err == nil {
					out[i].report = Verify(b, p, now)
				}
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	workers.Wait()
	return out
}

func (o *outcome) write(w *bytes.Buffer, file, format string) error {
	r := o.report
	if o.err != nil {
		r = &Report{State: Unread, Reasons: []string{o.err.Error()}}
	}
	if format == "json" {
		line := r.json()
		line.File = file
		return json.NewEncoder(w).Encode(line)
	}
	why := strings.Join(r.Reasons, "; ")
	switch {
	case o.err != nil: // which names the file
	case why == "":
		why = file + ": " + r.Proven[0]
	default:
		why = file + ": " + why
	}
	fmt.Fprintf(w, "%-12s %s\n", r.State, printable(why))
	return nil
}
