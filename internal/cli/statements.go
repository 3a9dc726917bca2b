package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/bundle"
)

// readStatements verifies the bundles that --statements names. One that cannot be
// had, read or believed is kept with the reason; only a path that is not there is
// an error.
func (p Program) readStatements(ctx context.Context, f runFlags) ([]assessment.Stated, error) {
	if len(f.statements) == 0 {
		return nil, nil
	}
	file, err := p.trustFile(f.trust)
	if err != nil {
		return nil, err
	}
	places, err := bundlesAt(f.statements)
	if err != nil {
		return nil, err
	}
	policy, err := bundle.ReadPolicy(file)
	if err != nil {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "read trust", Err: err}
	}
	var out []assessment.Stated
	for _, place := range places {
		b, err := openBundle(ctx, place)
		place = withoutPassword(place)
		if err != nil {
			out = append(out, assessment.Stated{File: place, Refused: err.Error(), Reasons: []string{err.Error()}})
			continue
		}
		s := assure.Inherit(bundle.Verify(b, policy, time.Now()), place)
		if s.Refused == "" && anySystem(policy, s.Party) {
			p.say(fmt.Sprintf("warning: %s: the policy takes what %s states about any system, and this is about %q; bind its key with system NAME at the end of its issuer line (surety trust)", place, s.Party, s.System))
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		p.say("warning: no statement (*.surety) lies at " + strings.Join(f.statements, ", "))
	}
	for _, found := range assure.Contradictions(out) {
		p.say("ALERT: " + found)
	}
	return out, nil
}

// anySystem reports whether a policy believes a party about whatever system.
func anySystem(policy *bundle.Policy, party string) bool {
	return slices.ContainsFunc(policy.Issuers, func(i bundle.Issuer) bool { return i.Name == party && i.System == "" })
}

// bundlesAt lists the bundles at some paths: URLs and files themselves, and what
// folders hold.
func bundlesAt(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		if isURL(path) {
			out = append(out, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, &surety.Error{Kind: surety.Unreadable, Op: "read statements", Err: err}
		}
		if !info.IsDir() {
			out = append(out, path)
			continue
		}
		found, err := bundle.Folder(path)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func openBundle(ctx context.Context, place string) (*bundle.Bundle, error) {
	if !isURL(place) {
		return bundle.Load(place)
	}
	raw, err := fetch(ctx, place, bundle.MaxSize)
	if err != nil {
		return nil, err
	}
	return bundle.Open(string(raw))
}

func isURL(place string) bool {
	return strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://")
}

// withoutPassword is a place as reports may show it.
func withoutPassword(place string) string {
	if !isURL(place) {
		return place
	}
	u, err := url.Parse(place)
	if err != nil {
		return "a URL that cannot be read"
	}
	u.RawQuery, u.Fragment = "", "" // where links that expire carry what opens them
	return u.Redacted()
}

// fetchPatience is how long a file from the network may take.
const fetchPatience = 30 * time.Second

// cause is an error without the URL that net/url and net/http put before it, which
// may hold a password.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// fetch gets a file of at most limit bytes by HTTP.
func fetch(ctx context.Context, place string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", cause(err))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", cause(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch: the server answers %s", answer.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return raw, nil
}
