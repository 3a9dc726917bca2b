// Command surety assesses cloud systems and says who must fix what.
//
// Run "surety help" for its commands; README.md shows a first run.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/surety-cloud/surety/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := cli.Program{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv}.Run(ctx)
	stop()
	os.Exit(code)
}
