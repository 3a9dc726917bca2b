package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// What we accept as an answer. Without a plain application/json behind it, a
// server that cannot send metadata alone refuses instead of sending Secrets.
const (
	acceptJSON     = "application/json"
	acceptMetadata = acceptJSON + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
)

// statusError is an answer other than 200.
type statusError struct {
	code       int
	message    string
	retryAfter time.Duration // how long the server asked us to wait, 0 if it did not
}

func (e *statusError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("%d %s", e.code, http.StatusText(e.code))
	}
	return fmt.Sprintf("%s (%d)", e.message, e.code)
}

func statusOf(err error) int {
	var s *statusError
	if errors.As(err, &s) {
		return s.code
	}
	return 0
}

// newStatusError reads the answer's reason, a Status object if an API server
// sent it.
func newStatusError(resp *http.Response) *statusError {
	const enough = 64 << 10
	e := &statusError{code: resp.StatusCode}
	var status struct {
		Message string `json:"message"`
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, enough)) // the code says enough without it
	if json.Unmarshal(body, &status) == nil {
		e.message = status.Message
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return e
}

// get asks once and returns the body of the answer, which the caller closes.
func (c *Cluster) get(ctx context.Context, path []string, query url.Values, accept string) (io.ReadCloser, error) {
	u := c.server.JoinPath(path...)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, newStatusError(resp)
	}
	return resp.Body, nil
}

// getPage asks once for one page of r. The page that comes with an error holds what
// arrived before it.
func (c *Cluster) getPage(ctx context.Context, r resource, namespace, token string) (page, error) {
	query := url.Values{"limit": {strconv.Itoa(c.limits.pageSize)}}
	if token != "" {
		query.Set("continue", token)
	}
	accept := acceptJSON
	if r.secret() {
		accept = acceptMetadata
	}
	resp, err := c.get(ctx, r.path(namespace), query, accept)
	if err != nil {
		return page{}, err
	}
	defer resp.Close()
	body := &io.LimitedReader{R: resp, N: c.limits.pageBytes}
	p, err := decodePage(body, r)
	if err != nil && body.N == 0 {
		err = fmt.Errorf("a page of more than %d MB was cut off", c.limits.pageBytes>>20)
	}
	return p, err
}

// withoutURL drops the request's URL, which the report names already.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// patience is how long failures may take, in all. It is safe for concurrent
// use.
type patience struct{ left atomic.Int64 }

func newPatience(d time.Duration) *patience {
	p := &patience{}
	p.left.Store(int64(d))
	return p
}

// spend takes d and reports whether any is left.
func (p *patience) spend(d time.Duration) bool { return p.left.Add(-int64(d)) > 0 }

var errSilent = errors.New("not tried: the server has stopped answering")

// getPatiently asks for a page. The page that comes with an error is the longest
// part that arrived.
func (c *Cluster) getPatiently(ctx context.Context, r resource, namespace, token string, own, silence *patience) (page, error) {
	var best page
	err := c.patiently(ctx, own, silence, func(ctx context.Context) error {
		p, err := c.getPage(ctx, r, namespace, token)
		if err == nil || len(p.objects) > len(best.objects) {
			best = p
		}
		return err
	})
	return best, err
}

// patiently asks until there is an answer, the error is one that asking again
// cannot mend, or patience ends: own is for this question, silence for all
// questions to a server that answers nothing.
func (c *Cluster) patiently(ctx context.Context, own, silence *patience, ask func(context.Context) error) error {
	if silence.left.Load() <= 0 {
		return errSilent
	}
	for try := 0; ; try++ {
		if err := c.limiter.Wait(ctx); err != nil {
			return errors.Join(ctx.Err(), err)
		}
		start := time.Now()
		asking, cancel := context.WithTimeout(ctx, c.limits.request)
		err := ask(asking)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, again := c.pause(err, try)
		cost := time.Since(start) + wait
		if statusOf(err) == 0 && !silence.spend(cost) || !again || !own.spend(cost) {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// pause says how long to wait after err before asking again, and whether to.
func (c *Cluster) pause(err error, try int) (time.Duration, bool) {
	var s *statusError
	if errors.As(err, &s) {
		if s.code != http.StatusTooManyRequests && s.code < 500 {
			return 0, false
		}
		if s.retryAfter > 0 {
			return s.retryAfter, true
		}
	} else if !interrupted(err) {
		return 0, false
	}
	const longest = 8 * time.Second
	return min(c.limits.backoff<<try, longest), try < c.limits.retries
}

// interrupted reports whether err is of the network and so may pass. A
// certificate or a syntax error does not.
func interrupted(err error) bool {
	var n *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Op != "remote error"
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
