package transparency

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/suretytest"
)

// logVerifier is that of a policy which believes the key as a log's.
func logVerifier(t *testing.T, key []byte) note.Verifier {
	t.Helper()
	line, err := note.NewEd25519VerifierKey("log.example", ed25519.PublicKey(key))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, "log "+line+"\nquorum none\n").Logs[0].Verifier
}

// Heads are judged as statements are (see package statement): a log's signature with
// an R in another form, or that holds only with the cofactor, is refused.
func TestEdgeCasesOfLogSignatures(t *testing.T) {
	held := 0
	for _, x := range suretytest.EdgeCases(t) {
		want := !slices.Contains(x.Flags, "NonCanonicalR") && !slices.Contains(x.Flags, "LowOrderResidue")
		if got := logVerifier(t, x.Key).Verify(x.Message, x.Sig); got != want {
			t.Errorf("%s (%v): verified %t, want %t", x.Name, x.Flags, got, want)
		}
		if want {
			held++
		}
	}
	if held == 0 {
		t.Error("no case holds")
	}
	for _, x := range suretytest.Wycheproof(t, "ed25519") {
		if got := logVerifier(t, x.Key).Verify(x.Message, x.Sig); got != x.Valid {
			t.Errorf("%s: verified %t, want %t", x.Name, got, x.Valid)
		}
	}
}

// What a witness signs is not the head alone, so the sets do not fit. With the
// neutral point as its key, R neutral and s zero hold for any text: in the one form of
// R, and in no other, and for no s above the order.
func TestEdgeCasesOfCosignatures(t *testing.T) {
	neutral := make([]byte, 32)
	neutral[0] = 1
	v := parse(t, "witness w "+vkey("w.example", 4, neutral)+"\nquorum w\n").Witnesses[0].Verifier
	order, err := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		r, s []byte
		want bool
	}{
		{"one form", neutral, make([]byte, 32), true},
		{"x is minus zero", append(bytes.Clone(neutral[:31]), 0x80), make([]byte, 32), false},
		{"y above p", append(append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f), make([]byte, 32), false},
		{"s is the order", neutral, order, false},
		{"cut short", neutral, make([]byte, 31), false},
		{"something behind", neutral, make([]byte, 33), false},
	} {
		sig := binary.BigEndian.AppendUint64(nil, 1_800_000_000)
		sig = append(append(sig, tt.r...), tt.s...)
		if got := v.Verify([]byte("log.example\n1\nAAAA\n"), sig); got != tt.want {
			t.Errorf("%s: verified %t, want %t", tt.name, got, tt.want)
		}
	}
}
