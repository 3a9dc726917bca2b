package rego

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/policy"
)

func TestAmendedDockerfiles(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, func(*check) bool { return true })
	for _, tt := range []struct {
		check, raw string
		want       surety.Verdict
	}{
		{"DS-0002", "FROM a\nUSER app\n", surety.Pass},
		{"DS-0002", "FROM a\nUSER app\nUSER root\n", surety.Fail},
		{"DS-0002", "FROM a\nUSER app\nFROM b\n", surety.Fail},
		{"DS-0002", "FROM a AS x\nUSER app\nFROM b AS y\nUSER root\nFROM x\n", surety.Pass},
		{"DS-0002", "FROM a AS x\nUSER root\nFROM --platform=linux/amd64 X AS z\nRUN b\nFROM z\n", surety.Fail},
		{"DS-0002", "FROM a\nUSER $APP\n", surety.Unknown},
		{"DS-0002", "FROM a\nARG APP\nUSER ${APP}:staff\n", surety.Unknown},
		{"DS-0002", "FROM a\nARG APP=app\nUSER $APP\n", surety.Pass},
		{"DS-0002", "FROM a\nARG APP=root\nUSER ${APP}\n", surety.Fail},
		{"DS-0002", "FROM a\nARG APP=root\nENV APP=app\nUSER ${APP}\n", surety.Pass},
		{"DS-0002", "ARG APP=0\nFROM a\nARG APP\nUSER ${APP}\n", surety.Fail},
		{"DS-0002", "FROM a\nUSER ${X:-root}\n", surety.Fail},
		{"DS-0002", "FROM a\nUSER ${X:-app}\n", surety.Pass},
		{"DS-0002", "FROM a\nUSER ${X:+app}\n", surety.Unknown},
		{"DS-0002", "FROM a\nUSER 0:0\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN b && sudo c\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN b; sudo c\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN b || sudo c\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN b | sudo tee c\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN if b; then sudo c; fi\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN /usr/bin/sudo c\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN [\"sudo\", \"c\"]\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN [\"sh\", \"-ec\", \"b; sudo c\"]\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN <<EOF\nb\nsudo c\nEOF\n", surety.Fail},
		{"DS-0010", "FROM a\nRUN apt-get install sudo\n", surety.Pass},
		{"DS-0010", "FROM a\nRUN [\"apt-get\", \"install\", \"sudo\"]\n", surety.Pass},
		{"DS-0010", "FROM a\nRUN a; sudoku\n", surety.Pass},
	} {
		item := dockerfile.Normalise(evidence.Document{Origin: surety.Origin{File: "Dockerfile"}, Format: evidence.Dockerfile, Raw: []byte(tt.raw)}).Items[0]
		o.agree(t, e, tt.raw, item)
		for _, oc := range e.Judge(nil, item, policy.DefaultBudget) {
			if oc.Check.ID == tt.check && (oc.Verdict != tt.want || oc.Verdict == surety.Unknown && !strings.Contains(oc.Reason, "decided by the build")) {
				t.Errorf("%s of %q: %s %s %v, want %s", tt.check, tt.raw, oc.Verdict, oc.Reason, oc.Findings, tt.want)
			}
		}
	}
}
