package scanner

import (
	"encoding/json"
	"fmt"

	"github.com/surety-cloud/surety"
)

type trivyReport struct {
	Trivy struct {
		Version string `json:"Version"`
	} `json:"Trivy"`
	ArtifactName string        `json:"ArtifactName"`
	Results      []trivyResult `json:"Results"`
	Resources    []struct {    // of a cluster
		Namespace string        `json:"Namespace"`
		Kind      string        `json:"Kind"`
		Name      string        `json:"Name"`
		Error     string        `json:"Error"`
		Results   []trivyResult `json:"Results"`
	} `json:"Resources"`
}

type trivyResult struct {
	Target            string `json:"Target"`
	Misconfigurations []struct {
		ID         string `json:"ID"`
		Title      string `json:"Title"`
		Message    string `json:"Message"`
		Resolution string `json:"Resolution"`
		Severity   string `json:"Severity"`
		Status     string `json:"Status"`
		Cause      struct {
			StartLine int `json:"StartLine"`
		} `json:"CauseMetadata"`
	} `json:"Misconfigurations"`
	Vulnerabilities []struct {
		ID        string `json:"VulnerabilityID"`
		Package   string `json:"PkgName"`
		Installed string `json:"InstalledVersion"`
		Fixed     string `json:"FixedVersion"`
		Title     string `json:"Title"`
		Severity  string `json:"Severity"`
	} `json:"Vulnerabilities"`
	Secrets []struct { // where a secret is, never what it is
		RuleID    string `json:"RuleID"`
		Title     string `json:"Title"`
		Severity  string `json:"Severity"`
		StartLine int    `json:"StartLine"`
	} `json:"Secrets"`
}

// readTrivy reads the JSON of trivy config, fs, image and k8s (full report).
func readTrivy(raw []byte) (Scan, error) {
	var report trivyReport
	if err := json.Unmarshal(raw, &report); err != nil {
		return Scan{}, err
	}
	scan := Scan{Tool: "trivy", Version: report.Trivy.Version}
	for _, r := range report.Results {
		scan.Results = r.appendTo(scan.Results, Result{Origin: surety.Origin{File: r.Target}})
	}
	for _, res := range report.Resources {
		about := Result{Kind: res.Kind, Namespace: res.Namespace, Name: res.Name,
			Origin: surety.Origin{File: res.Namespace + "/" + res.Kind + "/" + res.Name}}
		if res.Error != "" {
			about.Rule, about.Title, about.Verdict = "scan-error", "the resource could not be scanned", surety.Unknown
			about.Message, about.Severity = res.Error, surety.Medium
			scan.Results = append(scan.Results, about)
			continue
		}
		for _, r := range res.Results {
			scan.Results = r.appendTo(scan.Results, about)
		}
	}
	return scan, nil
}

// appendTo adds the results about one target.
func (t *trivyResult) appendTo(out []Result, about Result) []Result {
	for _, m := range t.Misconfigurations {
		r := about
		r.Rule, r.Title, r.Message, r.Remediation = m.ID, m.Title, m.Message, m.Resolution
		r.Severity, r.Origin.Line = byWord(m.Severity), max(0, m.Cause.StartLine)
		switch m.Status {
		case "PASS":
			r.Verdict = surety.Pass
		case "FAIL", "EXCEPTION": // an exception names no owner and no expiry
			r.Verdict = surety.Fail
		default:
			r.Verdict = surety.Unknown
		}
		out = append(out, r)
	}
	for _, v := range t.Vulnerabilities {
		r := about
		r.Rule, r.Title, r.Severity, r.Verdict = v.ID, v.Title, byWord(v.Severity), surety.Fail
		r.Message = fmt.Sprintf("%s %s is vulnerable", v.Package, v.Installed)
		if v.Fixed != "" {
			r.Remediation = fmt.Sprintf("upgrade %s to %s", v.Package, v.Fixed)
		}
		out = append(out, r)
	}
	for _, s := range t.Secrets {
		r := about
		r.Rule, r.Title, r.Severity, r.Verdict = s.RuleID, s.Title, byWord(s.Severity), surety.Fail
		r.Message, r.Origin.Line = "a secret stands in the file", max(0, s.StartLine)
		r.Remediation = "remove it, and revoke it: whoever read the file knows it"
		out = append(out, r)
	}
	return out
}
