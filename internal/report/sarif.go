package report

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// What GitHub code scanning accepts of one run and one rule. Beyond the first
// an upload is refused, beyond the others the rest is not shown.
const (
	sarifResults = 25_000
	sarifTags    = 10
	sarifRelated = 100
)

// sarif writes one run of SARIF 2.1.0.
type sarif struct {
	a       *assessment.Assessment
	results []assessment.Result
	omitted int                   // results beyond sarifResults
	rules   map[*policy.Check]int // index of each check that has a result
	listed  []*policy.Check       // the same, in order
	changes baseline              // nil without a baseline
}

// writeSARIF writes a as SARIF 2.1.0, one run:
//
//   - a fail is a result of kind fail, its level from its severity;
//   - an unknown is of kind open and level none: SARIF's "the rule was evaluated
//     and there was too little to decide". It is not a fail, and never left out;
//   - a waived fail is of kind fail with an accepted suppression;
//   - passes and what does not apply are left out.
//
// An unknown without an item has no place a result could point to, and is a
// notification, as is each problem of the sources. Files are relative to
// %SRCROOT%, the directory the assessment ran in.
func writeSARIF(w io.Writer, a *assessment.Assessment, o Options) error {
	s := &sarif{a: a, rules: map[*policy.Check]int{}, changes: newBaseline(a.Changes)}
	s.choose()
	head, err := json.Marshal(s.head(o))
	if err != nil {
		return fmt.Errorf("write sarif report: %w", err)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(`{"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json","version":"2.1.0","runs":[`)
	out.Write(head[:len(head)-1]) // reopen the object
	out.WriteString(",\"results\":[")
	sep := "\n"
	for i := range s.results {
		row, err := json.Marshal(s.result(&s.results[i]))
		if err != nil {
			return fmt.Errorf("write sarif report: %w", err)
		}
		out.WriteString(sep)
		out.Write(row)
		sep = ",\n"
	}
	out.WriteString("\n]}]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write sarif report: %w", err)
	}
	return nil
}

// choose picks the results to write, and numbers their checks. If there are too
// many the most urgent stay: fails by severity, then unknowns, then waived.
func (s *sarif) choose() {
	for r := range s.a.Findings() {
		if r.Item != nil {
			s.results = append(s.results, r)
		}
	}
	if s.omitted = len(s.results) - sarifResults; s.omitted > 0 {
		urgency := map[surety.Verdict]int{surety.Fail: 2, surety.Unknown: 1}
		slices.SortStableFunc(s.results, func(a, b assessment.Result) int {
			return cmp.Or(urgency[b.Verdict]-urgency[a.Verdict], cmp.Compare(b.Check.Severity, a.Check.Severity))
		})
		s.results = s.results[:sarifResults]
	}
	for _, r := range s.results {
		if _, ok := s.rules[r.Check]; !ok {
			s.rules[r.Check] = len(s.listed)
			s.listed = append(s.listed, r.Check)
		}
	}
}

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifHead struct {
	Tool              sarifTool         `json:"tool"`
	AutomationDetails sarifID           `json:"automationDetails"`
	ColumnKind        string            `json:"columnKind"`
	OriginalURIBases  map[string]any    `json:"originalUriBaseIds"`
	Invocations       []sarifInvocation `json:"invocations"`
}

type sarifID struct {
	ID string `json:"id"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Notifications  []sarifID   `json:"notifications"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string         `json:"id"`
	DeprecatedIDs    []string       `json:"deprecatedIds,omitempty"`
	Name             string         `json:"name,omitempty"`
	ShortDescription sarifMessage   `json:"shortDescription"`
	FullDescription  sarifMessage   `json:"fullDescription"`
	HelpURI          string         `json:"helpUri,omitempty"`
	Help             sarifMessage   `json:"help"`
	Default          sarifLevel     `json:"defaultConfiguration"`
	Properties       sarifRuleProps `json:"properties"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifRuleProps struct {
	SecuritySeverity string   `json:"security-severity,omitempty"`
	Severity         string   `json:"severity"`
	Tags             []string `json:"tags"`
	Controls         []string `json:"controls"`
	Capability       string   `json:"capability,omitempty"`
	Engine           string   `json:"engine,omitempty"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	EndTime       string              `json:"endTimeUtc"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Descriptor sarifID         `json:"descriptor"`
	Rule       *sarifID        `json:"associatedRule,omitempty"`
	Level      string          `json:"level"`
	Message    sarifMessage    `json:"message"`
	Locations  []sarifLocation `json:"locations,omitempty"`
}

// The kinds of notifications.
var (
	sarifUnseen  = sarifID{"evidence-not-seen"}
	sarifUndone  = sarifID{"check-not-run"}
	sarifOmitted = sarifID{"results-omitted"}
)

func (s *sarif) head(o Options) sarifHead {
	h := sarifHead{
		Tool: sarifTool{sarifDriver{
			Name: "surety", Version: o.Version, InformationURI: "https://github.com/surety-cloud/surety",
			Notifications: []sarifID{sarifUnseen, sarifUndone, sarifOmitted}, Rules: []sarifRule{},
		}},
		AutomationDetails: sarifID{"surety/" + s.a.Model.Name + "/"},
		ColumnKind:        "unicodeCodePoints",
		OriginalURIBases:  map[string]any{"%SRCROOT%": map[string]any{"description": sarifMessage{Text: "the directory the assessment ran in"}}},
		Invocations:       []sarifInvocation{{true, o.Time.UTC().Format(time.RFC3339), s.notifications()}},
	}
	for _, r := range s.a.Sources {
		if r.Status == evidence.Failed || r.Status == evidence.Denied || r.CutShort {
			h.Invocations[0].Successful = false
		}
	}
	for _, c := range s.listed {
		h.Tool.Driver.Rules = append(h.Tool.Driver.Rules, newSARIFRule(c, s.a.Catalog))
	}
	return h
}

func newSARIFRule(c *policy.Check, known *catalog.Catalog) sarifRule {
	description := cmp.Or(c.Description, c.Title, c.ID)
	rule := sarifRule{
		ID: c.ID, DeprecatedIDs: distinct(c.Aliases), Name: pascal(c.Title),
		ShortDescription: sarifMessage{Text: cmp.Or(c.Title, c.ID)}, FullDescription: sarifMessage{Text: description},
		Help:    sarifMessage{Text: description, Markdown: description},
		Default: sarifLevel{sarifLevels[c.Severity]},
		Properties: sarifRuleProps{
			SecuritySeverity: sarifScores[c.Severity], Severity: c.Severity.String(),
			Tags: distinct(append([]string{"security"}, c.Controls...)), Controls: notNil(c.Controls),
			Capability: capabilityOf(c, known), Engine: c.Engine,
		},
	}
	rule.Properties.Tags = rule.Properties.Tags[:min(len(rule.Properties.Tags), sarifTags)]
	if c.Remediation != "" {
		rule.Help.Text += "\n\nFix: " + c.Remediation
		rule.Help.Markdown += "\n\n**Fix**: " + c.Remediation
	}
	for _, link := range c.References {
		if u, err := url.Parse(link); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			rule.HelpURI = u.String()
			break
		}
	}
	return rule
}

// capabilityOf names the X.1601 capability that a check's results count for, ""
// if the catalogue has none.
func capabilityOf(c *policy.Check, known *catalog.Catalog) string {
	if len(c.Controls) == 0 {
		return ""
	}
	control := known.Control(c.Controls[0])
	if control == nil {
		return ""
	}
	capability := known.Capability(control.Capability)
	if capability == nil {
		return control.Capability
	}
	return capability.Clause + " " + capability.Title
}

// distinct leaves out repetitions, which SARIF forbids in sets.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// pascal joins the words of a title, the form SARIF wants of a rule's name.
func pascal(title string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		first := []rune(word)
		b.WriteString(string(unicode.ToUpper(first[0])) + string(first[1:]))
		if b.Len() > 100 {
			break
		}
	}
	return b.String()
}

// How code scanning orders alerts: a level, and a score in the bands of CVSS.
// Info has no score, because 0 means "not a security problem".
var (
	sarifLevels = map[surety.Severity]string{
		surety.Critical: "error", surety.High: "error", surety.Medium: "warning", surety.Low: "note", surety.Info: "note",
	}
	sarifScores = map[surety.Severity]string{
		surety.Critical: "9.5", surety.High: "8.0", surety.Medium: "5.5", surety.Low: "2.0",
	}
)

// notifications tells what the results do not show.
func (s *sarif) notifications() []sarifNotification {
	list := []sarifNotification{}
	if s.omitted > 0 {
		list = append(list, sarifNotification{Descriptor: sarifOmitted, Level: "warning", Message: sarifMessage{Text: fmt.Sprintf(
			"%d less urgent results are not in this file, because code scanning refuses more than %d; the json report has them all", s.omitted, sarifResults)}})
	}
	for _, source := range s.a.Sources {
		for _, k := range source.Kinds {
			if k.Status == evidence.Complete {
				continue
			}
			list = append(list, sarifNotification{Descriptor: sarifUnseen, Level: unseenLevel(k.Status),
				Message: sarifText(fmt.Sprintf("%s: %s: %s: %s", source.Source, k.Kind, k.Status, k.Message))})
		}
		for _, p := range source.Problems {
			n := sarifNotification{Descriptor: sarifUnseen, Level: "warning", Message: sarifText(p.Message)}
			if p.Origin.File != "" {
				n.Locations = []sarifLocation{{Physical: newSARIFPhysical(p.Origin)}}
			}
			list = append(list, n)
		}
	}
	for r := range s.a.Findings() {
		if r.Item == nil && r.Verdict == surety.Unknown {
			list = append(list, sarifNotification{Descriptor: sarifUndone, Rule: &sarifID{r.Check.ID}, Level: "note",
				Message: sarifText(r.Check.ID + ": " + r.Message())})
		}
	}
	return list
}

// unseenLevel separates what was left out on purpose from what went wrong.
func unseenLevel(s evidence.Status) string {
	if s == evidence.Skipped {
		return "note"
	}
	return "warning"
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Kind         string             `json:"kind"`
	Level        string             `json:"level"`
	Message      sarifMessage       `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Related      []sarifLocation    `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Baseline     string             `json:"baselineState,omitempty"`
	Properties   sarifResultProps   `json:"properties"`
}

type sarifLocation struct {
	ID       int            `json:"id,omitempty"`
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	Message  *sarifMessage  `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name      string `json:"name"`
	Qualified string `json:"fullyQualifiedName"`
	Kind      string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string            `json:"kind"`
	Status        string            `json:"status"`
	Justification string            `json:"justification"`
	Properties    map[string]string `json:"properties"`
}

type sarifResultProps struct {
	Verdict       surety.Verdict `json:"verdict"`
	Party         string         `json:"party"`
	Element       string         `json:"element"`
	Evidence      surety.Digest  `json:"evidence"`
	WaiverExpired string         `json:"waiverExpired,omitempty"` // the day a waiver ended
	Facts         []policy.Fact  `json:"facts,omitempty"`
}

func (s *sarif) result(r *assessment.Result) sarifResult {
	d, id := r.Detail(), r.ID()
	hash := surety.DigestOf([]byte(id))
	fingerprint := hex.EncodeToString(hash[:16])
	out := sarifResult{
		RuleID: r.Check.ID, RuleIndex: s.rules[r.Check],
		Kind: "fail", Level: sarifLevels[r.Check.Severity], Message: sarifText(cmp.Or(r.Message(), r.Check.Title, r.Check.ID)),
		Locations: []sarifLocation{{
			Physical: newSARIFPhysical(r.Origin()),
			Logical:  []sarifLogical{{r.Item.Name, r.Resource(), "resource"}},
		}},
		// Code scanning tells alerts apart by the second one only, which is
		// meant to survive moved lines, as this does.
		Fingerprints: map[string]string{"checkAndResource/v1": fingerprint, "primaryLocationLineHash": fingerprint},
		Baseline:     s.changes.state(id),
		Properties:   sarifResultProps{Verdict: r.Verdict, Party: r.Owner.Party, Element: r.Element, Evidence: r.Item.Digest, Facts: d.Facts},
	}
	for i, f := range d.Findings {
		if i > 0 && i <= sarifRelated {
			message := sarifText(f.Message)
			at := surety.Origin{File: r.Item.Origin.File, Line: f.Line}
			out.Related = append(out.Related, sarifLocation{ID: i, Physical: newSARIFPhysical(at), Message: &message})
		}
	}
	switch {
	case r.Verdict == surety.Unknown:
		out.Kind, out.Level = "open", "none"
	case d.Waiver != nil:
		expires := d.Waiver.Expires.Format(time.DateOnly)
		if r.Verdict == surety.Fail {
			out.Properties.WaiverExpired = expires
			break
		}
		out.Suppressions = []sarifSuppression{{"external", "accepted",
			fmt.Sprintf("accepted by %s until %s: %s", d.Waiver.Owner, expires, d.Waiver.Reason),
			map[string]string{"owner": d.Waiver.Owner, "expires": expires, "compensating": d.Waiver.Compensating}}}
	}
	return out
}

// sarifText makes s a message. A reader turns [text](target) in a message into a
// link, and s can come from a document, so such brackets are escaped.
func sarifText(s string) sarifMessage {
	if strings.Contains(s, "](") {
		s = escapeLinks.Replace(s)
	}
	return sarifMessage{Text: s}
}

var escapeLinks = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`)

// newSARIFPhysical points to a line; a place without one is its first.
func newSARIFPhysical(o surety.Origin) *sarifPhysical {
	p := &sarifPhysical{sarifArtifact{URI: fileURI(o.File)}, sarifRegion{max(o.Line, 1)}}
	if !path.IsAbs(o.File) {
		p.Artifact.Base = "%SRCROOT%"
	}
	return p
}

// fileURI returns the URI reference of a slash-separated path, or of the place
// of an object in a live source: relative, unless the path is absolute.
func fileURI(file string) string {
	u := url.URL{Path: path.Clean(file)}
	if path.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}

// baseline gives the verdict that each changed result had before.
type baseline map[string]string

func newBaseline(c *assessment.Changes) baseline {
	if c == nil {
		return nil
	}
	b := baseline{}
	for _, list := range [][]assessment.Change{c.New, c.Fixed, c.Changed} {
		for _, ch := range list {
			b[ch.Check+"@"+ch.Resource] = ch.Before
		}
	}
	return b
}

// state is SARIF's word for what became of a result: new if the baseline's own
// report would not have listed it, updated if it said something else.
func (b baseline) state(id string) string {
	before, changed := b[id]
	switch {
	case b == nil:
		return ""
	case !changed:
		return "unchanged"
	case before == surety.Fail.String() || before == surety.Unknown.String() || before == surety.Waived.String():
		return "updated"
	}
	return "new"
}
