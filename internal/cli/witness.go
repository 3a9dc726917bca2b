package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/witness"
)

func (p Program) witnessCommand() *cobra.Command {
	var s serving
	var name, policy, key, from string
	c := &cobra.Command{
		Use:   "witness DIR --name NAME --policy FILE",
		Short: "Co-sign the heads of others' logs, each only if it extends the one before",
		Long: `Witness answers logs that ask for a co-signature (C2SP tlog-witness). It sees the
sizes and roots of a log and none of its entries; it needs little more than a clock
and a disk that does not forget. A log whose heads are co-signed by witnesses of
several organisations cannot show one of them another history than the others.

    surety witness DIR --name witness.example/acme --policy logs.policy

DIR holds the key, made on the first start, and the newest head co-signed of each
log. Never put DIR back from a copy: a witness that forgets co-signs a fork. The name is
the key's for good; another one needs a DIR of its own. The policy names the logs, a
line log VKEY for each; its witnesses and quorum are of no matter here. The key that
the logs' policies name this witness by is printed at the start; two lines while it is
replaced by another, see surety witness rotate. GET /health answers 503 with the reason
while no co-signature can be made.

The key lies in DIR in clear, unless --key says on the first start where one is that
you made: encrypted, or in an ssh-agent. Its passphrase is taken as surety log serve
takes that of a log's.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if name == "" || policy == "" {
				return &usageError{errors.New("say --name NAME, a host and path that are yours, and --policy FILE with the logs to co-sign")}
			}
			logs, err := ledger.ReadPolicy(policy)
			if err != nil {
				return logError(args[0], err)
			}
			held, err := p.witnessKeys(args[0], name, key)
			if err != nil {
				return logError(args[0], err)
			}
			signers, vkeys, err := p.coSigners(held, from)
			if err != nil {
				return logError(args[0], err)
			}
			release, err := durable.Own(filepath.Join(args[0], "lock"))
			if err != nil {
				return logError(args[0], err)
			}
			p.pace.stay()
			logger := p.logger()
			server, err := witness.NewServer(durable.Disk{}, args[0], signers, logs, logger)
			if err != nil {
				return errors.Join(forgotten(args[0], err), release())
			}
			fmt.Fprintln(p.Stdout, strings.Join(vkeys, "\n"))
			return errors.Join(s.serve(c.Context(), server.Handler(), logger), release())
		},
	}
	c.Flags().StringVar(&name, "name", "", "the witness's `NAME`, a host and path that are yours")
	c.Flags().StringVar(&policy, "policy", "", "the logs to co-sign, in this `FILE`")
	c.Flags().StringVar(&key, "key", "", heldUsage)
	c.Flags().StringVar(&from, "passphrase-file", "", "read the passphrase of the witness's key from this `FILE`")
	s.register(c, "localhost:6963")
	c.AddCommand(p.witnessRotateCommand())
	return c
}

// coSigners makes a witness's keys ready, and returns what policies name them by.
func (p Program) coSigners(held []witness.Held, from string) (signers []note.Signer, vkeys []string, err error) {
	for _, h := range held {
		signer, vkey, err := h.CoSigner(p.opener(from))
		if err != nil {
			return nil, nil, err
		}
		signers, vkeys = append(signers, signer), append(vkeys, vkey)
	}
	return signers, vkeys, nil
}

// forgotten says of an error at a witness's start what to do if it has lost what it saw.
func forgotten(dir string, err error) error {
	var damaged *witness.Damaged
	if !errors.As(err, &damaged) {
		return logError(dir, err)
	}
	return &surety.Error{Kind: surety.Unreadable, Op: "start witness", Origin: surety.Origin{File: dir}, Err: err,
		Hint: "a witness that forgets co-signs a fork, so nothing may put it back: start another one, in another DIR under another name, and give its key to the logs"}
}

// witnessKeys reads where the witness's keys are, and on the first start makes one or
// takes the one that is given.
func (p Program) witnessKeys(dir, name, given string) ([]witness.Held, error) {
	path := filepath.Join(dir, "key")
	list, err := readHeld(path)
	if errors.Is(err, fs.ErrNotExist) {
		held, _, err := p.heldKey(name, given)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		return []witness.Held{held}, durable.Create(path, []byte(witness.KeyFile(held)))
	}
	if err != nil {
		return nil, err
	}
	for _, held := range list {
		if held.Name != name {
			return nil, fmt.Errorf("the key there is that of witness %s, and --name says %s; say its name, or give another DIR", held.Name, name)
		}
	}
	if given == "" {
		return list, nil
	}
	want, _, err := p.heldKey(name, given)
	if err == nil && !slices.Contains(list, want) {
		err = fmt.Errorf("%s: another key is in use; a witness keeps its key, or replaces it by surety witness rotate", path)
	}
	return list, err
}

// readHeld reads a witness's key file.
func readHeld(path string) ([]witness.Held, error) {
	text, err := ledger.ReadSecret(path)
	if err != nil {
		return nil, err
	}
	list, err := witness.ParseHeld(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}
