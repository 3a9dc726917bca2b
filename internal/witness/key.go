package witness

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/statement"
)

// ParseKey returns the signer of co-signatures that a note's private key makes, and
// the key that policies name the witness by.
func ParseKey(skey string) (signer note.Signer, vkey string, err error) {
	if vkey, err = plainKey(skey); err != nil {
		return nil, "", fmt.Errorf("witness's key: %w", err)
	}
	if vkey, err = CoSignerKey(vkey); err != nil {
		return nil, "", err
	}
	s, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		return nil, "", fmt.Errorf("witness's key: %w", err)
	}
	return s, vkey, nil
}

// plainKey is what a note's private key is verified with.
func plainKey(skey string) (string, error) {
	plain, err := note.NewSigner(skey)
	if err != nil {
		return "", err
	}
	parts := strings.SplitN(skey, "+", 5) // PRIVATE, KEY, name, hash, and base64, which has + too
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", errors.New("it is not an Ed25519 key")
	}
	return VerifierKey(plain.Name(), ed25519.NewKeyFromSeed(raw[1:]).Public())
}

// Held is a key of a log or a witness, as a line of its key file. The line is the
// private key of a note, or a name and where the key is that signs for it: a key
// file of surety, encrypted with a passphrase, or agent:NAME.
type Held struct {
	Name  string
	Where string // "" if the line is the key
	skey  string
}

// Opener makes a key ready to sign that is held elsewhere.
type Opener func(where string) (statement.Signer, error)

// ParseHeld reads the lines of a key file, at least one.
func ParseHeld(text string) ([]Held, error) {
	var out []Held
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, where, elsewhere := strings.Cut(line, " ")
		if elsewhere && !strings.HasPrefix(line, "PRIVATE+KEY+") {
			out = append(out, Held{Name: name, Where: strings.TrimSpace(where)})
			continue
		}
		plain, err := note.NewSigner(line)
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		out = append(out, Held{Name: plain.Name(), skey: line})
	}
	if len(out) == 0 {
		return nil, errors.New("read key: there is none")
	}
	return out, nil
}

// Line is the key as a line of a key file.
func (h Held) Line() string {
	if h.Where == "" {
		return h.skey
	}
	return h.Name + " " + h.Where
}

// VKey is what the key's signatures under a log's heads are verified with. public
// finds the public part of a key that is held elsewhere.
func (h Held) VKey(public func(where string) (crypto.PublicKey, error)) (string, error) {
	if h.Where == "" {
		return plainKey(h.skey)
	}
	key, err := public(h.Where)
	if err != nil {
		return "", err
	}
	return VerifierKey(h.Name, key)
}

// KeyFile is the text of a key file.
func KeyFile(keys ...Held) string {
	text := ""
	for _, h := range keys {
		text += h.Line() + "\n"
	}
	return text
}

// Signer makes the key ready to sign heads as a log does.
func (h Held) Signer(open Opener) (note.Signer, error) {
	if h.Where == "" {
		return note.NewSigner(h.skey)
	}
	key, err := open(h.Where)
	if err != nil {
		return nil, err
	}
	vkey, err := VerifierKey(h.Name, key.Public())
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("key %s of %s: %w", h.Where, h.Name, err)
	}
	return &signer{h.Name, v.KeyHash(), func(msg []byte) ([]byte, error) { return key.Sign(msg) }}, nil
}

// CoSigner makes the key ready to co-sign, and returns the key that policies name
// the witness by.
func (h Held) CoSigner(open Opener) (_ note.Signer, vkey string, err error) {
	if h.Where == "" {
		return ParseKey(h.skey)
	}
	key, err := open(h.Where)
	if err != nil {
		return nil, "", err
	}
	if vkey, err = VerifierKey(h.Name, key.Public()); err != nil {
		return nil, "", err
	}
	if vkey, err = CoSignerKey(vkey); err != nil {
		return nil, "", err
	}
	v, err := fnote.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return nil, "", fmt.Errorf("key %s of %s: %w", h.Where, h.Name, err)
	}
	return &signer{h.Name, v.KeyHash(), func(msg []byte) ([]byte, error) { return coSign(key, msg, time.Now()) }}, vkey, nil
}

// coSign makes a c2sp.org/tlog-cosignature of version 1: the time, and the
// signature of a text that has it too.
func coSign(key statement.Signer, checkpoint []byte, at time.Time) ([]byte, error) {
	sig, err := key.Sign(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at.Unix(), checkpoint))
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(at.Unix())), sig...), nil
}

// VerifierKey is the key of a note that a public key is under a name. It must be
// one of Ed25519: notes know no other that is ours.
func VerifierKey(name string, key crypto.PublicKey) (string, error) {
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return "", errors.New("a key of this kind cannot sign heads; use an ed25519 key (surety key generate)")
	}
	vkey, err := note.NewEd25519VerifierKey(name, public)
	if err == nil {
		_, err = note.NewVerifier(vkey) // which looks at the name
	}
	if err != nil {
		return "", fmt.Errorf("%q cannot be its name: %w", name, err)
	}
	return vkey, nil
}

// CoSignerKey is the key that policies name a witness by, from that of its notes.
func CoSignerKey(vkey string) (string, error) {
	vkey, err := fnote.VKeyToCosignatureV1(vkey)
	if err != nil {
		return "", fmt.Errorf("witness's key: %w", err)
	}
	return vkey, nil
}

// signer signs notes with a key that is held elsewhere.
type signer struct {
	name string
	hash uint32
	sign func([]byte) ([]byte, error)
}

func (s *signer) Name() string                    { return s.name }
func (s *signer) KeyHash() uint32                 { return s.hash }
func (s *signer) Sign(msg []byte) ([]byte, error) { return s.sign(msg) }
