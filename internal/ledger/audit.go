package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// Auditor follows a log, of whose history it forgets nothing.
type Auditor struct {
	Source tiles.Source
	Policy *transparency.Policy
	Keys   []string // to alert on the use of
	Now    time.Time
	Seen   *Seen
}

// Seen is what an auditor knows of a log from before.
type Seen struct {
	Origin     string                `json:"origin"`
	Size       int64                 `json:"size"`
	Root       tlog.Hash             `json:"root"`
	Checkpoint string                `json:"checkpoint"` // as the log signed it
	Streams    map[string]SeenStream `json:"streams"`
}

// SeenStream is the newest leaf seen of a stream.
type SeenStream struct {
	Sequence int64         `json:"sequence"`
	Leaf     surety.Digest `json:"leaf"`
}

// Kind is what an alert is about.
type Kind string

// The kinds of alerts.
const (
	ForkAlert   Kind = "fork"   // the log shows two histories
	BehindAlert Kind = "behind" // it shows an older head than before
	StreamAlert Kind = "stream" // a stream has a gap or a second history
	LeafAlert   Kind = "leaf"   // an entry is no leaf
	KeyAlert    Kind = "key"    // a key that is watched was used
	ClockAlert  Kind = "clock"  // times contradict each other

	AlteredAlert Kind = "altered" // a file is not what the log signed
	MissingAlert Kind = "missing" // a file that the signed head covers is not there
)

// Alert is something that whoever follows a log must look at.
type Alert struct {
	Kind  Kind
	Index int64 // of the entry; -1 if it is about the log
	Text  string
	Heads []string // of a fork: the signed checkpoints that contradict each other; of an older head, that and the newer one
}

// tolerance is how far apart clocks of honest parties may be.
const tolerance = 5 * time.Minute

// ReadSeen reads what was seen before; nothing if there is no file.
func ReadSeen(path string) (*Seen, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Seen{Root: tiles.Empty, Streams: map[string]SeenStream{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was seen: %w", err)
	}
	var s Seen
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read what was seen: %s: %w", path, err)
	}
	if s.Streams == nil {
		s.Streams = map[string]SeenStream{}
	}
	return &s, nil
}

// Write keeps what was seen for the next audit.
func (s *Seen) Write(path string) error {
	raw, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return durable.Replace(path, append(raw, '\n'))
}

// Audit reads the log's head and all entries since what was seen, and moves Seen
// to that head. If the head contradicts what was seen, Seen stays and the alert has
// both heads. If a file is not what the log signed, Seen stays at what was read. The
// head's signatures are checked by the policy. An error means that the log could not
// be read, or is another one.
func (a *Auditor) Audit(ctx context.Context) ([]Alert, error) {
	raw, head, bad, err := a.head(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if bad != nil {
		return []Alert{*bad}, nil
	}
	if a.Seen.Origin == "" {
		a.Seen.Origin = head.Origin
	}
	if a.Seen.Origin != head.Origin {
		return nil, fmt.Errorf("audit: it is the log %s, and what was seen is of %s", head.Origin, a.Seen.Origin)
	}
	if alert, err := Compare(ctx, a.Source, raw, head, a.Seen); alert != nil || err != nil {
		return alert, err
	}
	alerts := a.clocks(head)
	tree := tiles.Tree{Source: a.Source, Size: head.Size, Root: head.Root}
	for index, e := range tree.Entries(ctx, a.Seen.Size) {
		switch {
		case tiles.Contradicts(e.Err):
			return append(alerts, broken(index, e.Err)), nil
		case e.Err != nil:
			return alerts, fmt.Errorf("audit: %w", e.Err)
		}
		alerts = append(alerts, a.entry(index, e.Raw, head)...)
	}
	a.Seen.Size, a.Seen.Root, a.Seen.Checkpoint = head.Size, head.Root, string(raw)
	return alerts, nil
}

// broken is the alert about a file that is not what the log signed, or gone.
func broken(index int64, err error) Alert {
	kind := AlteredAlert
	if errors.Is(err, fs.ErrNotExist) {
		kind = MissingAlert
	}
	return Alert{kind, index, fmt.Sprintf("%v; entries from here on were not read", err), nil}
}

// Compare holds the checkpoint that somebody else was shown against the log.
func (a *Auditor) Compare(ctx context.Context, other []byte) ([]Alert, error) {
	theirs, err := (&transparency.Policy{Logs: a.Policy.Logs}).OpenHead(other)
	if err != nil {
		return nil, fmt.Errorf("compare heads: %w", err)
	}
	raw, head := []byte(a.Seen.Checkpoint), &transparency.Head{Origin: a.Seen.Origin, Size: a.Seen.Size, Root: a.Seen.Root}
	if theirs.Origin != head.Origin {
		return nil, fmt.Errorf("compare heads: one is of %s, the other of %s", theirs.Origin, head.Origin)
	}
	if theirs.Size > head.Size {
		raw, other, head, theirs = other, raw, theirs, head
	}
	return Compare(ctx, a.Source, raw, head, &Seen{Size: theirs.Size, Root: theirs.Root, Checkpoint: string(other)})
}

// FinalHead reads a log's newest head that the policy accepts, as it lies at the path.
func FinalHead(ctx context.Context, source tiles.Source, policy *transparency.Policy) (path string, raw []byte, head *transparency.Head, err error) {
	path = tiles.Checkpoint
	if raw, err = source.Read(ctx, path); err != nil {
		return path, nil, nil, err
	}
	head, err = policy.OpenHead(raw)
	if errors.Is(err, transparency.ErrQuorum) {
		// A directory has the witnessed head beside the newest one.
		if older, readErr := source.Read(ctx, WitnessedFile); readErr == nil {
			path, raw = WitnessedFile, older
			head, err = policy.OpenHead(older)
		}
	}
	return path, raw, head, err
}

// head reads the log's newest head that the policy accepts, or is alarmed by one
// that stands where the log's own should.
func (a *Auditor) head(ctx context.Context) (raw []byte, head *transparency.Head, bad *Alert, err error) {
	path, raw, head, err := FinalHead(ctx, a.Source, a.Policy)
	switch {
	case raw == nil && errors.Is(err, fs.ErrNotExist) && a.Seen.Size > 0:
		return nil, nil, &Alert{MissingAlert, -1, fmt.Sprintf("%v; a head of %d entries was seen before", err, a.Seen.Size), nil}, nil
	case raw == nil && err != nil:
		return nil, nil, nil, err
	case err == nil || errors.Is(err, transparency.ErrQuorum):
		return raw, head, nil, err
	}
	if origin := a.another(raw); origin != "" {
		return nil, nil, nil, fmt.Errorf("it is the log %s, which the policy does not name", origin)
	}
	return nil, nil, &Alert{AlteredAlert, -1, fmt.Sprintf("%s: %v", path, err), nil}, nil
}

// another returns whose a checkpoint is, if it is well formed and of a log that the
// policy does not name: that is a mistake of who asks.
func (a *Auditor) another(raw []byte) string {
	var unknown *note.UnverifiedNoteError
	if _, err := note.Open(raw, note.VerifierList()); !errors.As(err, &unknown) {
		return ""
	}
	origin, _, _ := strings.Cut(unknown.Note.Text, "\n")
	if slices.ContainsFunc(a.Policy.Logs, func(l transparency.Log) bool { return l.Origin == origin }) {
		return ""
	}
	return origin
}

// Compare says whether a log's head, of which raw is the checkpoint, extends what was
// seen. The alert that it does not, or is older, has both heads.
func Compare(ctx context.Context, source tiles.Source, raw []byte, head *transparency.Head, seen *Seen) ([]Alert, error) {
	older, size, root := seen.Checkpoint, seen.Size, seen.Root
	if older == "" {
		return nil, nil
	}
	tree := tiles.Tree{Source: source, Size: head.Size, Root: head.Root}
	was := transparency.Head{Origin: head.Origin, Size: size, Root: root}
	if head.Size < size {
		tree.Size, tree.Root, was.Size, was.Root = size, root, head.Size, head.Root
	}
	_, err := tree.Extends(ctx, was.Size, was.Root)
	switch {
	case errors.Is(err, tiles.ErrFork):
		return []Alert{{ForkAlert, -1, fmt.Sprintf("the heads of %d and %d entries, both signed by %s, cannot both be true: %v", size, head.Size, head.Origin, err), []string{older, string(raw)}}}, nil
	case err != nil && !tiles.Contradicts(err):
		return nil, fmt.Errorf("compare heads: %w", err)
	case err != nil:
		return []Alert{{ForkAlert, -1, fmt.Sprintf("the log cannot show that its heads of %d and %d entries are of one history: %v", size, head.Size, err), []string{older, string(raw)}}}, nil
	case head.Size < size:
		return []Alert{{BehindAlert, -1, fmt.Sprintf("it shows %d entries, and %d were seen before", head.Size, size), []string{older, string(raw)}}}, nil
	}
	return nil, nil
}

// clocks compares the witnesses' times with ours.
func (a *Auditor) clocks(head *transparency.Head) (alerts []Alert) {
	for _, w := range head.Witnesses {
		if w.Time.After(a.Now.Add(tolerance)) {
			alerts = append(alerts, Alert{ClockAlert, -1, fmt.Sprintf("witness %s saw the head at %s, and here it is %s", w.Witness, w.Time.Format(time.RFC3339), a.Now.Format(time.RFC3339)), nil})
		}
	}
	return alerts
}

// entry checks one entry of the log.
func (a *Auditor) entry(index int64, raw []byte, head *transparency.Head) (alerts []Alert) {
	alert := func(k Kind, format string, args ...any) {
		alerts = append(alerts, Alert{k, index, fmt.Sprintf(format, args...), nil})
	}
	leaf, err := transparency.ParseLeaf(raw)
	if err != nil {
		alert(LeafAlert, "%v", err)
		return alerts
	}
	before := a.Seen.Streams[leaf.Stream]
	after, err := link{before.Sequence, before.Leaf}.follow(leaf, surety.DigestOf(raw))
	if err != nil {
		alert(StreamAlert, "%v", err)
		after = link{leaf.Sequence, surety.DigestOf(raw)}
	}
	a.Seen.Streams[leaf.Stream] = SeenStream{after.sequence, after.digest}
	if what := a.uses(leaf); what != "" {
		alert(KeyAlert, "%s", what)
	}
	latest := a.Now // it was seen by then, or earlier by an honest witness
	for _, w := range head.Witnesses {
		if w.Time.Before(latest) {
			latest = w.Time
		}
	}
	if leaf.Claimed.After(latest.Add(tolerance)) {
		alert(ClockAlert, "it claims %s, and was seen by %s", leaf.Claimed.Format(time.RFC3339), latest.Format(time.RFC3339))
	}
	return alerts
}

// uses says how a leaf uses a key that is watched, or what it says about one.
// Whether its signature holds is for those to check who believe the key.
func (a *Auditor) uses(leaf *transparency.Leaf) string {
	subject := ""
	if leaf.Kind.AboutKey() {
		subject = bundle.Subject(leaf)
	}
	switch {
	case !slices.Contains(a.Keys, leaf.Key) && !slices.Contains(a.Keys, subject):
		return ""
	case leaf.Kind == transparency.KeyCompromised:
		return fmt.Sprintf("key %s is said to be compromised from entry %d on, by key %s", subject, leaf.Declares.At, leaf.Key)
	case leaf.Kind == transparency.KeyRetired:
		return fmt.Sprintf("key %s is retired, by key %s", subject, leaf.Key)
	case leaf.Kind == transparency.KeyIntroduced:
		return fmt.Sprintf("key %s is introduced, by key %s", subject, leaf.Key)
	case leaf.Kind == transparency.ErasureLeaf:
		return fmt.Sprintf("key %s says that results of entry %d were erased, commitment %s", leaf.Key, leaf.Declares.At, leaf.Commitment)
	}
	return fmt.Sprintf("key %s was used for a leaf of kind %s, number %d of stream %s, commitment %s", leaf.Key, leaf.Kind, leaf.Sequence, leaf.Stream, leaf.Commitment)
}
