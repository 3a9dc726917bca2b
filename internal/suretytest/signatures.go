package suretytest

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Signature is one signature of a set that others collected.
type Signature struct {
	Name    string
	Key     []byte // of Ed25519
	DER     []byte // the key's PKIX form, nil if the set does not give it
	Message []byte
	Sig     []byte
	Flags   []string // what is odd about it
	Valid   bool     // as the set says; false if it does not say
}

// CCTV is the set of edge cases of Ed25519 of the Community Cryptography Test
// Vectors. It does not say which are valid: that depends on the verifier.
func CCTV(tb testing.TB) []Signature {
	tb.Helper()
	var list []struct {
		Number        int
		Key, Sig, Msg string
		Flags         []string
	}
	read(tb, "cctv-ed25519.json.gz", &list)
	var out []Signature
	for _, x := range list {
		out = append(out, Signature{
			Name: fmt.Sprintf("CCTV %d", x.Number), Key: unhex(tb, x.Key), Sig: unhex(tb, x.Sig), Message: []byte(x.Msg), Flags: x.Flags,
		})
	}
	return out
}

// Wycheproof is the set of signatures of Project Wycheproof for ed25519 or p256.
func Wycheproof(tb testing.TB, algorithm string) []Signature {
	tb.Helper()
	var set struct {
		NumberOfTests int
		TestGroups    []struct {
			PublicKey struct {
				PK string
			}
			PublicKeyDer string
			Tests        []struct {
				TcID         int
				Comment, Msg string
				Sig, Result  string
				Flags        []string
			}
		}
	}
	read(tb, "wycheproof-"+algorithm+".json.gz", &set)
	var out []Signature
	for _, g := range set.TestGroups {
		for _, x := range g.Tests {
			if x.Result != "valid" && x.Result != "invalid" {
				tb.Fatalf("case %d is %s: say which it is here", x.TcID, x.Result)
			}
			out = append(out, Signature{
				Name: fmt.Sprintf("Wycheproof %s %d: %s", algorithm, x.TcID, x.Comment), Key: unhex(tb, g.PublicKey.PK), DER: unhex(tb, g.PublicKeyDer),
				Message: unhex(tb, x.Msg), Sig: unhex(tb, x.Sig), Flags: x.Flags, Valid: x.Result == "valid",
			})
		}
	}
	if len(out) != set.NumberOfTests || len(out) == 0 {
		tb.Fatalf("%d cases are read, and there are %d", len(out), set.NumberOfTests)
	}
	return out
}

// read reads a set for a package that lies in the root of the module.
func read(tb testing.TB, name string, dst any) {
	tb.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "vectors", "signatures", name))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		tb.Fatal(err)
	}
}

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}
