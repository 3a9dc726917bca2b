package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

func (p Program) trustUpdateCommand(file *string) *cobra.Command {
	var from string
	var dry bool
	c := &cobra.Command{
		Use:   "update --from DIR|URL",
		Short: "Follow the key events of a log, and change the policy as they say",
		Long: `Update reads a log of the policy from its first entry, and looks for what the parties
of the policy say there about their keys: one that a believed key vouches for is
added, one that was retired or stolen is given its end.

    surety trust update --from https://log.example

Nobody can speak for a party but keys of it that count for that entry: not strangers,
not other parties, not the log. The log's head must be signed and witnessed as the
policy asks, and extend the one that was seen before. Every change is told, and so
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
	head, followed, err := follow(ctx, policy, tiles.Open(from))
	var forked *breach
	if errors.As(err, &forked) {
		return err
	}
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "follow log", Origin: surety.Origin{File: withoutPassword(from)}, Err: cause(err), Hint: "nothing was changed"}
	}
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
	}
	printSafely(p.Stdout, "%s: %s: %s%s\n", head.Origin, counted(head.Size), amount(len(followed.Changes), "change"), done)
	if n := followed.Strangers; n > 0 {
		p.say(amount(n, "key event") + " of keys that the policy does not know")
	}
	if n := len(followed.Refused); n > 0 {
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

// follow reads the log's newest final head and all its entries.
func follow(ctx context.Context, policy *bundle.Policy, source tiles.Source) (*transparency.Head, *bundle.Followed, error) {
	_, _, head, err := ledger.FinalHead(ctx, source, policy.Log)
	if err != nil {
		return nil, nil, err
	}
	tree := tiles.Tree{Source: source, Size: head.Size, Root: head.Root}
	at := slices.IndexFunc(policy.Seen, func(h transparency.Head) bool { return h.Origin == head.Origin })
	if at >= 0 {
		seen := policy.Seen[at]
		if seen.Size > head.Size {
			return nil, nil, &breach{fmt.Sprintf("log %s shows %s, and %d were seen before: it was put back, or somebody keeps the rest from you; nothing was changed", head.Origin, counted(head.Size), seen.Size)}
		}
		_, err := tree.Extends(ctx, seen.Size, seen.Root)
		if errors.Is(err, tiles.ErrFork) {
			return nil, nil, &breach{fmt.Sprintf("log %s shows another history than before: its %s do not extend the %d that were seen; nothing was changed", head.Origin, counted(head.Size), seen.Size)}
		}
		if err != nil {
			return nil, nil, err
		}
	}
	f := policy.Follow(head.Origin)
	for index, e := range tree.Entries(ctx, 0) {
		if e.Err != nil {
			return nil, nil, e.Err
		}
		if !strings.HasPrefix(string(e.Raw), keyEventPrefix) {
			continue // most are not, and parsing takes longer than this
		}
		leaf, err := transparency.ParseLeaf(e.Raw)
		if err != nil {
			continue // surety log audit names it
		}
		if err := f.Add(index, leaf); err != nil {
			return nil, nil, err
		}
	}
	followed, err := f.Result()
	return head, followed, err
}

// keyEventPrefix begins the leaves of all kinds about keys.
const keyEventPrefix = `[1,"key-`
