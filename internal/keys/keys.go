// Package keys makes, keeps and opens the keys that sign statements.
//
// A key file holds one private key (PKCS #8) encrypted with a passphrase by age
// (scrypt), and its public part in clear, so that it can be told without the
// passphrase. Files are readable by their owner only and are never overwritten.
// There is no default key and no default passphrase. A key may also stay in an
// ssh-agent, which signs without giving it out.
package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/statement"
)

// Types lists the kinds of keys that can be made.
var Types = []string{"ed25519", "p256"}

// maxFile bounds a key file.
const maxFile = 64 << 10

// minPassphrase is the shortest passphrase that is taken, in bytes: scrypt slows
// guessing down, and does not make up for a word.
const minPassphrase = 12

// workFactor is the cost of one guess at a passphrase, as a power of two of
// scrypt's N: about a second. Tests lower it.
var workFactor = 18

// Key is an opened private key.
type Key struct {
	ID     string
	signer crypto.Signer
}

var _ statement.Signer = (*Key)(nil)

// Public returns the public part.
func (k *Key) Public() crypto.PublicKey { return k.signer.Public() }

// Sign signs a message: Ed25519 the message itself, P-256 its SHA-256.
func (k *Key) Sign(message []byte) ([]byte, error) {
	if _, ok := k.signer.(ed25519.PrivateKey); ok {
		return k.signer.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	return k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// Generate makes a key of one of Types.
func Generate(kind string) (*Key, error) {
	var signer crypto.Signer
	var err error
	switch kind {
	case "ed25519":
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	case "p256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("there is no key type %q; use %s", kind, strings.Join(Types, " or "))
	}
	if err != nil {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "make key", Err: err}
	}
	return named(signer)
}

func named(signer crypto.Signer) (*Key, error) {
	id, err := statement.KeyID(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Key{id, signer}, nil
}

// head is the line of a key file that tells its public part.
const head = "# surety public key: "

// Save writes the key to a new file, encrypted with the passphrase.
func (k *Key) Save(path, passphrase string) error {
	if len(passphrase) < minPassphrase {
		return saveError(path, fmt.Errorf("the passphrase has %d characters; use %d or more", len(passphrase), minPassphrase))
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return saveError(path, err)
	}
	public, err := bundle.FormatKey(k.Public())
	if err != nil {
		return saveError(path, err)
	}
	var file bytes.Buffer
	fmt.Fprintf(&file, "%s%s\n# id: %s\n", head, public, k.ID)
	if err := encrypt(&file, der, passphrase); err != nil {
		return saveError(path, err)
	}
	if err := durable.Create(path, file.Bytes()); err != nil {
		if errors.Is(err, os.ErrExist) {
			err = errExists
		}
		return saveError(path, err)
	}
	return nil
}

func encrypt(w io.Writer, der []byte, passphrase string) error {
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	recipient.SetWorkFactor(workFactor)
	text := armor.NewWriter(w)
	secret, err := age.Encrypt(text, recipient)
	if err != nil {
		return err
	}
	if _, err := secret.Write(der); err != nil {
		return err
	}
	return errors.Join(secret.Close(), text.Close())
}

// Check reports why no passphrase could open the key of a file, so that nobody is
// asked for one in vain: it is not there, others may read it, or it is no key file.
func Check(path string) error {
	_, err := encrypted(path)
	return err
}

// begin is where the encrypted part of a key file begins.
const begin = "-----BEGIN"

// encrypted is the encrypted part of a key file.
func encrypted(path string) (string, error) {
	fail := func(kind surety.Kind, err error, hint string) (string, error) {
		return "", &surety.Error{Kind: kind, Op: "open key", Origin: surety.Origin{File: path}, Err: err, Hint: hint}
	}
	raw, err := read(path)
	if err != nil {
		return fail(surety.Unreadable, err, "surety key generate makes one")
	}
	_, secret, ok := strings.Cut(string(raw), begin)
	if !ok {
		return fail(surety.BadInput, errors.New("it is no key file of surety"), "surety key generate makes one")
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return fail(surety.BadInput, fmt.Errorf("others may read it (mode %o)", info.Mode().Perm()), "chmod 600 it, and consider making a new key")
	}
	return begin + secret, nil
}

// Free reports why no key can be made at a path: something is there, or its folder
// is not.
func Free(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		err = errExists
	case errors.Is(err, os.ErrNotExist):
		if _, err = os.Stat(filepath.Dir(path)); err == nil {
			return nil
		}
	}
	return saveError(path, err)
}

var errExists = errors.New("the file exists")

func saveError(path string, err error) error {
	hint := ""
	if errors.Is(err, errExists) {
		hint = "choose another name; keys are never overwritten"
	}
	return &surety.Error{Kind: surety.Unreadable, Op: "write key", Origin: surety.Origin{File: path}, Err: err, Hint: hint}
}

// Load opens the key of a file.
func Load(path, passphrase string) (*Key, error) {
	fail := func(kind surety.Kind, err error, hint string) (*Key, error) {
		return nil, &surety.Error{Kind: kind, Op: "open key", Origin: surety.Origin{File: path}, Err: err, Hint: hint}
	}
	text, err := encrypted(path)
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return fail(surety.BadInput, err, "give its passphrase")
	}
	identity.SetMaxWorkFactor(20)
	secret, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), identity)
	if err != nil {
		return fail(surety.BadInput, err, "is that its passphrase?")
	}
	der, err := io.ReadAll(io.LimitReader(secret, maxFile))
	if err != nil {
		return fail(surety.BadInput, err, "the file is damaged")
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fail(surety.BadInput, err, "the file is damaged")
	}
	switch signer := key.(type) {
	case ed25519.PrivateKey:
		return named(signer)
	case *ecdsa.PrivateKey:
		if signer.Curve == elliptic.P256() {
			return named(signer)
		}
	}
	return fail(surety.BadInput, fmt.Errorf("a %T is not supported", key), "use "+strings.Join(Types, " or "))
}

// Public returns the public key of a file, which needs no passphrase.
func Public(path string) (crypto.PublicKey, error) {
	raw, err := read(path)
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "read key", Origin: surety.Origin{File: path}, Err: err}
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	text, ok := strings.CutPrefix(first, head)
	if !ok {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "read key", Origin: surety.Origin{File: path}, Err: errors.New("it is no key file of surety")}
	}
	return bundle.ParseKey(strings.TrimSpace(text))
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("more than %d bytes", maxFile)
	}
	return raw, err
}
