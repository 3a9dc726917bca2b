package surety

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Verdict is what a check says about one resource. The zero value is Unknown,
// so a verdict nobody set can never be read as a pass.
type Verdict uint8

// The five verdicts. Their order is stable: it is stored in memo files.
const (
	Unknown       Verdict = iota // the check could not decide; the reason is in the result
	Pass                         // the check read all it needs and found nothing
	Fail                         // the check found something
	NotApplicable                // nothing in the evidence is of a kind the check reads
	Waived                       // a fail that a party accepted, with an expiry
)

var verdictNames = [...]string{"unknown", "pass", "fail", "not-applicable", "waived"}

// Verdicts lists all verdicts in the order reports print them.
var Verdicts = []Verdict{Pass, Fail, Unknown, NotApplicable, Waived}

func (v Verdict) String() string { return enumName(verdictNames[:], int(v)) }

// MarshalText writes the verdict's name, as used in every report format.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's name and refuses any other word.
func (v *Verdict) UnmarshalText(b []byte) error {
	n, err := enumValue("verdict", verdictNames[:], string(b))
	*v = Verdict(n)
	return err
}

// Severity is how much a fail matters by itself, before the system's own
// exposure and data are considered.
type Severity uint8

// Severities from least to most urgent.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

// Severities lists the severities from most to least urgent.
var Severities = []Severity{Critical, High, Medium, Low, Info}

func (s Severity) String() string { return enumName(severityNames[:], int(s)) }

// MarshalText writes the severity in lower case.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a severity in any case and refuses any other word.
func (s *Severity) UnmarshalText(b []byte) error {
	n, err := enumValue("severity", severityNames[:], strings.ToLower(string(b)))
	*s = Severity(n)
	return err
}

func enumName(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "invalid(" + strconv.Itoa(i) + ")"
}

func enumValue(what string, names []string, s string) (int, error) {
	for i, n := range names {
		if n == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is not a %s; use one of %s", s, what, strings.Join(names, ", "))
}

// TrueFirst compares for a sort that puts true before false.
func TrueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// Origin says where a fact came from: a file and line, or a live source such
// as "kubernetes:prod" with the object's path. Line is 1-based; 0 means the
// fact has no line.
type Origin struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// String formats the origin as file:line, the form editors can jump to.
func (o Origin) String() string {
	if o.Line == 0 {
		return o.File
	}
	return o.File + ":" + strconv.Itoa(o.Line)
}

// Digest is the SHA-256 of some canonical bytes. The zero Digest means "none".
type Digest [sha256.Size]byte

// DigestOf hashes b.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// IsZero reports whether d is the zero digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns "sha256:" and 64 hex digits, the form used by OCI and in-toto.
func (d Digest) String() string { return "sha256:" + hex.EncodeToString(d[:]) }

// Short returns the first 12 hex digits, for people.
func (d Digest) Short() string { return hex.EncodeToString(d[:6]) }

// MarshalText writes the form of String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of String.
func (d *Digest) UnmarshalText(b []byte) error {
	digits, ok := bytes.CutPrefix(b, []byte("sha256:"))
	if ok && len(digits) == hex.EncodedLen(len(d)) {
		if _, err := hex.Decode(d[:], digits); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is not a digest; want sha256: and 64 hex digits", b)
}
