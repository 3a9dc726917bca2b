package statement

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// PayloadType is the payload type of an in-toto statement in a DSSE envelope.
const PayloadType = "application/vnd.in-toto+json"

// maxSignatures bounds the signatures of one envelope.
const maxSignatures = 16

// Envelope is a DSSE envelope (github.com/secure-systems-lab/dsse, v1).
type Envelope struct {
	PayloadType string
	Payload     string // the bytes that are signed; what is read of them are parts of it
	Signatures  []Signature
}

// envelopeFile is an envelope as it is read.
type envelopeFile struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`
}

// Signature is one signature over the envelope's pre-authentication encoding.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig"` // base64
}

// Signer signs messages with one key: Ed25519 over the message itself, or ECDSA
// on P-256 over its SHA-256, in ASN.1.
type Signer interface {
	Public() crypto.PublicKey
	Sign(message []byte) ([]byte, error)
}

// KeyID names a public key: the first 8 bytes, in hex, of the SHA-256 of its
// PKIX form.
func KeyID(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("name key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8]), nil
}

// appendMessage appends what is signed to b: the pre-authentication encoding of DSSE
// v1.
func (e *Envelope) appendMessage(b []byte) []byte {
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(e.PayloadType)), 10)
	b = append(append(append(b, ' '), e.PayloadType...), ' ')
	b = strconv.AppendInt(b, int64(len(e.Payload)), 10)
	return append(append(b, ' '), e.Payload...)
}

// Seal signs the statement's bytes with each signer and returns the envelope. One
// of them must be the key that the statement says its issuer signs with.
func Seal(s *Statement, signers ...Signer) (*Envelope, error) {
	payload, err := s.Encode()
	if err != nil {
		return nil, err
	}
	e := &Envelope{PayloadType: PayloadType, Payload: string(payload)}
	message := e.appendMessage(nil)
	for _, signer := range signers {
		id, err := KeyID(signer.Public())
		if err != nil {
			return nil, err
		}
		sig, err := signer.Sign(message)
		if err != nil {
			return nil, fmt.Errorf("sign statement with key %s: %w", id, err)
		}
		e.Signatures = append(e.Signatures, Signature{id, sig})
	}
	if named := s.Predicate.Issuer.Key; !e.names(named) {
		return nil, fmt.Errorf("sign statement: it says that key %q signs it, which was not given", named)
	}
	return e, nil
}

// names reports whether the envelope holds a signature under a key id.
func (e *Envelope) names(id string) bool {
	return slices.ContainsFunc(e.Signatures, func(s Signature) bool { return s.KeyID == id })
}

// Encode writes the envelope in its one form.
func (e *Envelope) Encode() []byte {
	return e.append(make([]byte, 0, base64.StdEncoding.EncodedLen(len(e.Payload))+160*(len(e.Signatures)+1)), []byte(e.Payload))
}

// append appends the envelope in its one form to b.
func (e *Envelope) append(b, payload []byte) []byte {
	b = appendString(append(b, `{"payloadType":`...), e.PayloadType)
	b = append(b, `,"payload":"`...)
	b = base64.StdEncoding.AppendEncode(b, payload)
	b = append(b, `","signatures":[`...)
	for i, s := range e.Signatures {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"keyid":`...), s.KeyID)
		b = append(b, `,"sig":"`...)
		b = base64.StdEncoding.AppendEncode(b, s.Sig)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// ParseEnvelope reads an envelope. It accepts exactly the bytes that Encode writes:
// they are what logs commit to.
func ParseEnvelope(raw []byte) (*Envelope, error) {
	if len(raw) > 2*MaxStatement {
		return nil, fmt.Errorf("open envelope: %d bytes, more than %d", len(raw), 2*MaxStatement)
	}
	var f envelopeFile
	if err := Strict(string(raw), &f); err != nil {
		return nil, fmt.Errorf("open envelope: %w", err)
	}
	e := &Envelope{f.PayloadType, string(f.Payload), f.Signatures}
	if !bytes.Equal(e.Encode(), raw) {
		return nil, errors.New("open envelope: it is not in its one form")
	}
	return e, nil
}

// Key is a public key that a verifier trusts, under the name it knows it by.
type Key struct {
	Name   string
	ID     string
	Public crypto.PublicKey
}

// NewKey is a public key that a verifier trusts.
func NewKey(name string, public crypto.PublicKey) (Key, error) {
	id, err := KeyID(public)
	return Key{Name: name, ID: id, Public: public}, err
}

// Opened is an envelope whose signature was verified.
type Opened struct {
	Statement *Statement
	By        Key               // the trusted key that the statement names, and that signed it; no other counts
	Digest    [sha256.Size]byte // of the envelope's bytes
}

// ErrUntrusted is in the error of Open if no trusted key signed the envelope.
var ErrUntrusted = errors.New("no trusted key signed it")

// memories are kept, since what is signed and hashed is not needed afterwards.
var memories = sync.Pool{New: func() any { return new([]byte) }}

// Open reads the statement if a trusted key has signed it. What was signed is
// verified byte for byte before anything in it is read. A signature counts only for
// the key it names, and the statement must name one that signed: whoever watches a
// log for the use of a key goes by these names.
func (e *Envelope) Open(trusted []Key) (*Opened, error) {
	switch {
	case e.PayloadType != PayloadType:
		return nil, fmt.Errorf("open envelope: it holds a payload of type %q, not a statement (%s)", e.PayloadType, PayloadType)
	case len(e.Signatures) > maxSignatures:
		return nil, fmt.Errorf("open envelope: %d signatures, more than %d", len(e.Signatures), maxSignatures)
	}
	memory := memories.Get().(*[]byte)
	defer memories.Put(memory)
	message := e.appendMessage((*memory)[:0])
	*memory = e.append(message, message[len(message)-len(e.Payload):])
	out := &Opened{Digest: sha256.Sum256((*memory)[len(message):])}
	var signed []Key
	for i, s := range e.Signatures {
		if slices.ContainsFunc(e.Signatures[:i], func(before Signature) bool { return before.KeyID == s.KeyID }) {
			return nil, fmt.Errorf("open envelope: key %.40q signed it twice", s.KeyID)
		}
		for _, key := range trusted {
			if key.ID == s.KeyID && Verify(key.Public, message, s.Sig) {
				signed = append(signed, key)
			}
		}
	}
	if len(signed) == 0 {
		return nil, fmt.Errorf("open envelope: %w", ErrUntrusted)
	}
	s, err := Decode(e.Payload)
	if err != nil {
		return nil, err
	}
	out.Statement = s
	named := s.Predicate.Issuer.Key
	at := slices.IndexFunc(signed, func(k Key) bool { return k.ID == named })
	if at < 0 {
		return nil, fmt.Errorf("open envelope: the statement says that key %q signed it, and of the keys you trust %s did", named, signed[0].ID)
	}
	out.By = signed[at]
	return out, nil
}

// Verify reports whether sig is key's signature of message, as Signer makes it.
func Verify(key crypto.PublicKey, message, sig []byte) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return k.Curve == elliptic.P256() && ecdsa.VerifyASN1(k, sum[:], sig)
	}
	return false
}
