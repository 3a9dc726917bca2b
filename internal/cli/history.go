package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/system"
)

func (f *threatFlags) registerHistory(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.history, "history", nil, "learn how reliable controls are from earlier JSON reports of surety assess in this `DIR` or file; repeatable")
}

// askHistory asks that risk, which is asked for before, learns from earlier assessments.
func (p Program) askHistory(ctx context.Context, paths []string) asking {
	return func(o *assure.Options) (err error) {
		o.Risk.History, err = p.history(ctx, paths, o.Model, o.Risk.Priors)
		return err
	}
}

// dated is a report of a history, before it is read.
type dated struct {
	path string
	time time.Time
}

// history reads the earlier assessments of the system of m in the order of their time;
// nil if none are given. What cannot be used is told of and left out. One report is in memory
// at a time, without its results.
func (p Program) history(ctx context.Context, paths []string, m *system.Model, priors *risk.Priors) (*risk.History, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	if m == nil || m.Inferred {
		return nil, &usageError{errors.New("--history needs a model that names the system, to tell its reports from those of others; surety init writes one")}
	}
	now := time.Now().UTC()
	h := priors.NewHistory()
	h.Today = now.Truncate(24 * time.Hour)
	leave := func(path string, err error) {
		var e *surety.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		p.say(fmt.Sprintf("warning: %s: %v; it is left out of the history", path, err))
		h.LeftOut++
	}
	files, err := reportFiles(paths)
	if err != nil {
		return nil, err
	}
	for _, file := range datedReports(files, m.Name, now, leave) {
		if ctx.Err() != nil {
			return nil, &surety.Error{Kind: surety.Canceled, Op: "read history", Err: ctx.Err()}
		}
		past, err := report.OpenPast(file.path)
		if err == nil {
			err = h.Add(past)
		}
		if err != nil {
			leave(file.path, err)
		}
	}
	if h.Runs == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "read history", Err: fmt.Errorf("none of %d files is an earlier assessment of %s", len(files), m.Name),
			Hint: "keep the reports of surety assess --format json, and give them with --history"}
	}
	return h, nil
}

// reportFiles lists the files that are given, and those in the folders that are.
func reportFiles(paths []string) (files []string, err error) {
	for _, given := range paths {
		info, err := os.Stat(given)
		switch {
		case err != nil:
		case info.IsDir():
			err = filepath.WalkDir(given+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error { // follows a link to it
				if err == nil && d.Type().IsRegular() && filepath.Ext(path) == ".json" {
					files = append(files, path)
				}
				return err
			})
		case !info.Mode().IsRegular():
			err = fmt.Errorf("%s is no regular file", given)
		default:
			files = append(files, filepath.Clean(given))
		}
		if err != nil {
			return nil, &surety.Error{Kind: surety.Unreadable, Op: "read history", Err: err, Hint: "give the JSON reports of surety assess, or a folder of them"}
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// datedReports reads the heads of files and puts those that are assessments of a
// system, each of another time until now, in the order of their time.
func datedReports(files []string, name string, now time.Time, leave func(path string, err error)) (out []dated) {
	for _, path := range files {
		d, err := report.OpenDated(path)
		switch {
		case err != nil:
		case d.System != name:
			err = fmt.Errorf("it is of system %q, not %q", d.System, name)
		case d.Time.After(now):
			err = fmt.Errorf("its time %s is to come", d.Time.Format(time.RFC3339))
		}
		if err != nil {
			leave(path, err)
			continue
		}
		out = append(out, dated{path, d.Time})
	}
	slices.SortFunc(out, func(a, b dated) int { return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.path, b.path)) })
	kept := out[:0]
	for _, d := range out {
		if n := len(kept); n > 0 && kept[n-1].time.Equal(d.time) {
			leave(d.path, fmt.Errorf("it is of the same time as %s", kept[n-1].path))
			continue
		}
		kept = append(kept, d)
	}
	return kept
}
