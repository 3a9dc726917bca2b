package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/system"
)

// attestFlags are those of attest beyond an assessment's.
type attestFlags struct {
	runFlags
	publishFlags
	key, passphraseFile string
	issuer, valid       string
	disclose            []string
	store, oscal        string
	output              string
}

func (p Program) attestCommand() *cobra.Command {
	var f attestFlags
	c := &cobra.Command{
		Use:   "attest SOURCE...",
		Short: "Assess a system, sign what came of it, and disclose what you choose",
		Long: `Attest assesses SOURCE as assess does, commits to every result in a salted tree,
signs the counts and the tree's root with your key, and writes a bundle that
another party checks offline:

    surety key generate -o acme.key
    surety attest deploy/ --key acme.key --as acme --disclose SUR-VIR-02 -o acme.surety
    surety verify acme.surety --policy policy.txt

The bundle reveals the results that --disclose names (a control, a check or a
resource; patterns with *; all) and hides the others, whose number it tells. All of
them are kept in --store, from which "surety disclose" makes other bundles of the
same statement, and "surety erase" destroys what must not be shown any more.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.attest(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.runFlags.register(fs)
	f.publishFlags.register(c)
	fs.StringVar(&f.key, "key", "", "the key `FILE` to sign with, or agent:NAME, see surety key")
	fs.StringVar(&f.passphraseFile, "passphrase-file", "", "read the key's passphrase from this `FILE`")
	fs.StringVar(&f.issuer, "as", "", "the `PARTY` that states it")
	fs.StringVar(&f.valid, "valid", "30d", "how many days the statement counts, such as 30d")
	fs.StringSliceVar(&f.disclose, "disclose", nil, "reveal the results of this control, check or resource; repeatable")
	fs.StringVar(&f.store, "store", "", "keep what was committed to in this `DIR` (default: the user's state folder)")
	fs.StringVar(&f.oscal, "oscal", "", "also write OSCAL assessment-results to this `FILE`, and sign its digest")
	fs.StringVarP(&f.output, "output", "o", "", "write the bundle to this `FILE` instead of standard output")
	return c
}

func (p Program) attest(ctx context.Context, f attestFlags, args []string) error {
	if f.key == "" || f.issuer == "" {
		return &usageError{errors.New("attest needs --key FILE and --as PARTY")}
	}
	if !system.IsName(f.issuer) {
		return &usageError{fmt.Errorf("--as %q is not a party's name; use %s", f.issuer, system.NameForm)}
	}
	valid, err := days(f.valid)
	if err != nil {
		return &usageError{fmt.Errorf("--valid: %w", err)}
	}
	if err := f.checkLog(); err != nil {
		return err
	}
	if err := replaceable(f.output); err != nil {
		return err
	}
	f.noMemo = true // whoever can write the memo must not be able to have a verdict signed
	run, err := p.prepare(ctx, f.runFlags, args)
	if err != nil {
		return err
	}
	if err := isParty(run.options.Model, f.issuer); err != nil {
		return err
	}
	key, err := p.openKey(f.key, f.passphraseFile)
	if err != nil {
		return err
	}
	store, err := p.openStore(f.store)
	if err != nil {
		return err
	}
	if err := stillCounts(store, key); err != nil {
		return err
	}
	begin := time.Now().UTC().Truncate(time.Second)
	k, err := p.execute(ctx, run)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &surety.Error{Kind: surety.Canceled, Op: "attest", Err: errors.New("interrupted; nothing was signed")}
	}
	if err := usable(k.Assessment); err != nil {
		return err
	}
	a := k.Assessment
	if a.Model.Inferred && a.Model.Parties[f.issuer] == nil {
		p.say(fmt.Sprintf("warning: no surety.yaml says what %s answers for, so the statement counts no result for it; surety init writes one", f.issuer))
	}
	window := statement.Window{NotBefore: begin, NotAfter: begin.Add(valid)}
	results, predicate := assure.State(a, f.issuer, run.options.Policy, window)
	if err := chooses(f.disclose, results); err != nil {
		return err
	}
	attachments := map[string]surety.Digest{}
	if f.oscal != "" {
		var b bytes.Buffer
		if err := report.Write(&b, "oscal", k, report.Options{Time: begin, Version: version()}); err != nil {
			return err
		}
		if err := p.writeOutput(f.oscal, func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err }); err != nil {
			return err
		}
		attachments["assessment-results.oscal.json"] = surety.DigestOf(b.Bytes())
	}
	kept, err := sign(store, key, f.issuer, results, predicate, attachments)
	if err != nil {
		return err
	}
	p.say("kept as " + store.Path(kept) + ", which disclose, erase and publish take")
	if f.log != "" {
		disclose := append([]string{"surety", "disclose", store.Path(kept)}, f.disclose...)
		if f.output != "" {
			disclose = append(disclose, "-o", f.output)
		}
		if err := p.publish(ctx, f.publishFlags, store.Path(kept), shellLine(disclose...)); err != nil {
			return err
		}
		if kept, err = runs.Load(store.Path(kept)); err != nil {
			return err
		}
	}
	return p.writeBundle(kept, f.disclose, f.output)
}

// chooses refuses a selector that names no result, before anything is signed: a typo
// must not hide what was meant to be shown.
func chooses(selectors []string, results []statement.Result) error {
	for _, s := range selectors {
		if !slices.ContainsFunc(results, func(r statement.Result) bool { return selects(s, &r) }) {
			return &usageError{fmt.Errorf(namesNothing, s)}
		}
	}
	return nil
}

const namesNothing = "--disclose %s names no result; it is a control (SUR-VIR-02), a check (KSV-0017), a resource key or all, with * for any characters"

// isParty refuses an issuer that a model, if there is one, does not have: nobody's
// row could rest on what it states.
func isParty(m *system.Model, name string) error {
	if m == nil || m.Parties[name] != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(m.Parties))
	hint := "its parties are " + strings.Join(names, ", ")
	if near := strict.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return &surety.Error{Kind: surety.BadInput, Op: "attest", Origin: m.Origin, Err: fmt.Errorf("system %s has no party %q for --as", m.Name, name), Hint: hint}
}

// sign makes the next statement of the issuer about the system and keeps it.
func sign(store *runs.Store, key statement.Signer, issuer string, results []statement.Result, p statement.Predicate, attachments map[string]surety.Digest) (*runs.Run, error) {
	stream := store.Stream(issuer, p.System)
	last, err := store.Last(stream)
	if err != nil {
		return nil, err
	}
	committed, err := statement.Commit(results, rand.Reader)
	if err != nil {
		return nil, err
	}
	id, err := statement.KeyID(key.Public())
	if err != nil {
		return nil, err
	}
	p.Issuer = statement.Issuer{Name: issuer, Key: id}
	p.Tool = statement.Tool{Name: "surety", Version: version()}
	p.Results.Root, p.Results.Leaves = surety.Digest(committed.Tree.Root()), committed.Tree.Size()
	p.Sequence = 1
	if last != nil {
		previous := surety.DigestOf(last.Envelope)
		p.Sequence, p.Previous = last.Sequence+1, previous.String()
	}
	envelope, err := statement.Seal(statement.New(p, attachments), key)
	if err != nil {
		return nil, err
	}
	run := runs.New(stream, p.Sequence, envelope.Encode(), committed)
	return run, store.Add(run)
}

// openStore opens the store of statements, by default where users' programs keep
// their state (XDG base directories).
func (p Program) openStore(dir string) (*runs.Store, error) {
	if dir == "" {
		state := p.Env("XDG_STATE_HOME")
		if home := p.Env("HOME"); state == "" && home != "" {
			state = filepath.Join(home, ".local", "state")
		}
		if state == "" {
			return nil, &usageError{errors.New("there is no home to keep statements in; give --store DIR")}
		}
		dir = filepath.Join(state, "surety")
	}
	return runs.Open(dir)
}

// writeBundle writes a bundle of a run that discloses what selectors name. Every
// selector must name something: a typo must not hide what was meant to be shown.
func (p Program) writeBundle(run *runs.Run, selectors []string, output string) error {
	used := make([]bool, len(selectors))
	b, err := run.Bundle(func(r *statement.Result) bool {
		chosen := false
		for i, s := range selectors {
			if selects(s, r) {
				used[i], chosen = true, true
			}
		}
		return chosen
	})
	if err != nil {
		return err
	}
	for i, s := range selectors {
		switch {
		case used[i], s == "all" && len(b.Erased) > 0:
		case len(b.Erased) > 0:
			return &usageError{fmt.Errorf("--disclose %s names no result that is left; %d of this statement were erased", s, len(b.Erased))}
		default:
			return &usageError{fmt.Errorf(namesNothing, s)}
		}
	}
	raw, err := bundle.Pack(b)
	if err != nil {
		return err
	}
	return p.writeOutput(output, func(w io.Writer) error { _, err := w.Write(raw); return err })
}

// selects reports whether a selector names a result: by control, check or
// resource.
func selects(selector string, r *statement.Result) bool {
	if selector == "all" {
		return true
	}
	names := append([]string{r.Check, r.Resource}, r.Controls...)
	return slices.ContainsFunc(names, func(name string) bool {
		// A resource key's slashes are no borders here: shop/* means what begins so.
		ok, err := path.Match(strings.ReplaceAll(selector, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
		return err == nil && ok
	})
}

// days reads a number of days such as 30d.
func days(text string) (time.Duration, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || !strings.HasSuffix(text, "d") || n < 1 || n > 366 {
		return 0, fmt.Errorf("%q is not a number of days from 1d to 366d", text)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// stillCounts refuses a key that this party itself declared to count no longer: whoever
// followed the log believes nothing that it signs.
func stillCounts(store *runs.Store, key statement.Signer) error {
	id, err := statement.KeyID(key.Public())
	if err != nil {
		return err
	}
	if kind, ended := store.Ended(id); ended {
		return &surety.Error{Kind: surety.BadInput, Op: "attest", Err: fmt.Errorf("key %s counts no longer: a %s of it was declared", id, kind),
			Hint: "sign with another key; surety key rotate has others believe a new one"}
	}
	return nil
}
