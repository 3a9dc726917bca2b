package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/strict"
)

func (p Program) trustCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "trust",
		Short: "Say whose statements, logs and witnesses you believe",
		Long: `Trust keeps the policy by which "surety verify" and "surety assess --statements"
believe other parties. Each entry is one line of it:

    surety trust add issuer kube ed25519:BASE64      a party's key
    surety trust add issuer kube ed25519:BASE64 system shop
                                                     for statements about that system only
    surety trust add issuer kube ed25519:BASE64 until 4711
                                                     which counts for log entries below 4711 only
    surety trust add log VKEY https://log.example/   a log
    surety trust add witness w1 VKEY                 a witness
    surety trust add group both all w1 w2            several of them
    surety trust add quorum both                     who must have seen a log
    surety trust add fresh 30d                       how old a statement may be
    surety trust add require SUR-DR-02               a control that must be shown
    surety trust update --from https://log.example/  what parties say of their keys there

An entry that would make the policy one that cannot be read is refused.`,
	}
	add := &cobra.Command{
		Use: "add WORD VALUE...", Short: "Add one entry", Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			line := strings.Join(args, " ")
			if err := mayTrust(line); err != nil {
				return err
			}
			return p.changeTrust(file, func(lines []string) ([]string, error) { return append(lines, line), nil })
		},
	}
	add.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; no value of a policy begins with -; see %s --help", err, c.CommandPath())
	})
	remove := &cobra.Command{
		Use: "remove WORD [NAME]", Short: "Remove the entries that begin so", Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.changeTrust(file, func(lines []string) ([]string, error) {
				left := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return begins(line, args) })
				if len(left) == len(lines) {
					return nil, &usageError{fmt.Errorf("no entry begins with %s", strings.Join(args, " "))}
				}
				return left, nil
			})
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "Print the policy", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.showTrust(file, nil) },
	}
	show := &cobra.Command{
		Use: "show WORD [NAME]", Short: "Print the entries that begin so", Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error { return p.showTrust(file, args) },
	}
	c.PersistentFlags().StringVar(&file, "trust", "", "the policy `FILE` (default: in the user's configuration)")
	c.AddCommand(add, list, remove, show, p.trustUpdateCommand(&file))
	return c
}

// mayTrust refuses an entry that could not mean what it says: one of several lines,
// or one that requires a control that is in no catalogue.
func mayTrust(line string) error {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0 || strings.ContainsFunc(line, unicode.IsControl):
		return &usageError{errors.New("an entry is one line of words, without control characters")}
	case fields[0] != "require":
		return nil
	}
	known, err := catalog.Default()
	if err != nil {
		return err
	}
	var ids []string
	for _, k := range known.Controls {
		ids = append(ids, k.ID)
	}
	for _, id := range fields[1:] {
		if known.Control(id) != nil {
			continue
		}
		hint := "surety catalog list shows the controls"
		if near := strict.Nearest(id, ids); near != "" {
			hint = "did you mean " + near + "?"
		}
		return &surety.Error{Kind: surety.BadInput, Op: "change trust", Err: fmt.Errorf("there is no control %q to require", id), Hint: hint}
	}
	return nil
}

// begins reports whether a line of a policy begins with these words.
func begins(line string, words []string) bool {
	fields := strings.Fields(line)
	return len(fields) >= len(words) && slices.Equal(fields[:len(words)], words)
}

// defaultTrust is where the user's policy lies (XDG base directories).
func (p Program) defaultTrust() string {
	dir := p.Env("XDG_CONFIG_HOME")
	if home := p.Env("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".config")
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "surety", "trust.txt")
}

// trustFile is the policy that was named, or the user's own if there is one.
func (p Program) trustFile(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	path := p.defaultTrust()
	if _, err := os.Stat(path); path == "" || err != nil {
		return "", &usageError{errors.New("nobody is believed by default: give a policy FILE, or make one with surety trust add")}
	}
	return path, nil
}

// changeTrust changes the lines of the policy, if it can still be read then. A
// policy without an issuer is kept too: it is on its way.
func (p Program) changeTrust(file string, change func([]string) ([]string, error)) error {
	path := file
	if path == "" {
		path = p.defaultTrust()
	}
	if path == "" {
		return &usageError{errors.New("there is no home to keep the policy in; give --trust FILE")}
	}
	fail := func(err error) error {
		return &surety.Error{Kind: surety.Unreadable, Op: "change trust", Origin: surety.Origin{File: path}, Err: err}
	}
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	changed, err := change(lines)
	if err != nil {
		return err
	}
	text := ""
	for _, line := range changed {
		text += line + "\n"
	}
	if err := bundle.CheckPolicy(text); err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "change trust", Origin: surety.Origin{File: path}, Err: err, Hint: "nothing was changed"}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fail(err)
	}
	if err := durable.Replace(path, []byte(text)); err != nil {
		return fail(err)
	}
	return nil
}

func (p Program) showTrust(file string, words []string) error {
	path, err := p.trustFile(file)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read trust", Err: err}
	}
	found := false
	for line := range strings.Lines(string(raw)) {
		if begins(line, words) {
			found = true
			printSafely(p.Stdout, "%s\n", strings.TrimSpace(line))
		}
	}
	switch {
	case !found && len(words) == 0:
		return &usageError{fmt.Errorf("%s: the policy has no entry; surety trust add makes one", path)}
	case !found:
		return &usageError{fmt.Errorf("no entry begins with %s", strings.Join(words, " "))}
	}
	return nil
}
