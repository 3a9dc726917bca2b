package keys

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
)

// AgentPrefix stands before the name of a key that an ssh-agent holds, where
// otherwise a file's name stands: agent:COMMENT or agent:SHA256:FINGERPRINT.
const AgentPrefix = "agent:"

// agentPatience is how long an agent may take: a person may have to confirm, or
// touch a token.
const agentPatience = 2 * time.Minute

// AgentKey is a key that an ssh-agent holds. Its private part never comes here.
type AgentKey struct {
	socket string
	held   ssh.PublicKey
	public crypto.PublicKey
}

var _ statement.Signer = (*AgentKey)(nil)

// FromAgent finds a key by its comment or fingerprint, as ssh-add -l prints them,
// in the agent that listens on socket (SSH_AUTH_SOCK). Exactly one must match.
func FromAgent(socket, name string) (*AgentKey, error) {
	fail := func(kind surety.Kind, err error, hint string) (*AgentKey, error) {
		return nil, &surety.Error{Kind: kind, Op: "find key " + name + " in ssh-agent", Err: err, Hint: hint}
	}
	if socket == "" {
		return fail(surety.BadInput, errors.New("SSH_AUTH_SOCK is not set"), "start an agent, and add the key with ssh-add")
	}
	var held []*agent.Key
	err := ask(socket, func(a agent.ExtendedAgent) (err error) {
		held, err = a.List()
		return err
	})
	if err != nil {
		return fail(surety.Unreadable, err, "is SSH_AUTH_SOCK the socket of a running agent?")
	}
	var found []*AgentKey
	for _, k := range held {
		if k.Comment != name && ssh.FingerprintSHA256(k) != name {
			continue
		}
		public, err := usable(k)
		if err != nil {
			return fail(surety.BadInput, err, "use an ssh-ed25519 or ecdsa-sha2-nistp256 key")
		}
		found = append(found, &AgentKey{socket, k, public})
	}
	if len(found) != 1 {
		return fail(surety.BadInput, fmt.Errorf("%d of its %d keys have that comment or fingerprint", len(found), len(held)), "ssh-add -l lists them")
	}
	return found[0], nil
}

// ask talks to the agent once, and never waits for it without end.
func ask(socket string, f func(agent.ExtendedAgent) error) error {
	conn, err := net.DialTimeout("unix", socket, agentPatience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(agentPatience)); err != nil {
		return err
	}
	return f(agent.NewClient(conn))
}

// usable returns the public key, if statements may be signed with it. Keys of
// FIDO tokens and certificates are not: they sign more than the message.
func usable(k *agent.Key) (crypto.PublicKey, error) {
	if k.Type() != ssh.KeyAlgoED25519 && k.Type() != ssh.KeyAlgoECDSA256 {
		return nil, fmt.Errorf("a key of type %s cannot sign statements", k.Type())
	}
	parsed, err := ssh.ParsePublicKey(k.Marshal())
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(ssh.CryptoPublicKey)
	if !ok {
		return nil, fmt.Errorf("a %T has no public key", parsed)
	}
	return public.CryptoPublicKey(), nil
}

// Public returns the public part.
func (k *AgentKey) Public() crypto.PublicKey { return k.public }

// Sign has the agent sign a message, and checks what it answers: a statement with
// a bad signature must not take a number in its issuer's sequence. An agent
// hashes the message for P-256 itself.
func (k *AgentKey) Sign(message []byte) ([]byte, error) {
	var signature []byte
	err := ask(k.socket, func(a agent.ExtendedAgent) error {
		s, err := a.Sign(k.held, message)
		if err != nil {
			return err
		}
		signature, err = k.check(message, s)
		return err
	})
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "sign with ssh-agent", Err: err, Hint: "nothing was signed; see that the agent runs and confirms"}
	}
	return signature, nil
}

// check verifies an agent's signature and brings it into the form of statements:
// SSH writes that of P-256 as two numbers of its own encoding, RFC 5656 clause 3.1.2.
func (k *AgentKey) check(message []byte, s *ssh.Signature) ([]byte, error) {
	if err := k.held.Verify(message, s); err != nil {
		return nil, fmt.Errorf("check the answer: %w", err)
	}
	if _, ok := k.public.(*ecdsa.PublicKey); !ok {
		return s.Blob, nil
	}
	var pair struct{ R, S *big.Int }
	if err := ssh.Unmarshal(s.Blob, &pair); err != nil {
		return nil, fmt.Errorf("check the answer: %w", err)
	}
	return asn1.Marshal(pair)
}

// InAgent returns what stands after AgentPrefix, if name has it.
func InAgent(name string) (string, bool) { return strings.CutPrefix(name, AgentPrefix) }
