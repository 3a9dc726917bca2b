package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/risk"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// sampleRisk analyses a model of the tests of package risk.
func sampleRisk(t *testing.T, text string) *Risk {
	t.Helper()
	m, err := system.Decode([]byte(text), "m.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := threat.Default()
	if err != nil {
		t.Fatal(err)
	}
	priors, err := risk.Default()
	if err != nil {
		t.Fatal(err)
	}
	duties := responsibility.Resolve(m, c)
	set := threat.Derive(threat.Input{Model: m, Catalog: c, Duties: duties, Rules: rules})
	a, err := risk.Analyse(risk.Input{Model: m, Catalog: c, Duties: duties, Threats: set, Priors: priors, Years: 10_000, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := &Risk{Analysis: a, Ranking: a.Rank(10), NIST: true}
	if len(r.Ranking.Fixes) > 0 {
		if r.WhatIf, err = a.WhatIf("fix " + r.Ranking.Fixes[0].Name); err != nil {
			t.Fatal(err)
		}
	}
	p := a.Plan(r.Ranking.Fixes, 50_000, "")
	r.Plan = &p
	return r
}

func shopModel(t *testing.T) string {
	raw, err := os.ReadFile("../../risk/testdata/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var fixedTime = Options{Time: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Version: "test"}

func writeRisk(t *testing.T, format string, r *Risk) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteRisk(&b, format, r, fixedTime); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The plan of action is valid, with fixes and with nothing to do.
func TestRiskPOAMIsValid(t *testing.T) {
	valid := validator(t, "oscal_complete_schema-1.2.2.json")
	for name, text := range map[string]string{"shop": shopModel(t), "nothing": "surety: 1\nsystem: x\nparties: {}\n"} {
		t.Run(name, func(t *testing.T) { valid(t, writeRisk(t, "oscal-poam", sampleRisk(t, text))) })
	}
}

// Each item of the plan refers to risks that are there.
func TestRiskPOAMRefersToItsRisks(t *testing.T) {
	d := decode[poamDocument](t, writeRisk(t, "oscal-poam", sampleRisk(t, shopModel(t)))).Plan
	if len(d.Items) == 0 || len(d.Risks) == 0 {
		t.Fatalf("%d items, %d risks", len(d.Items), len(d.Risks))
	}
	for _, item := range d.Items {
		for _, ref := range item.Risks {
			if !slices.ContainsFunc(d.Risks, func(r poamRisk) bool { return r.UUID == ref.UUID }) {
				t.Errorf("%s refers to risk %s, which is not there", item.Title, ref.UUID)
			}
		}
	}
}

// Numbers agree between the formats, and every one has its error.
func TestRiskFormatsAgree(t *testing.T) {
	r := sampleRisk(t, shopModel(t))
	d := decode[riskDocument](t, writeRisk(t, "json", r))
	rows, err := csv.NewReader(bytes.NewReader(writeRisk(t, "csv", r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(d.Scenarios)+1 || len(d.Scenarios) != len(r.Scenarios) {
		t.Fatalf("%d rows, %d scenarios in JSON, %d in all", len(rows)-1, len(d.Scenarios), len(r.Scenarios))
	}
	sum := 0.0
	for i, s := range d.Scenarios {
		sum += s.Mean.Value
		if rows[i+1][0] != s.ID || s.Mean.Value > 0 && s.Mean.SE <= 0 || len(s.Trace) < 5 {
			t.Errorf("row %v, scenario %+v", rows[i+1], s)
		}
	}
	if diff := sum - d.Total.Mean.Value; diff > 1e-6*sum || diff < -1e-6*sum {
		t.Errorf("scenarios add up to %g, the total is %g", sum, d.Total.Mean.Value)
	}
	if text := string(writeRisk(t, "text", r)); !strings.Contains(text, risk.Money(d.Total.Mean.Value)+" ± "+risk.Money(d.Total.Mean.SE)) {
		t.Error("the text gives another total")
	}
}

// The drawings are well-formed and show nothing but numbers and escaped names.
func TestRiskDrawings(t *testing.T) {
	r := sampleRisk(t, shopModel(t))
	r.Ranking.Fixes[0].Name = `<script>"&`
	for name, svg := range map[string]string{"curve": string(exceedanceSVG(r.Analysis)), "tornado": string(tornadoSVG(r.Ranking.Fixes))} {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, bad := range []string{"NaN", "Inf", "<script", "style="} {
			if strings.Contains(svg, bad) {
				t.Errorf("%s holds %s", name, bad)
			}
		}
	}
	if !strings.Contains(string(exceedanceSVG(r.Analysis)), `class="crossed"`) {
		t.Error("the appetite that is crossed is not marked")
	}
	if nothing := sampleRisk(t, "surety: 1\nsystem: x\nparties: {}\n"); exceedanceSVG(nothing.Analysis) != "" || tornadoSVG(nil) != "" {
		t.Error("nothing is drawn of no loss")
	}
}

// Names out of a model can break no format.
func TestRiskOfHostileNames(t *testing.T) {
	text := strings.ReplaceAll(shopModel(t), "parties: {acme: {}", "parties: {acme: {title: \"</title><script>\\u001b[31m\"}")
	r := sampleRisk(t, text)
	r.Model.Name = "=cmd|' /C calc'!A0\x1b[31m<script>"
	for _, format := range RiskFormats() {
		out := string(writeRisk(t, format, r))
		if strings.Contains(out, "\x1b[31m") || format == "html" && strings.Contains(out, "<script>") {
			t.Errorf("%s passes a name on as it is", format)
		}
	}
}
