package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/transparency"
)

// Rewrite changes the lines of the policy that was followed: those of issuers that
// came, went or have other bounds, and the head that was seen. Others stay as they
// are.
func (r *Followed) Rewrite(lines []string, seen *transparency.Head) ([]string, error) {
	want := map[string]Issuer{}
	for _, issuer := range r.Issuers {
		want[issuer.ID] = issuer
	}
	var out []string
	last := map[string]int{} // by name, the place after its last line
	for _, line := range lines {
		fields := strings.Fields(line)
		switch {
		case len(fields) > 2 && fields[0] == "seen" && fields[1] == seen.Origin:
			continue
		case len(fields) < 3 || fields[0] != "issuer":
			out = append(out, line)
			continue
		}
		old := Policy{}
		if err := old.issuer(fields[1:]); err != nil {
			return nil, err
		}
		now, stays := want[old.Issuers[0].ID]
		if !stays {
			continue
		}
		delete(want, now.ID)
		before, err1 := old.Issuers[0].Line()
		after, err2 := now.Line()
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		if before != after {
			line = after
		}
		out = append(out, line)
		last[now.Name] = len(out)
	}
	for _, issuer := range r.Issuers {
		if _, missing := want[issuer.ID]; !missing {
			continue
		}
		line, err := issuer.Line()
		if err != nil {
			return nil, err
		}
		at, ok := last[issuer.Name]
		if !ok {
			at = len(out)
		}
		out = slices.Insert(out, at, line)
		for name, place := range last {
			if place >= at {
				last[name] = place + 1
			}
		}
	}
	return append(out, fmt.Sprintf("seen %s %d %s", seen.Origin, seen.Size, seen.Root)), nil
}
