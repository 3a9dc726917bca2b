package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/tiles"
)

func (p Program) trustUpdateCommand(file *string) *cobra.Command {
	var from string
	var dry bool
	c := &cobra.Command{
		Use:   "update --from DIR|URL",
		Short: "Follow the key events of a log, and change the policy as they say",
		Long: `Update reads a log of the policy, and looks for what the parties of the policy say
there about their keys: one that a believed key vouches for is added, one that was
retired or stolen is given its end. It reads the log from its first entry, and the next
time what came since: what was read is kept beside the policy, in the folder POLICY.followed.

    surety trust update --from https://log.example

Nobody can speak for a party but keys of it that count for that entry: not strangers,
not other parties, not the log. The log's head must be signed and witnessed as the
policy asks, and extend the one that was seen before: if it does not, or is older, that
is an alert with both heads, and nothing is changed. Every change is told, and so
is every new event that names a key of the policy and does not count; then the exit
code is 1. Changed entries of the policy say which key vouched (by), and of which log
their numbers are (in).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if from == "" {
				return &usageError{errors.New("say --from DIR or --from URL: the log to follow")}
			}
			return p.updateTrust(c.Context(), *file, from, dry)
		},
	}
	c.Flags().StringVar(&from, "from", "", "the log: its `URL` or its directory")
	c.Flags().BoolVar(&dry, "dry-run", false, "tell the changes and make none")
	return c
}

func (p Program) updateTrust(ctx context.Context, file, from string, dry bool) error {
	path, err := p.trustFile(file)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read trust", Err: err}
	}
	policy, err := bundle.ParsePolicy(string(raw))
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "read trust", Origin: surety.Origin{File: path}, Err: err}
	}
	log := &logFollower{policy: policy, source: tiles.Open(from), folder: path + ".followed"}
	alerts, err := log.follow(ctx)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "follow log", Origin: surety.Origin{File: withoutPassword(from)}, Err: cause(err), Hint: "nothing was changed"}
	}
	if len(alerts) > 0 {
		p.alert(alerts)
		return &breach{"the log shows another history than before: it was changed or put back, or somebody keeps the rest from you; nothing was changed"}
	}
	head, followed := log.head, log.followed
	for _, line := range followed.Changes {
		printSafely(p.Stdout, "%s\n", line)
	}
	for _, line := range followed.Refused {
		printSafely(p.Stdout, "REFUSED %s\n", line)
	}
	done := ""
	if dry {
		done = ", none made"
	} else if err := p.changeTrust(path, func(lines []string) ([]string, error) { return followed.Rewrite(lines, head) }); err != nil {
		return err
	} else if err := log.keep(); err != nil { // the next time the log is read from where it was kept last
		p.say("what was read of the log cannot be kept: " + err.Error())
	}
	printSafely(p.Stdout, "%s: %s: %s%s\n", head.Origin, counted(head.Size), amount(len(followed.Changes), "change"), done)
	if n := followed.Strangers; n > 0 {
		p.say(amount(n, "key event") + " of keys that the policy does not know")
	}
	if followed.Untold > 0 {
		p.say(fmt.Sprintf("%d more were refused", followed.Untold))
	}
	if n := len(followed.Refused) + followed.Untold; n > 0 {
		return &breach{fmt.Sprintf("refused: %s; look at who wrote them", amount(n, "key event"))}
	}
	return nil
}

// amount is a number of things.
func amount(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
