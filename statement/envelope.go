package statement

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// PayloadType is the payload type of an in-toto statement in a DSSE envelope.
const PayloadType = "application/vnd.in-toto+json"

// maxSignatures bounds the signatures of one envelope.
const maxSignatures = 16

// Envelope is a DSSE envelope (github.com/secure-systems-lab/dsse, v1).
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`
}

// Signature is one signature over the envelope's pre-authentication encoding.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// Signer signs messages with one key: Ed25519 over the message itself, or ECDSA
// on P-256 over its SHA-256, in ASN.1.
type Signer interface {
	Public() crypto.PublicKey
	Sign(message []byte) ([]byte, error)
}

// KeyID names a public key: the first 8 bytes, in hex, of the SHA-256 of its
// PKIX form. It is a hint; verifiers try the keys they trust.
func KeyID(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("name key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8]), nil
}

// pae is the pre-authentication encoding of DSSE v1.
func pae(payloadType string, payload []byte) []byte {
	b := []byte("DSSEv1 ")
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(append(append(b, ' '), payloadType...), ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	return append(append(b, ' '), payload...)
}

// Seal signs the statement's bytes with each signer and returns the encoded
// envelope.
func Seal(s *Statement, signers ...Signer) ([]byte, error) {
	payload, err := s.Encode()
	if err != nil {
		return nil, err
	}
	e := Envelope{PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(payload)}
	message := pae(PayloadType, payload)
	for _, signer := range signers {
		id, err := KeyID(signer.Public())
		if err != nil {
			return nil, err
		}
		sig, err := signer.Sign(message)
		if err != nil {
			return nil, fmt.Errorf("sign statement with key %s: %w", id, err)
		}
		e.Signatures = append(e.Signatures, Signature{id, base64.StdEncoding.EncodeToString(sig)})
	}
	if len(e.Signatures) == 0 {
		return nil, errors.New("sign statement: no key was given")
	}
	return json.Marshal(e)
}

// Key is a public key that a verifier trusts, under the name it knows it by.
type Key struct {
	Name   string
	ID     string
	Public crypto.PublicKey
}

// Opened is an envelope whose signature was verified.
type Opened struct {
	Statement *Statement
	By        []Key             // trusted keys that signed, at least one
	Digest    [sha256.Size]byte // of the envelope's bytes
}

// ErrUntrusted is in the error of Open if no trusted key signed the envelope.
var ErrUntrusted = errors.New("no trusted key signed it")

// Open reads an envelope, and its statement if a trusted key has signed it. What
// was signed is verified byte for byte before anything in it is read.
func Open(raw []byte, trusted []Key) (*Opened, error) {
	if len(raw) > 2*MaxStatement {
		return nil, fmt.Errorf("open envelope: %d bytes, more than %d", len(raw), 2*MaxStatement)
	}
	var e Envelope
	if err := Strict(raw, &e); err != nil {
		return nil, fmt.Errorf("open envelope: %w", err)
	}
	switch {
	case e.PayloadType != PayloadType:
		return nil, fmt.Errorf("open envelope: it holds a payload of type %q, not a statement (%s)", e.PayloadType, PayloadType)
	case len(e.Signatures) > maxSignatures:
		return nil, fmt.Errorf("open envelope: %d signatures, more than %d", len(e.Signatures), maxSignatures)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return nil, fmt.Errorf("open envelope: payload: %w", err)
	}
	out := &Opened{Digest: sha256.Sum256(raw)}
	message := pae(e.PayloadType, payload)
	for _, key := range trusted {
		if signedBy(key.Public, message, e.Signatures) {
			out.By = append(out.By, key)
		}
	}
	if len(out.By) == 0 {
		return nil, fmt.Errorf("open envelope: %w", ErrUntrusted)
	}
	if out.Statement, err = Decode(payload); err != nil {
		return nil, err
	}
	return out, nil
}

// signedBy reports whether one of the signatures is key's over message. Key ids
// are hints that an attacker can write, so every signature is tried.
func signedBy(key crypto.PublicKey, message []byte, signatures []Signature) bool {
	for _, s := range signatures {
		sig, err := base64.StdEncoding.Strict().DecodeString(s.Sig)
		if err == nil && verify(key, message, sig) {
			return true
		}
	}
	return false
}

func verify(key crypto.PublicKey, message, sig []byte) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return k.Curve == elliptic.P256() && ecdsa.VerifyASN1(k, sum[:], sig)
	}
	return false
}
