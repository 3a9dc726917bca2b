package rego

import (
	"github.com/open-policy-agent/opa/v1/ir"

	"github.com/surety-cloud/surety/policy"
)

func readSets(p *ir.Policy) map[string]policy.ReadSet { return nil }
