package rego

import _ "embed"

//go:embed content.bin
var content string

// Default returns the engine of the embedded trivy-checks content. Each call
// decodes anew, so the caller owns the checks.
func Default() (*Engine, error) { return decodeEngine(content) }
