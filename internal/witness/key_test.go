package witness

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/statement"
)

// elsewhere is a key that is held by somebody else.
type elsewhere struct{ ed25519.PrivateKey }

func (k elsewhere) Sign(message []byte) ([]byte, error) {
	return ed25519.Sign(k.PrivateKey, message), nil
}

type curve struct{ statement.Signer }

func (curve) Public() crypto.PublicKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return &key.PublicKey
}

// A key that is held elsewhere signs what the same key in a note's form would, and
// code that is not ours verifies both.
func TestHeldElsewhere(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.example/a")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ParseHeld(skey + "\n\nlog.example/a  agent:my key\n")
	if err != nil || len(list) != 2 || list[0].Line() != skey || list[1].Line() != "log.example/a agent:my key" {
		t.Fatalf("held = %+v, %v", list, err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open := func(where string) (statement.Signer, error) {
		if where != "agent:my key" {
			return nil, errors.New(where)
		}
		return elsewhere{key}, nil
	}
	vkeys := []string{vkey, ""}
	if vkeys[1], err = VerifierKey("log.example/a", key.Public()); err != nil {
		t.Fatal(err)
	}
	text := &note.Note{Text: "log.example/a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"}
	for i, held := range list {
		plain, err := held.Signer(open)
		if err != nil {
			t.Fatal(err)
		}
		v, err := note.NewVerifier(vkeys[i])
		if err != nil {
			t.Fatal(err)
		}
		opens(t, text, plain, v)
		co, covkey, err := held.CoSigner(open)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := fnote.NewVerifierForCosignatureV1(covkey)
		if err != nil {
			t.Fatal(err)
		}
		opens(t, text, co, ours)
		theirs, err := torchwood.NewCosignatureVerifier(covkey)
		if err != nil {
			t.Fatal(err)
		}
		opens(t, text, co, theirs)
	}
}

func opens(t *testing.T, n *note.Note, by note.Signer, v note.Verifier) {
	t.Helper()
	signed, err := note.Sign(n, by)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(v)); err != nil {
		t.Errorf("%s: %v\n%s", v.Name(), err, signed)
	}
}

func TestHeldRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "there is none",
		"nonsense":                      "malformed",
		"PRIVATE+KEY+two words+12+AAAA": "malformed",
	} {
		if _, err := ParseHeld(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: err = %v, want %q", text, err, want)
		}
	}
	held := Held{Name: "log.example/a", Where: "x"}
	for want, open := range map[string]Opener{
		"the agent is away": func(string) (statement.Signer, error) { return nil, errors.New("the agent is away") },
		"use an ed25519":    func(string) (statement.Signer, error) { return curve{}, nil },
	} {
		if _, err := held.Signer(open); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
		if _, _, err := held.CoSigner(open); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
	if _, err := VerifierKey("two words", ed25519.NewKeyFromSeed(make([]byte, 32)).Public()); err == nil || !strings.Contains(err.Error(), "cannot be its name") {
		t.Errorf("err = %v", err)
	}
}
