// Command surety-verify checks a .surety file offline, under a policy of yours. It
// is made of far less than the command surety: no network, database or YAML. Run it
// without arguments for its usage.
package main

import (
	"os"

	"github.com/surety-cloud/surety/bundle"
)

func main() { os.Exit(bundle.Command(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
