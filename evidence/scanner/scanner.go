// Package scanner reads the results of other scanners: SARIF 2.1.0, Trivy JSON
// and Kubescape JSON.
//
// Imported results are evidence of lower assurance: Surety did not see what
// they rest on and cannot perform them again. They keep the other tool's rule id
// and words, and a result another tool suppressed stays a fail, because its
// waiver names no owner and no expiry.
//
// Read is strict about the shape of what it uses and ignores the rest; every
// format has grown keys since it was specified.
package scanner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// Result is one result of another scanner.
type Result struct {
	Rule        string // the tool's id of the rule
	Title       string
	Severity    surety.Severity
	Verdict     surety.Verdict // Pass, Fail or Unknown
	Message     string
	Remediation string
	Origin      surety.Origin // what the tool looked at, as it names it
	Kind        string        // of the Kubernetes resource, "" if it is none
	Namespace   string
	Name        string
}

// Scan is one report of one tool.
type Scan struct {
	Tool    string // lower case, such as trivy
	Version string
	Results []Result
}

// maxResults bounds one report; more is an error, because a part of a report
// must not pass for the whole.
const maxResults = 2_000_000

// probe holds one key that tells each format from the others.
type probe struct {
	Runs           json.RawMessage `json:"runs"`           // SARIF
	SchemaVersion  json.RawMessage `json:"SchemaVersion"`  // Trivy, of files and images
	ClusterName    json.RawMessage `json:"ClusterName"`    // Trivy, of a cluster
	Resources      json.RawMessage `json:"Resources"`      // Trivy, of a cluster
	SummaryDetails json.RawMessage `json:"summaryDetails"` // Kubescape
}

// Is reports whether raw looks like a report this package reads. It looks at
// the beginning only; Read decides.
func Is(raw []byte) bool {
	head := bytes.TrimLeft(raw[:min(len(raw), 4096)], "\ufeff \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return false
	}
	if bytes.Contains(head, []byte(`"apiVersion"`)) {
		return false // a Kubernetes object that happens to hold such a key
	}
	for _, key := range []string{`"runs"`, `"$schema"`, `"SchemaVersion"`, `"ClusterName"`, `"summaryDetails"`, `"clusterAPIServerInfo"`, `"generationTime"`} {
		if bytes.Contains(head, []byte(key)) {
			return bytes.Contains(raw, []byte(`"runs"`)) || bytes.Contains(raw, []byte(`"summaryDetails"`)) ||
				bytes.Contains(head, []byte(`"SchemaVersion"`)) || bytes.Contains(head, []byte(`"ClusterName"`))
		}
	}
	return false
}

// Read reads one report. file names it in errors.
func Read(raw []byte, file string) (Scan, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	scan, err := read(raw)
	if err == nil && len(scan.Results) > maxResults {
		err = fmt.Errorf("it has more than %d results", maxResults)
	}
	if err != nil {
		return Scan{}, &surety.Error{
			Kind: surety.BadInput, Op: "read scanner report", Origin: surety.Origin{File: file, Line: errorLine(raw, err)},
			Err: err, Hint: "write it again with the scanner; SARIF 2.1.0, Trivy JSON and Kubescape JSON are read",
		}
	}
	return scan, nil
}

func read(raw []byte) (Scan, error) {
	var p probe
	if err := json.Unmarshal(raw, &p); err != nil {
		return Scan{}, err
	}
	switch {
	case p.Runs != nil:
		return readSARIF(raw)
	case p.SummaryDetails != nil:
		return readKubescape(raw)
	case p.SchemaVersion != nil || p.ClusterName != nil:
		return readTrivy(raw)
	}
	return Scan{}, errors.New("it is none of SARIF, Trivy JSON and Kubescape JSON")
}

// errorLine finds the line a JSON error is about, 0 if it has none.
func errorLine(raw []byte, err error) int {
	offset := int64(-1)
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &mismatch):
		offset = mismatch.Offset
	}
	if offset < 0 || offset > int64(len(raw)) {
		return 0
	}
	return 1 + bytes.Count(raw[:offset], []byte("\n"))
}

// groups gives the API group of the kinds other scanners report on, so that an
// imported resource is known by the same key as our own.
var groups = map[string]string{
	"Deployment": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "ReplicaSet": "apps",
	"Job": "batch", "CronJob": "batch", "Ingress": "networking.k8s.io", "NetworkPolicy": "networking.k8s.io",
	"Role": "rbac.authorization.k8s.io", "RoleBinding": "rbac.authorization.k8s.io",
	"ClusterRole": "rbac.authorization.k8s.io", "ClusterRoleBinding": "rbac.authorization.k8s.io",
	"PodDisruptionBudget": "policy", "HorizontalPodAutoscaler": "autoscaling",
}

// Key names what the result is about: the Kubernetes resource if it is known,
// else the file the tool looked at.
func (r *Result) Key(tool string) evidence.Key {
	k := evidence.Key{Provider: evidence.ProviderScanner, Account: tool, Scope: "-", Kind: "File", Name: r.Origin.File}
	if r.Kind != "" && r.Name != "" {
		k.Kind, k.Name = r.Kind, r.Name
		if g := groups[r.Kind]; g != "" {
			k.Kind += "." + g
		}
		if r.Namespace != "" {
			k.Scope = r.Namespace
		}
	}
	if k.Name == "" {
		k.Name = "-"
	}
	return k
}

// byScore reads a CVSS-like score from 0 to 10.
func byScore(score float64) surety.Severity {
	switch {
	case score >= 9:
		return surety.Critical
	case score >= 7:
		return surety.High
	case score >= 4:
		return surety.Medium
	case score > 0:
		return surety.Low
	}
	return surety.Info
}

// byWord reads a severity in words; an unknown word is medium, so that it is
// neither hidden nor an alarm.
func byWord(word string) surety.Severity {
	var s surety.Severity
	if err := s.UnmarshalText([]byte(strings.ToLower(word))); err != nil {
		return surety.Medium
	}
	return s
}
