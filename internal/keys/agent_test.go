package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/surety-cloud/surety/internal/logtest"
)

// ring returns an agent that holds a key of each kind, and two of one name.
func ring(t *testing.T) agent.Agent {
	t.Helper()
	held := agent.NewKeyring()
	add := func(comment string, key any, err error) {
		if err == nil {
			err = held.Add(agent.AddedKey{PrivateKey: key, Comment: comment})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ed", "twin", "twin"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		add(name, key, err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	add("curve", curve, err)
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	add("old", old, err)
	return held
}

func TestAgentSigns(t *testing.T) {
	socket := logtest.Agent(t, ring(t))
	message := []byte("DSSEv1 what is stated")
	for _, name := range []string{"ed", "curve"} {
		key, err := FromAgent(socket, name)
		if err != nil {
			t.Fatal(err)
		}
		byPrint, err := FromAgent(socket, ssh.FingerprintSHA256(key.held))
		if err != nil || !byPrint.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s by its fingerprint: %v", name, err)
		}
		signature, err := key.Sign(message)
		if err != nil {
			t.Fatal(err)
		}
		if !verifies(key.Public(), message, signature) || verifies(key.Public(), message[1:], signature) {
			t.Errorf("%s: the signature is not one of this message", name)
		}
	}
}

func verifies(key crypto.PublicKey, message, signature []byte) bool {
	if k, ok := key.(ed25519.PublicKey); ok {
		return ed25519.Verify(k, message, signature)
	}
	sum := sha256.Sum256(message)
	return ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), sum[:], signature)
}

// liar signs something else than it is asked to.
type liar struct{ agent.Agent }

func (l liar) Sign(key ssh.PublicKey, _ []byte) (*ssh.Signature, error) {
	return l.Agent.Sign(key, []byte("another message"))
}

func TestAgentRefused(t *testing.T) {
	held := ring(t)
	socket := logtest.Agent(t, held)
	for _, tt := range []struct{ socket, name, want string }{
		{"", "ed", "SSH_AUTH_SOCK is not set"},
		{socket + ".gone", "ed", "is SSH_AUTH_SOCK the socket of a running agent?"},
		{socket, "nobody", "0 of its 5 keys"},
		{socket, "", "0 of its 5 keys"},
		{socket, "twin", "2 of its 5 keys"},
		{socket, "old", "ssh-rsa cannot sign statements"},
	} {
		if _, err := FromAgent(tt.socket, tt.name); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: err = %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, name := range []string{"ed", "curve"} {
		key, err := FromAgent(logtest.Agent(t, liar{held}), name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := key.Sign([]byte("a message")); err == nil || !strings.Contains(err.Error(), "nothing was signed") {
			t.Errorf("%s: a signature of another message was taken: %v", name, err)
		}
	}
	key, err := FromAgent(socket, "ed")
	if err != nil {
		t.Fatal(err)
	}
	if err := held.RemoveAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := key.Sign([]byte("a message")); err == nil {
		t.Error("an agent that holds no key any more signed")
	}
}
