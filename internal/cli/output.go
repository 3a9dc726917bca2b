package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/report"
)

// writeOutput calls write with standard output, or with a temporary file that
// takes path's place only when write has succeeded: a report is never half
// written over an older one.
func (p Program) writeOutput(path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return standardOutputError(write(p.Stdout))
	}
	if err := replaceable(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeDevice(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".surety-*")
	if err != nil {
		return outputError(path, err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(outputError(path, err), ignoreMissing(os.Remove(f.Name())))
	}
	return nil
}

// replaceable reports why an output must not take the place of what is at path, or
// has no folder to go to.
func replaceable(path string) error {
	if path == "" || path == "-" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return outputError(path, err)
		}
	case info.IsDir():
		return outputError(path, errors.New("it is a directory"))
	case info.Mode().IsRegular():
		if what := precious(path); what != "" {
			return outputError(path, fmt.Errorf("it holds %s, which is never overwritten", what))
		}
	}
	return nil
}

// precious says what a file holds, if no report may take its place: nobody could
// make it again.
func precious(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 32)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return ""
	}
	for begin, what := range map[string]string{
		"# surety public key": "a key", "-----BEGIN": "a key", "PRIVATE+KEY": "a key", `{"surety":"run/`: "a run and its salts",
	} {
		if strings.HasPrefix(string(head[:n]), begin) {
			return what
		}
	}
	return ""
}

// writeDevice writes to what cannot be replaced, such as /dev/null or a pipe.
func writeDevice(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return outputError(path, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return outputError(path, err)
	}
	return nil
}

// printSafely is fmt.Fprintf for words that may come from a document: each
// argument stays on its line, and none drives the terminal.
func printSafely(w io.Writer, format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = report.Printable(strings.ReplaceAll(s, "\n", " "))
		}
	}
	fmt.Fprint(w, report.Printable(fmt.Sprintf(format, args...)))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// standardOutputError is about what was printed, nil if err is.
func standardOutputError(err error) error {
	if err == nil {
		return nil
	}
	return &surety.Error{Kind: surety.Unreadable, Op: "write standard output", Err: err}
}

func outputError(path string, err error) error {
	return &surety.Error{
		Kind: surety.Unreadable, Op: "write output", Origin: surety.Origin{File: path},
		Err: err, Hint: "choose a place that can be written with --output",
	}
}

// options are those of a report: in colour and as wide as the terminal if it goes
// to one. A width of 0 is not given.
func (p Program) options(output string, noColor bool, width int) report.Options {
	o := report.Options{Time: time.Now(), Version: version(), Width: width}
	if columns, ok := terminal(p.Stdout); ok && (output == "" || output == "-") {
		o.Color = !noColor && p.Env("NO_COLOR") == ""
		o.Width = cmp.Or(width, columns)
	}
	return o
}
