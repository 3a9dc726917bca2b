package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/runs"
)

// unfinished is what is known of an entry that was not final in time.
type unfinished struct {
	cause error // context.DeadlineExceeded, or an interrupt
	wait  time.Duration
	state string // how far it came, "" if the log did not say
	why   string // what was waited for
}

func (u *unfinished) Error() string {
	when := "interrupted"
	if errors.Is(u.cause, context.DeadlineExceeded) {
		when = "after " + u.wait.String()
	}
	text := when + ", and it is not final"
	if u.state != "" {
		text = when + " it is " + u.state + " and not final"
	}
	if u.why != "" {
		text += ": " + u.why
	}
	return text
}

func (u *unfinished) Unwrap() error { return u.cause }

// holds says what stays true of the entry.
func (u *unfinished) holds() string {
	switch u.state {
	case "":
		return "whether the log has it is not known; it can be given again, and will be there once"
	case ledger.Accepted.String():
		return "the log will hold it, once"
	}
	return "the log holds it, and proves it once its witnesses have co-signed"
}

// Waiting is told from when it is worth a word, and asked about so often.
const (
	waitingAfter = 2 * time.Second
	waitingAgain = 2 * time.Second
)

// waiting tells what a log waits for: once it takes long, and each time that becomes
// another thing. It goes on until stop is called, which returns what it was last.
func waiting(ctx context.Context, health func(context.Context) (*ledger.Health, error), tell func(string)) (stop func() string) {
	within, cancel := context.WithCancel(context.WithoutCancel(ctx))
	told := make(chan string, 1)
	go func() {
		said := ""
		timer := time.NewTimer(waitingAfter)
		defer func() { timer.Stop(); told <- said }()
		for {
			select {
			case <-within.Done():
				return
			case <-timer.C:
			}
			if now := pending(health(within)); now != said && within.Err() == nil {
				said = now
				tell("waiting: " + now)
			}
			timer.Reset(waitingAgain)
		}
	}()
	return func() string {
		cancel()
		said := <-told
		told <- said // may be asked twice
		return said
	}
}

// pending is what keeps a log's newest entries from being final, in words.
func pending(h *ledger.Health, err error) string {
	if err != nil {
		return "the log does not say what it waits for: " + err.Error()
	}
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(h.Witnesses)) {
		if w := h.Witnesses[name]; w != ledger.CoSigns {
			refused = append(refused, w)
		}
	}
	switch {
	case h.Stopped != "":
		return "the log has stopped: " + h.Stopped
	case h.Late != "":
		return "the log does not publish: " + h.Late
	case len(refused) > 0:
		return "the quorum of witnesses has not co-signed: " + strings.Join(refused, "; ")
	case h.Published > h.Final:
		return "the quorum of witnesses has not co-signed yet"
	}
	return "the log has not published it yet"
}

// goOn says what is true after a run could not be logged, and what to do next.
func (f *publishFlags) goOn(err error, run *runs.Run, path, then string) string {
	var late *unfinished
	publish := f.command(path)
	hint := "the statement is kept; once that is put right"
	switch {
	case errors.As(err, &late):
		hint = "the statement is kept; " + late.holds() + "; next"
	case errors.Is(err, ledger.ErrStream):
		if before := unlogged(run, path); len(before) > 0 {
			hint = "the statements before it come first; next"
			publish = f.command(append(before, path)...)
			break
		}
		return "the statement is kept; the log lacks the statements before it, or has others in their place: if it is new to " +
			filepath.Dir(path) + ", publish every run there from 000001.run on; if not, surety log audit shows what it holds"
	case errors.Is(err, durable.ErrOwned):
		return "the statement is kept; the log is being served: give its URL, and --log-token " + filepath.Join(stateOf(f.log, f.state), "token")
	}
	if then != "" {
		publish += "\n" + then
	}
	return hint + ":\n" + publish
}

// unlogged lists the runs before this one whose log proofs are not at hand, the
// oldest first.
func unlogged(run *runs.Run, path string) []string {
	var out []string
	for n := int64(1); n < run.Sequence; n++ {
		before := runBefore(path, n)
		if r, err := runs.Load(before); err == nil && r.Log == nil {
			out = append(out, before)
		}
	}
	return out
}

// runBefore is where the run of another number lies.
func runBefore(path string, number int64) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf("%06d.run", number))
}

// command publishes runs to the same log.
func (f *publishFlags) command(paths ...string) string {
	words := append(append([]string{"surety", "publish"}, paths...), "--log", f.log)
	if f.token != "" {
		words = append(words, "--log-token", f.token)
	}
	if f.state != "" {
		words = append(words, "--log-state", f.state)
	}
	if f.logPassphrase != "" {
		words = append(words, "--log-passphrase-file", f.logPassphrase)
	}
	return shellLine(words...)
}

// shellLine is a command as it is given to a shell.
func shellLine(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsFunc(w, func(c rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%", c)
		}) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// remoteLog is a log that is being served, to one of its writers.
type remoteLog struct {
	base, token string
	client      *http.Client
}

// maxAnswer bounds what a log answers.
const maxAnswer = 1 << 20

// add gives a leaf, and waits for a while until it has come to a state, or is final.
func (r *remoteLog) add(ctx context.Context, leaf []byte, until string) (*ledger.Answer, error) {
	var a ledger.Answer
	return &a, r.ask(ctx, http.MethodPost, "add?wait="+until, leaf, &a)
}

func (r *remoteLog) health(ctx context.Context) (*ledger.Health, error) {
	var h ledger.Health
	return &h, r.ask(ctx, http.MethodGet, "status", nil, &h)
}

func (r *remoteLog) ask(ctx context.Context, method, path string, body []byte, answer any) error {
	path, query, _ := strings.Cut(path, "?")
	address, err := url.JoinPath(r.base, path)
	if err != nil {
		return err
	}
	if query != "" {
		address += "?" + query
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		request.Header.Set("Idempotency-Key", leafID(body))
	}
	response, err := r.client.Do(request)
	if err != nil {
		return fmt.Errorf("the log cannot be reached: %w", cause(err))
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the log's answer cannot be read: %w", err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted {
		text := strings.TrimSpace(string(raw))
		if response.StatusCode == http.StatusUnauthorized {
			return errors.New("the log does not know the token; --log-token names the file that surety log init made for it")
		}
		if response.StatusCode == http.StatusConflict && strings.Contains(text, ledger.ErrStream.Error()) {
			return &refusedByLog{text, ledger.ErrStream}
		}
		return fmt.Errorf("the log answers %s: %s", response.Status, text)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("the log's answer cannot be read: %w", err)
	}
	return nil
}

// refusedByLog is an answer of a served log that stands for one of ledger's errors.
type refusedByLog struct {
	text string
	is   error
}

func (r *refusedByLog) Error() string { return r.text }
func (r *refusedByLog) Unwrap() error { return r.is }
