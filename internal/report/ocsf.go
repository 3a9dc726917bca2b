package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// ocsfVersion is the version of the OCSF schema that events follow.
const ocsfVersion = "1.8.0"

// writeOCSF writes an OCSF Compliance Finding (class 2003) for each fail,
// unknown and waived fail, one JSON object a line. The compliance status of an
// unknown is Warning, in OCSF "no result for lack of information"; that of a
// waived fail stays Fail, and the finding is Suppressed. With a baseline a
// finding that was there before is an Update, else each is a Create. The unmapped
// object holds what OCSF has no place for: the accountable party and element,
// the line, and the digest of the evidence.
func writeOCSF(w io.Writer, a *assessment.Assessment, o Options) error {
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	x := ocsf{a: a, o: o, before: newBaseline(a.Changes), known: map[*policy.Check]ocsfCompliance{}}
	for r := range a.Findings() {
		if err := enc.Encode(x.event(&r)); err != nil {
			return fmt.Errorf("write ocsf report: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write ocsf report: %w", err)
	}
	return nil
}

type ocsf struct {
	a      *assessment.Assessment
	o      Options
	before baseline
	known  map[*policy.Check]ocsfCompliance // what all results of a check share
}

type ocsfEvent struct {
	ActivityID   int              `json:"activity_id"`
	ActivityName string           `json:"activity_name"`
	CategoryUID  int              `json:"category_uid"`
	CategoryName string           `json:"category_name"`
	ClassUID     int              `json:"class_uid"`
	ClassName    string           `json:"class_name"`
	TypeUID      int              `json:"type_uid"`
	Time         int64            `json:"time"` // milliseconds since 1970
	SeverityID   int              `json:"severity_id"`
	Severity     string           `json:"severity"`
	StatusID     int              `json:"status_id"`
	Status       string           `json:"status"`
	Message      string           `json:"message"`
	Metadata     ocsfMetadata     `json:"metadata"`
	FindingInfo  ocsfFindingInfo  `json:"finding_info"`
	Compliance   ocsfCompliance   `json:"compliance"`
	Remediation  *ocsfRemediation `json:"remediation,omitempty"`
	Resources    []ocsfResource   `json:"resources,omitempty"`
	Evidences    []ocsfEvidence   `json:"evidences,omitempty"`
	Observables  []ocsfObservable `json:"observables,omitempty"`
	Unmapped     ocsfUnmapped     `json:"unmapped"`
}

type ocsfMetadata struct {
	Version string      `json:"version"`
	UID     string      `json:"uid"`
	Product ocsfProduct `json:"product"`
}

type ocsfProduct struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version"`
}

type ocsfFindingInfo struct {
	UID   string   `json:"uid"`
	Title string   `json:"title"`
	Desc  string   `json:"desc,omitempty"`
	Types []string `json:"types"`
}

type ocsfCompliance struct {
	Control       string      `json:"control,omitempty"`
	Requirements  []string    `json:"requirements,omitempty"`
	Standards     []string    `json:"standards,omitempty"`
	Checks        []ocsfCheck `json:"checks"`
	StatusID      int         `json:"status_id"`
	Status        string      `json:"status"`
	StatusDetails []string    `json:"status_details,omitempty"`
}

type ocsfCheck struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

type ocsfRemediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

type ocsfResource struct {
	UID       string    `json:"uid"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Namespace string    `json:"namespace,omitempty"`
	Owner     *ocsfName `json:"owner,omitempty"`
	RoleID    int       `json:"role_id"`
}

type ocsfName struct {
	Name string `json:"name"`
}

type ocsfEvidence struct {
	File ocsfFile       `json:"file"`
	Data map[string]int `json:"data,omitempty"`
}

type ocsfFile struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	TypeID int    `json:"type_id"`
}

type ocsfObservable struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Value  string `json:"value"`
}

type ocsfUnmapped struct {
	Verdict  surety.Verdict `json:"verdict"`
	Party    string         `json:"party"`
	Element  string         `json:"element"`
	Controls []string       `json:"controls"`
	Origin   surety.Origin  `json:"origin"`
	Evidence *surety.Digest `json:"evidence,omitempty"`
	Facts    []policy.Fact  `json:"facts,omitempty"`
	Waiver   *Waiver        `json:"waiver,omitempty"`
}

// The numbers OCSF gives to what is used here.
const (
	ocsfCreate, ocsfUpdate     = 1, 2
	ocsfNew, ocsfSuppressed    = 1, 3
	ocsfWarning, ocsfFail      = 2, 3
	ocsfFindings               = 2
	ocsfComplianceFinding      = 2003
	ocsfRegularFile            = 1
	ocsfAffected               = 3
	ocsfResourceUID, ocsfPaths = 10, 45
)

// ocsfSeverity gives a severity's number and caption.
var ocsfSeverity = map[surety.Severity]struct {
	id      int
	caption string
}{
	surety.Info: {1, "Informational"}, surety.Low: {2, "Low"}, surety.Medium: {3, "Medium"},
	surety.High: {4, "High"}, surety.Critical: {5, "Critical"},
}

func (x *ocsf) event(r *assessment.Result) ocsfEvent {
	c, id, d := r.Check, r.ID(), r.Detail()
	severity := ocsfSeverity[c.Severity]
	e := ocsfEvent{
		ActivityID: ocsfCreate, ActivityName: "Create", CategoryUID: ocsfFindings, CategoryName: "Findings",
		ClassUID: ocsfComplianceFinding, ClassName: "Compliance Finding", Time: x.o.Time.UnixMilli(),
		SeverityID: severity.id, Severity: severity.caption, StatusID: ocsfNew, Status: "New", Message: r.Message(),
		Metadata:    ocsfMetadata{ocsfVersion, uuid("ocsf", x.o.Time.UTC().Format(time.RFC3339Nano), id, r.Origin().String()), ocsfProduct{"Surety", "Surety", x.o.Version}},
		FindingInfo: ocsfFindingInfo{id, cmp.Or(c.Title, c.ID), c.Description, []string{cmp.Or(capabilityOf(c, x.a.Catalog), "Configuration")}},
		Compliance:  x.compliance(c),
		Unmapped:    ocsfUnmapped{Verdict: r.Verdict, Party: r.Owner.Party, Element: r.Element, Controls: notNil(c.Controls), Origin: r.Origin(), Facts: d.Facts},
	}
	if state := x.before.state(id); state == "unchanged" || state == "updated" {
		e.ActivityID, e.ActivityName = ocsfUpdate, "Update"
	}
	e.TypeUID = ocsfComplianceFinding*100 + e.ActivityID
	e.Compliance.StatusID, e.Compliance.Status = ocsfFail, "Fail"
	for _, f := range d.Findings {
		e.Compliance.StatusDetails = append(e.Compliance.StatusDetails, f.Message)
	}
	switch r.Verdict {
	case surety.Unknown:
		e.Compliance.StatusID, e.Compliance.Status, e.Compliance.StatusDetails = ocsfWarning, "Warning", []string{d.Reason}
	case surety.Waived:
		e.StatusID, e.Status = ocsfSuppressed, "Suppressed"
		if w := d.Waiver; w != nil {
			e.Unmapped.Waiver = &Waiver{w.Owner, w.Reason, w.Expires.Format(time.DateOnly)}
		}
	}
	if c.Remediation != "" && r.Verdict != surety.Unknown {
		e.Remediation = &ocsfRemediation{c.Remediation, c.References}
	}
	if r.Item != nil {
		e.place(r, live(x.a, r))
	}
	return e
}

// place says what the event is about and, if it was read from a file, where.
func (e *ocsfEvent) place(r *assessment.Result, live bool) {
	key, at := r.Resource(), r.Origin()
	resource := ocsfResource{UID: key, Name: r.Item.Name, Type: r.Item.Kind, Namespace: r.Item.Namespace, RoleID: ocsfAffected}
	if r.Owner.Party != "" {
		resource.Owner = &ocsfName{r.Owner.Party}
	}
	e.Resources = []ocsfResource{resource}
	e.Observables = []ocsfObservable{{"resources[0].uid", ocsfResourceUID, key}}
	e.Unmapped.Evidence = &r.Item.Digest
	if live || at.File == "" {
		return
	}
	file := ocsfEvidence{File: ocsfFile{path.Base(at.File), at.File, ocsfRegularFile}}
	if at.Line > 0 {
		file.Data = map[string]int{"line": at.Line}
	}
	e.Evidences = []ocsfEvidence{file}
	e.Observables = append(e.Observables, ocsfObservable{"evidences[0].file.path", ocsfPaths, at.File})
}

// live reports whether r's item was read from a live source, so that its origin
// is not a file.
func live(a *assessment.Assessment, r *assessment.Result) bool {
	return slices.ContainsFunc(a.Sources, func(s evidence.Report) bool {
		return s.Live && strings.HasPrefix(r.Item.Origin.File, s.Source)
	})
}

// compliance is what a check shows: our control, and the ids of the controls of
// other frameworks beside it.
func (x *ocsf) compliance(c *policy.Check) ocsfCompliance {
	out, ok := x.known[c]
	if ok {
		return out
	}
	out.Checks = []ocsfCheck{{c.ID, cmp.Or(c.Title, c.ID)}}
	for i, id := range c.Controls {
		control := x.a.Catalog.Control(id)
		if i == 0 {
			out.Control = id
		}
		if control == nil {
			continue
		}
		if i == 0 {
			out.Control += " " + control.Title
		}
		out.add(control)
	}
	slices.Sort(out.Standards)
	out.Standards = slices.Compact(out.Standards)
	slices.Sort(out.Requirements)
	out.Requirements = slices.Compact(out.Requirements)
	x.known[c] = out
	return out
}

// ocsfStandards names the frameworks of the catalogue as their publishers do.
var ocsfStandards = map[string]string{
	"nist-800-53r5": "NIST SP 800-53 Rev. 5", "nist-csf-2.0": "NIST CSF 2.0", "ccm-4.1": "CSA CCM 4.1",
	"iso-27001": "ISO/IEC 27001", "iso-27017": "ISO/IEC 27017", "ksi": "FedRAMP KSI",
	"finos-ccc": "FINOS CCC",
}

func (c *ocsfCompliance) add(control *catalog.Control) {
	for framework, ids := range control.Frameworks {
		if framework == "attack" {
			continue // a technique is countered, not complied with
		}
		name := cmp.Or(ocsfStandards[framework], framework)
		c.Standards = append(c.Standards, name)
		for _, m := range ids {
			c.Requirements = append(c.Requirements, name+" "+m.ID)
		}
	}
}
