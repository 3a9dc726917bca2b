package oscal

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// Model makes a model of the chain: a party and a service for each plan, each
// service on the one that the plan rests on most, with terms made of what the plan
// exports. Notes of the chain say what does not fit.
func (c *Chain) Model(known *catalog.Catalog) *system.Model {
	top := c.Plans[len(c.Plans)-1]
	m := &system.Model{
		Name: top.Name, Parties: map[string]*system.Party{}, Services: map[string]*system.Service{}, Terms: map[string]*system.Terms{},
		Origin: surety.Origin{File: top.File},
	}
	for _, p := range c.Plans {
		at := surety.Origin{File: p.File}
		m.Parties[p.Name] = &system.Party{Name: p.Name, Title: partyTitle(p), Origin: at}
		s := &system.Service{Name: p.Name, Category: c.category(p), Provider: p.Name, Customer: system.Public, Origin: at}
		if below := c.On[p]; len(below) > 0 {
			s.On = below[0].Name
			for _, more := range below[1:] {
				c.Notes = append(c.Notes, fmt.Sprintf("%s also runs on %s; a service of the model runs on one", p.Name, more.Name))
			}
		}
		m.Services[p.Name] = s
	}
	for _, p := range c.Plans {
		c.customers(m, p)
		if t := c.terms(p, known); t != nil {
			m.Terms[t.Name] = t
			for _, s := range m.Services {
				if s.Provider == p.Name {
					s.Terms = t.Name
				}
			}
		}
	}
	return m
}

// customers puts the party above a service into it; each further one gets a
// service of its own.
func (c *Chain) customers(m *system.Model, p *SSP) {
	first := true
	for _, above := range c.Plans {
		if len(c.On[above]) == 0 || !slices.Contains(c.On[above], p) {
			continue
		}
		if first {
			m.Services[p.Name].Customer = above.Name
			first = false
			continue
		}
		s := *m.Services[p.Name]
		s.Name, s.Customer = p.Name+"-for-"+above.Name, above.Name
		m.Services[s.Name] = &s
		if up := m.Services[above.Name]; up.On == p.Name {
			up.On = s.Name
		}
	}
}

func partyTitle(p *SSP) string {
	title := p.Title
	for _, words := range []string{"System Security Plan", "Security Plan"} {
		title = strings.ReplaceAll(title, words, "")
	}
	return flat(title)
}

// models are the words in which plans state the service category.
var models = map[string]system.Category{
	"iaas": system.IaaS, "paas": system.PaaS, "saas": system.SaaS, "naas": system.NaaS,
	"infrastructure": system.IaaS, "platform": system.PaaS, "software": system.SaaS,
}

var modelWord = regexp.MustCompile(`(?i)\b(iaas|paas|saas|naas)\b`)

// category is the service category of a plan: as its property cloud-service-model
// says, else the only one that title and name of the system mention, else by its
// place: infrastructure at the bottom, software at the top, platform between. A
// guess is noted.
func (c *Chain) category(p *SSP) system.Category {
	var about struct {
		Name  string     `json:"system-name"`
		Props []property `json:"props"`
	}
	if given(p.plan.Characteristics) {
		if err := json.Unmarshal(p.plan.Characteristics, &about); err != nil {
			about.Name = ""
		}
	}
	for _, x := range about.Props {
		if x.Name == "cloud-service-model" {
			for _, word := range slices.Sorted(maps.Keys(models)) {
				if strings.Contains(strings.ToLower(x.Value), word) {
					return models[word]
				}
			}
		}
	}
	if words := modelWord.FindAllString(p.Title+" "+about.Name, -1); len(words) > 0 {
		return models[strings.ToLower(words[0])]
	}
	category := system.PaaS
	switch {
	case len(c.On[p]) == 0 && len(c.Plans) > 1:
		category = system.IaaS
	case p == c.Plans[len(c.Plans)-1]:
		category = system.SaaS
	}
	c.Notes = append(c.Notes, fmt.Sprintf("%s states no service category; by its place in the chain it is taken for %s", p.Name, category))
	return category
}

// exports of a plan that bear on one control.
type exports struct{ provided, left []string }

// terms makes terms of what a plan exports: for each of our controls whose demand
// lies within a control that the plan exports something on. Where it only overlaps,
// what the plan says of it is not known, and there is no term.
func (c *Chain) terms(p *SSP, known *catalog.Catalog) *system.Terms {
	framework := frameworkOf(p, known)
	if framework == "" {
		c.Notes = append(c.Notes, fmt.Sprintf("%s speaks of controls of no framework that is known; it gives no terms", p.Name))
		return nil
	}
	byID := map[string]*exports{}
	for _, s := range p.Statements {
		if s.Withheld || s.takes() {
			continue
		}
		id := canonical(s.Control)
		if byID[id] == nil {
			byID[id] = &exports{}
		}
		if s.Kind == Provided {
			byID[id].provided = append(byID[id].provided, s.Text)
		} else {
			byID[id].left = append(byID[id].left, s.Text)
		}
	}
	t := &system.Terms{Name: p.Name + "-terms", Title: "Made of " + p.Title, Provider: p.Name, Origin: surety.Origin{File: p.File}}
	used, byControl := map[string]bool{}, map[string]*exports{}
	for _, l := range known.Links(framework) {
		e := byID[canonical(l.ID)]
		within := l.Relation == catalog.Equal || l.Relation == catalog.Equivalent || l.Relation == catalog.Subset
		if e == nil || !within {
			continue
		}
		used[canonical(l.ID)] = true
		if byControl[l.Control] == nil {
			byControl[l.Control] = &exports{}
		}
		byControl[l.Control].provided = append(byControl[l.Control].provided, e.provided...)
		byControl[l.Control].left = append(byControl[l.Control].left, e.left...)
	}
	for _, k := range known.Controls {
		if e := byControl[k.ID]; e != nil {
			t.Terms = append(t.Terms, e.term(k.ID, t.Origin))
		}
	}
	if open := len(byID) - len(used); open > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: of %d controls of %s that it exports statements on, %d contain no control of ours whole and give no term",
			p.Name, len(byID), framework, open))
	}
	if len(t.Terms) == 0 {
		return nil
	}
	return t
}

func (e *exports) term(control string, at surety.Origin) *system.Term {
	t := &system.Term{Control: control, Shares: map[system.Role]string{}, Origin: at}
	switch {
	case len(e.left) == 0:
		t.Shares[system.Provider] = string(catalog.Sole)
	case len(e.provided) == 0:
		t.Shares[system.Customer] = string(catalog.Sole)
	default:
		t.Shares[system.Provider], t.Shares[system.Customer] = string(catalog.Dependent), string(catalog.Dependent)
		t.Split = "provider: " + first(e.provided) + " customer: " + first(e.left)
	}
	return t
}

// first is the first of some texts on one line, and how many more there are.
func first(texts []string) string {
	const longest = 200
	text := []rune(flat(texts[0]))
	if len(text) > longest {
		text = append(text[:longest], '…')
	}
	if more := len(texts) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more)", string(text), more)
	}
	return string(text)
}

// frameworkOf is the framework that most of a plan's controls are of, "" if none
// has a quarter of them.
func frameworkOf(p *SSP, known *catalog.Catalog) string {
	ids := map[string]bool{}
	for _, s := range p.Statements {
		ids[canonical(s.Control)] = true
	}
	best, most := "", len(ids)/4
	for _, f := range known.Frameworks {
		n := 0
		for _, e := range f.Entries {
			if ids[canonical(e.ID)] {
				n++
			}
		}
		if n > most {
			best, most = f.Key, n
		}
	}
	return best
}

// canonical writes an id as OSCAL's catalogues do: AC-17(1) is ac-17.1.
func canonical(id string) string {
	id = strings.ToLower(strings.TrimSpace(id))
	id = strings.NewReplacer(" ", "", "(", ".", ")", "").Replace(id)
	return id
}
