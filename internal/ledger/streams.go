package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/transparency"
)

// link is the newest leaf of a stream.
type link struct {
	sequence int64
	digest   surety.Digest
}

// ErrStream is in the error for a leaf that does not continue its stream.
var ErrStream = errors.New("the leaf does not continue its stream")

// follow returns the link after leaf, or why leaf does not follow l.
func (l link) follow(leaf *transparency.Leaf, digest surety.Digest) (link, error) {
	if leaf.Sequence != l.sequence+1 || leaf.Previous != l.digest {
		return l, fmt.Errorf("%w %s: it is number %d after %.12s, and the next is number %d after %.12s",
			ErrStream, leaf.Stream, leaf.Sequence, short(leaf.Previous), l.sequence+1, short(l.digest))
	}
	return link{leaf.Sequence, digest}, nil
}

func short(d surety.Digest) string {
	if d.IsZero() {
		return "none"
	}
	return d.Short()
}

// snapshot is where every stream stood when the log had some size. It spares
// reading all entries when a log is opened.
type snapshot struct {
	size    int64
	streams map[string]link
}

const snapshotTitle = "surety streams v1"

// marshal writes a title, the size, a line per stream and a checksum.
func (s *snapshot) marshal() []byte {
	b := fmt.Appendf(nil, "%s\n%d\n", snapshotTitle, s.size)
	for _, name := range slices.Sorted(maps.Keys(s.streams)) {
		l := s.streams[name]
		b = fmt.Appendf(b, "%s %d %x\n", name, l.sequence, l.digest[:])
	}
	return fmt.Appendf(b, "%x\n", sha256.Sum256(b))
}

func parseSnapshot(raw []byte) (*snapshot, error) {
	text := strings.TrimSuffix(string(raw), "\n")
	lines := strings.Split(text, "\n")
	if len(lines) < 3 || lines[0] != snapshotTitle {
		return nil, errors.New("it is not a list of streams")
	}
	s := &snapshot{streams: map[string]link{}}
	if _, err := fmt.Sscanf(lines[1], "%d", &s.size); err != nil {
		return nil, err
	}
	for _, line := range lines[2 : len(lines)-1] {
		var name string
		var l link
		var digest []byte
		if _, err := fmt.Sscanf(line, "%s %d %x", &name, &l.sequence, &digest); err != nil || len(digest) != len(l.digest) {
			return nil, fmt.Errorf("%q is not a stream", line)
		}
		l.digest = surety.Digest(digest)
		s.streams[name] = l
	}
	if !bytes.Equal(s.marshal(), raw) {
		return nil, errors.New("its checksum does not match")
	}
	return s, nil
}
