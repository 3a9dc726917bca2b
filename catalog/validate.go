package catalog

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/system"
)

// Layers lists every layer, top down.
var Layers = []Layer{
	LayerData, LayerIdentity, LayerApplication, LayerRuntime, LayerPlatform,
	LayerHost, LayerNetwork, LayerVirtualisation, LayerFacility, LayerService,
}

// Frameworks gives the form of the ids of each framework that controls refer to.
var Frameworks = map[string]*regexp.Regexp{
	"nist-800-53r5": regexp.MustCompile(`^[a-z]{2}-[1-9]\d?(\.[1-9]\d?)?$`),
	"nist-csf-2.0":  regexp.MustCompile(`^(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d\d$`),
	"ccm-4.1":       regexp.MustCompile(`^[A-Z&]{3}-\d\d$`),
	"iso-27001":     regexp.MustCompile(`^A\.[5-8]\.[1-9]\d?$`),
	"iso-27017":     regexp.MustCompile(`^CLD\.\d+\.\d+\.\d+$`),
	"ksi":           regexp.MustCompile(`^KSI-[A-Z]{3}-[A-Z]{3}$`),
}

var (
	controlID = regexp.MustCompile(`^SUR-[A-Z]{2,3}-\d\d$`)
	topicName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	ownership = []Ownership{OwnedCustomer, OwnedProvider, OwnedPartner, SharedIndependent, SharedDependent}
)

// Validate reports every malformed, duplicate or dangling id and every empty
// cell of the ownership matrix. Load has called it already.
func (c *Catalog) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, invalid(surety.Origin{}, format, args...))
	}
	threats := map[string]bool{}
	for _, t := range c.Threats {
		if threats[t.Clause] {
			bad("threat %s is given twice", t.Clause)
		}
		if t.Role != system.Customer && t.Role != system.Provider && t.Role != system.Partner {
			bad("threat %s has role %q; use customer, provider or partner", t.Clause, t.Role)
		}
		threats[t.Clause] = true
	}
	if len(c.byClause) != len(c.Capabilities) {
		bad("two capabilities have the same clause")
	}
	topics := map[string]string{}
	for _, k := range c.Controls {
		c.validateControl(k, threats, bad)
		if other, taken := topics[k.Topic]; taken {
			bad("controls %s and %s have the same topic %q", other, k.ID, k.Topic)
		}
		topics[k.Topic] = k.ID
	}
	c.validateChecks(bad)
	return errors.Join(errs...)
}

func (c *Catalog) validateControl(k *Control, threats map[string]bool, bad func(string, ...any)) {
	switch {
	case !controlID.MatchString(k.ID):
		bad("control id %q is not of the form SUR-IAM-01", k.ID)
	case c.byClause[k.Capability] == nil:
		bad("control %s is under no capability", k.ID)
	}
	if !topicName.MatchString(k.Topic) {
		bad("control %s has topic %q; use lower-case words joined by dashes", k.ID, k.Topic)
	}
	if !slices.Contains(Layers, k.Layer) {
		bad("control %s has unknown layer %q", k.ID, k.Layer)
	}
	if k.Evidence != ByCheck && k.Evidence != ByStatement {
		bad("control %s has evidence %q; use check or statement", k.ID, k.Evidence)
	}
	if len(k.Threats) == 0 {
		bad("control %s answers no threat", k.ID)
	}
	for _, t := range k.Threats {
		if !threats[t] {
			bad("control %s answers %q, which is no clause of threats.yaml", k.ID, t)
		}
	}
	for _, cat := range system.Categories {
		if !slices.Contains(ownership, k.Owner[cat]) {
			bad("control %s has owner %q for %s", k.ID, k.Owner[cat], cat)
		}
	}
	if len(k.Owner) != len(system.Categories) {
		bad("control %s has owners of unknown service categories", k.ID)
	}
	for _, name := range slices.Sorted(maps.Keys(k.Frameworks)) {
		ids := k.Frameworks[name]
		form := Frameworks[name]
		if form == nil {
			bad("control %s refers to unknown framework %q", k.ID, name)
			continue
		}
		for i, id := range ids {
			if !form.MatchString(id) {
				bad("control %s: %q is not an id of %s", k.ID, id, name)
			}
			if slices.Contains(ids[:i], id) {
				bad("control %s names %s %s twice", k.ID, name, id)
			}
		}
	}
}

func (c *Catalog) validateChecks(bad func(string, ...any)) {
	shown := map[string]bool{}
	for _, check := range slices.Sorted(maps.Keys(c.Checks)) {
		ids := c.Checks[check]
		if check == "*" || strings.Contains(strings.TrimSuffix(check, "*"), "*") {
			bad("check %q: a wildcard may only end an id", check)
		}
		if len(ids) == 0 {
			bad("check %s shows no control", check)
		}
		for i, id := range ids {
			if c.byID[id] == nil {
				bad("check %s shows %s, which does not exist", check, id)
			}
			if slices.Contains(ids[:i], id) {
				bad("check %s names %s twice", check, id)
			}
			shown[id] = true
		}
	}
	for _, k := range c.Controls {
		if shown[k.ID] == (k.Evidence == ByStatement) {
			bad("control %s has evidence %q, which its checks contradict", k.ID, k.Evidence)
		}
	}
}
