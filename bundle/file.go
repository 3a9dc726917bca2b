package bundle

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// maxPolicy bounds a policy file.
const maxPolicy = 1 << 20

// Command is the command surety-verify, and returns its exit code: 0 verified or
// erased, 1 not verified, 2 if the bundle or the policy cannot be read.
func Command(args []string, stdout, stderr io.Writer) int {
	const name = "surety-verify"
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	policy := flags.String("policy", "", "whose statements, logs and witnesses you believe: a `FILE`")
	format := flags.String("format", "text", "text or json")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 || *policy == "" {
		fmt.Fprintf(stderr, "%s: usage: %s --policy FILE [--format text|json] BUNDLE\n", name, name)
		return 2
	}
	r, err := VerifyFile(flags.Arg(0), *policy, time.Now())
	if err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", name, printable(err.Error()))
		return 2
	}
	return Print(stdout, stderr, name, r, *format)
}

// VerifyFile verifies the bundle in a file under the policy in another. The error
// is about reading them.
func VerifyFile(path, policyPath string, now time.Time) (*Report, error) {
	p, err := ReadPolicy(policyPath)
	if err != nil {
		return nil, err
	}
	b, err := Load(path)
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
	raw, err := readFile(path, MaxSize)
	if err != nil {
		return nil, err
	}
	b, err := Open(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// ReadPolicy reads the policy in a file.
func ReadPolicy(path string) (*Policy, error) {
	text, err := readFile(path, maxPolicy)
	if err != nil {
		return nil, err
	}
	p, err := ParsePolicy(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", path, limit)
	}
	return raw, err
}

// Print writes a report in a format, and returns the exit code of a verifying
// command: 0 verified or erased, 1 not verified, 2 if it cannot be written. name
// stands before errors.
func Print(stdout, stderr io.Writer, name string, r *Report, format string) int {
	var raw []byte
	var err error
	switch format {
	case "text":
		raw = []byte(r.Text())
	case "json":
		raw, err = r.JSON()
	default:
		err = fmt.Errorf("there is no format %q; use text or json", format)
	}
	if err == nil {
		_, err = stdout.Write(raw)
	}
	if err != nil {
		fmt.Fprintln(stderr, name+": "+err.Error())
		return 2
	}
	if r.State == NotVerified {
		return 1
	}
	return 0
}
