package ledger

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// resign signs the newest head anew if a key came since that has not signed it: who
// believes the new key only must not wait for an entry. Nothing else has the
// directory yet.
func (l *Ledger) resign(ctx context.Context) error {
	h, err := l.readHead(ctx, tiles.Checkpoint, l.own)
	if err != nil || h == nil || h.Size != l.guard.last.Size || signedByAll(h.raw, l.config.Signers, l.own) {
		return nil // what is wrong with it is told when heads are read
	}
	text, _, _ := strings.Cut(string(h.raw), "\n\n")
	raw, err := note.Sign(&note.Note{Text: text + "\n"}, l.guard.over(l.config.Signers)...)
	if err == nil {
		err = l.config.Disk.Replace(filepath.Join(l.config.Dir, tiles.Checkpoint), raw, 0o644)
	}
	if err != nil {
		return fmt.Errorf("sign the newest head with the new key: %w", err)
	}
	return nil
}

// signedByAll reports whether each of the keys, which a policy has, signed a head.
func signedByAll(raw []byte, keys []note.Signer, by *transparency.Policy) bool {
	return !slices.ContainsFunc(keys, func(key note.Signer) bool {
		one := &transparency.Policy{}
		for _, known := range by.Logs {
			if known.Origin == key.Name() && known.Verifier.KeyHash() == key.KeyHash() {
				one.Logs = append(one.Logs, known)
			}
		}
		_, err := one.OpenHead(raw)
		return err != nil
	})
}

// AddKey lets a second key sign the log's heads too, from when it is opened next. The
// first stays until DropKey, so that readers can come to know the second.
func (c *Config) AddKey(key witness.Held, vkey string) error {
	switch {
	case len(c.held) > 1:
		return errors.New("replace key: two keys sign already; the older must go first")
	case key.Name != c.Origin:
		return fmt.Errorf("replace key: the new key is of %s, and the log's name is %s for good", key.Name, c.Origin)
	case key == c.held[0]:
		return errors.New("replace key: it is the key that signs already")
	}
	err := c.editPolicy(func(lines []string) []string {
		last := 0
		for i, line := range lines {
			fields := strings.Fields(line)
			if len(fields) > 1 && fields[0] == "log" {
				last = i + 1
			}
			if len(fields) > 1 && fields[0] == "log" && fields[1] == vkey {
				return lines // it was cut short before
			}
		}
		return slices.Insert(lines, last, "log "+vkey)
	})
	if err == nil {
		err = c.keep(append(c.held, key))
	}
	if err != nil {
		return fmt.Errorf("replace key: %w", err)
	}
	return nil
}

// DropKey ends a rotation: of two keys, the older signs no more and leaves the log's
// policy. It refuses while the newest heads are not signed with the other, for who
// believes that one only could read none. It returns what the older was verified with.
func (c *Config) DropKey(public func(where string) (crypto.PublicKey, error)) (old string, err error) {
	if len(c.held) != 2 {
		return "", fmt.Errorf("replace key: %d keys sign, and not two", len(c.held))
	}
	if old, err = c.held[0].VKey(public); err != nil {
		return "", fmt.Errorf("replace key: %w", err)
	}
	vkey, err := c.held[1].VKey(public)
	if err != nil {
		return "", fmt.Errorf("replace key: %w", err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return "", fmt.Errorf("replace key: %w", err)
	}
	heads := []string{tiles.Checkpoint}
	if !c.Policy.Unwitnessed() {
		heads = append(heads, WitnessedFile)
	}
	for _, name := range heads {
		raw, err := os.ReadFile(filepath.Join(c.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = (&transparency.Policy{Logs: []transparency.Log{{Origin: c.Origin, Verifier: v}}}).OpenHead(raw)
		}
		if err != nil {
			return "", fmt.Errorf("replace key: the head in %s is not signed with the new key yet, so the older one stays; start the log, and wait for its witnesses: %w", name, err)
		}
	}
	err = c.editPolicy(func(lines []string) []string {
		return slices.DeleteFunc(lines, func(line string) bool {
			fields := strings.Fields(line)
			return len(fields) > 1 && fields[0] == "log" && fields[1] == old
		})
	})
	if err == nil {
		err = c.keep(c.held[1:])
	}
	if err != nil {
		return "", fmt.Errorf("replace key: %w", err)
	}
	return old, nil
}

func (c *Config) keep(keys []witness.Held) error {
	err := c.Disk.Replace(filepath.Join(c.State, keyFile), []byte(witness.KeyFile(keys...)), 0o600)
	if err == nil {
		c.held = keys
	}
	return err
}

// editPolicy changes the lines of the log's own policy.
func (c *Config) editPolicy(change func([]string) []string) error {
	path := filepath.Join(c.State, policyFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := change(strings.Split(string(raw), "\n"))
	return c.Disk.Replace(path, []byte(strings.Join(lines, "\n")), 0o600)
}
