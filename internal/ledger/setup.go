package ledger

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

const policyText = `# The log's own policy: its key, its witnesses, and how many of them make a head
# final. Give the log line to whoever is to believe this log. A witness is added so,
# and the log started anew:
#   witness NAME VKEY https://witness.example
#   group all-of-them all NAME...
#   quorum all-of-them
log %s
quorum none
`

// NewKey makes a key for a log or a witness of that name, which is kept in clear.
func NewKey(name string) (held witness.Held, vkey string, err error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return held, "", err
	}
	list, err := witness.ParseHeld(skey) // which looks at the name
	if err != nil {
		return held, "", fmt.Errorf("%q cannot be its name: %w", name, err)
	}
	return list[0], vkey, nil
}

// Create makes a log: an empty directory for it, and in the state where its key is,
// a policy that has the key that it is verified with and no witness, the token that
// writers show, and the record of what was signed, which is nothing. It changes
// nothing that is there already.
func Create(disk durable.Disk, dir, state string, key witness.Held, vkey string) error {
	if inside(dir, state) || inside(state, dir) {
		return errors.New("create log: the state must lie outside of the log's directory, or one copy puts back both")
	}
	for _, path := range []string{dir, state} {
		if left, err := os.ReadDir(path); err == nil && len(left) > 0 {
			return fmt.Errorf("create log: %s is not empty", path)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("create log: %w", err)
		}
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.MkdirAll(state, 0o700)); err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	token := make([]byte, 32)
	if _, err := rand.Read(token); err != nil {
		return err
	}
	for name, text := range map[string]string{
		keyFile: witness.KeyFile(key), policyFile: fmt.Sprintf(policyText, vkey), tokenFile: base64.RawURLEncoding.EncodeToString(token) + "\n",
	} {
		if err := disk.Replace(filepath.Join(state, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("create log: %w", err)
		}
	}
	record := witness.Record{Disk: disk, Path: filepath.Join(state, guardFile)}
	if err := record.Store(&transparency.Head{Origin: key.Name, Root: tiles.Empty}); err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	return nil
}

// inside reports whether path is dir or lies in it.
func inside(path, dir string) bool {
	abs, err1 := filepath.Abs(path)
	base, err2 := filepath.Abs(dir)
	rel, err3 := filepath.Rel(base, abs)
	return errors.Join(err1, err2, err3) == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Load returns the configuration of a log that Create made. Each line of the key
// file signs: while a key is replaced by another both do, the older one first. The
// log cannot be opened before Unlock.
func Load(dir, state string) (Config, error) {
	c := Config{Dir: dir, State: state}
	text, err := ReadSecret(filepath.Join(state, keyFile))
	if err != nil {
		return c, fmt.Errorf("load log: %w", err)
	}
	if c.held, err = witness.ParseHeld(text); err != nil {
		return c, fmt.Errorf("load log: %s: %w", filepath.Join(state, keyFile), err)
	}
	c.Origin = c.held[0].Name
	c.Policy, err = ReadPolicy(filepath.Join(state, policyFile))
	return c, err
}

// Unlock makes the log's keys ready to sign. open opens those that are held
// elsewhere.
func (c *Config) Unlock(open witness.Opener) error {
	c.Signers = nil
	for _, held := range c.held {
		signer, err := held.Signer(open)
		if err != nil {
			return fmt.Errorf("unlock log: %w", err)
		}
		c.Signers = append(c.Signers, signer)
	}
	return nil
}

// ReadPolicy reads what a policy file says of logs and witnesses. It may be that of
// a verifier of statements, whose other lines are of no matter here.
func ReadPolicy(path string) (*transparency.Policy, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	policy, err := transparency.ParsePolicy(string(raw), func(_ int, fields []string) (bool, error) {
		return slices.Contains([]string{"issuer", "fresh", "require", "seen"}, fields[0]), nil
	})
	if err == nil && len(policy.Logs) > 0 && !policy.Decided() {
		err = errors.New("there is no quorum; name a group or a witness, or say quorum none")
	}
	if err != nil {
		return nil, fmt.Errorf("read policy: %s: %w", path, err)
	}
	return policy, nil
}

// ReadToken reads what writers of the log show.
func ReadToken(state string) (string, error) { return ReadSecret(filepath.Join(state, tokenFile)) }

// ReadSecret reads a file that only its owner may read, without the space around.
func ReadSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: others may read it; chmod 600 %s", path, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" {
		return "", fmt.Errorf("%s: it is empty", path)
	}
	return secret, nil
}
