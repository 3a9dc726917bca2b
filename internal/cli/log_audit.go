package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/tiles"
)

func counted(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func (p Program) logFsckCommand() *cobra.Command {
	var state string
	c := &cobra.Command{
		Use:   "fsck DIR",
		Short: "Read every file of a log and name those that are torn or flipped",
		Long: `Fsck holds every entry against the tiles above it, and all against the signed
root. Where two files disagree it names the one that does not lead to the root, and
says what repairs it. It changes nothing, and can run beside surety log serve. The exit
code is 1 if a file is damaged. The policy, the token and lock files hold nothing that
could be checked.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := args[0]
			config, err := loadLog(dir, stateOf(dir, state))
			if err != nil {
				return err
			}
			out, err := ledger.Fsck(c.Context(), config)
			if out != nil {
				for _, d := range out.Damaged {
					fmt.Fprintf(p.Stdout, "%s: %s; %s\n", report.Printable(d.File), report.Printable(d.Why), report.Printable(d.Do))
				}
			}
			if err != nil && out != nil && len(out.Damaged) > 0 {
				return &breach{fmt.Sprintf("the log is damaged: %v", err)}
			}
			if err != nil {
				return logError(dir, err)
			}
			fmt.Fprintf(p.Stdout, "%s in %d files, %d of them signed: %d damaged\n", counted(out.Size), out.Files, out.Signed, len(out.Damaged))
			if len(out.Left) > 0 {
				fmt.Fprintf(p.Stdout, "%d files that nobody reads, left by a crash; the first is %s\n", len(out.Left), report.Printable(out.Left[0]))
			}
			if len(out.Damaged) > 0 {
				return &breach{fmt.Sprintf("the log is damaged: %d files", len(out.Damaged))}
			}
			return nil
		},
	}
	stateFlag(c, &state)
	return c
}

// auditFlags say what is followed, and what is told.
type auditFlags struct {
	policy, seen string
	keys, heads  []string
	every        time.Duration
}

func (p Program) logAuditCommand() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "audit DIR|URL --policy FILE",
		Short: "Follow a log from the head seen last, and alert on what must not be",
		Long: `Audit reads what a log added since the last audit, and proves that it only added:

    surety log audit https://log.example --policy trust.policy --seen log.seen \
      --key 9a0364b9e99bb480 --head from-a-friend.checkpoint

It alerts on two heads that cannot both be true, and prints both: that is proof
against whoever signed them. It alerts on a file that is not what the log signed, or
is gone, and reads no further. It alerts on a gap in a stream, on times that
contradict each other, and on each use of a key given by --key: give your own, and
compare with what you know to have signed. The exit code is 1 if there was an alert.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.audit(c.Context(), f, args[0]) },
	}
	c.Flags().StringVar(&f.policy, "policy", "", "whose logs and which witnesses to believe, in this `FILE`")
	c.Flags().StringVar(&f.seen, "seen", "", "keep what was seen in this `FILE`, from one audit to the next")
	c.Flags().StringArrayVar(&f.keys, "key", nil, "alert on each use of the issuer's key with this `ID`; repeatable")
	c.Flags().StringArrayVar(&f.heads, "head", nil, "also hold the checkpoint in this `FILE`, which somebody else was shown, against the log; repeatable")
	c.Flags().DurationVar(&f.every, "every", 0, "go on, and look again after this `TIME`")
	return c
}

var keyID = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (p Program) audit(ctx context.Context, f auditFlags, location string) error {
	if f.policy == "" {
		return &usageError{errors.New("say --policy FILE: whose signatures to believe must come from you")}
	}
	for _, k := range f.keys {
		if !keyID.MatchString(k) {
			return &usageError{fmt.Errorf("--key %q: want the 16 hex digits of a key's id", k)}
		}
	}
	policy, err := ledger.ReadPolicy(f.policy)
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "audit", Err: err}
	}
	if len(policy.Logs) == 0 {
		return &surety.Error{Kind: surety.BadInput, Op: "audit", Origin: surety.Origin{File: f.policy}, Err: errors.New("the policy names no log"), Hint: "add the log's line: log VKEY"}
	}
	if !isURL(location) {
		if err := mustBeLog(location); err != nil {
			return err
		}
	}
	seen, err := ledger.ReadSeen(f.seen)
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "audit", Err: err}
	}
	a := &ledger.Auditor{Source: tiles.Open(location), Policy: policy, Keys: f.keys, Seen: seen}
	total := 0
	if f.every > 0 {
		p.pace.stay()
	}
	for {
		n, err := p.auditOnce(ctx, a, f, location)
		total += n
		if err != nil && (f.every == 0 || ctx.Err() != nil) {
			return logError(location, err)
		}
		if err != nil {
			p.say(err.Error())
		}
		if f.every == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.every):
		}
	}
	if total > 0 {
		return &breach{fmt.Sprintf("alerts: %d", total)}
	}
	return nil
}

// mustBeLog refuses a directory that is not there.
func mustBeLog(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is not a directory")
	}
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read log", Origin: surety.Origin{File: dir}, Err: err, Hint: "give a log's directory, or its URL"}
	}
	return nil
}

func (p Program) auditOnce(ctx context.Context, a *ledger.Auditor, f auditFlags, location string) (int, error) {
	from := a.Seen.Size
	a.Now = time.Now().UTC()
	alerts, err := a.Audit(ctx)
	if err == nil {
		for _, path := range f.heads {
			raw, readErr := os.ReadFile(path)
			if readErr != nil {
				err = errors.Join(err, readErr)
				continue
			}
			more, compareErr := a.Compare(ctx, raw)
			alerts, err = append(alerts, more...), errors.Join(err, compareErr)
		}
	}
	p.alert(alerts)
	if err != nil {
		return len(alerts), err
	}
	fmt.Fprintf(p.Stdout, "%s: %s seen, %d of them new: %d alerts\n",
		report.Printable(cmp.Or(a.Seen.Origin, location)), counted(a.Seen.Size), a.Seen.Size-from, len(alerts))
	if f.seen == "" || a.Seen.Origin == "" {
		return len(alerts), nil
	}
	return len(alerts), a.Seen.Write(f.seen)
}

// alert prints what must be looked at.
func (p Program) alert(alerts []ledger.Alert) {
	for _, alert := range alerts {
		where := "log"
		if alert.Index >= 0 {
			where = fmt.Sprintf("entry %d", alert.Index)
		}
		fmt.Fprintf(p.Stdout, "ALERT %s: %s: %s\n", alert.Kind, where, report.Printable(alert.Text))
		for i, head := range alert.Heads {
			fmt.Fprintf(p.Stdout, "\nhead %d of 2:\n%s", i+1, indented(head))
		}
	}
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + report.Printable(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return b.String()
}
