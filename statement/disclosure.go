package statement

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/surety-cloud/surety"
)

// SaltSize is the size of a salt in bytes: 128 bits, which nobody guesses.
const SaltSize = 16

// MaxDisclosure bounds the bytes of one disclosure.
const MaxDisclosure = 16 << 10

// Salt hides a result from whoever knows only its hash. Destroying it erases the
// result for good.
type Salt [SaltSize]byte

// Result is one result of an assessment, as a statement commits to it.
type Result struct {
	Check     string
	Version   string // of the check, 12 hex digits
	Controls  []string
	Resource  string // the key of the item, "-" if there is none
	Verdict   surety.Verdict
	Severity  surety.Severity
	Party     string          // accountable, "" if nobody is
	Evidence  []surety.Digest // of the items it rests on
	NotBefore time.Time       // when the evidence was collected, in whole seconds
	NotAfter  time.Time       // until when it counts
}

// CountsFor lists the controls under which a statement of issuer counts r: none if
// another party is accountable, and "" if r has no control, so that each of the
// issuer's counts somewhere.
func (r *Result) CountsFor(issuer string) []string {
	switch {
	case r.Party != issuer:
		return nil
	case len(r.Controls) == 0:
		return noControl
	}
	return r.Controls
}

var noControl = []string{""}

// Disclosure is a result with its salt, in the bytes that are hashed.
type Disclosure []byte

// kinds of disclosures, their second member.
const (
	paddingKind = 0
	resultKind  = 1
)

// Append appends the disclosure of r under a salt to b:
//
//	["SALT",1,"CHECK","VERSION",["CONTROL",...],"RESOURCE","VERDICT","SEVERITY","PARTY",["EVIDENCE",...],"FROM","UNTIL"]
//
// in UTF-8 without spaces, the salt as base64url without padding, times in RFC
// 3339, UTC, whole seconds, strings escaped as encoding/json does.
func (r *Result) Append(b []byte, salt Salt) Disclosure {
	b = appendSalt(b, salt)
	b = append(b, `,1,`...)
	b = appendString(b, r.Check)
	b = append(b, ',')
	b = appendString(b, r.Version)
	b = append(b, `,[`...)
	for i, c := range r.Controls {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, c)
	}
	b = append(b, `],`...)
	for _, s := range [...]string{r.Resource, r.Verdict.String(), r.Severity.String(), r.Party} {
		b = appendString(b, s)
		b = append(b, ',')
	}
	b = append(b, '[')
	for i, d := range r.Evidence {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, d.String())
	}
	b = append(b, `],"`...)
	b = r.NotBefore.UTC().AppendFormat(b, time.RFC3339)
	b = append(b, `","`...)
	b = r.NotAfter.UTC().AppendFormat(b, time.RFC3339)
	return append(b, `"]`...)
}

func appendSalt(b []byte, salt Salt) []byte {
	b = append(b, `["`...)
	b = base64.RawURLEncoding.AppendEncode(b, salt[:])
	return append(b, '"')
}

// appendPadding appends a leaf that stands for no result.
func appendPadding(b []byte, salt Salt) Disclosure { return append(appendSalt(b, salt), `,0]`...) }

// appendString appends s as encoding/json writes it. Bytes that are no UTF-8
// become U+FFFD first, so that reading what is written gives the same bytes.
func appendString(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...) // cannot happen: a string always encodes
			}
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// Padding reports whether d stands for no result.
func (d Disclosure) Padding() bool { return bytes.HasSuffix(d, []byte(`",0]`)) }

// disclosureFields are the members of a disclosure, in one piece of memory.
type disclosureFields struct {
	Result
	salt, from, until string
	kind              int
}

var saltForm = base64.RawURLEncoding.Strict()

var errForm = errors.New("it is not a disclosure in its one form")

// Parse reads a disclosure of a result. It accepts exactly the bytes that Append
// writes: two texts of one result would have two hashes.
func (d Disclosure) Parse() (*Result, Salt, error) {
	var salt Salt
	if len(d) > MaxDisclosure {
		return nil, salt, fmt.Errorf("parse disclosure: %d bytes, more than %d", len(d), MaxDisclosure)
	}
	var f disclosureFields
	r := &f.Result
	err := strictTuple(string(d), &f.salt, &f.kind, &r.Check, &r.Version, &r.Controls, &r.Resource, &r.Verdict, &r.Severity, &r.Party, &r.Evidence, &f.from, &f.until)
	if err != nil {
		return nil, salt, fmt.Errorf("parse disclosure: %w", err)
	}
	size := 0
	if len(f.salt) <= saltForm.EncodedLen(SaltSize) {
		size, err = saltForm.Decode(salt[:], []byte(f.salt))
	}
	if err != nil || size != SaltSize {
		return nil, salt, fmt.Errorf("parse disclosure: the salt is not %d bytes in base64url", SaltSize)
	}
	var errFrom, errUntil error
	r.NotBefore, errFrom = time.Parse(time.RFC3339, f.from)
	r.NotAfter, errUntil = time.Parse(time.RFC3339, f.until)
	if err := errors.Join(errFrom, errUntil); err != nil {
		return nil, salt, fmt.Errorf("parse disclosure: %w", err)
	}
	var memory [1024]byte // enough for most
	if f.kind != resultKind || !bytes.Equal(r.Append(memory[:0], salt), d) {
		return nil, salt, fmt.Errorf("parse disclosure: %w", errForm)
	}
	return r, salt, nil
}
