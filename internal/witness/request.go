package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	maxProof   = 63       // hashes of a consistency proof
	maxRequest = 64 << 10 // bytes
	maxAnswer  = 16 << 10
)

// request is the body of add-checkpoint: the size that the witness is thought to
// know, the proof from there, and the new head with its signatures.
type request struct {
	old        int64
	proof      tlog.TreeProof
	checkpoint []byte
}

func (r *request) marshal() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.old)
	for _, h := range r.proof {
		b = fmt.Appendf(b, "%s\n", h)
	}
	return append(append(b, '\n'), r.checkpoint...)
}

func parseRequest(body []byte) (*request, error) {
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return nil, errors.New("there is no empty line before the checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return nil, errors.New("the first line is not old SIZE")
	}
	r := &request{checkpoint: checkpoint}
	var err error
	if r.old, err = parseSize(size); err != nil {
		return nil, err
	}
	if len(lines)-1 > maxProof {
		return nil, fmt.Errorf("a proof of %d hashes, more than %d", len(lines)-1, maxProof)
	}
	for _, line := range lines[1:] {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("%q is not a hash", line)
		}
		r.proof = append(r.proof, tlog.Hash(raw))
	}
	return r, nil
}

func parseSize(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is not a size", text)
	}
	return n, nil
}
