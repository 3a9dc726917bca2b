package attack

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/strict"
)

//go:embed attacks.yaml
var attacksFile []byte

// Attack is a kind of step.
type Attack struct {
	ID        string   `yaml:"id,required"`
	Name      string   `yaml:"name,required"`
	Technique string   `yaml:"technique"` // of ATT&CK, "" if none fits
	Chance    Chance   `yaml:"chance,required"`
	Checks    []string `yaml:"checks"`  // whose verdicts move the chance
	Control   string   `yaml:"control"` // that answers it
	At        string   `yaml:"at"`      // where the control acts: from or to
	Quiet     bool     `yaml:"quiet"`   // no attack by itself
	Fix       string   `yaml:"fix"`     // what takes it away
	Ease      string   `yaml:"ease"`    // what brings its chance to held where no check is at hand
	Words     string   `yaml:"words,required"`

	Origin surety.Origin `yaml:"-,origin"`
}

// Chance is that a step succeeds, see attacks.yaml.
type Chance struct {
	Base float64 `yaml:"base,required"`
	Open float64 `yaml:"open"`
	Held float64 `yaml:"held"`
}

// of returns the chance in a state. A state that the table does not give is base.
func (c Chance) of(s State) float64 {
	switch {
	case s == Open && c.Open > 0:
		return c.Open
	case s == Held && c.Held > 0:
		return c.Held
	}
	return c.Base
}

// table is attacks.yaml.
type table struct {
	list   []*Attack
	byID   map[string]*Attack
	checks map[string]int32 // all that move a chance, numbered
}

var loadTable = sync.OnceValues(func() (*table, error) { return readTable(attacksFile) })

// Table lists the attacks, in the order of attacks.yaml.
func Table() ([]*Attack, error) {
	t, err := loadTable()
	if err != nil {
		return nil, err
	}
	return t.list, nil
}

func readTable(raw []byte) (*table, error) {
	var f struct {
		Attacks []*Attack `yaml:"attacks,required"`
	}
	if err := strict.Bytes(raw, "attack/attacks.yaml", &f); err != nil {
		return nil, err
	}
	t := &table{list: f.Attacks, byID: make(map[string]*Attack, len(f.Attacks)), checks: map[string]int32{}}
	for _, a := range f.Attacks {
		if err := a.check(t); err != nil {
			return nil, &surety.Error{Kind: surety.BadInput, Op: "read attacks", Origin: a.Origin, Err: err}
		}
		t.byID[a.ID] = a
		for _, c := range a.Checks {
			if _, ok := t.checks[c]; !ok {
				t.checks[c] = int32(len(t.checks))
			}
		}
	}
	return t, nil
}

func (a *Attack) check(t *table) error {
	for _, p := range []float64{a.Chance.Base, a.Chance.Open, a.Chance.Held} {
		if p < 0 || p > 1 || a.Chance.Base == 0 {
			return fmt.Errorf("attack %s has a chance that is not above 0 and at most 1", a.ID)
		}
	}
	switch {
	case t.byID[a.ID] != nil:
		return fmt.Errorf("attack %s is there twice", a.ID)
	case a.Ease != "" && (a.Fix != "" || a.Chance.Held == 0):
		return fmt.Errorf("attack %s can be eased, and has no chance when held, or can be taken away", a.ID)
	case a.At != "" && a.At != "from" && a.At != "to", (a.At == "") != (a.Control == ""):
		return fmt.Errorf("attack %s does not say whether its control acts at from or to", a.ID)
	}
	return nil
}
