package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/transparency"
)

// publishFlags say which log statements go to.
type publishFlags struct {
	log, token, state string
	wait              time.Duration
	logPassphrase     string
}

func (f *publishFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.log, "log", "", "the log: its `URL`, or its directory if it is not being served")
	c.Flags().StringVar(&f.token, "log-token", "", "the `FILE` with the token that writers of the log at the URL show")
	c.Flags().StringVar(&f.logPassphrase, "log-passphrase-file", "", "read the passphrase of the key of the log's directory from this `FILE`")
	c.Flags().StringVar(&f.state, "log-state", "", "the state `DIR` of the log's directory (default: DIR-state)")
	c.Flags().DurationVar(&f.wait, "log-wait", 2*time.Minute, "the `TIME` to wait until the log's quorum of witnesses has seen it")
}

func (p Program) publishCommand() *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use:   "publish RUN... --log URL|DIR",
		Short: "Put statements you made into a log, and keep the proofs with them",
		Long: `Publish logs runs of your store of statements (files NNNNNN.run), one after the other,
and waits until the log's quorum of witnesses has seen each. From then on bundles of the
run prove that it was logged. A log takes the statements about a system in their order.
Publish may be said again whenever the answer was lost or the witnesses were away: the
log holds a statement once. attest --log does the same at once.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.log == "" {
				return &usageError{errors.New("publish needs --log URL or --log DIR")}
			}
			if err := f.checkLog(); err != nil {
				return err
			}
			for _, path := range args {
				if err := p.publish(c.Context(), f, path, ""); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.register(c)
	return c
}

// publish logs the run in a file and writes the proof into it. then is what the
// caller would have done next, "" for nothing.
func (p Program) publish(ctx context.Context, f publishFlags, path, then string) error {
	run, err := runs.Load(path)
	if err != nil {
		return err
	}
	leaf, err := leafOf(run, path)
	if err != nil {
		return err
	}
	proof, err := p.addLeaf(ctx, f, leaf)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "publish", Origin: surety.Origin{File: path}, Err: err, Hint: f.goOn(err, run, path, then)}
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
		before := runBefore(path, run.Sequence-1)
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

// addLeaf puts a leaf into the log and returns its proof once it is final. What it
// waits for it says, if that takes long.
func (p Program) addLeaf(ctx context.Context, f publishFlags, leaf []byte) (string, error) {
	if isURL(f.log) {
		ctx, cancel := context.WithTimeout(ctx, f.wait)
		defer cancel()
		return f.addByURL(ctx, leaf, p.say)
	}
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // Tessera's own messages
	config, err := loadLog(f.log, stateOf(f.log, f.state))
	if err != nil {
		return "", err
	}
	if err := config.Unlock(p.opener(f.logPassphrase)); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait) // and not while a person types
	defer cancel()
	log, err := ledger.Open(ctx, config)
	if err != nil {
		return "", err
	}
	stop := waiting(ctx, func(context.Context) (*ledger.Health, error) { return log.Status().Health(), nil }, p.say)
	proof, state, err := logged(ctx, log, leaf)
	if why := stop(); err != nil && ctx.Err() != nil {
		err = &unfinished{ctx.Err(), f.wait, state, why}
	}
	closing, cancelClosing := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
	defer cancelClosing()
	return proof, errors.Join(err, log.Close(closing))
}

// logged returns the proof of a leaf, or how far it came: "" if that is not known.
func logged(ctx context.Context, log *ledger.Ledger, leaf []byte) (proof, state string, err error) {
	id := leafID(leaf)
	receipt, err := log.Append(ctx, id, leaf)
	if err != nil {
		return "", "", err
	}
	receipt, err = log.Await(ctx, id, log.Final())
	if err != nil {
		return "", receipt.State.String(), err
	}
	proof, err = log.Proof(ctx, receipt.Index)
	return proof, receipt.State.String(), err
}

func leafID(leaf []byte) string {
	d := surety.DigestOf(leaf)
	return hex.EncodeToString(d[:])
}

// addByURL asks a served log, again and again until the entry is final.
func (f *publishFlags) addByURL(ctx context.Context, leaf []byte, tell func(string)) (string, error) {
	token, err := ledger.ReadSecret(f.token)
	if err != nil {
		return "", fmt.Errorf("read the log's token: %w", err)
	}
	remote := &remoteLog{base: f.log, token: token, client: &http.Client{Timeout: time.Minute}}
	a, err := remote.add(ctx, leaf, ledger.Accepted.String())
	if err != nil {
		return "", f.outOfTime(ctx, err, "", "the log has not answered")
	}
	stop := waiting(ctx, remote.health, tell)
	for a.Proof == "" && err == nil {
		state := a.State
		if a, err = remote.add(ctx, leaf, ledger.WaitFinal); err != nil {
			return "", f.outOfTime(ctx, err, state, stop())
		}
		if a.Proof == "" {
			select {
			case <-ctx.Done():
				err = f.outOfTime(ctx, ctx.Err(), a.State, stop())
			case <-time.After(time.Second):
			}
		}
	}
	stop()
	return a.Proof, err
}

// outOfTime says of an error that ctx ended what the caller knows of the entry.
func (f *publishFlags) outOfTime(ctx context.Context, err error, state, why string) error {
	if ctx.Err() == nil {
		return err
	}
	return &unfinished{ctx.Err(), f.wait, state, why}
}

// checkLog refuses a log that cannot be meant, before anything is signed.
func (f *publishFlags) checkLog() error {
	switch {
	case f.log == "":
		return nil
	case f.wait <= 0:
		return &usageError{errors.New("--log-wait: give a time, such as 2m")}
	case isURL(f.log) && f.token == "":
		return &usageError{errors.New("the log at a URL asks for a token; give --log-token FILE")}
	case isURL(f.log):
		if _, err := ledger.ReadSecret(f.token); err != nil {
			return &surety.Error{Kind: surety.Unreadable, Op: "read the log's token", Err: err}
		}
		return nil
	}
	_, err := loadLog(f.log, stateOf(f.log, f.state))
	return err
}
