// Package oscal carries responsibilities to and from OSCAL system security plans.
//
//	raw, err := oscal.Plan(m, c, set, oscal.About{Time: now})  // ours, as one plan
//	ssp, err := oscal.Read(raw, "csp.json")                    // someone else's plan
//	chain, err := oscal.Join(ssps)                             // plans that rest on each other
//	m, open := chain.Model(c)                                  // as a model and terms
//	raw, err = ssp.Write()                                     // as OSCAL 1.2.2
//
// # What OSCAL says of responsibility
//
// A plan describes one system. For each control and component it can export what
// it provides to systems that run on it, and the responsibilities that it leaves
// to them; and it can say what it inherits from a system below, and which of that
// one's responsibilities it satisfies. The four kinds of statement name each other
// by UUID across plans, and these names are all that ties a chain together.
//
// # Reading
//
// The JSON of any 1.x version is read, and two forms of the prototype of the
// shared-responsibility model: exports that lie directly in by-components, and
// documents with the root shared-responsibility, which hold the exports alone. Parts
// that have nothing to do with responsibility are kept as they are; what could not
// be kept is in SSP.Left, by path. Size and the number of statements are bounded.
//
// # Writing
//
// The form is that of OSCAL 1.2.2. UUIDs that are none become UUIDs of version 5 made
// from what they were, the same in each plan, so links hold; the old name stays in
// a property. The same input gives the same bytes.
package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/surety-cloud/surety"
	form "github.com/surety-cloud/surety/catalog/oscal"
)

// Limits on what is read. A plan for the HIGH baseline of SP 800-53 with some ten
// components has about 20,000 statements.
const (
	MaxBytes      = 64 << 20
	MaxStatements = 200_000
	MaxPlans      = 50
)

// properties of ours, for what OSCAL 1.2.2 has no name.
const (
	formerUUID = "former-uuid" // what stood in the place of a UUID
	exportable = "exportable"  // the prototype's flag: whether others may see it
)

func bad(file string, err error, hint string) error {
	return &surety.Error{Kind: surety.BadInput, Op: "read OSCAL plan", Origin: surety.Origin{File: file}, Err: err, Hint: hint}
}

func syntax(raw []byte, file string, err error) error {
	var at *json.SyntaxError
	if errors.As(err, &at) {
		line := 1 + bytes.Count(raw[:min(int(at.Offset), len(raw))], []byte("\n"))
		return &surety.Error{Kind: surety.BadInput, Op: "read OSCAL plan", Origin: surety.Origin{File: file, Line: line}, Err: err, Hint: "give OSCAL in JSON"}
	}
	return bad(file, err, "give OSCAL in JSON")
}

// encode writes a document as the other OSCAL of Surety is written.
func encode(d document) ([]byte, error) {
	raw, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode OSCAL plan: %w", err)
	}
	return append(raw, '\n'), nil
}

func prop(name, value string) property { return property{Name: name, NS: form.NS, Value: flat(value)} }

// flat makes s a non-empty single line, as OSCAL's strings demand.
func flat(s string) string {
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return "-"
	}
	return s
}

var validUUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$`)

// uuidOf returns id if it is a UUID that OSCAL takes, else one made of it.
func uuidOf(id string) string {
	if validUUID.MatchString(id) {
		return id
	}
	return form.UUID("former", id)
}
