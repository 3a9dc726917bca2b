package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/transparency"
)

// Client asks one witness. It is used by one goroutine at a time.
type Client struct {
	HTTP  *http.Client
	Keys  []transparency.Witness // of one URL: two while its key is replaced by another
	known int64                  // the size that the witness is thought to know
}

// Clients returns one for each URL of a policy's witnesses.
func Clients(policy *transparency.Policy, client *http.Client) (out []*Client) {
	at := map[string]*Client{}
	for _, w := range policy.Witnesses {
		switch c := at[w.URL]; {
		case w.URL == "":
		case c != nil:
			c.Keys = append(c.Keys, w)
		default:
			c = &Client{HTTP: client, Keys: []transparency.Witness{w}}
			at[w.URL], out = c, append(out, c)
		}
	}
	return out
}

// ErrRefused is in the error of CoSign if the witness says that the head does not
// extend what it has seen. Either the log has two histories or was set back, or the
// witness is wrong.
var ErrRefused = errors.New("it has seen another history of this log")

// CoSign returns the witness's signature lines over the checkpoint of the tree, in the
// order of the keys. Each is checked. One that is missing is nil.
func (c *Client) CoSign(ctx context.Context, checkpoint []byte, tree *tiles.Tree) ([][]byte, error) {
	for range 3 { // our idea of what it knows may be out of date, and once more if others submit too
		lines, err := c.try(ctx, checkpoint, tree)
		if lines != nil || err != nil {
			return lines, err
		}
	}
	return nil, errors.New("each time it knows another size")
}

// try asks once. It returns neither lines nor error if the witness knows another
// size, which the next try starts from.
func (c *Client) try(ctx context.Context, checkpoint []byte, tree *tiles.Tree) (lines [][]byte, err error) {
	if known := c.known; known > tree.Size {
		c.known = 0 // ask again next time
		return nil, fmt.Errorf("%w: %d entries, and this log has %d", ErrRefused, known, tree.Size)
	}
	req := request{old: c.known, checkpoint: checkpoint}
	if req.proof, err = tree.Prove(ctx, c.known); err != nil {
		return nil, err
	}
	resp, body, err := c.post(ctx, req.marshal())
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusOK:
		if lines, err = c.open(checkpoint, body); err == nil {
			c.known = tree.Size
		}
		return lines, err
	case resp.StatusCode == http.StatusConflict && resp.Header.Get("Content-Type") == sizeType:
		size, err := parseSize(strings.TrimSuffix(string(body), "\n"))
		if err != nil {
			return nil, err
		}
		c.known = size
		return nil, nil
	case resp.StatusCode == http.StatusConflict || resp.StatusCode == http.StatusUnprocessableEntity:
		return nil, fmt.Errorf("%w: %s: %.200q", ErrRefused, resp.Status, body)
	}
	return nil, fmt.Errorf("%s: %.200q", resp.Status, body)
}

func (c *Client) post(ctx context.Context, body []byte) (resp *http.Response, answer []byte, err error) {
	address := strings.TrimSuffix(c.Keys[0].URL, "/") + "/add-checkpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	resp, err = c.HTTP.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, nil, fmt.Errorf("%s does not answer: %w", c.Keys[0].URL, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp, answer, err
}

// open takes the witness's own signatures out of its answer.
func (c *Client) open(checkpoint, answer []byte) ([][]byte, error) {
	lines := make([][]byte, len(c.Keys))
	verifiers := make([]note.Verifier, len(c.Keys))
	for i, key := range c.Keys {
		verifiers[i] = key.Verifier
	}
	n, err := note.Open(append(bytes.Clone(checkpoint), answer...), note.VerifierList(verifiers...))
	if err != nil {
		return nil, fmt.Errorf("its signature does not verify: %w", err)
	}
	for _, sig := range n.Sigs {
		for i, v := range verifiers {
			if v.Name() == sig.Name && v.KeyHash() == sig.Hash {
				lines[i] = fmt.Appendf(nil, "— %s %s\n", sig.Name, sig.Base64)
			}
		}
	}
	return lines, nil
}
