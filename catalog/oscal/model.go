package oscal

// The parts of OSCAL that Surety writes and reads, in the names of its models. A
// list that is empty must be absent.

type document struct {
	Catalog *catalogModel `json:"catalog,omitempty"`
	Profile *profileModel `json:"profile,omitempty"`
	Mapping *mappingModel `json:"mapping-collection,omitempty"`
}

type catalogModel struct {
	UUID     string    `json:"uuid"`
	Metadata metadata  `json:"metadata"`
	Groups   []group   `json:"groups,omitempty"`
	Controls []control `json:"controls,omitempty"`
}

type metadata struct {
	Title        string `json:"title"`
	LastModified string `json:"last-modified"`
	Version      string `json:"version"`
	OSCALVersion string `json:"oscal-version"`
	Roles        []role `json:"roles,omitempty"`
	Remarks      string `json:"remarks,omitempty"`
}

type role struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type group struct {
	ID       string     `json:"id,omitempty"`
	Title    string     `json:"title"`
	Props    []property `json:"props,omitempty"`
	Groups   []group    `json:"groups,omitempty"`
	Controls []control  `json:"controls,omitempty"`
}

type control struct {
	ID       string     `json:"id"`
	Class    string     `json:"class,omitempty"`
	Title    string     `json:"title"`
	Props    []property `json:"props,omitempty"`
	Parts    []part     `json:"parts,omitempty"`
	Controls []control  `json:"controls,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	NS    string `json:"ns,omitempty"`
	Value string `json:"value"`
	Class string `json:"class,omitempty"`
}

type part struct {
	ID    string     `json:"id,omitempty"`
	Name  string     `json:"name"`
	NS    string     `json:"ns,omitempty"`
	Class string     `json:"class,omitempty"`
	Props []property `json:"props,omitempty"`
	Prose string     `json:"prose,omitempty"`
}

type profileModel struct {
	UUID     string          `json:"uuid"`
	Metadata metadata        `json:"metadata"`
	Imports  []profileImport `json:"imports"`
	Merge    *merge          `json:"merge,omitempty"`
	Modify   *modify         `json:"modify,omitempty"`

	BackMatter *backMatter `json:"back-matter,omitempty"`
}

type modify struct {
	Alters []alteration `json:"alters,omitempty"`
}

type alteration struct {
	ControlID string     `json:"control-id"`
	Adds      []addition `json:"adds,omitempty"`
}

type addition struct {
	Position string     `json:"position,omitempty"`
	Props    []property `json:"props,omitempty"`
	Parts    []part     `json:"parts,omitempty"`
}

type backMatter struct {
	Resources []backResource `json:"resources,omitempty"`
}

type backResource struct {
	UUID        string     `json:"uuid"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Props       []property `json:"props,omitempty"`
}

type profileImport struct {
	Href       string      `json:"href"`
	IncludeAll *struct{}   `json:"include-all,omitempty"`
	Include    []selection `json:"include-controls,omitempty"`
}

type selection struct {
	IDs []string `json:"with-ids"`
}

type merge struct {
	AsIs bool `json:"as-is"`
}

type mappingModel struct {
	UUID       string     `json:"uuid"`
	Metadata   metadata   `json:"metadata"`
	Provenance provenance `json:"provenance"`
	Mappings   []mapping  `json:"mappings"`
}

type provenance struct {
	Method      string `json:"method"`
	Rationale   string `json:"matching-rationale"`
	Status      string `json:"status"`
	Description string `json:"mapping-description"`
}

type mapping struct {
	UUID    string     `json:"uuid"`
	Source  resource   `json:"source-resource"`
	Target  resource   `json:"target-resource"`
	Maps    []pairing  `json:"maps"`
	Gap     *gap       `json:"target-gap-summary,omitempty"`
	Props   []property `json:"props,omitempty"`
	Remarks string     `json:"remarks,omitempty"`
}

type resource struct {
	Type string `json:"type"`
	Href string `json:"href"`
}

type pairing struct {
	UUID         string `json:"uuid"`
	Relationship string `json:"relationship"`
	Sources      []item `json:"sources"`
	Targets      []item `json:"targets"`
}

type item struct {
	Type string `json:"type"`
	ID   string `json:"id-ref"`
}

type gap struct {
	UUID     string      `json:"uuid"`
	Unmapped []selection `json:"unmapped-controls"`
}
