// Package oscal writes the catalogue in the terms of NIST's OSCAL 1.2.2, and
// reads catalogues, profiles and mapping collections that others wrote in them.
//
//	raw, err := oscal.Catalog(c)                         // our controls
//	raw, err = oscal.Profile(c, "SaaS", selected)        // a choice of them
//	raw, err = oscal.Mapping(c, "ccm-4.1", "ksi")        // how they stand to others
//	f, err := oscal.ReadFramework(raw, "c5.json")        // someone else's catalogue
//	sets, err := oscal.ReadMapping(raw, "c5-ccm.json")   // someone else's crosswalk
//
// # Writing
//
// Only the parts of the models that Surety fills have types here. What OSCAL has
// no name for (who has which share, how a control is proven) is a property in the
// namespace NS. UUIDs are of version 5, made from what they name, and the time of
// change is the day of the catalogue's version, so the same catalogue gives the
// same bytes.
//
// # Reading
//
// Only the JSON form is read, of any 1.x version. Unknown fields are passed over,
// because documents extend the models; withdrawn controls are left out. Size,
// nesting and the number of controls are bounded, and what cannot be read is one
// error of kind surety.BadInput that says what to do.
package oscal

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Version is the version of OSCAL that is written.
const Version = "1.2.2"

// NS is the namespace of the properties that OSCAL has no name for.
const NS = "https://github.com/surety-cloud/surety/ns/oscal"

// uuidNamespace is the namespace of all UUIDs made here, itself random.
var uuidNamespace = [16]byte{0x54, 0xd1, 0x05, 0x5e, 0xde, 0xb2, 0x41, 0x95, 0xb2, 0xe7, 0x60, 0x19, 0x71, 0x77, 0x2a, 0x49}

// UUID returns the UUID of version 5 (RFC 9562 §5.5) of what parts name.
func UUID(parts ...string) string {
	h := sha1.New()
	h.Write(uuidNamespace[:])
	io.WriteString(h, strings.Join(parts, "\x00"))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Token makes an id an OSCAL token: a letter or _, then letters, digits, . - _.
func Token(id string) string {
	id = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune(".-_", r) {
			return r
		}
		return '_'
	}, id)
	if first, _ := utf8.DecodeRuneInString(id); unicode.IsLetter(first) || first == '_' {
		return id
	}
	return "_" + id
}
