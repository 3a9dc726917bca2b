package surety

import (
	"errors"
	"strings"
)

// Kind classifies an error for whoever must act on it. The list is append-only.
type Kind uint8

// The kinds of errors. Their exit codes are decided in internal/cli.
const (
	Internal   Kind = iota // our fault: a bug or a broken invariant
	BadInput               // the user's input cannot be used; the message says what to change
	Unreadable             // a file, directory or server could not be read
	Denied                 // the source refused us
	Canceled               // the user or a deadline stopped the work
)

// Error is an error a person can act on: what was tried, on what, why it
// failed and what to do next.
//
// Op is a short verb phrase ("read model"), Origin the place, Err the cause
// and Hint one sentence that says what to do. Any field may be empty but Err.
type Error struct {
	Kind   Kind
	Op     string
	Origin Origin
	Err    error
	Hint   string
}

// Error formats as "origin: op: cause; hint".
func (e *Error) Error() string {
	var b strings.Builder
	if s := e.Origin.String(); s != "" {
		b.WriteString(s + ": ")
	}
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first *Error in err's chain, Internal if none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
