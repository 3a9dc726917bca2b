package report

// The parts of OSCAL 1.2.2 assessment-results that Surety writes, in the names
// of the OSCAL model. A list that is empty must be absent.

type oscalMetadata struct {
	Title        string       `json:"title"`
	LastModified string       `json:"last-modified"`
	Version      string       `json:"version"`
	OSCALVersion string       `json:"oscal-version"`
	Props        []oscalProp  `json:"props,omitempty"`
	Roles        []oscalRole  `json:"roles"`
	Parties      []oscalParty `json:"parties,omitempty"`
	Remarks      string       `json:"remarks,omitempty"`
}

type oscalRole struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type oscalParty struct {
	UUID string `json:"uuid"`
	Type string `json:"type"`
	Name string `json:"name"`
}

type oscalProp struct {
	Name  string `json:"name"`
	NS    string `json:"ns,omitempty"`
	Value string `json:"value"`
}

type oscalResultHead struct {
	UUID             string           `json:"uuid"`
	Title            string           `json:"title"`
	Description      string           `json:"description"`
	Start            string           `json:"start"`
	End              string           `json:"end"`
	Props            []oscalProp      `json:"props"`
	LocalDefinitions oscalDefinitions `json:"local-definitions"`
	Reviewed         oscalReviewed    `json:"reviewed-controls"`
}

type oscalDefinitions struct {
	Components []oscalComponent `json:"components,omitempty"`
	Inventory  []oscalInventory `json:"inventory-items,omitempty"`
	Assets     oscalAssets      `json:"assessment-assets"`
}

type oscalAssets struct {
	Components []oscalComponent `json:"components"`
	Platforms  []oscalPlatform  `json:"assessment-platforms"`
}

type oscalPlatform struct {
	UUID  string              `json:"uuid"`
	Title string              `json:"title"`
	Uses  []oscalComponentRef `json:"uses-components"`
}

type oscalComponentRef struct {
	UUID string `json:"component-uuid"`
}

type oscalComponent struct {
	UUID        string                 `json:"uuid"`
	Type        string                 `json:"type"`
	Title       string                 `json:"title"`
	Description string                 `json:"description"`
	Props       []oscalProp            `json:"props,omitempty"`
	Status      oscalState             `json:"status"`
	Roles       []oscalResponsibleRole `json:"responsible-roles,omitempty"`
}

type oscalState struct {
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Remarks string `json:"remarks,omitempty"`
}

type oscalResponsibleRole struct {
	RoleID  string   `json:"role-id"`
	Parties []string `json:"party-uuids"`
}

type oscalInventory struct {
	UUID        string              `json:"uuid"`
	Description string              `json:"description"`
	Props       []oscalProp         `json:"props"`
	Implements  []oscalComponentRef `json:"implemented-components,omitempty"`
}

type oscalReviewed struct {
	Selections []oscalSelection `json:"control-selections"`
}

type oscalSelection struct {
	Include []oscalControl `json:"include-controls"`
}

type oscalControl struct {
	ID string `json:"control-id"`
}

type oscalObservation struct {
	UUID        string          `json:"uuid"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Props       []oscalProp     `json:"props,omitempty"`
	Methods     []string        `json:"methods"`
	Types       []string        `json:"types"`
	Origins     []oscalOrigin   `json:"origins"`
	Subjects    []oscalSubject  `json:"subjects,omitempty"`
	Evidence    []oscalEvidence `json:"relevant-evidence,omitempty"`
	Collected   string          `json:"collected"`
}

type oscalOrigin struct {
	Actors []oscalActor `json:"actors"`
}

type oscalActor struct {
	Type string `json:"type"`
	UUID string `json:"actor-uuid"`
}

type oscalSubject struct {
	UUID  string `json:"subject-uuid"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

type oscalEvidence struct {
	Href        string `json:"href,omitempty"`
	Description string `json:"description"`
}

type oscalRisk struct {
	UUID         string                `json:"uuid"`
	Title        string                `json:"title"`
	Description  string                `json:"description"`
	Statement    string                `json:"statement"`
	Props        []oscalProp           `json:"props"`
	Status       string                `json:"status"`
	Origins      []oscalOrigin         `json:"origins"`
	Mitigating   []oscalMitigation     `json:"mitigating-factors,omitempty"`
	Deadline     string                `json:"deadline,omitempty"`
	Remediations []oscalResponse       `json:"remediations,omitempty"`
	Observations []oscalObservationRef `json:"related-observations"`
}

type oscalMitigation struct {
	UUID        string `json:"uuid"`
	Description string `json:"description"`
}

type oscalResponse struct {
	UUID        string `json:"uuid"`
	Lifecycle   string `json:"lifecycle"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type oscalObservationRef struct {
	UUID string `json:"observation-uuid"`
}

type oscalFinding struct {
	UUID         string                `json:"uuid"`
	Title        string                `json:"title"`
	Description  string                `json:"description"`
	Props        []oscalProp           `json:"props,omitempty"`
	Origins      []oscalOrigin         `json:"origins"`
	Target       oscalTarget           `json:"target"`
	Observations []oscalObservationRef `json:"related-observations,omitempty"`
	Risks        []oscalRiskRef        `json:"related-risks,omitempty"`
}

type oscalTarget struct {
	Type   string     `json:"type"`
	ID     string     `json:"target-id"`
	Status oscalState `json:"status"`
}

type oscalRiskRef struct {
	UUID string `json:"risk-uuid"`
}

type oscalBackMatter struct {
	Resources []oscalResource `json:"resources"`
}

type oscalResource struct {
	UUID        string `json:"uuid"`
	Title       string `json:"title"`
	Description string `json:"description"`
}
