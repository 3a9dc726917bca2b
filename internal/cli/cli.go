// Package cli is the command line: one file per command, each with its help.
//
// A Program is given its arguments, streams and environment, so tests run the
// real one. Results go to standard output; progress, warnings and errors to
// standard error, lower case, without a full stop. Exit codes:
//
//	0  done, whatever was found
//	1  a limit the caller set was broken: --fail-on, --fail-new, --strict, a failing policy test
//	2  bad input or usage: nothing usable was given
//	3  internal error
//
// An interrupt (SIGINT, SIGTERM) ends the work early: what was judged until then
// is reported, its sources are partial, and the exit code is 2, whatever limits are
// set, because a run cut short is never a clean one. A second one ends the process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/strict"
)

// Program is one run of the command.
type Program struct {
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Env    func(string) string

	pace *pace
}

// The exit codes.
const (
	exitDone     = 0
	exitBreach   = 1
	exitUsage    = 2
	exitInternal = 3
)

// breach is returned by a command that did its work and found a limit broken.
type breach struct{ message string }

func (b *breach) Error() string { return b.message }

// Run executes the command and returns its exit code.
func (p Program) Run(ctx context.Context) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(p.Stderr, "surety: internal error: %v\n%s", r, debug.Stack())
			code = exitInternal
		}
	}()
	p.pace = startPace()
	out := &output{Writer: p.Stdout}
	p.Stdout = out
	root := p.root()
	root.SetArgs(p.Args)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	err := root.ExecuteContext(ctx)
	if out.err != nil && !errors.Is(err, out.err) {
		err = errors.Join(err, standardOutputError(out.err))
	}
	if err == nil {
		return exitDone
	}
	if !understood {
		err = &usageError{err} // no command began: cobra refused the words
	}
	for _, line := range messages(err) {
		p.say(line)
	}
	return exitCode(err)
}

// output is standard output. It keeps the first error, so that no command has to
// look at each write for what was printed to be known as lost.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// say writes one message to standard error. Text out of a document can neither
// drive the terminal nor pass for a message of its own.
func (p Program) say(message string) {
	fmt.Fprintln(p.Stderr, "surety: "+strings.ReplaceAll(report.Printable(strings.TrimSpace(message)), "\n", "\n    "))
}

// messages takes joined errors apart, so that each stands on its own line. Those
// within another error stay together: that one says what they are about.
func messages(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range joined.Unwrap() {
		lines = append(lines, messages(e)...)
	}
	return lines
}

// exitCode is the one table from errors to exit codes.
func exitCode(err error) int {
	var b *breach
	var usage *usageError
	switch {
	case errors.As(err, &b):
		return exitBreach
	case errors.As(err, &usage):
		return exitUsage
	}
	switch surety.KindOf(err) {
	case surety.Internal:
		return exitInternal
	default:
		return exitUsage
	}
}

// usageError is a command line that cannot be understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func (p Program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "surety",
		Short: "See who must do what in a cloud, whether it is done, and prove it",
		Long: `Surety assesses a system from its manifests or its live cluster, ties every
result to a control and to the party responsible for it, and says what could
not be seen.

    surety assess DIR         judge manifests, Dockerfiles and other scanners' results
    surety assess kubernetes: judge the cluster of the current context
    surety risk DIR           what the threats cost a year, and which fix saves most
    surety guide --party P    what one party must do first, show, and ask of whom
    surety init DIR           write down the system that was seen, as surety.yaml
    surety responsibilities   see who must do what in it`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
	})
	root.AddCommand(
		p.assessCommand(), p.responsibilitiesCommand(), p.whyCommand(), p.diffCommand(),
		p.initCommand(), p.validateCommand(), p.policyCommand(), p.catalogCommand(), p.architectureCommand(), p.guideCommand(), p.pathsCommand(), p.riskCommand(),
		p.threatsCommand(), p.whyNotCommand(),
		p.keyCommand(), p.attestCommand(), p.discloseCommand(), p.eraseCommand(), p.verifyCommand(), p.trustCommand(),
		p.logCommand(), p.witnessCommand(), p.publishCommand(), p.versionCommand(),
	)
	for _, c := range root.Commands() {
		showUsage(c)
		onlyCommands(c)
	}
	return root
}

// onlyCommands has a command of commands, unless it does something itself, print
// its help, and refuse a word that is none of them.
func onlyCommands(c *cobra.Command) {
	if !c.HasSubCommands() || c.Runnable() {
		return
	}
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	c.DisableFlagsInUseLine = true
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.Args = func(c *cobra.Command, given []string) error {
		if len(given) == 0 {
			return nil
		}
		hint := "use " + strings.Join(names, ", ")
		if near := strict.Nearest(given[0], names); near != "" {
			hint = "did you mean " + near + "?"
		}
		return fmt.Errorf("unknown command %q for %q; %s", given[0], c.CommandPath(), hint)
	}
}

// showUsage adds the usage to what is said of a wrong number of arguments.
func showUsage(c *cobra.Command) {
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, given []string) error {
			if err := args(c, given); err != nil {
				return fmt.Errorf("%w; usage: %s", err, c.UseLine())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		showUsage(sub)
	}
}

// version is what reports and statements say made them.
func version() string { return surety.ThisBuild().Version }

func (p Program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is, and what it was built from",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.Stdout, "surety ", surety.ThisBuild())
			return err
		},
	}
}

// terminal reports whether w is a terminal and how wide it is.
func terminal(w io.Writer) (columns int, ok bool) {
	if o, ours := w.(*output); ours {
		w = o.Writer
	}
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	return columns, err == nil
}
