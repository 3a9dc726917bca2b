package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/transparency"
)

// publishFlags say which log statements go to.
type publishFlags struct {
	log, token, state string
}

func (f *publishFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.log, "log", "", "the log: its `URL`, or its directory if it is not being served")
	c.Flags().StringVar(&f.token, "log-token", "", "the `FILE` with the token that writers of the log at the URL show")
	c.Flags().StringVar(&f.state, "log-state", "", "the state `DIR` of the log's directory (default: DIR-state)")
}

func (p Program) publishCommand() *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use:   "publish RUN --log URL|DIR",
		Short: "Put a statement you made into a log, and keep the proof with it",
		Long: `Publish logs a run of your store of statements (a file NNNNNN.run) and waits until
the log's quorum of witnesses has seen it. From then on bundles of the run prove that
it was logged. It may be said again whenever the answer was lost or the witnesses were
away: the log holds a statement once. attest --log does the same at once.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.log == "" {
				return &usageError{errors.New("publish needs --log URL or --log DIR")}
			}
			return p.publish(c.Context(), f, args[0])
		},
	}
	f.register(c)
	return c
}

// publish logs the run in a file and writes the proof into it.
func (p Program) publish(ctx context.Context, f publishFlags, path string) error {
	run, err := runs.Load(path)
	if err != nil {
		return err
	}
	leaf, err := leafOf(run, path)
	if err != nil {
		return err
	}
	proof, err := f.add(ctx, leaf)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "publish", Origin: surety.Origin{File: path}, Err: err,
			Hint: "the statement is kept; surety publish " + path + " goes on from here"}
	}
	run.Log = &bundle.LogProof{Leaf: leaf, Proof: proof}
	if err := runs.Replace(path, run); err != nil {
		return err
	}
	printSafely(p.Stderr, "surety: statement %s is in the log\n", path)
	return nil
}

// leafOf makes the log entry of a run, the same each time: what is given again must
// not become another entry.
func leafOf(run *runs.Run, path string) ([]byte, error) {
	if run.Log != nil {
		return run.Log.Leaf, nil
	}
	pred, err := run.Predicate()
	if err != nil {
		return nil, err
	}
	leaf := transparency.Leaf{
		Kind: transparency.StatementLeaf, Stream: run.Stream, Sequence: run.Sequence,
		Commitment: surety.DigestOf(run.Envelope), Key: pred.Issuer.Key, Claimed: pred.Window.NotBefore,
	}
	if run.Sequence > 1 {
		before := filepath.Join(filepath.Dir(path), fmt.Sprintf("%06d.run", run.Sequence-1))
		last, err := runs.Load(before)
		if err != nil {
			return nil, err
		}
		previous, err := leafOf(last, before)
		if err != nil {
			return nil, err
		}
		leaf.Previous = surety.DigestOf(previous)
	}
	return leaf.Append(nil), nil
}

// patience bounds how long publish waits for the witnesses.
const patience = 2 * time.Minute

// add puts a leaf into the log and returns its proof once it is final.
func (f *publishFlags) add(ctx context.Context, leaf []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if strings.HasPrefix(f.log, "https://") || strings.HasPrefix(f.log, "http://") {
		return f.addByURL(ctx, leaf)
	}
	config, err := ledger.Load(f.log, stateOf(f.log, f.state))
	if err != nil {
		return "", err
	}
	log, err := ledger.Open(ctx, config)
	if err != nil {
		return "", err
	}
	proof, err := logged(ctx, log, leaf)
	closing, cancelClosing := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancelClosing()
	return proof, errors.Join(err, log.Close(closing))
}

func logged(ctx context.Context, log *ledger.Ledger, leaf []byte) (string, error) {
	id := leafID(leaf)
	if _, err := log.Append(ctx, id, leaf); err != nil {
		return "", err
	}
	receipt, err := log.Await(ctx, id, ledger.Witnessed)
	if errors.Is(err, ledger.ErrUnwitnessed) {
		receipt, err = log.Await(ctx, id, ledger.Published)
	}
	if err != nil {
		return "", err
	}
	return log.Proof(ctx, receipt.Index)
}

func leafID(leaf []byte) string {
	d := surety.DigestOf(leaf)
	return hex.EncodeToString(d[:])
}

// addByURL asks a served log, again and again until the entry is final.
func (f *publishFlags) addByURL(ctx context.Context, leaf []byte) (string, error) {
	if f.token == "" {
		return "", errors.New("the log at a URL asks for a token; give --log-token FILE")
	}
	token, err := ledger.ReadSecret(f.token)
	if err != nil {
		return "", err
	}
	address, err := url.JoinPath(f.log, "add")
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: time.Minute}
	for {
		a, err := post(ctx, client, address, token, leaf)
		if err != nil {
			return "", err
		}
		if a.Proof != "" {
			return a.Proof, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("it is %s, and not final yet", a.State)
		case <-time.After(time.Second):
		}
	}
}

// maxAnswer bounds what a log answers.
const maxAnswer = 1 << 20

func post(ctx context.Context, client *http.Client, address, token string, leaf []byte) (*ledger.Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"?wait=witnessed", bytes.NewReader(leaf))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", leafID(leaf))
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusAccepted {
		return nil, fmt.Errorf("the log answers %s: %s", answer.Status, strings.TrimSpace(string(raw)))
	}
	var a ledger.Answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("the log's answer cannot be read: %w", err)
	}
	return &a, nil
}

// checkLog refuses a log that cannot be meant, before anything is signed.
func (f *publishFlags) checkLog() error {
	if f.log == "" || strings.HasPrefix(f.log, "https://") || strings.HasPrefix(f.log, "http://") {
		return nil
	}
	if _, err := os.Stat(stateOf(f.log, f.state)); err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "open log", Origin: surety.Origin{File: f.log}, Err: err, Hint: "surety log init makes one"}
	}
	return nil
}
