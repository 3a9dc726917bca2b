package witness

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// ParseKey returns the signer of co-signatures that a note's private key makes, and
// the key that policies name the witness by.
func ParseKey(skey string) (signer note.Signer, vkey string, err error) {
	plain, err := note.NewSigner(skey)
	if err != nil {
		return nil, "", fmt.Errorf("witness's key: %w", err)
	}
	parts := strings.SplitN(skey, "+", 5) // PRIVATE, KEY, name, hash, and base64, which has + too
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, "", errors.New("witness's key: it is not an Ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, "", errors.New("witness's key: it is not an Ed25519 key")
	}
	if vkey, err = note.NewEd25519VerifierKey(plain.Name(), public); err != nil {
		return nil, "", fmt.Errorf("witness's key: %w", err)
	}
	if vkey, err = fnote.VKeyToCosignatureV1(vkey); err != nil {
		return nil, "", fmt.Errorf("witness's key: %w", err)
	}
	s, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		return nil, "", fmt.Errorf("witness's key: %w", err)
	}
	return s, vkey, nil
}
