package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

type eraseFlags struct {
	publishFlags
	key, passphraseFile string
	yes, unlogged       bool
}

func (p Program) eraseCommand() *cobra.Command {
	var f eraseFlags
	c := &cobra.Command{
		Use:   "erase RUN SELECTOR...",
		Short: "Destroy results of a statement, so that they can never be shown again",
		Long: `Erase replaces the results that each SELECTOR names in a run of your store by their
hashes. Their salts are gone with them: nobody can show or guess them any more, and
bundles of the statement say that they were erased. Copies that others hold, and
backups of the store, are beyond it. --yes confirms.

If the statement is in a log, the erasure is logged too, signed with your key:

    surety erase RUN KSV-0017 --yes --log acme --key acme.key

The results are destroyed first. Should the log be away, say the same again later;
--no-log erases without an entry.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if !f.yes {
				return &usageError{errors.New("erase destroys for good; say --yes")}
			}
			return p.erase(c.Context(), f, args[0], args[1:])
		},
	}
	f.publishFlags.register(c)
	c.Flags().StringVar(&f.key, "key", "", "the key `FILE` to sign the log entry with, or agent:NAME")
	c.Flags().StringVar(&f.passphraseFile, "passphrase-file", "", "read the key's passphrase from this `FILE`")
	c.Flags().BoolVar(&f.yes, "yes", false, "I know that this cannot be undone")
	c.Flags().BoolVar(&f.unlogged, "no-log", false, "make no log entry, though the statement is in a log")
	return c
}

// erase destroys what the selectors name, and logs that it is gone if the run was
// logged. An entry that an earlier try could not bring into the log is made up for.
func (p Program) erase(ctx context.Context, f eraseFlags, path string, selectors []string) error {
	run, err := runs.Load(path)
	if err != nil {
		return err
	}
	logs := run.Log != nil && !f.unlogged
	if logs && (f.log == "" || f.key == "") {
		return &usageError{errors.New("the statement is in a log, and its erasure belongs there too; say --log URL|DIR and --key FILE, or --no-log")}
	}
	var key statement.Signer
	if logs {
		if key, err = p.openKey(f.key, f.passphraseFile); err != nil {
			return err
		}
	}
	n, err := run.Erase(func(r *statement.Result) bool {
		return slices.ContainsFunc(selectors, func(s string) bool { return selects(s, r) })
	})
	if err != nil {
		return err
	}
	waiting := run.Erasure != nil && run.Erasure.Proof == ""
	if n == 0 && !(logs && waiting) {
		return &usageError{errors.New("the selectors name no result that is still there")}
	}
	if logs && n > 0 {
		if run.Erasure, err = erasure(run, key); err != nil {
			return err
		}
	}
	if err := runs.Replace(path, run); err != nil {
		return err
	}
	if n > 0 {
		fmt.Fprintf(p.Stdout, "%s erased\n", amount(n, "result"))
	}
	if !logs {
		return nil
	}
	return p.logErasure(ctx, f, path, run)
}

func (p Program) logErasure(ctx context.Context, f eraseFlags, path string, run *runs.Run) error {
	proof, err := p.addLeaf(ctx, f.publishFlags, run.Erasure.Leaf)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "log erasure", Origin: surety.Origin{File: path}, Err: err,
			Hint: "the results are destroyed; the same command brings the entry into the log later"}
	}
	index, origin, err := provenEntry(proof)
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "log erasure", Origin: surety.Origin{File: path}, Err: err}
	}
	run.Erasure.Proof = proof
	if err := runs.Replace(path, run); err != nil {
		return err
	}
	printSafely(p.Stdout, "entry %d of log %s says so\n", index, origin)
	return nil
}

// erasure makes the log entry of all that is erased of a run, signed for the log
// that the run is in.
func erasure(run *runs.Run, key statement.Signer) (*bundle.LogProof, error) {
	at, origin, err := provenEntry(run.Log.Proof)
	if err != nil {
		return nil, err
	}
	id, err := statement.KeyID(key.Public())
	if err != nil {
		return nil, err
	}
	digest, err := run.ErasedDigest()
	if err != nil {
		return nil, err
	}
	leaf := &transparency.Leaf{
		Kind: transparency.ErasureLeaf, Stream: runs.NewStream(), Sequence: 1, Commitment: digest, Key: id,
		Claimed: time.Now().UTC().Truncate(time.Second), Declares: &transparency.Declaration{At: at},
	}
	if err := bundle.Declare(leaf, origin, key); err != nil {
		return nil, err
	}
	return &bundle.LogProof{Leaf: leaf.Append(nil)}, nil
}
