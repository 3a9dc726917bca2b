package assessment

import "github.com/surety-cloud/surety"

// Changes is what differs from a baseline.
type Changes struct {
	Baseline string // as the user named it
	New      []Change
	Fixed    []Change
	Changed  []Change // still not a pass, but for another reason or verdict
}

// Change is one result that differs, and why.
type Change struct {
	ID       string
	Check    string
	Resource string
	Severity surety.Severity
	Before   string // verdict name, or "absent"
	After    string
	Cause    string // evidence, check, waiver, or coverage
	Facts    []FactChange
}

// FactChange is one value that differs between two assessments.
type FactChange struct {
	Path          string
	Before, After string // "absent" if not there, "" if not recorded
}
