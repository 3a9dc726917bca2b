package risk

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/risk/loss"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// Priors are what is taken where a model does not say better.
type Priors struct {
	Actors      map[threat.Actor]ActorPrior `yaml:"actors,required"`
	Weights     weights                     `yaml:"weights,required"`
	Grades      map[catalog.Grade]betaPrior `yaml:"grades,required"`
	Reliability betaPrior                   `yaml:"reliability,required"`
	Look        lookPrior                   `yaml:"look,required"`
	Unseen      unseenPrior                 `yaml:"unseen,required"`
	Stated      statedPrior                 `yaml:"stated,required"`
	Losses      lossPriors                  `yaml:"losses,required"`
	Costs       costPriors                  `yaml:"costs,required"`
}

// ActorPrior is what is taken of one kind of actor.
type ActorPrior struct {
	Attempts []float64 `yaml:"attempts,required"` // a year, on the whole system: least, most likely, greatest
	Base     []float64 `yaml:"base,required"`     // chance that a way lets one through without any control
	Source   string    `yaml:"source,required"`
}

// weights scale that chance by where a way is: 1 leaves it as it is.
type weights struct {
	Exposed float64 `yaml:"exposed,required"`
	Inside  float64 `yaml:"inside,required"`
	Whole   float64 `yaml:"whole,required"`
	Source  string  `yaml:"source,required"`
}

type betaPrior struct {
	Beta   []float64 `yaml:"beta,required"`
	Source string    `yaml:"source,required"`
}

type lookPrior struct {
	Days   float64 `yaml:"days,required"` // between two looks at a control that tell as much as two
	Source string  `yaml:"source,required"`
}

type unseenPrior struct {
	Fails  float64 `yaml:"fails,required"`
	Source string  `yaml:"source,required"`
}

type statedPrior struct {
	Passes float64 `yaml:"passes,required"`
	Source string  `yaml:"source,required"`
}

type lossPriors struct {
	Confidentiality struct {
		Records struct {
			Intercept float64 `yaml:"intercept,required"`
			Slope     float64 `yaml:"slope,required"`
			Source    string  `yaml:"source,required"`
		} `yaml:"records,required"`
		Share struct {
			CI90   []float64 `yaml:"ci90,required"`
			Source string    `yaml:"source,required"`
		} `yaml:"share,required"`
		Unknown struct {
			Records float64 `yaml:"records,required"`
			Source  string  `yaml:"source,required"`
		} `yaml:"unknown,required"`
		Most struct {
			Loss   money  `yaml:"loss,required"`
			Source string `yaml:"source,required"`
		} `yaml:"most,required"`
		Needs struct {
			Factors []float64 `yaml:"factors,required"`
			Source  string    `yaml:"source,required"`
		} `yaml:"needs,required"`
		Kinds struct {
			Factors map[string]float64 `yaml:"factors,required"`
			Source  string             `yaml:"source,required"`
		} `yaml:"kinds,required"`
	} `yaml:"confidentiality,required"`
	Integrity    needLosses `yaml:"integrity,required"`
	Availability needLosses `yaml:"availability,required"`
	None         struct {
		CI90   []money `yaml:"ci90,required"`
		Source string  `yaml:"source,required"`
	} `yaml:"none,required"`
}

// needLosses are intervals by need, 1 to 4.
type needLosses struct {
	CI90   [][]money `yaml:"ci90,required"`
	Source string    `yaml:"source,required"`
}

type costPriors struct {
	Check   costPrior `yaml:"check,required"`
	Control costPrior `yaml:"control,required"`
}

type costPrior struct {
	Cost   money  `yaml:"cost,required"`
	Source string `yaml:"source,required"`
}

// money is an amount, which may be written with k or M.
type money float64

// UnmarshalValue reads a number or text such as 80k.
func (m *money) UnmarshalValue(v *evidence.Value, _ string) error {
	n, err := system.ParseAmount(v.Text())
	*m = money(n)
	return err
}

//go:embed priors.yaml
var priorsFile []byte

// PriorsFile is the text of Surety's own priors.
func PriorsFile() []byte { return slices.Clone(priorsFile) }

// Default returns Surety's own priors.
var Default = sync.OnceValues(func() (*Priors, error) { return ParsePriors(priorsFile, "priors.yaml") })

// ParsePriors reads priors, strictly. Errors name file and line.
func ParsePriors(raw []byte, file string) (*Priors, error) {
	var p Priors
	if err := strict.Bytes(raw, file, &p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "read priors", Origin: surety.Origin{File: file}, Err: err, Hint: "surety risk priors prints Surety's own"}
	}
	return &p, nil
}

func (p *Priors) check() error {
	for _, a := range threat.Actors {
		prior, ok := p.Actors[a]
		if !ok {
			return fmt.Errorf("actor %s has no prior", a)
		}
		if _, err := pert(prior.Attempts); err != nil {
			return fmt.Errorf("attempts of %s: %w", a, err)
		}
		if d, err := pert(prior.Base); err != nil || d.Quantile(1) > 1 {
			return fmt.Errorf("base of %s: %v is no chance", a, prior.Base)
		}
	}
	for name, w := range map[string]float64{"exposed": p.Weights.Exposed, "inside": p.Weights.Inside, "whole": p.Weights.Whole} {
		if !(w >= 0 && w <= 1) {
			return fmt.Errorf("weight %s: %g is no share of base; use 0 to 1", name, w)
		}
	}
	for _, g := range []catalog.Grade{catalog.Significant, catalog.Partial, catalog.Minimal} {
		if err := p.Grades[g].check(); err != nil {
			return fmt.Errorf("grade %s: %w", g, err)
		}
	}
	if err := p.Reliability.check(); err != nil {
		return fmt.Errorf("reliability: %w", err)
	}
	if !(p.Look.Days > 0) || math.IsInf(p.Look.Days, 0) {
		return fmt.Errorf("look: %g is no number of days; use one above 0", p.Look.Days)
	}
	for name, list := range map[string][][]money{"integrity": p.Losses.Integrity.CI90, "availability": p.Losses.Availability.CI90, "none": {p.Losses.None.CI90}} {
		for _, ci := range list {
			if len(ci) != 2 || (name != "none" && len(list) != 4) {
				return fmt.Errorf("losses of %s: give an interval for each of four needs", name)
			}
			if _, err := loss.Lognormal(float64(ci[0]), float64(ci[1])); err != nil {
				return fmt.Errorf("losses of %s: %w", name, err)
			}
		}
	}
	c := &p.Losses.Confidentiality
	if len(c.Share.CI90) != 2 || len(c.Needs.Factors) != 4 {
		return fmt.Errorf("losses of confidentiality: give a share of two numbers and factors for four needs")
	}
	_, err := loss.Lognormal(c.Share.CI90[0], c.Share.CI90[1])
	return err
}

func (b betaPrior) check() error {
	_, err := b.dist()
	return err
}

func (b betaPrior) dist() (loss.Dist, error) { return b.after(0, 0) }

// after is the posterior once so much was seen for and against it.
func (b betaPrior) after(up, down float64) (loss.Dist, error) {
	if len(b.Beta) != 2 {
		return loss.Dist{}, fmt.Errorf("%v are not two shapes of a beta", b.Beta)
	}
	return loss.Beta(b.Beta[0]+up, b.Beta[1]+down)
}

func pert(v []float64) (loss.Dist, error) {
	if len(v) != 3 {
		return loss.Dist{}, fmt.Errorf("%v is not least, most likely, greatest", v)
	}
	return loss.PERT(v[0], v[1], v[2])
}

// harmLoss is the loss of one event that does a harm to data, where the model does not
// state it, with the most that it can cost and how that follows.
func (p *Priors) harmLoss(h threat.Harm, d *system.Data) (dist loss.Dist, most float64, text, source string, err error) {
	switch h {
	case threat.Integrity:
		return p.needLoss(p.Losses.Integrity, h, d.Integrity)
	case threat.Availability:
		return p.needLoss(p.Losses.Availability, h, d.Availability)
	}
	c := &p.Losses.Confidentiality
	records, known := float64(d.Records), strconv.FormatInt(d.Records, 10)
	source = c.Records.Source
	if d.Records == 0 {
		records, known = c.Unknown.Records, fmt.Sprintf("%.0f, as nobody stated how many,", c.Unknown.Records)
		source += "; records: " + c.Unknown.Source
	}
	all := math.Exp(c.Records.Intercept + c.Records.Slope*math.Log(records))
	factor := 0.0
	for _, k := range d.Kinds {
		factor = max(factor, c.Kinds.Factors[k])
	}
	if factor == 0 {
		factor = 1
	}
	need := d.Confidentiality
	if need == 0 {
		need = 3 // not stated is not harmless
	}
	all *= factor * c.Needs.Factors[need-1]
	dist, err = loss.Lognormal(all*c.Share.CI90[0], all*c.Share.CI90[1])
	text = fmt.Sprintf("all %s records of %s would cost %s; an event costs %.2g to %.2g of that", known, d.Name, Money(all), c.Share.CI90[0], c.Share.CI90[1])
	return dist, min(all, float64(c.Most.Loss)), text, source + "; share: " + c.Share.Source + "; needs and kinds: " + c.Needs.Source, err
}

func (p *Priors) needLoss(l needLosses, h threat.Harm, need int) (loss.Dist, float64, string, string, error) {
	word := fmt.Sprintf("need for %s %d of 4", h, need)
	if need == 0 {
		need, word = 3, fmt.Sprintf("need for %s not stated, taken as 3 of 4", h)
	}
	ci := l.CI90[need-1]
	d, err := loss.Lognormal(float64(ci[0]), float64(ci[1]))
	return d, 0, word, l.Source, err
}

// Money writes an amount in three figures with k, M or G.
func Money(v float64) string {
	for _, s := range []struct {
		suffix string
		factor float64
	}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}} {
		if math.Abs(v) >= 0.9995*s.factor {
			return round3(v/s.factor) + s.suffix
		}
	}
	return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
}

func round3(v float64) string {
	digits := 2
	for x := math.Abs(v); x >= 9.995 && digits > 0; x /= 10 {
		digits--
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
