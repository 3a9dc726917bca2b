package bundle

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
)

// maxPolicy bounds a policy file.
const maxPolicy = 1 << 20

// Formats lists how a report can be written.
var Formats = []string{"text", "json"}

const usage = `usage: surety-verify --policy FILE [--format text|json] BUNDLE...

Checks offline what a .surety file (or -, standard input) proves under a policy of
yours: whose statements, logs and witnesses you believe. The exit code is 0 if it is
verified or erased, 1 if it is not verified, 2 if it or the policy cannot be read.

Of several bundles, or a folder of them, each gets one line, and the exit code is that
of the worst. They are verified on all cores.

  --policy FILE   whose statements, logs and witnesses you believe
  --format NAME   text or json
  --version       say which version this is, and what it was built from
`

// Command is the command surety-verify, and returns its exit code: 0 verified or
// erased, 1 not verified, 2 if the bundle or the policy cannot be read.
func Command(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	const name = "surety-verify"
	fail := func(err error) int {
		fmt.Fprintf(stderr, "%s: %s\n", name, printable(err.Error()))
		return 2
	}
	c, err := parseCommand(name, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		if _, err := io.WriteString(stdout, usage); err != nil {
			return fail(err)
		}
		return 0
	case err != nil:
		return fail(fmt.Errorf("%w; %s --help says how it is used", err, name))
	case c.version:
		if _, err := fmt.Fprint(stdout, name, " ", surety.ThisBuild()); err != nil {
			return fail(err)
		}
		return 0
	}
	code, err := c.run(stdin, stdout)
	if err != nil {
		return fail(err)
	}
	return code
}

// run verifies what the command names.
func (c *command) run(stdin io.Reader, stdout io.Writer) (int, error) {
	if Several(c.bundles) {
		p, err := ReadPolicy(c.policy)
		if err != nil {
			return 0, err
		}
		totals, err := VerifySeveral(c.bundles, p, time.Now(), c.format, stdout)
		return totals.Code(), err
	}
	r, err := VerifyFile(c.bundles[0], c.policy, stdin, time.Now())
	if err != nil {
		return 0, err
	}
	raw, err := r.Encode(c.format)
	if err == nil {
		_, err = stdout.Write(raw)
	}
	if r.State == NotVerified {
		return 1, err
	}
	return 0, err
}

// command is what the words of the command line say.
type command struct {
	policy, format string
	bundles        []string
	version        bool
}

// parseCommand reads flags before and after the bundle: who has a command of one
// word writes the rest behind it.
func parseCommand(name string, args []string) (*command, error) {
	var c command
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.policy, "policy", "", "")
	flags.StringVar(&c.format, "format", Formats[0], "")
	flags.BoolVar(&c.version, "version", false, "")
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		rest := flags.Args()
		if ended := len(args) - len(rest); ended > 0 && args[ended-1] == "--" {
			c.bundles = append(c.bundles, rest...)
			break
		}
		if len(rest) == 0 {
			break
		}
		c.bundles, args = append(c.bundles, rest[0]), rest[1:]
	}
	switch {
	case c.version:
		return &c, nil
	case len(c.bundles) == 0:
		return nil, errors.New("give a bundle")
	case c.policy == "":
		return nil, errors.New("say --policy FILE: whom to believe must come from you")
	case !slices.Contains(Formats, c.format):
		return nil, fmt.Errorf("there is no format %q; use %s", c.format, strings.Join(Formats, " or "))
	}
	return &c, nil
}

// VerifyFile verifies the bundle in a file, or for "-" the one that stdin gives,
// under the policy in another file. The error is about reading them.
func VerifyFile(path, policyPath string, stdin io.Reader, now time.Time) (*Report, error) {
	p, err := ReadPolicy(policyPath)
	if err != nil {
		return nil, err
	}
	var b *Bundle
	if path == "-" {
		b, err = read("standard input", stdin)
	} else {
		b, err = Load(path)
	}
	if err != nil {
		return nil, err
	}
	return Verify(b, p, now), nil
}

// Load opens the bundle in a file.
func Load(path string) (*Bundle, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: it is not a regular file", path) // a pipe could be waited for without end
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(path, f)
}

// read opens the bundle that r gives. The name is for errors.
func read(name string, r io.Reader) (*Bundle, error) {
	text, err := readAll(name, r, MaxSize)
	if err != nil {
		return nil, err
	}
	b, err := Open(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// ReadPolicy reads the policy in a file.
func ReadPolicy(path string) (*Policy, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readAll(path, f, maxPolicy)
	if err != nil {
		return nil, err
	}
	p, err := ParsePolicy(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func readAll(name string, r io.Reader, limit int64) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", name, limit)
	}
	return string(raw), err
}
