package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

func (p Program) logStatusCommand() *cobra.Command {
	var state, token string
	c := &cobra.Command{
		Use:   "status DIR|URL",
		Short: "Say how many entries a log has, how final they are, and who witnesses it",
		Long: `Status reads the log's directory and its state, or asks the process that serves it,
which tells who shows the token of writers:

    surety log status DIR
    surety log status https://log.example --token DIR-state/token

The exit code is 1 if something needs a person: a head that cannot be read, a log that
has stopped or whose heads are late, a witness that has seen another history.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s := &logStatus{p: p}
			var err error
			if isURL(args[0]) {
				err = s.served(c.Context(), args[0], token)
			} else {
				err = s.directory(c.Context(), args[0], stateOf(args[0], state))
			}
			if err == nil && len(s.wrong) > 0 {
				err = &breach{strings.Join(s.wrong, "; ")}
			}
			return err
		},
	}
	stateFlag(c, &state)
	c.Flags().StringVar(&token, "token", "", "of a log at a URL: the `FILE` with the token that its writers show")
	return c
}

// logStatus prints how a log does, and gathers what needs a person.
type logStatus struct {
	p     Program
	wrong []string
}

func (s *logStatus) say(what, format string, args ...any) {
	fmt.Fprintf(s.p.Stdout, "%-12s%s\n", what, report.Printable(fmt.Sprintf(format, args...)))
}

func (s *logStatus) directory(ctx context.Context, dir, state string) error {
	config, err := loadLog(dir, state)
	if err != nil {
		return err
	}
	origin := config.Origin
	s.say("log", "%s", origin)
	last, err := witness.Record{Path: filepath.Join(state, "guard")}.Load(origin)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read what was signed", Origin: surety.Origin{File: dir}, Err: err,
			Hint: "surety log fsck " + dir + " says what to do"}
	}
	s.say("signed", "%s, root %s", counted(last.Size), last.Root)
	s.head(ctx, "published", dir, tiles.Checkpoint, &transparency.Policy{Logs: config.Policy.Logs})
	if config.Policy.Unwitnessed() {
		s.say("final", "what is published: the policy asks for no witness")
	} else {
		s.head(ctx, "final", dir, ledger.WitnessedFile, config.Policy)
	}
	asked, err := ledger.ReadAsked(state)
	if err != nil {
		return logError(dir, err)
	}
	for _, w := range config.Policy.Witnesses {
		said, ok := asked[w.Name]
		switch {
		case config.Policy.Unwitnessed():
			s.say("witness", "%s is not asked: the policy says quorum none", w.Name)
		case !ok:
			s.say("witness", "%s was not asked yet", w.Name)
		default:
			s.witness(w.Name, said.Problem, " since "+said.Since.Format(time.RFC3339))
		}
	}
	release, err := durable.Own(filepath.Join(state, "lock"))
	switch {
	case errors.Is(err, durable.ErrOwned):
		s.say("process", "one owns the log")
		return nil
	case err != nil:
		return logError(dir, err)
	}
	s.say("process", "none; surety log serve %s starts one", dir)
	return release()
}

// witness says whether a witness co-signs, or why not.
func (s *logStatus) witness(name, problem, since string) {
	if problem == "" || problem == ledger.CoSigns {
		s.say("witness", "%s co-signs%s", name, since)
		return
	}
	s.say("witness", "%s does not co-sign%s: %s", name, since, strings.TrimPrefix(problem, "witness "+name+": "))
	if strings.Contains(problem, witness.ErrRefused.Error()) {
		s.wrong = append(s.wrong, fmt.Sprintf("witness %s has seen another history of the log", name))
	}
}

// head says what a file with a head holds.
func (s *logStatus) head(ctx context.Context, what, dir, path string, by *transparency.Policy) {
	raw, err := tiles.Dir(dir).Read(ctx, path)
	if errors.Is(err, os.ErrNotExist) {
		s.say(what, "nothing yet")
		return
	}
	var h *transparency.Head
	if err == nil {
		h, err = by.OpenHead(raw)
	}
	switch {
	case errors.Is(err, transparency.ErrQuorum):
		s.say(what, "nothing under the policy as it is now: %v", err)
	case err != nil:
		s.say(what, "%s cannot be read: %v", path, err)
		s.wrong = append(s.wrong, fmt.Sprintf("%s is damaged; surety log fsck %s says what to do", path, dir))
	default:
		s.say(what, "%s, root %s", counted(h.Size), h.Root)
		for _, w := range h.Witnesses {
			s.say("", "seen by %s at %s", w.Witness, w.Time.Format(time.RFC3339))
		}
	}
}

// served asks the process that serves a log.
func (s *logStatus) served(ctx context.Context, url, file string) error {
	if file == "" {
		return &usageError{errors.New("a served log tells its status to who shows the token of its writers: give --token FILE; surety log audit follows it without")}
	}
	token, err := ledger.ReadSecret(file)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "read the log's token", Err: err}
	}
	h, err := (&remoteLog{url, token, &http.Client{Timeout: time.Minute}}).health(ctx)
	if err != nil {
		return logError(url, err)
	}
	s.say("log", "%s", h.Origin)
	s.say("waiting", "%s accepted and not sequenced", counted(int64(h.Waiting)))
	s.say("signed", "%s", counted(h.Signed))
	s.say("published", "%s", counted(h.Published))
	s.say("final", "%s", counted(h.Final))
	for _, name := range slices.Sorted(maps.Keys(h.Witnesses)) {
		s.witness(name, h.Witnesses[name], "")
	}
	if h.Late != "" {
		s.say("late", "%s", h.Late)
		s.wrong = append(s.wrong, "heads are not published, or would not be")
	}
	if h.Stopped != "" {
		s.say("stopped", "%s", h.Stopped)
		s.wrong = append(s.wrong, "the log has stopped, and accepts nothing")
	}
	return nil
}
