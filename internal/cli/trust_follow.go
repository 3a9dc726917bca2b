package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// logFollower follows one log for a policy, from where it was followed to before.
type logFollower struct {
	policy *bundle.Policy
	source tiles.Source
	folder string // where it is kept how far logs were read

	raw      []byte // the head, as it was signed
	head     *transparency.Head
	follower *bundle.Follower
	basis    surety.Digest
	followed *bundle.Followed
}

// keptLog is how far a log was read, and what it said of keys up to there. It is no more
// secret, and no less in need of care, than the policy beside it.
type keptLog struct {
	Format     string        `json:"surety"`
	Origin     string        `json:"origin"`
	Size       int64         `json:"size"` // entries that were read
	Root       tlog.Hash     `json:"root"`
	Checkpoint string        `json:"checkpoint"` // of that size, as it was signed
	Basis      surety.Digest `json:"basis"`      // see bundle.Follower
	Entries    []keptEntry   `json:"entries"`
}

type keptEntry struct {
	Index int64  `json:"index"`
	Leaf  string `json:"leaf"`
}

const keptFormat = "followed/v1"

// follow reads the log's newest final head, proves that it extends what was seen, and
// reads the entries that were not read before. An alert is about a head that does not
// extend what was seen.
func (l *logFollower) follow(ctx context.Context) (alerts []ledger.Alert, err error) {
	if _, l.raw, l.head, err = ledger.FinalHead(ctx, l.source, l.policy.Log); err != nil {
		return nil, err
	}
	l.follower = l.policy.Follow(l.head.Origin)
	l.basis = l.follower.Basis()
	kept, from := l.kept(), int64(0)
	if at := slices.IndexFunc(l.policy.Seen, func(h transparency.Head) bool { return h.Origin == l.head.Origin }); at >= 0 {
		seen := l.policy.Seen[at]
		if alerts, err = ledger.Compare(ctx, l.source, l.raw, l.head, kept.seen(&seen)); err != nil || len(alerts) > 0 {
			return alerts, err
		}
		if kept != nil && kept.Size <= seen.Size && kept.Basis == l.basis {
			if alerts, err = ledger.Compare(ctx, l.source, l.raw, l.head, kept.seen(nil)); err != nil || len(alerts) > 0 {
				return alerts, err
			}
			from = l.again(kept)
		}
	}
	if err := l.read(ctx, from); err != nil {
		return nil, err
	}
	l.followed, err = l.follower.Result()
	return nil, err
}

// seen is the head that was read up to, or another one: with its checkpoint if that is
// the same one.
func (k *keptLog) seen(other *transparency.Head) *ledger.Seen {
	if other == nil || k != nil && k.Size == other.Size && k.Root == other.Root {
		return &ledger.Seen{Size: k.Size, Root: k.Root, Checkpoint: k.Checkpoint}
	}
	text := fmt.Sprintf("%s\n%d\n%s\n(its signatures were not kept)\n", other.Origin, other.Size, other.Root)
	return &ledger.Seen{Size: other.Size, Root: other.Root, Checkpoint: text}
}

// again adds what was kept, and returns the entry to go on from. If something of it
// cannot be read, all is read anew.
func (l *logFollower) again(kept *keptLog) int64 {
	for _, e := range kept.Entries {
		leaf, err := transparency.ParseLeaf([]byte(e.Leaf))
		if err == nil {
			err = l.follower.Add(e.Index, leaf)
		}
		if err != nil {
			l.follower = l.policy.Follow(l.head.Origin)
			return 0
		}
	}
	return kept.Size
}

// keyEventPrefix begins the leaves of all kinds about keys.
const keyEventPrefix = `[1,"key-`

// read adds the log's entries from one on.
func (l *logFollower) read(ctx context.Context, from int64) error {
	tree := tiles.Tree{Source: l.source, Size: l.head.Size, Root: l.head.Root}
	for index, e := range tree.Entries(ctx, from) {
		switch {
		case e.Err != nil:
			return e.Err
		case ctx.Err() != nil:
			return ctx.Err()
		case !strings.HasPrefix(string(e.Raw), keyEventPrefix):
			continue // most are not, and parsing takes longer than this
		}
		leaf, err := transparency.ParseLeaf(e.Raw)
		if err != nil {
			continue // surety log audit names it
		}
		if err := l.follower.Add(index, leaf); err != nil {
			return err
		}
	}
	return nil
}

func (l *logFollower) path() string {
	sum := sha256.Sum256([]byte(l.head.Origin))
	return filepath.Join(l.folder, hex.EncodeToString(sum[:8])+".json")
}

// kept reads how far the log was read, nil if nobody knows: then it is read from its
// first entry, and nothing is lost but time.
func (l *logFollower) kept() *keptLog {
	raw, err := os.ReadFile(l.path())
	if err != nil {
		return nil
	}
	var k keptLog
	if json.Unmarshal(raw, &k) != nil || k.Format != keptFormat || k.Origin != l.head.Origin || k.Size < 0 || k.Checkpoint == "" {
		return nil
	}
	return &k
}

// keep notes that the log was read up to its head. It comes after the policy: one that
// was cut short before this is followed anew from where it was kept last.
func (l *logFollower) keep() error {
	k := keptLog{Format: keptFormat, Origin: l.head.Origin, Size: l.head.Size, Root: l.head.Root, Checkpoint: string(l.raw), Basis: l.basis, Entries: []keptEntry{}}
	for index, leaf := range l.follower.Counted() {
		k.Entries = append(k.Entries, keptEntry{index, string(leaf.Append(nil))})
	}
	raw, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return err
	}
	if err := os.Mkdir(l.folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return durable.Replace(l.path(), append(raw, '\n'))
}
