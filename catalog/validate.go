package catalog

import (
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

var (
	controlID = regexp.MustCompile(`^SUR-[A-Z]{2,3}-\d\d$`)
	kebab     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	prefixes  = map[system.Role]string{system.Customer: "csc-", system.Provider: "csp-", system.Partner: "csn-"}
)

// validation collects every malformed, duplicate or dangling id, every empty
// cell of the matrix, and every control that leaves out what its role needs.
type validation struct {
	c    *Catalog
	at   map[string]surety.Origin
	errs []error
}

func (v *validation) bad(at surety.Origin, format string, args ...any) {
	v.errs = append(v.errs, invalid(at, format, args...))
}

func (v *validation) all() {
	v.threats()
	v.architecture()
	for _, name := range slices.Sorted(maps.Keys(v.c.Owners)) {
		for _, cat := range system.Categories {
			if cell := v.c.Owners[name][cat]; !cell.Valid() {
				v.bad(v.at["owner "+name], "owner %s has no right cell for %s: one role with owned, or two and more that are all independent or all dependent", name, cat)
			}
		}
	}
	topics, rows := map[string]string{}, map[string]bool{}
	for _, k := range v.c.Controls {
		v.control(k)
		v.duties(k)
		v.mappings(k)
		if other, taken := topics[k.Topic]; taken {
			v.bad(k.origin, "controls %s and %s have the same topic %q", other, k.ID, k.Topic)
		}
		topics[k.Topic] = k.ID
		rows[k.Row] = true
	}
	for _, name := range slices.Sorted(maps.Keys(v.c.Owners)) {
		if !rows[name] {
			v.bad(v.at["owner "+name], "no control names owner %s", name)
		}
	}
	v.checks()
}

func (v *validation) threats() {
	answered := map[string]bool{}
	for _, k := range v.c.Controls {
		for _, t := range k.Threats {
			answered[t] = true
		}
	}
	for _, t := range v.c.Threats {
		at := v.at["threat "+t.Clause]
		if !slices.Contains(Roles, t.Role) {
			v.bad(at, "threat %s has role %q; use customer, provider or partner", t.Clause, t.Role)
		}
		if !answered[t.Clause] {
			v.bad(at, "no control answers threat %s", t.Clause)
		}
	}
}

func (v *validation) architecture() {
	for id := range v.c.components {
		if !kebab.MatchString(id) {
			v.bad(v.at["component "+id], "component id %q is not lower-case words joined by dashes", id)
		}
	}
	for id, a := range v.c.activities {
		if !kebab.MatchString(id) || !strings.HasPrefix(id, prefixes[a.Role]) {
			v.bad(v.at["activity "+id], "activity id %q does not begin with %s, or is not lower-case words joined by dashes", id, prefixes[a.Role])
		}
	}
}

func (v *validation) control(k *Control) {
	if !controlID.MatchString(k.ID) {
		v.bad(k.origin, "control id %q is not of the form SUR-IAM-01", k.ID)
	} else if v.c.byClause[k.Capability] == nil {
		v.bad(k.origin, "control %s is under no capability", k.ID)
	}
	if !kebab.MatchString(k.Topic) {
		v.bad(k.origin, "control %s has topic %q; use lower-case words joined by dashes", k.ID, k.Topic)
	}
	if !slices.Contains(Layers, k.Layer) {
		v.bad(k.origin, "control %s has unknown layer %q", k.ID, k.Layer)
	}
	if v.c.components[k.Component] == nil {
		v.bad(k.origin, "control %s acts in %q, which is no component of architecture.yaml", k.ID, k.Component)
	}
	if k.Owner == nil {
		v.bad(k.origin, "control %s has owner %q, which is no row of owners.yaml", k.ID, k.Row)
	}
	v.proof(k)
	v.distinct(k, "threat", k.Threats)
	v.distinct(k, "clause", k.Clauses)
	var applies []string
	for _, cat := range k.Applies {
		applies = append(applies, string(cat))
		if !slices.Contains(system.Categories, cat) {
			v.bad(k.origin, "control %s applies to %q, which is no service category", k.ID, cat)
		}
	}
	var offers []string
	for _, o := range k.Offers {
		offers = append(offers, string(o))
		if !slices.Contains(system.Offers, o) {
			v.bad(k.origin, "control %s is about services that offer %q, which no service can offer", k.ID, o)
		}
	}
	v.distinct(k, "", slices.Concat(applies, offers))
	if len(k.Threats) == 0 {
		v.bad(k.origin, "control %s answers no threat", k.ID)
	}
}

// proof checks how a control is shown and what it is worth.
func (v *validation) proof(k *Control) {
	switch k.Evidence {
	case ByCheck, ByStatement:
	case ByAttestation:
		if k.Valid == 0 {
			v.bad(k.origin, "control %s is shown by attestation and does not say how long one is valid", k.ID)
		}
	default:
		v.bad(k.origin, "control %s has evidence %q; use check, statement or attestation", k.ID, k.Evidence)
	}
	if !slices.Contains([]Function{Prevent, Detect, Respond, Recover, Govern}, k.Efficacy.Function) {
		v.bad(k.origin, "control %s has function %q; use prevent, detect, respond, recover or govern", k.ID, k.Efficacy.Function)
	}
	if k.Efficacy.Grade.Mean() == 0 {
		v.bad(k.origin, "control %s has grade %q; use significant, partial or minimal", k.ID, k.Efficacy.Grade)
	}
}

// distinct checks that a control's ids of one kind exist, and stand there once.
func (v *validation) distinct(k *Control, kind string, ids []string) {
	for i, id := range ids {
		if _, known := v.at[kind+" "+id]; kind != "" && !known {
			v.bad(k.origin, "control %s names %s %q, which does not exist", k.ID, kind, id)
		}
		if slices.Contains(ids[:i], id) {
			v.bad(k.origin, "control %s names %s twice", k.ID, id)
		}
	}
}

// duties checks that exactly the roles with a share do something.
func (v *validation) duties(k *Control) {
	roles := k.Roles()
	for _, role := range roles {
		if k.Does[role].Do == "" {
			v.bad(k.origin, "control %s gives the %s a share (owner %s) and does not say what it does", k.ID, role, k.Row)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(k.Does)) {
		duty := k.Does[role]
		if !slices.Contains(roles, role) && k.Owner != nil {
			v.bad(k.origin, "control %s says what the %s does, which has no share in it (owner %s)", k.ID, role, k.Row)
		}
		switch a := v.c.activities[duty.Activity]; {
		case a == nil:
			v.bad(k.origin, "control %s: %q is no activity of architecture.yaml", k.ID, duty.Activity)
		case a.Role != role:
			v.bad(k.origin, "control %s: %s is an activity of the %s, not of the %s", k.ID, duty.Activity, a.Role, role)
		}
	}
}

func (v *validation) mappings(k *Control) {
	for _, key := range slices.Sorted(maps.Keys(k.Frameworks)) {
		f := v.c.Framework(key)
		if f == nil || v.c.ownText(key) {
			v.bad(k.origin, "control %s refers to framework %q, which has no file in frameworks", k.ID, key)
			continue
		}
		seen := map[string]bool{}
		for _, m := range k.Frameworks[key] {
			if !slices.Contains(Relations, m.Relation) {
				v.bad(k.origin, "control %s stands in relation %q to %s %s; use equal, equivalent, superset, subset or intersects", k.ID, m.Relation, key, m.ID)
			}
			if e, ok := f.Entry(m.ID); !ok || e.ID != m.ID {
				v.bad(k.origin, "control %s: %q is not an id of %s", k.ID, m.ID, key)
			}
			if seen[m.ID] {
				v.bad(k.origin, "control %s names %s %s twice", k.ID, key, m.ID)
			}
			seen[m.ID] = true
		}
	}
}

func (v *validation) checks() {
	at := surety.Origin{File: "catalog/checks.yaml"}
	shown := map[string]bool{}
	for _, check := range slices.Sorted(maps.Keys(v.c.Checks)) {
		ids := v.c.Checks[check]
		if check == "*" || strings.Contains(strings.TrimSuffix(check, "*"), "*") {
			v.bad(at, "check %q: a wildcard may only end an id", check)
		}
		if len(ids) == 0 {
			v.bad(at, "check %s shows no control", check)
		}
		for i, id := range ids {
			if v.c.byID[id] == nil {
				v.bad(at, "check %s shows %s, which does not exist", check, id)
			}
			if slices.Contains(ids[:i], id) {
				v.bad(at, "check %s names %s twice", check, id)
			}
			shown[id] = true
		}
	}
	for _, k := range v.c.Controls {
		if shown[k.ID] != (k.Evidence == ByCheck) {
			v.bad(k.origin, "control %s has evidence %q, which its checks contradict", k.ID, k.Evidence)
		}
	}
}
