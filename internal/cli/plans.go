package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/responsibility/oscal"
)

// chain reads OSCAL plans and says what each takes from the one below, and what
// of it is open.
func (p Program) chain(f dutyFlags, files []string) error {
	if err := refuseFormat(f.format, "text", "json", "oscal"); err != nil {
		return err
	}
	c, err := readChain(files)
	if err != nil {
		return err
	}
	return p.writeOutput(f.output, func(w io.Writer) error {
		if f.format != "oscal" {
			return report.WriteChain(w, f.format, c, f.only.Gaps, p.dutyOptions(f))
		}
		plan := c.Plans[0]
		if len(c.Plans) > 1 || f.only.Service != "" {
			if plan, err = c.Plan(f.only.Service); err != nil {
				return err
			}
		}
		raw, err := plan.Write()
		if err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	})
}

func readChain(files []string) (*oscal.Chain, error) {
	if len(files) == 0 {
		return nil, &usageError{errors.New("give the files of the plans")}
	}
	var plans []*oscal.SSP
	for _, name := range files {
		info, err := os.Stat(name)
		if err == nil && info.Size() > oscal.MaxBytes {
			err = fmt.Errorf("it has more than %d MiB", oscal.MaxBytes>>20)
		}
		var raw []byte
		if err == nil {
			raw, err = os.ReadFile(name)
		}
		if err != nil {
			return nil, &surety.Error{Kind: surety.Unreadable, Op: "read OSCAL plan", Origin: surety.Origin{File: name}, Err: err,
				Hint: "check the path and its permissions"}
		}
		plan, err := oscal.Read(raw, name)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return oscal.Join(plans)
}
