package scanner

import (
	"encoding/json"
	"slices"

	"github.com/surety-cloud/surety"
)

type kubescapeReport struct {
	Summary struct {
		Controls map[string]kubescapeControl `json:"controls"`
	} `json:"summaryDetails"`
	Resources []struct {
		ID     string `json:"resourceID"`
		Object struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		} `json:"object"`
		Source struct {
			Path string `json:"relativePath"`
		} `json:"source"`
	} `json:"resources"`
	Results []struct {
		ResourceID string `json:"resourceID"`
		Controls   []struct {
			ID     string `json:"controlID"`
			Name   string `json:"name"`
			Status struct {
				Status string `json:"status"`
				Info   string `json:"info"`
			} `json:"status"`
			Rules []struct {
				Paths []struct {
					Failed string `json:"failedPath"`
					Fix    struct {
						Path string `json:"path"`
					} `json:"fixPath"`
				} `json:"paths"`
			} `json:"rules"`
		} `json:"controls"`
	} `json:"results"`
}

type kubescapeControl struct {
	Name        string  `json:"name"`
	ScoreFactor float64 `json:"scoreFactor"`
}

// readKubescape reads the JSON of kubescape 2 and later (--format json).
func readKubescape(raw []byte) (Scan, error) {
	var report kubescapeReport
	if err := json.Unmarshal(raw, &report); err != nil {
		return Scan{}, err
	}
	about := make(map[string]Result, len(report.Resources))
	for _, r := range report.Resources {
		about[r.ID] = Result{
			Kind: r.Object.Kind, Namespace: r.Object.Metadata.Namespace, Name: r.Object.Metadata.Name,
			Origin: surety.Origin{File: r.Source.Path},
		}
	}
	scan := Scan{Tool: "kubescape"}
	for _, res := range report.Results {
		for _, c := range res.Controls {
			r := about[res.ResourceID]
			if r.Origin.File == "" {
				r.Origin.File = res.ResourceID
			}
			r.Rule, r.Title = c.ID, c.Name
			r.Severity = byScore(report.Summary.Controls[c.ID].ScoreFactor)
			switch c.Status.Status {
			case "passed":
				r.Verdict = surety.Pass
			case "failed", "excluded", "warning": // an exception of theirs names no expiry
				r.Verdict = surety.Fail
			default:
				r.Verdict = surety.Unknown
			}
			r.Message = c.Status.Info
			var paths []string
			for _, rule := range c.Rules {
				for _, p := range rule.Paths {
					paths = append(paths, p.Failed, p.Fix.Path)
				}
			}
			if i := slices.IndexFunc(paths, func(s string) bool { return s != "" }); i >= 0 && r.Message == "" {
				r.Message = c.Name + ": see " + paths[i]
			}
			scan.Results = append(scan.Results, r)
		}
	}
	return scan, nil
}
