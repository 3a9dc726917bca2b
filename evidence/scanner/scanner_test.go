package scanner

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
)

const sarif = `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{
 "tool":{"driver":{"name":"Kube Linter","version":"0.7","rules":[
  {"id":"run-as-non-root","shortDescription":{"text":"runs as root"},"properties":{"security-severity":"8.1"}},
  {"id":"latest-tag","defaultConfiguration":{"level":"note"}}]}},
 "results":[
  {"ruleId":"run-as-non-root","ruleIndex":0,"message":{"text":"container web"},
   "locations":[{"physicalLocation":{"artifactLocation":{"uri":"deploy/web%20app.yaml"},"region":{"startLine":12}}}]},
  {"ruleId":"latest-tag","message":{"text":"tag"},"suppressions":[{"kind":"external"}]},
  {"ruleId":"other","kind":"review","message":{"text":"look"}},
  {"ruleId":"other","kind":"notApplicable","message":{"text":"no"}},
  {"rule":{"index":1},"kind":"pass","message":{"text":"fine"}}]}]}`

const trivy = `{"SchemaVersion":2,"Trivy":{"Version":"0.74.0"},"ArtifactName":".","Results":[
 {"Target":"deploy/web.yaml","Class":"config","Misconfigurations":[
  {"ID":"KSV-0017","Title":"Privileged","Message":"Container 'web' is privileged","Resolution":"no","Severity":"HIGH","Status":"FAIL","CauseMetadata":{"StartLine":7}},
  {"ID":"KSV-0009","Title":"Host network","Severity":"HIGH","Status":"PASS"}],
  "Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0001","PkgName":"openssl","InstalledVersion":"3.0","FixedVersion":"3.1","Severity":"CRITICAL"}],
  "Secrets":[{"RuleID":"aws-access-key-id","Title":"AWS key","Severity":"CRITICAL","StartLine":3,"Match":"AKIAIOSFODNN7EXAMPLE"}]}]}`

const kubescape = `{"summaryDetails":{"controls":{"C-0057":{"name":"Privileged container","scoreFactor":8}}},
 "resources":[{"resourceID":"r1","object":{"kind":"Deployment","metadata":{"name":"web","namespace":"prod"}},"source":{"relativePath":"web.yaml"}}],
 "results":[{"resourceID":"r1","controls":[
  {"controlID":"C-0057","name":"Privileged container","status":{"status":"failed"},"rules":[{"paths":[{"failedPath":"spec.x"}]}]},
  {"controlID":"C-0001","name":"Registries","status":{"status":"skipped","info":"no list given"}}]}]}`

func TestRead(t *testing.T) {
	tests := []struct {
		name, raw string
		tool      string
		want      []Result
	}{
		{"sarif", sarif, "kube-linter", []Result{
			{Rule: "run-as-non-root", Title: "runs as root", Severity: surety.High, Verdict: surety.Fail, Message: "container web", Origin: surety.Origin{File: "deploy/web app.yaml", Line: 12}},
			{Rule: "latest-tag", Severity: surety.Low, Verdict: surety.Fail, Message: "tag"},
			{Rule: "other", Severity: surety.Medium, Verdict: surety.Unknown, Message: "look"},
			{Rule: "latest-tag", Severity: surety.Low, Verdict: surety.Pass, Message: "fine"},
		}},
		{"trivy", trivy, "trivy", []Result{
			{Rule: "KSV-0017", Title: "Privileged", Severity: surety.High, Verdict: surety.Fail, Message: "Container 'web' is privileged", Remediation: "no", Origin: surety.Origin{File: "deploy/web.yaml", Line: 7}},
			{Rule: "KSV-0009", Title: "Host network", Severity: surety.High, Verdict: surety.Pass, Origin: surety.Origin{File: "deploy/web.yaml"}},
			{Rule: "CVE-2026-0001", Severity: surety.Critical, Verdict: surety.Fail, Message: "openssl 3.0 is vulnerable", Remediation: "upgrade openssl to 3.1", Origin: surety.Origin{File: "deploy/web.yaml"}},
			{Rule: "aws-access-key-id", Title: "AWS key", Severity: surety.Critical, Verdict: surety.Fail, Message: "a secret stands in the file", Remediation: "remove it, and revoke it: whoever read the file knows it", Origin: surety.Origin{File: "deploy/web.yaml", Line: 3}},
		}},
		{"kubescape", kubescape, "kubescape", []Result{
			{Rule: "C-0057", Title: "Privileged container", Severity: surety.High, Verdict: surety.Fail, Message: "Privileged container: see spec.x", Origin: surety.Origin{File: "web.yaml"}, Kind: "Deployment", Namespace: "prod", Name: "web"},
			{Rule: "C-0001", Title: "Registries", Verdict: surety.Unknown, Message: "no list given", Origin: surety.Origin{File: "web.yaml"}, Kind: "Deployment", Namespace: "prod", Name: "web"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !Is([]byte(tt.raw)) {
				t.Error("Is = false")
			}
			scan, err := Read([]byte(tt.raw), "report.json")
			if err != nil {
				t.Fatal(err)
			}
			if scan.Tool != tt.tool || len(scan.Results) != len(tt.want) {
				t.Fatalf("tool %s, %d results; want %s, %d", scan.Tool, len(scan.Results), tt.tool, len(tt.want))
			}
			for i, want := range tt.want {
				if scan.Results[i] != want {
					t.Errorf("result %d:\n got %+v\nwant %+v", i, scan.Results[i], want)
				}
			}
			for _, r := range scan.Results {
				if strings.Contains(r.Message+r.Title+r.Remediation, "AKIA") {
					t.Error("the secret itself was read")
				}
			}
		})
	}
}

func TestKey(t *testing.T) {
	known := Result{Kind: "Deployment", Namespace: "prod", Name: "web"}
	if got := known.Key("trivy").String(); got != "scanner/trivy/prod/Deployment.apps/web" {
		t.Error(got)
	}
	file := Result{Origin: surety.Origin{File: "a/b.yaml"}}
	if got := file.Key("trivy").String(); got != "scanner/trivy/-/File/a/b.yaml" {
		t.Error(got)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ raw, want string }{
		"not json":      {"{\n \"runs\": [\n}", "report.json:3"},
		"other json":    {`{"kind":"List"}`, "none of SARIF"},
		"wrong shape":   {"{\"runs\":\n 5}", "report.json:2"},
		"two tools":     {`{"runs":[{"tool":{"driver":{"name":"a"}}},{"tool":{"driver":{"name":"b"}}}]}`, "more than one tool"},
		"nameless tool": {`{"runs":[{}]}`, "does not name its tool"},
		"no run":        {`{"runs":[]}`, "no run"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read([]byte(tt.raw), "report.json")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q in it", err, tt.want)
			}
			if err != nil && surety.KindOf(err) != surety.BadInput {
				t.Errorf("kind = %v", surety.KindOf(err))
			}
		})
	}
}

func TestIsLeavesObjectsAlone(t *testing.T) {
	for _, raw := range []string{`{"apiVersion":"v1","kind":"ConfigMap","data":{"runs":"x"}}`, `[1]`, ``, `{"name":"x"}`} {
		if Is([]byte(raw)) {
			t.Errorf("Is(%s)", raw)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{sarif, trivy, kubescape} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		Is(raw)
		scan, err := Read(raw, "x")
		if err == nil && scan.Tool == "" {
			t.Error("a scan without a tool")
		}
		for _, r := range scan.Results {
			if r.Key(scan.Tool).Name == "" || r.Origin.Line < 0 {
				t.Errorf("result %+v", r)
			}
		}
	})
}
