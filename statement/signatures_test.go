package statement

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/surety-cloud/surety/internal/suretytest"
)

// How we judge the edge cases of Ed25519 is how crypto/ed25519 does, and signed-note
// asks: without cofactor, and with the point R compared by its bytes. So what is
// refused is an R in another form, and what only holds when multiplied by the
// cofactor; a public key in another form or of low order is taken, since whoever
// makes one harms nobody but itself. Another judgement would let two verifiers differ
// over one statement, which is why this must not change unnoticed.
func TestEdgeCasesOfEd25519(t *testing.T) {
	refused, accepted := map[string]int{}, map[string]int{}
	for _, x := range suretytest.EdgeCases(t) {
		want := !slices.Contains(x.Flags, "NonCanonicalR") && !slices.Contains(x.Flags, "LowOrderResidue")
		got := Verify(ed25519.PublicKey(x.Key), x.Message, x.Sig)
		if got != want {
			t.Errorf("%s (%v): verified %t, want %t", x.Name, x.Flags, got, want)
		}
		for _, flag := range x.Flags {
			if got {
				accepted[flag]++
			} else {
				refused[flag]++
			}
		}
	}
	for _, flag := range []string{"NonCanonicalR", "LowOrderResidue"} {
		if refused[flag] == 0 || accepted[flag] > 0 {
			t.Errorf("%s: %d are refused and %d accepted", flag, refused[flag], accepted[flag])
		}
	}
	for _, flag := range []string{"LowOrderA", "LowOrderR", "NonCanonicalA", "LowOrderComponentA", "LowOrderComponentR"} {
		if accepted[flag] == 0 {
			t.Errorf("%s: none is accepted", flag)
		}
	}
}

// Signatures that are valid verify, and no other: neither one with s above the order
// of the group, nor one cut short or with something behind it, nor, of P-256, one in
// another encoding, out of range, or of a message that hashes to an edge case.
func TestSignaturesOfWycheproof(t *testing.T) {
	for algorithm, kinds := range map[string][]string{
		"ed25519": {"SignatureMalleability", "InvalidEncoding", "TruncatedSignature", "SignatureWithGarbage", "TinkOverflow"},
		"p256":    {"BerEncodedSignature", "RangeCheck", "InvalidEncoding", "ModifiedSignature", "SpecialCaseHash", "EdgeCaseShamirMultiplication"},
	} {
		seen := map[string]bool{}
		for _, x := range suretytest.Wycheproof(t, algorithm) {
			key, err := x509.ParsePKIXPublicKey(x.DER)
			if err != nil {
				t.Fatalf("%s: %v", x.Name, err)
			}
			switch k := key.(type) {
			case ed25519.PublicKey:
				if !slices.Equal(k, x.Key) {
					t.Errorf("%s: the key is another one", x.Name)
				}
			case *ecdsa.PublicKey:
			default:
				t.Fatalf("%s: a key of type %T", x.Name, key)
			}
			if got := Verify(key, x.Message, x.Sig); got != x.Valid {
				t.Errorf("%s (%v): verified %t, want %t", x.Name, x.Flags, got, x.Valid)
			}
			for _, flag := range x.Flags {
				seen[flag] = true
			}
		}
		for _, kind := range kinds {
			if !seen[kind] {
				t.Errorf("%s: no case is about %s", algorithm, kind)
			}
		}
	}
}

// A key of another curve, or of no form, verifies nothing.
func TestKeysThatAreNone(t *testing.T) {
	for _, key := range []any{nil, ed25519.PublicKey(nil), ed25519.PublicKey(make([]byte, 31)), "key", &ecdsa.PublicKey{}} {
		if Verify(key, []byte("m"), make([]byte, 64)) {
			t.Errorf("%T verifies", key)
		}
	}
}
