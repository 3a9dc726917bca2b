package transparency

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// parsedProof is a tlog-proof that was read, and not checked.
type parsedProof struct {
	index      int64
	path       tlog.RecordProof
	checkpoint string
}

// parseProof reads a c2sp.org/tlog-proof@v1 in its one form:
//
//	c2sp.org/tlog-proof@v1
//	extra BASE64            (may be left out; says nothing here)
//	index NUMBER
//	BASE64                  (each hash of the path)
//
//	CHECKPOINT
func parseProof(text string) (*parsedProof, error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		return nil, errors.New("it is no c2sp.org/tlog-proof@v1")
	}
	lines = lines[1:]
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok && len(lines) > 1 {
		if _, err := decode(extra); err != nil {
			return nil, fmt.Errorf("extra data: %w", err)
		}
		lines = lines[1:]
	}
	number, ok := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || index < 0 || strconv.FormatInt(index, 10) != number {
		return nil, fmt.Errorf("%q is not its index in its one form", lines[0])
	}
	lines = lines[1:]
	if len(lines) > maxPath {
		return nil, fmt.Errorf("a path of %d hashes, more than %d", len(lines), maxPath)
	}
	p := &parsedProof{index: index, path: make(tlog.RecordProof, len(lines)), checkpoint: checkpoint}
	for i, line := range lines {
		hash, err := decode(line)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, fmt.Errorf("%q is not a hash of its path", line)
		}
		p.path[i] = tlog.Hash(hash)
	}
	return p, nil
}

// inOneForm refuses bits that say nothing.
var inOneForm = base64.StdEncoding.Strict()

// decode reads base64 in its one form. A decoder takes line ends too.
func decode(text string) ([]byte, error) {
	raw, err := inOneForm.DecodeString(text)
	if err == nil && base64.StdEncoding.EncodedLen(len(raw)) != len(text) {
		err = errors.New("it is not in its one form")
	}
	return raw, err
}
