package suretytest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// codeVersion finds the constant that CheckVersion keeps.
var codeVersion = regexp.MustCompile(`(?m)^const codeVersion = "([0-9a-f]*)"$`)

// CheckVersion fails tb if version.go of the package under test does not hold the
// digest of the package's code, which is part of the version of its checks: code
// that has changed may judge otherwise. With update it writes the digest there.
// Comments, the way code is laid out and test files do not count.
func CheckVersion(tb testing.TB, update bool) {
	tb.Helper()
	want, err := codeDigest(".")
	if err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile("version.go")
	if err != nil {
		tb.Fatal(err)
	}
	have := codeVersion.FindSubmatch(text)
	switch {
	case have == nil:
		tb.Fatalf("version.go has no line %s", codeVersion)
	case string(have[1]) == want:
	case update:
		text = codeVersion.ReplaceAll(text, []byte(`const codeVersion = "`+want+`"`))
		if err := os.WriteFile("version.go", text, 0o644); err != nil {
			tb.Fatal(err)
		}
	default:
		tb.Error("the code has changed, and the version of its checks has not; run go generate here")
	}
}

// codeDigest names the Go code of a directory, but for tests and version.go.
func codeDigest(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	var code []byte
	for _, name := range names { // sorted
		if base := filepath.Base(name); base == "version.go" || strings.HasSuffix(base, "_test.go") {
			continue
		}
		if code, err = appendCode(code, name); err != nil {
			return "", err
		}
	}
	digest := sha256.Sum256(code)
	return hex.EncodeToString(digest[:8]), nil
}

// appendCode adds the tokens of a file to code.
func appendCode(code []byte, name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var s scanner.Scanner
	s.Init(fset.AddFile(name, -1, len(text)), text, nil, 0)
	for {
		_, tok, literal := s.Scan()
		switch {
		case tok == token.EOF && s.ErrorCount > 0:
			return nil, errors.New(name + " is no Go code")
		case tok == token.EOF:
			return code, nil
		case tok == token.SEMICOLON && literal == "\n":
			continue // the end of a line
		case literal == "":
			literal = tok.String()
		}
		code = append(append(code, literal...), 0)
	}
}
