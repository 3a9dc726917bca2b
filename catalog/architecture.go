package catalog

import "github.com/surety-cloud/surety/system"

// Architecture is the cloud reference architecture of Y.3502: where a security
// function sits, and who does what to keep it.
type Architecture struct {
	Layers   []*FunctionalLayer
	SubRoles []*SubRole
}

// FunctionalLayer is a layer of functional components, or a group of them that
// spans all layers.
type FunctionalLayer struct {
	ID         string
	Title      string
	Across     bool // it spans the four layers
	Components []*Component
}

// Component is a functional component of the architecture.
type Component struct {
	ID    string // encryption-management
	Title string
	Layer string // id of its layer
}

// SubRole is a sub-role of customer, provider or partner.
type SubRole struct {
	ID         string // cloud-auditor
	Title      string
	Role       system.Role
	Activities []*Activity
}

// Activity is what a sub-role does.
type Activity struct {
	ID      string // csn-perform-audit
	Title   string
	Role    system.Role
	SubRole string // id
}

// Recommendation is a text of the ITU-T whose clauses controls cite.
type Recommendation struct {
	ID      string // x1602
	Title   string
	Version string
	// Reading says that the numbers of the text are not known: its clauses are
	// topics by Surety's own reading.
	Reading bool
	Clauses []Entry
}

// Component returns the functional component with this id, nil if there is none.
func (c *Catalog) Component(id string) *Component { return c.components[id] }

// Activity returns the activity with this id, nil if there is none.
func (c *Catalog) Activity(id string) *Activity { return c.activities[id] }

// SubRolesOf lists the sub-roles that do something for a control, by role.
func (c *Catalog) SubRolesOf(k *Control) map[system.Role]string {
	out := map[system.Role]string{}
	for role, duty := range k.Does {
		if a := c.activities[duty.Activity]; a != nil {
			out[role] = a.SubRole
		}
	}
	return out
}
