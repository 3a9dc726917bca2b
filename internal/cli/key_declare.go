package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"
	fmtlog "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// declareFlags are those of commands that say something about a key in a log.
type declareFlags struct {
	publishFlags
	origin, by, passphraseFile, store string
}

func (f *declareFlags) register(c *cobra.Command) {
	f.publishFlags.register(c)
	c.Flags().StringVar(&f.origin, "origin", "", "the `NAME` of the log at the URL: what is signed counts in no other")
	c.Flags().StringVar(&f.passphraseFile, "passphrase-file", "", "read the passphrase of the key that signs from this `FILE`")
	c.Flags().StringVar(&f.store, "store", "", "keep what was signed in this `DIR` (default: the user's state folder)")
}

const byUsage = "another `KEY` of the same party, which says so: a FILE or agent:NAME (default: the key itself)"

func (p Program) keyRotateCommand() *cobra.Command {
	var f declareFlags
	var newPassphrase string
	c := &cobra.Command{
		Use:   "rotate OLD NEW --log URL|DIR",
		Short: "Vouch for a new key in a log, so that others believe it as they do the old one",
		Long: `Rotate writes into a log that OLD vouches for NEW; both sign, so that nobody can be
given a key that he does not have. From that entry on both count:

    surety key generate -o new.key
    surety key rotate old.key new.key --log acme
    surety trust update --from acme          each verifier, when it likes
    surety key retire old.key --log acme     once they have

Attest with OLD until your verifiers have updated: a statement is signed with one key,
and who does not know NEW yet does not believe it.

OLD and NEW are key files or agent:NAME.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if newPassphrase == "" {
				newPassphrase = f.passphraseFile
			}
			subject, err := p.publicKey(args[1])
			if err != nil {
				return err
			}
			text, err := bundle.FormatKey(subject)
			if err != nil {
				return err
			}
			id, err := statement.KeyID(subject)
			if err != nil {
				return err
			}
			old, err := p.publicKey(args[0])
			if err != nil {
				return err
			}
			if same, err := statement.KeyID(old); err != nil || same == id {
				return cmp.Or(err, error(&usageError{fmt.Errorf("%s and %s are the same key %s; surety key generate makes a new one", args[0], args[1], id)}))
			}
			d := declaration{kind: transparency.KeyIntroduced, by: args[0], subject: text, done: "key " + id + " counts from"}
			d.also = func() (statement.Signer, error) { return p.openKey(args[1], newPassphrase) }
			return p.declare(c.Context(), f, d)
		},
	}
	f.register(c)
	c.Flags().StringVar(&newPassphrase, "new-passphrase-file", "", "read the passphrase of NEW from this `FILE` (default: that of OLD)")
	return c
}

func (p Program) keyRetireCommand() *cobra.Command {
	var f declareFlags
	c := &cobra.Command{
		Use:   "retire KEY --log URL|DIR",
		Short: "Say in a log that a key is used no longer",
		Long: `Retire writes into a log that KEY counts for nothing from that entry on. What it
signed before stays good.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d := declaration{kind: transparency.KeyRetired}
			return p.declareAbout(c.Context(), f, d, args[0])
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.by, "by", "", byUsage)
	return c
}

func (p Program) keyCompromiseCommand() *cobra.Command {
	var f declareFlags
	at := int64(-1)
	c := &cobra.Command{
		Use:   "compromise KEY --at ENTRY --log URL|DIR",
		Short: "Say in a log that a key was stolen, and from which entry on",
		Long: `Compromise writes into a log that KEY counts for nothing from entry --at on, which
is before now: say the first entry that may be the thief's. What is older stays good.
Keys that KEY vouched for from there on fall with it, so hand the line of the key you
go on with to your verifiers anew.

The key itself can always say so, even after a thief spoke in its name. If you have
lost it, let another key of yours say it: KEY is then the id of the lost one.

    surety log audit URL --policy F --key KEYID     tells each use of the key
    surety key compromise acme.key --at 4711 --log acme
    surety key compromise 9a0364b9e99bb480 --at 4711 --log acme --by other.key`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if at < 0 {
				return &usageError{errors.New("say --at ENTRY: the first log entry for which the key must not count")}
			}
			d := declaration{kind: transparency.KeyCompromised, at: at}
			return p.declareAbout(c.Context(), f, d, args[0])
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.by, "by", "", byUsage)
	c.Flags().Int64Var(&at, "at", -1, "the `ENTRY` of the log from which the key counts for nothing")
	return c
}

// declaration is what a command says about a key.
type declaration struct {
	kind    transparency.Kind
	by      string // the key that says it
	subject string
	at      int64
	also    func() (statement.Signer, error) // a key that signs too
	done    string                           // what to print, before the entry
}

// declareAbout says something about a key that exists: of itself, or by another.
func (p Program) declareAbout(ctx context.Context, f declareFlags, d declaration, name string) error {
	id := name
	if f.by == "" || !keyID.MatchString(name) {
		public, err := p.publicKey(name)
		if err != nil {
			return err
		}
		if id, err = statement.KeyID(public); err != nil {
			return err
		}
	}
	if d.by = f.by; d.by == "" {
		d.by = name
	}
	d.subject, d.done = id, "key "+id+" counts for nothing from"
	return p.declare(ctx, f, d)
}

// declare signs the declaration for the log and puts it there, once however often
// it is said.
func (p Program) declare(ctx context.Context, f declareFlags, d declaration) error {
	if f.log == "" {
		return &usageError{errors.New("say --log URL or --log DIR: others learn of it from a log")}
	}
	if err := f.checkLog(); err != nil {
		return err
	}
	origin, size, err := f.target(ctx, f.origin)
	if err != nil {
		return err
	}
	if d.at > size {
		return &usageError{fmt.Errorf("--at %d: the log has %s, and what is still to come cannot be judged", d.at, counted(size))}
	}
	by, err := p.publicKey(d.by)
	if err != nil {
		return err
	}
	id, err := statement.KeyID(by)
	if err != nil {
		return err
	}
	store, err := p.openStore(f.store)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s %s %s %s %d", d.kind, origin, id, d.subject, d.at)
	leaf, err := store.Declared(what, func() ([]byte, error) { return p.signDeclaration(f, d, id, origin) })
	if err != nil {
		return err
	}
	text, err := p.addLeaf(ctx, f.publishFlags, leaf)
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "publish", Origin: surety.Origin{File: withoutPassword(f.log)}, Err: err,
			Hint: "it is signed and kept; the same command goes on from here"}
	}
	index, logged, err := provenEntry(text)
	if err == nil && logged != origin {
		err = fmt.Errorf("log %s answers, and it was signed for %s", logged, origin)
	}
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "publish", Origin: surety.Origin{File: withoutPassword(f.log)}, Err: err}
	}
	if d.kind == transparency.KeyCompromised {
		printSafely(p.Stdout, "%s entry %d of log %s on; entry %d says so\n", d.done, d.at, origin, index)
		return nil
	}
	printSafely(p.Stdout, "%s entry %d of log %s on\n", d.done, index, origin)
	return nil
}

func (p Program) signDeclaration(f declareFlags, d declaration, id, origin string) ([]byte, error) {
	key, err := p.openKey(d.by, f.passphraseFile)
	if err != nil {
		return nil, err
	}
	signers := []statement.Signer{key}
	if d.also != nil {
		second, err := d.also()
		if err != nil {
			return nil, err
		}
		signers = append(signers, second)
	}
	leaf := &transparency.Leaf{
		Kind: d.kind, Stream: runs.NewStream(), Sequence: 1, Key: id, Claimed: time.Now().UTC().Truncate(time.Second),
		Declares: &transparency.Declaration{Subject: d.subject, At: d.at},
	}
	if err := bundle.Declare(leaf, origin, signers...); err != nil {
		return nil, err
	}
	return leaf.Append(nil), nil
}

// target is the name of the log that is written to, and how many entries it has.
// The name of a log at a URL must come from who signs: a log that gave itself
// another's would get a signature that counts there.
func (f *publishFlags) target(ctx context.Context, named string) (origin string, size int64, err error) {
	fail := func(err error, hint string) (string, int64, error) {
		return "", 0, &surety.Error{Kind: surety.Unreadable, Op: "open log", Origin: surety.Origin{File: withoutPassword(f.log)}, Err: err, Hint: hint}
	}
	if !isURL(f.log) {
		config, err := loadLog(f.log, stateOf(f.log, f.state))
		if err != nil {
			return "", 0, err
		}
		if own := config.Origin; named == "" {
			named = own
		} else if named != own {
			return fail(fmt.Errorf("it is the log %s, not %s", own, named), "")
		}
	} else if named == "" {
		return "", 0, &usageError{errors.New("say --origin NAME of the log at the URL, as it stands in its key")}
	}
	raw, err := tiles.Open(f.log).Read(ctx, tiles.Checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return named, 0, nil
	}
	if err != nil {
		return fail(cause(err), "")
	}
	var head fmtlog.Checkpoint
	if _, err := head.Unmarshal(raw); err != nil {
		return fail(err, "")
	}
	if head.Origin != named {
		return fail(fmt.Errorf("it is the log %s, not %s", head.Origin, named), "nothing was signed")
	}
	return named, int64(head.Size), nil
}

// provenEntry reads which entry of which log a proof is of. It is not verified.
func provenEntry(text string) (index int64, origin string, err error) {
	var p proof.TLogProof
	if err := p.Unmarshal([]byte(text)); err != nil {
		return 0, "", fmt.Errorf("the log's proof cannot be read: %w", err)
	}
	origin, _, _ = strings.Cut(string(p.Checkpoint), "\n")
	return int64(p.Index), origin, nil
}
