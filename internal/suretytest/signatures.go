package suretytest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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

// EdgeCases is the set of edge cases of Ed25519 that Go itself is tested with, which
// the Community Cryptography Test Vectors grew from (filippo.io/mostly-harmless). It
// does not say which are valid: that depends on the verifier.
func EdgeCases(tb testing.TB) []Signature {
	tb.Helper()
	var list []struct {
		A, R, S, M string
		Flags      []string
	}
	read(tb, "filippo.io/mostly-harmless/ed25519vectors", "ed25519vectors.json", &list)
	var out []Signature
	for i, x := range list {
		out = append(out, Signature{
			Name: fmt.Sprintf("edge case %d", i), Key: unhex(tb, x.A), Sig: unhex(tb, x.R+x.S), Message: []byte(x.M), Flags: x.Flags,
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
	file := map[string]string{"ed25519": "ed25519_test.json", "p256": "ecdsa_secp256r1_sha256_test.json"}[algorithm]
	read(tb, "github.com/c2sp/wycheproof", "testvectors_v1/"+file, &set)
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

// read reads a file of a module that testenv/vectors requires, for a package that
// lies in the root of ours. The module is fetched once, as Go fetches any other.
func read(tb testing.TB, module, file string, dst any) {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(Module(tb, "vectors", module), filepath.FromSlash(file)))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		tb.Fatal(err)
	}
}

// Module returns the folder of a module that a folder of testenv requires, and
// skips the test if it cannot be had. It is for packages in the root of ours.
func Module(tb testing.TB, env, module string) string {
	tb.Helper()
	download := exec.Command("go", "mod", "download", "-json", module)
	download.Dir = filepath.Join("..", "testenv", env)
	download.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	raw, err := download.Output()
	var got struct{ Dir, Error string }
	if err != nil || json.Unmarshal(raw, &got) != nil || got.Dir == "" {
		tb.Skipf("skipped: module %s cannot be had (%v %s)", module, err, got.Error)
	}
	return got.Dir
}

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}
