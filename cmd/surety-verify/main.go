// Command surety-verify checks a .surety file offline, under a policy of yours.
//
//	surety-verify --policy POLICY [--format text|json] BUNDLE
//
// It is made of far less than the command surety: no network, database or YAML.
// It exits 0 if the bundle is verified (or erased), 1 if not, with the reason, and
// 2 if the bundle or the policy cannot be read.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/surety-cloud/surety/bundle"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("surety-verify", flag.ContinueOnError)
	flags.SetOutput(stderr)
	policy := flags.String("policy", "", "whose statements, logs and witnesses you believe: a `FILE`")
	format := flags.String("format", "text", "text or json")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 || *policy == "" {
		fmt.Fprintln(stderr, "surety-verify: usage: surety-verify --policy FILE BUNDLE")
		return 2
	}
	r, err := bundle.VerifyFile(flags.Arg(0), *policy, time.Now())
	if err != nil {
		fmt.Fprintln(stderr, "surety-verify: "+err.Error())
		return 2
	}
	return bundle.Print(stdout, stderr, "surety-verify", r, *format)
}
