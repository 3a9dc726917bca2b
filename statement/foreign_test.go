package statement_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/surety-cloud/surety/statement"
)

// foreignKey is a trusted key as go-securesystemslib asks for it.
type foreignKey struct {
	id     string
	public ed25519.PublicKey
}

func (k foreignKey) KeyID() (string, error)   { return k.id, nil }
func (k foreignKey) Public() crypto.PublicKey { return k.public }

func (k foreignKey) Verify(_ context.Context, message, sig []byte) error {
	if !ed25519.Verify(k.public, message, sig) {
		return errors.New("not this key's")
	}
	return nil
}

// Our envelopes are opened by the DSSE library of others, and what is in them by
// in-toto's own types.
func TestOpenedByOthers(t *testing.T) {
	c := commit(t, 3)
	key := newEdKey(1)
	sealed, err := statement.Seal(statement.New(predicate(c, 3), nil), key)
	if err != nil {
		t.Fatal(err)
	}
	var envelope dsse.Envelope
	if err := json.Unmarshal(sealed.Encode(), &envelope); err != nil {
		t.Fatal(err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(foreignKey{trusted("acme", key).ID, key.Public().(ed25519.PublicKey)})
	if err != nil {
		t.Fatal(err)
	}
	accepted, payload, err := verifier.VerifyAndDecode(t.Context(), &envelope)
	if err != nil || len(accepted) != 1 {
		t.Fatalf("accepted %v, %v", accepted, err)
	}
	var s intoto.Statement
	if err := protojson.Unmarshal(payload, &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if s.GetPredicateType() != statement.PredicateType || len(s.GetSubject()) != 3 || s.GetSubject()[0].GetDigest()["sha256"] == "" {
		t.Errorf("read as %v", &s)
	}
	if !bytes.HasPrefix(dsse.PAE(statement.PayloadType, payload), []byte("DSSEv1 28 application/vnd.in-toto+json ")) {
		t.Error("the pre-authentication encoding is another one")
	}
	envelope.Signatures[0].Sig = "AAAA"
	if _, _, err := verifier.VerifyAndDecode(t.Context(), &envelope); err == nil {
		t.Error("the foreign verifier accepts anything")
	}
}
