package oscal

import "encoding/json"

// The parts of OSCAL's system security plan that are read and written, in the
// names of its model. What has no bearing on responsibility is kept as it is. A
// list that is empty must be absent.

type document struct {
	SSP    *plan   `json:"system-security-plan,omitempty"`
	Shared *shared `json:"shared-responsibility,omitempty"`
}

type plan struct {
	UUID            string          `json:"uuid"`
	Metadata        metadata        `json:"metadata"`
	Profile         json.RawMessage `json:"import-profile"`
	Characteristics json.RawMessage `json:"system-characteristics"`
	System          implementation  `json:"system-implementation"`
	Controls        controls        `json:"control-implementation"`
	BackMatter      json.RawMessage `json:"back-matter,omitempty"`
}

// shared is a document of the prototype: what a provider publishes of its plan.
type shared struct {
	UUID       string   `json:"uuid"`
	Metadata   metadata `json:"metadata"`
	Components []struct {
		UUID        string     `json:"uuid"`
		Name        string     `json:"name"`
		Description string     `json:"description"`
		Controls    []controls `json:"control_implementations"`
	} `json:"components"`
}

type metadata struct {
	Title        string            `json:"title"`
	Published    string            `json:"published,omitempty"`
	LastModified string            `json:"last-modified"`
	Version      string            `json:"version"`
	OSCALVersion string            `json:"oscal-version"`
	Revisions    []json.RawMessage `json:"revisions,omitempty"`
	DocumentIDs  []json.RawMessage `json:"document-ids,omitempty"`
	Props        []property        `json:"props,omitempty"`
	Links        []json.RawMessage `json:"links,omitempty"`
	Roles        []json.RawMessage `json:"roles,omitempty"`
	Locations    []json.RawMessage `json:"locations,omitempty"`
	Parties      []json.RawMessage `json:"parties,omitempty"`
	Responsible  []json.RawMessage `json:"responsible-parties,omitempty"`
	Remarks      string            `json:"remarks,omitempty"`
}

type property struct {
	Name    string `json:"name"`
	UUID    string `json:"uuid,omitempty"`
	NS      string `json:"ns,omitempty"`
	Value   string `json:"value"`
	Class   string `json:"class,omitempty"`
	Group   string `json:"group,omitempty"`
	Remarks string `json:"remarks,omitempty"`
}

type implementation struct {
	Props      []property        `json:"props,omitempty"`
	Links      []json.RawMessage `json:"links,omitempty"`
	Leveraged  []leveraged       `json:"leveraged-authorizations,omitempty"`
	Users      []json.RawMessage `json:"users,omitempty"`
	Components []component       `json:"components"`
	Inventory  []json.RawMessage `json:"inventory-items,omitempty"`
	Remarks    string            `json:"remarks,omitempty"`
}

type leveraged struct {
	UUID    string            `json:"uuid"`
	Title   string            `json:"title"`
	Props   []property        `json:"props,omitempty"`
	Links   []json.RawMessage `json:"links,omitempty"`
	Party   string            `json:"party-uuid"`
	Date    string            `json:"date-authorized"`
	Remarks string            `json:"remarks,omitempty"`
}

type component struct {
	UUID        string            `json:"uuid"`
	Type        string            `json:"type"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Purpose     string            `json:"purpose,omitempty"`
	Props       []property        `json:"props,omitempty"`
	Links       []json.RawMessage `json:"links,omitempty"`
	Status      json.RawMessage   `json:"status"`
	Roles       []json.RawMessage `json:"responsible-roles,omitempty"`
	Protocols   []json.RawMessage `json:"protocols,omitempty"`
	Remarks     string            `json:"remarks,omitempty"`
}

type controls struct {
	Description  string            `json:"description"`
	Parameters   []json.RawMessage `json:"set-parameters,omitempty"`
	Requirements []requirement     `json:"implemented-requirements"`
}

type requirement struct {
	UUID       string            `json:"uuid"`
	Control    string            `json:"control-id"`
	Props      []property        `json:"props,omitempty"`
	Links      []json.RawMessage `json:"links,omitempty"`
	Parameters []json.RawMessage `json:"set-parameters,omitempty"`
	Roles      []json.RawMessage `json:"responsible-roles,omitempty"`
	Statements []statement       `json:"statements,omitempty"`
	By         []byComponent     `json:"by-components,omitempty"`
	Remarks    string            `json:"remarks,omitempty"`
}

type statement struct {
	ID      string            `json:"statement-id"`
	UUID    string            `json:"uuid"`
	Props   []property        `json:"props,omitempty"`
	Links   []json.RawMessage `json:"links,omitempty"`
	Roles   []json.RawMessage `json:"responsible-roles,omitempty"`
	By      []byComponent     `json:"by-components,omitempty"`
	Remarks string            `json:"remarks,omitempty"`
}

type byComponent struct {
	Component   string            `json:"component-uuid"`
	UUID        string            `json:"uuid"`
	Description string            `json:"description"`
	Props       []property        `json:"props,omitempty"`
	Links       []json.RawMessage `json:"links,omitempty"`
	Parameters  []json.RawMessage `json:"set-parameters,omitempty"`
	Status      json.RawMessage   `json:"implementation-status,omitempty"`
	Export      *export           `json:"export,omitempty"`
	Inherited   []said            `json:"inherited,omitempty"`
	Satisfied   []said            `json:"satisfied,omitempty"`
	Roles       []json.RawMessage `json:"responsible-roles,omitempty"`
	Remarks     string            `json:"remarks,omitempty"`

	// the prototype's place for exports; never written
	Provided         []said `json:"provided,omitempty"`
	Responsibilities []said `json:"responsibilities,omitempty"`
}

type export struct {
	Description      string            `json:"description,omitempty"`
	Props            []property        `json:"props,omitempty"`
	Links            []json.RawMessage `json:"links,omitempty"`
	Provided         []said            `json:"provided,omitempty"`
	Responsibilities []said            `json:"responsibilities,omitempty"`
	Remarks          string            `json:"remarks,omitempty"`
}

// said is a statement of one of the four kinds; which of the links it has depends
// on the kind.
type said struct {
	UUID           string            `json:"uuid"`
	Provided       string            `json:"provided-uuid,omitempty"`
	Responsibility string            `json:"responsibility-uuid,omitempty"`
	Description    string            `json:"description"`
	Props          []property        `json:"props,omitempty"`
	Links          []json.RawMessage `json:"links,omitempty"`
	Roles          []json.RawMessage `json:"responsible-roles,omitempty"`
	Remarks        string            `json:"remarks,omitempty"`

	Exportable *bool `json:"exportable,omitempty"` // the prototype's; written as a property
}
