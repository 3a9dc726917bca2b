package system

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/internal/strict"
)

// The types of this file are the shape of surety.yaml. Decode reads through
// them and Schema describes them; the doc tags are the only reference of the
// keys.

type modelFile struct {
	Surety         int                      `yaml:"surety,required" doc:"Version of this format: 1."`
	System         string                   `yaml:"system,required" doc:"Name of the system."`
	Currency       string                   `yaml:"currency" doc:"Currency of all amounts, as three letters of ISO 4217." pattern:"^[A-Z]{3}$"`
	Parties        map[string]partyFile     `yaml:"parties,required" doc:"Legal or natural persons. Roles are not given here: they follow from the services."`
	Services       map[string]serviceFile   `yaml:"services" doc:"What one party provides to another."`
	Data           map[string]dataFile      `yaml:"data" doc:"Classes of data and what they need."`
	Zones          map[string]zoneFile      `yaml:"zones" doc:"Boundaries. A zone holds the namespace of its own name unless match says otherwise."`
	Components     map[string]componentFile `yaml:"components" doc:"Running or configured parts of the system."`
	Flows          []flowFile               `yaml:"flows" doc:"Connections: a -> b: https, or a -> b with a mapping."`
	Responsibility []overrideFile           `yaml:"responsibility" doc:"Deviations from who is responsible by default."`
	Risk           *riskFile                `yaml:"risk" doc:"Appetite and losses, in the currency above."`
	Assume         []assumptionFile         `yaml:"assume" doc:"What is accepted as true without evidence."`
	Rules          list                     `yaml:"rules" doc:"Files or directories of threat rules of your own, beside this file."`
}

type partyFile struct {
	Title string `yaml:"title" doc:"Display name."`
	Sub   string `yaml:"sub" doc:"Sub-role of ITU-T Y.3502, such as auditor, broker or developer."`
}

type serviceFile struct {
	Category categoryFile `yaml:"category,required" doc:"Service category of ITU-T Y.3500, or containers for a managed container platform."`
	Provider string       `yaml:"provider,required" doc:"Party that provides it."`
	Customer string       `yaml:"customer,required" doc:"Party that uses it; public for anyone."`
	Offers   offersFile   `yaml:"offers" doc:"What it gives its users that demands of its own follow from: voice, multimedia, messaging, identity, emergency or security."`
	Partners list         `yaml:"partners" doc:"Parties that support or audit it."`
	Terms    string       `yaml:"terms" doc:"The provider's published terms, by name."`
	Region   string       `yaml:"region" doc:"Where it runs."`
	On       string       `yaml:"on" doc:"Service that this one runs on."`
	Match    list         `yaml:"match" doc:"Evidence that belongs to the service itself."`
}

type dataFile struct {
	C       level  `yaml:"c" doc:"Confidentiality, 1 to 4 or public, internal, confidential, secret."`
	I       level  `yaml:"i" doc:"Integrity, 1 to 4 or low, medium, high, critical."`
	A       level  `yaml:"a" doc:"Availability, 1 to 4 or low, medium, high, critical."`
	Kind    list   `yaml:"kind" doc:"What it is, such as personal, payment or health."`
	Records amount `yaml:"records" doc:"How many records there are; k, M and G may be used."`
}

type zoneFile struct {
	In    string `yaml:"in" doc:"Zone or service that contains it."`
	Trust *int   `yaml:"trust" doc:"Trust in who is inside, from 0 (nobody) to 5 (fully)." min:"0" max:"5"`
	Match list   `yaml:"match" doc:"Evidence that belongs to the zone; its namespace if not given."`
}

type componentFile struct {
	Type      string    `yaml:"type" doc:"What it is, such as k8s.deployment or aws.rds; required unless service is given."`
	In        string    `yaml:"in" doc:"Zone or service it is in; required unless service or operator is given."`
	Service   string    `yaml:"service" doc:"Service that provides it, if it is bought."`
	Operator  string    `yaml:"operator" doc:"Party that runs it; follows from in if not given."`
	Exposed   string    `yaml:"exposed" doc:"Zone it can be reached from, such as internet."`
	Encrypted word      `yaml:"encrypted" doc:"How what it stores is encrypted, such as kms; or true, or false."`
	Stores    list      `yaml:"stores" doc:"Data it keeps."`
	Handles   list      `yaml:"handles" doc:"Data it works on without keeping it."`
	Can       grantFile `yaml:"can" doc:"Privileges it has: a list of privilege: component, zone or service."`
	Match     list      `yaml:"match" doc:"Evidence that shows it: k8s:NAMESPACE/KIND/NAME, dockerfile:PATH or a key with wildcards."`
}

type overrideFile struct {
	Control     string `yaml:"control" doc:"Control id or capability; every control if not given."`
	On          string `yaml:"on" doc:"Component, zone or service; every one if not given."`
	Accountable string `yaml:"accountable,required" doc:"The one party that answers for it."`
	Responsible list   `yaml:"responsible" doc:"Parties that do it; the accountable one if not given."`
	Split       string `yaml:"split" doc:"Who does which part, in words."`
}

type riskFile struct {
	Appetite  []appetiteFile           `yaml:"appetite" doc:"Tolerated losses, each as \"10%: 100k\": chance in a year, amount."`
	Loss      map[string]lossFile      `yaml:"loss" doc:"Loss of one event, by data."`
	Frequency map[string]quantityFile  `yaml:"frequency" doc:"Serious attempts a year on the whole system, by actor: outsider, tenant, insider, provider, partner, state or nature."`
	Scenarios scenariosFile            `yaml:"scenarios" doc:"What is known of single scenarios, by RULE, RULE@ELEMENT or RULE@ELEMENT/DATA."`
	Costs     costsFile                `yaml:"costs" doc:"Cost a year of a fix, by control or check, or either at an element such as SUR-ISO-08@db."`
	Liability map[string]liabilityFile `yaml:"liability" doc:"What the provider of a service pays its customer for losses that it, or what the service runs on, is at fault for, by service."`
	Insurance map[string]insuranceFile `yaml:"insurance" doc:"Layers of insurance against what events cost a party."`
}

type lossFile struct {
	CI90      interval       `yaml:"ci90" doc:"Interval that holds nine losses out of ten; this or pert."`
	PERT      triple         `yaml:"pert" doc:"Least, most likely and greatest loss."`
	Secondary *secondaryFile `yaml:"secondary" doc:"Loss that may follow, such as fines."`
	Cap       amount         `yaml:"cap" doc:"The most that one event can cost."`
	Carrier   string         `yaml:"carrier" doc:"Party that the loss falls on first; follows from the services if not given."`
}

type secondaryFile struct {
	P    float64  `yaml:"p,required" doc:"Chance that it follows." min:"0" max:"1"`
	CI90 interval `yaml:"ci90" doc:"Interval that holds nine losses out of ten; this or pert."`
	PERT triple   `yaml:"pert" doc:"Least, most likely and greatest loss."`
}

// quantityFile is a rate or a chance; exactly one of its ways to say it is given.
type quantityFile struct {
	Poisson  *amount       `yaml:"poisson" doc:"A rate that is known."`
	PERT     triple        `yaml:"pert" doc:"Least, most likely and greatest."`
	CI90     interval      `yaml:"ci90" doc:"Interval that holds it in nine cases out of ten."`
	Gamma    []float64     `yaml:"gamma" doc:"Shape and rate of a gamma: as much as having seen shape events in rate years."`
	Observed *observedFile `yaml:"observed" doc:"Events that were counted."`
}

type observedFile struct {
	Events amount `yaml:"events" doc:"How many there were."`
	Years  amount `yaml:"years,required" doc:"In how many years."`
}

type scenarioFile struct {
	Frequency     *quantityFile `yaml:"frequency" doc:"Attempts a year at this."`
	Vulnerability *quantityFile `yaml:"vulnerability" doc:"Chance that an attempt becomes a loss without any control, from 0 to 1."`
	Loss          *lossFile     `yaml:"loss" doc:"Loss of one event; that of the data if not given."`
}

// scenariosFile and costsFile have names that are made of those of rules, controls
// and elements.
type (
	scenariosFile map[string]scenarioFile
	costsFile     map[string]amount
)

type liabilityFile struct {
	Share      *float64 `yaml:"share" doc:"Share of such losses that it pays; all if not given." min:"0" max:"1"`
	Deductible amount   `yaml:"deductible" doc:"What of a year's claims it does not pay."`
	Cap        amount   `yaml:"cap" doc:"The most that it pays in a year; no limit if not given."`
}

type insuranceFile struct {
	Insured    string `yaml:"insured,required" doc:"Party that is insured."`
	Insurer    string `yaml:"insurer,required" doc:"Party that pays."`
	Attachment amount `yaml:"attachment" doc:"What an event must cost before this layer pays: its deductible, or where the layer below ends."`
	Limit      amount `yaml:"limit,required" doc:"The most that it pays for one event."`
	Aggregate  amount `yaml:"aggregate" doc:"The most that it pays in a year; no limit if not given."`
}

type assumptionFile struct {
	Text    string `yaml:"text,required" doc:"What is taken to be true."`
	Owner   string `yaml:"owner,required" doc:"Party that accepted it."`
	On      string `yaml:"on" doc:"Component, zone or service it is about."`
	Accepts list   `yaml:"accepts" doc:"Threats that it accepts until it expires, as RULE or RULE@ELEMENT."`
	Expires string `yaml:"expires" doc:"Last day it holds, as YYYY-MM-DD." pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"`
}

// flowFile is one flow, given as "a -> b", as "a -> b: proto" or as "a -> b"
// with the fields of flowDetail.
type flowFile struct {
	from, to string
	flowDetail
}

type flowDetail struct {
	Proto string `yaml:"proto" doc:"Protocol."`
	Data  list   `yaml:"data" doc:"Data that flows."`
	Auth  string `yaml:"auth" doc:"How the caller proves who it is."`
	TLS   *bool  `yaml:"tls" doc:"Whether it is encrypted on the way."`
	Via   string `yaml:"via" doc:"Component that mediates, such as a queue."`
}

func (f *flowFile) UnmarshalValue(v *evidence.Value, file string) error {
	ends := v.Str()
	if v.Is(evidence.Object) && v.Len() == 1 {
		ends = v.Fields()[0].Key
		detail := v.Fields()[0].Value
		if detail.Is(evidence.String) {
			f.Proto = detail.Str()
		} else if err := strict.Decode(detail, file, &f.flowDetail); err != nil {
			return err
		}
	}
	from, to, ok := strings.Cut(ends, "->")
	f.from, f.to = strings.TrimSpace(from), strings.TrimSpace(to)
	if !ok || f.from == "" || f.to == "" {
		return fmt.Errorf("want one flow; write a -> b: https, or a -> b: {proto: https, data: orders}")
	}
	return nil
}

// list is one string or several.
type list []string

func (l *list) UnmarshalValue(v *evidence.Value, file string) error {
	if v.Is(evidence.String) {
		*l = list{v.Str()}
		return nil
	}
	var several []string
	err := strict.Decode(v, file, &several)
	*l = several
	return err
}

// word is a string or a boolean.
type word string

func (w *word) UnmarshalValue(v *evidence.Value, _ string) error {
	switch v.Kind() {
	case evidence.String:
		*w = word(v.Str())
	case evidence.Bool:
		*w = word(strconv.FormatBool(v.True()))
	case evidence.Null:
	default:
		return fmt.Errorf("want a word, true or false")
	}
	return nil
}

// levelWords are the words for 1 to 4.
var levelWords = [4][]string{{"public", "low"}, {"internal", "medium"}, {"confidential", "high"}, {"secret", "critical"}}

// SecrecyWord is the word for a need of confidentiality from 1 to 4; one above is the
// highest, one below is not stated and has none.
func SecrecyWord(need int) string { return needWord(need, 0) }

// NeedWord is the word for a need of integrity or availability, as SecrecyWord.
func NeedWord(need int) string { return needWord(need, 1) }

func needWord(need, column int) string {
	if need < 1 {
		return ""
	}
	return levelWords[min(need, len(levelWords))-1][column]
}

// level is a protection need from 1 to 4, or its word.
type level int

func (l *level) UnmarshalValue(v *evidence.Value, _ string) error {
	for i, words := range levelWords {
		if n, ok := v.Int(); ok && n == int64(i+1) || slices.Contains(words, v.Str()) {
			*l = level(i + 1)
			return nil
		}
	}
	if v.Kind() == evidence.Null {
		return nil
	}
	return fmt.Errorf("%s is not a protection need; use 1 to 4, or public, internal, confidential, secret for c and low, medium, high, critical for i and a", v.Text())
}

// amount is a number of at least 0, as a number or as text with k, M or G.
type amount float64

var suffixes = []struct {
	suffix string
	factor float64
}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}}

func (a *amount) UnmarshalValue(v *evidence.Value, _ string) error {
	if v.Kind() == evidence.Null {
		return nil
	}
	n, err := ParseAmount(v.Text())
	*a = amount(n)
	return err
}

// ParseAmount reads an amount as a person writes it: 250, 80k, 2M or 1.5G.
func ParseAmount(text string) (float64, error) {
	digits, factor := strings.TrimSpace(text), 1.0
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(digits, s.suffix); ok {
			digits, factor = rest, s.factor
			break
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n >= 0 && n*factor <= 1e15) || strings.ContainsAny(digits, "xXpP_") {
		return 0, fmt.Errorf("%q is not an amount; write a number from 0 to 1e15, such as 250, 80k, 2M or 1.5G", text)
	}
	return n * factor, nil
}

// interval is two amounts, the lower one first.
type interval [2]float64

func (i *interval) UnmarshalValue(v *evidence.Value, _ string) error {
	if !v.Is(evidence.Array) || v.Len() != 2 {
		return fmt.Errorf("want two amounts, such as [80k, 2M]")
	}
	for n := range i {
		x, err := ParseAmount(v.At(n).Text())
		if err != nil {
			return err
		}
		i[n] = x
	}
	if i[0] <= 0 || i[1] <= i[0] {
		return fmt.Errorf("the interval [%s, %s] is empty or begins at 0; give a lower bound above 0 and a higher upper bound",
			formatAmount(i[0]), formatAmount(i[1]))
	}
	return nil
}

// triple is three amounts in order.
type triple []float64

func (t *triple) UnmarshalValue(v *evidence.Value, _ string) error {
	if !v.Is(evidence.Array) || v.Len() != 3 {
		return fmt.Errorf("want least, most likely and greatest, such as [1k, 5k, 40k]")
	}
	for n := range 3 {
		x, err := ParseAmount(v.At(n).Text())
		if err != nil {
			return err
		}
		*t = append(*t, x)
	}
	if x := *t; x[1] < x[0] || x[2] < x[1] || x[2] == 0 {
		return fmt.Errorf("[%s, %s, %s] is out of order or 0; give least, most likely, greatest", formatAmount(x[0]), formatAmount(x[1]), formatAmount(x[2]))
	}
	return nil
}

// appetiteFile is one point of the appetite, "10%: 100k" as text or mapping.
type appetiteFile Appetite

func (a *appetiteFile) UnmarshalValue(v *evidence.Value, _ string) error {
	chance, loss, _ := strings.Cut(v.Str(), ":")
	if v.Is(evidence.Object) && v.Len() == 1 {
		chance, loss = v.Fields()[0].Key, v.Fields()[0].Value.Text()
	}
	percent, ok := strings.CutSuffix(strings.TrimSpace(chance), "%")
	p, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
	if !ok || err != nil || !(p > 0 && p <= 100) {
		return fmt.Errorf("want a chance in a year and an amount, such as \"10%%: 100k\"")
	}
	a.Probability = p / 100
	a.Amount, err = ParseAmount(loss)
	return err
}

// grantFile is privileges and what they are on: a mapping, or a list of them.
type grantFile map[string]list

func (g *grantFile) UnmarshalValue(v *evidence.Value, file string) error {
	parts := []evidence.Field{{Value: v}}
	if v.Is(evidence.Array) {
		parts = v.Fields()
	}
	*g = grantFile{}
	var errs []error
	for _, part := range parts {
		var m map[string]list
		errs = append(errs, strict.Decode(part.Value, file, &m))
		for _, privilege := range sortedKeys(m) {
			(*g)[privilege] = append((*g)[privilege], m[privilege]...)
		}
	}
	return strict.Join(errs...)
}

// categoryFile is a service category.
type categoryFile Category

func (c *categoryFile) UnmarshalValue(v *evidence.Value, _ string) error {
	text := v.Str()
	*c = categoryFile(text)
	if slices.Contains(Categories, Category(text)) {
		return nil
	}
	if strings.EqualFold(text, "CaaS") {
		return fmt.Errorf("CaaS is ambiguous: write communications for communications as a service (ITU-T Y.3500), containers for a managed container platform")
	}
	names := make([]string, len(Categories))
	for i, known := range Categories {
		names[i] = string(known)
	}
	if near := strict.Nearest(text, names); near != "" {
		return fmt.Errorf("%q is not a service category; did you mean %s?", text, near)
	}
	return fmt.Errorf("%q is not a service category; use one of %s", text, strings.Join(names, ", "))
}

// offersFile is one offer or several.
type offersFile []Offer

func (o *offersFile) UnmarshalValue(v *evidence.Value, file string) error {
	var names list
	if err := names.UnmarshalValue(v, file); err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(Offers, Offer(name)) {
			return fmt.Errorf("%q is nothing a service offers; use %s", name, strings.Join(offerNames(), ", "))
		}
		*o = append(*o, Offer(name))
	}
	return nil
}

func offerNames() []string {
	names := make([]string, len(Offers))
	for i, o := range Offers {
		names[i] = string(o)
	}
	return names
}

// formatAmount writes n with the largest suffix that keeps it exact.
func formatAmount(n float64) string {
	for _, s := range suffixes {
		if text := strconv.FormatFloat(n/s.factor, 'f', -1, 64); n >= s.factor && len(text) <= 5 {
			if back, err := ParseAmount(text + s.suffix); err == nil && back == n {
				return text + s.suffix
			}
		}
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
