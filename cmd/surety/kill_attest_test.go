package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/runs"
	"github.com/surety-cloud/surety/statement"
)

// attest is killed 200 times, at any point of its life. Each statement it kept is
// whole and follows the one before, and none was put over another.
func TestKillAttest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	bin, key, manifest := filepath.Join(dir, "surety"), filepath.Join(dir, "acme.key"), filepath.Join(dir, "pod.yaml")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public := quickKey(t, key)
	if err := os.WriteFile(manifest, []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: \"web:1\"}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "state")
	attest := func() *exec.Cmd {
		cmd := exec.Command(bin, "attest", manifest, "--check", "KSV-0017", "--key", key, "--as", "acme", "--store", store, "-o", filepath.Join(dir, "out.surety"))
		cmd.Env = append(os.Environ(), "SURETY_PASSPHRASE="+quickPassphrase)
		return cmd
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range kills {
		cmd := attest()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.IntN(120))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or done before it was
		timer.Stop()
	}
	if out, err := attest().CombinedOutput(); err != nil {
		t.Fatalf("after all kills: %v: %s", err, out)
	}
	acme, err := statement.NewKey("acme", public)
	if err != nil {
		t.Fatal(err)
	}
	checkStatements(t, store, acme)
}

// checkStatements holds every kept run against its signature and the one before.
func checkStatements(t *testing.T, store string, key statement.Key) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(store, "*", "*.run"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d statements, %v", len(paths), err)
	}
	previous := ""
	for i, path := range paths { // in the order of their sequence
		run, err := runs.Load(path)
		if err != nil {
			t.Fatalf("statement %d: %v", i+1, err)
		}
		envelope, err := statement.ParseEnvelope(run.Envelope)
		if err != nil {
			t.Fatalf("statement %d: %v", i+1, err)
		}
		opened, err := envelope.Open([]statement.Key{key})
		if err != nil {
			t.Fatalf("statement %d: %v", i+1, err)
		}
		p := &opened.Statement.Predicate
		if p.Sequence != int64(i+1) || run.Sequence != p.Sequence || p.Previous != previous {
			t.Errorf("%s is statement %d after %q, want %d after %q", path, p.Sequence, p.Previous, i+1, previous)
		}
		d := surety.DigestOf(run.Envelope)
		previous = d.String()
		b, err := run.Bundle(func(*statement.Result) bool { return true })
		if err != nil || len(b.Disclosures) == 0 {
			t.Errorf("statement %d discloses %d results, %v", i+1, len(b.Disclosures), err)
		}
	}
	t.Logf("%d statements of %d runs", len(paths), kills+1)
}

const quickPassphrase = "only for this test"

// quickKey writes a key file whose passphrase costs little to try, so that the
// process can be killed in the middle of its work and not of that.
func quickKey(t *testing.T, path string) ed25519.PublicKey {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := age.NewScryptRecipient(quickPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(4)
	public := key.Public().(ed25519.PublicKey)
	text, err := bundle.FormatKey(public)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	fmt.Fprintf(&file, "# surety public key: %s\n", text)
	armored := armor.NewWriter(&file)
	secret, err := age.Encrypt(armored, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Write(der); err != nil {
		t.Fatal(err)
	}
	for _, c := range []interface{ Close() error }{secret, armored} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return public
}
