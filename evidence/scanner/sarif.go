package scanner

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
)

type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Name            string      `json:"name"`
				Version         string      `json:"version"`
				SemanticVersion string      `json:"semanticVersion"`
				Rules           []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	} `json:"runs"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	Name             string    `json:"name"`
	ShortDescription sarifText `json:"shortDescription"`
	Help             sarifText `json:"help"`
	Default          struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties struct {
		Score json.RawMessage `json:"security-severity"` // a string by convention, a number in the wild
	} `json:"properties"`
}

type sarifResult struct {
	RuleID    string `json:"ruleId"`
	RuleIndex *int   `json:"ruleIndex"`
	Rule      struct {
		ID    string `json:"id"`
		Index *int   `json:"index"`
	} `json:"rule"`
	Kind      string    `json:"kind"`
	Level     string    `json:"level"`
	Message   sarifText `json:"message"`
	Locations []struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
}

// readSARIF reads a SARIF 2.1.0 log. Several runs of one tool become one scan;
// runs of several tools are refused, because a result must say whose it is.
func readSARIF(raw []byte) (Scan, error) {
	var log sarifLog
	if err := json.Unmarshal(raw, &log); err != nil {
		return Scan{}, err
	}
	var scan Scan
	for _, run := range log.Runs {
		driver := run.Tool.Driver
		name := strings.ToLower(strings.Join(strings.Fields(driver.Name), "-"))
		switch {
		case name == "":
			return Scan{}, errors.New("a run does not name its tool (tool.driver.name)")
		case scan.Tool != "" && scan.Tool != name:
			return Scan{}, errors.New("it holds runs of more than one tool; write one file for each")
		}
		scan.Tool, scan.Version = name, driver.Version
		if scan.Version == "" {
			scan.Version = driver.SemanticVersion
		}
		rules := make(map[string]*sarifRule, len(driver.Rules))
		for i := range driver.Rules {
			rules[driver.Rules[i].ID] = &driver.Rules[i]
		}
		for i := range run.Results {
			if r, ok := run.Results[i].read(driver.Rules, rules); ok {
				scan.Results = append(scan.Results, r)
			}
		}
	}
	if scan.Tool == "" {
		return Scan{}, errors.New("it holds no run")
	}
	return scan, nil
}

// read turns one result around; ok is false if it does not apply.
func (s *sarifResult) read(list []sarifRule, byID map[string]*sarifRule) (r Result, ok bool) {
	rule := s.rule(list, byID)
	r = Result{Rule: rule.ID, Title: rule.ShortDescription.Text, Message: s.Message.Text, Remediation: rule.Help.Text}
	if r.Title == "" {
		r.Title = rule.Name
	}
	if r.Rule == "" {
		r.Rule = "unnamed"
	}
	switch s.Kind {
	case "", "fail":
		r.Verdict = surety.Fail
	case "pass":
		r.Verdict = surety.Pass
	case "notApplicable":
		return r, false
	default: // open, review, informational: nobody has decided
		r.Verdict = surety.Unknown
	}
	r.Severity = rule.severity(s.Level)
	if len(s.Locations) > 0 {
		at := s.Locations[0].Physical
		r.Origin = surety.Origin{File: path(at.Artifact.URI), Line: max(0, at.Region.StartLine)}
	}
	return r, true
}

// rule finds the result's rule by index, then by id; a result may name one that
// the run does not describe.
func (s *sarifResult) rule(list []sarifRule, byID map[string]*sarifRule) sarifRule {
	for _, index := range []*int{s.RuleIndex, s.Rule.Index} {
		if index != nil && *index >= 0 && *index < len(list) {
			return list[*index]
		}
	}
	id := s.RuleID
	if id == "" {
		id = s.Rule.ID
	}
	if r := byID[id]; r != nil {
		return *r
	}
	return sarifRule{ID: id}
}

// severity reads the score GitHub code scanning defined, else the level.
func (r *sarifRule) severity(level string) surety.Severity {
	if score, err := strconv.ParseFloat(strings.Trim(string(r.Properties.Score), `"`), 64); err == nil {
		return byScore(score)
	}
	if level == "" {
		level = r.Default.Level
	}
	switch level {
	case "error":
		return surety.High
	case "note":
		return surety.Low
	case "none":
		return surety.Info
	}
	return surety.Medium // warning is SARIF's default
}

// path makes a file path of an artifact's URI.
func path(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "" && u.Scheme != "file" {
		return uri
	}
	return u.Path
}
