package ledger

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/tiles"
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
