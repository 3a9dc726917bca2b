package keys

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func init() { workFactor = 8 }

const passphrase = "correct horse battery"

func TestSaveAndLoad(t *testing.T) {
	for _, kind := range Types {
		t.Run(kind, func(t *testing.T) {
			key, err := Generate(kind)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "a.key")
			if err := key.Save(path, passphrase); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
			}
			back, err := Load(path, passphrase)
			if err != nil || back.ID != key.ID {
				t.Fatalf("loaded %v, %v", back, err)
			}
			public, err := Public(path)
			if err != nil {
				t.Fatal(err)
			}
			if same, ok := public.(interface{ Equal(x any) bool }); ok && !same.Equal(key.Public()) {
				t.Error("the public part in clear is another key's")
			}
			if err := key.Save(path, passphrase); err == nil || !strings.Contains(err.Error(), "exists") {
				t.Errorf("saved over a key: %v", err)
			}
			if _, err := Load(path, passphrase+"x"); err == nil || !strings.Contains(err.Error(), "passphrase") {
				t.Errorf("opened with a wrong passphrase: %v", err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	key, err := Generate("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Generate("rsa"); err == nil {
		t.Error("made a key of an unknown type")
	}
	if err := key.Save(filepath.Join(dir, "short.key"), "secret"); err == nil || !strings.Contains(err.Error(), "use 12 or more") {
		t.Errorf("took a short passphrase: %v", err)
	}
	open := filepath.Join(dir, "open.key")
	if err := key.Save(open, passphrase); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(open, passphrase); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("took a key that others can read: %v", err)
	}
	raw, err := os.ReadFile(open)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "cut": raw[:len(raw)/2], "other": []byte("ssh-ed25519 AAAA"), "huge": bytes.Repeat([]byte("x"), maxFile+1),
		"flipped": bytes.Replace(raw, []byte("\n-----END"), []byte("A\n-----END"), 1),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, passphrase); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
