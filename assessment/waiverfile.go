package assessment

import (
	"errors"
	"fmt"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/system"
)

// waiverFile is a waivers file as it is written.
type waiverFile struct {
	Waivers []waiverEntry `yaml:"waivers,required"`
}

type waiverEntry struct {
	Check        string        `yaml:"check,required"`
	Resource     string        `yaml:"resource,required"`
	Owner        string        `yaml:"owner,required"`
	Reason       string        `yaml:"reason,required"`
	Expires      string        `yaml:"expires,required"`
	Compensating string        `yaml:"compensating"`
	Origin       surety.Origin `yaml:"-,origin"`
}

// ReadWaivers reads a waivers file:
//
//	waivers:
//	  - check: KSV-0017                      # id or alias, or "*"
//	    resource: k8s:shop/deploy/payment    # a pattern of evidence, as in surety.yaml
//	    owner: jo@example.com
//	    reason: the vendor needs it until version 3
//	    expires: 2027-01-31
//	    compensating: runs on a node of its own
//
// Owner, reason and expiry are mandatory. All mistakes are returned together,
// each with file and line.
func ReadWaivers(path string) ([]*Waiver, error) {
	var f waiverFile
	if err := strict.ReadFile(path, &f); err != nil {
		return nil, err
	}
	var out []*Waiver
	var errs []error
	for _, e := range f.Waivers {
		w, err := e.waiver()
		out, errs = append(out, w), append(errs, err)
	}
	return out, errors.Join(errs...)
}

func (e *waiverEntry) waiver() (*Waiver, error) {
	bad := func(err error, hint string) error {
		return &surety.Error{Kind: surety.BadInput, Op: "read waiver", Origin: e.Origin, Err: err, Hint: hint}
	}
	w := &Waiver{Check: e.Check, Resource: e.Resource, Owner: e.Owner, Reason: e.Reason,
		Compensating: e.Compensating, Origin: e.Origin}
	var err error
	if w.Expires, err = time.Parse(time.DateOnly, e.Expires); err != nil {
		return nil, bad(fmt.Errorf("expires %q is not a date", e.Expires), "write it as 2027-01-31")
	}
	if w.pattern, err = system.ParsePattern(e.Resource); err != nil {
		return nil, bad(fmt.Errorf("resource: %w", err), "surety assess --format json shows the keys")
	}
	return w, nil
}
