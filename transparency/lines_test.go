package transparency

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/surety-cloud/surety/internal/logtest"
)

// vkey writes NAME+HASH+KEY with the hash that these have.
func vkey(name string, algorithm byte, public []byte) string {
	key := append([]byte{algorithm}, public...)
	return fmt.Sprintf("%s+%08x+%s", name, hashOf(name, key), base64.StdEncoding.EncodeToString(key))
}

func hashOf(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// A key is read only if its hash is that of its name and its bytes, be it a log's or
// a witness's.
func TestKeyHashes(t *testing.T) {
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)).Public().(ed25519.PublicKey)
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)).Public().(ed25519.PublicKey)
	for _, kind := range []struct {
		line      string
		algorithm byte
	}{{"log %s", 1}, {"witness w %s", 1}, {"witness w %s", 4}} {
		good := vkey("a.example", kind.algorithm, public)
		name, rest, _ := strings.Cut(good, "+")
		hash, key, _ := strings.Cut(rest, "+")
		_, theirs, _ := strings.Cut(vkey("b.example", kind.algorithm, public), "+")
		_, another, _ := strings.Cut(vkey("a.example", kind.algorithm, other), "+")
		for what, tt := range map[string]struct {
			vkey string
			want bool
		}{
			"as it is":                {good, true},
			"hash in capitals":        {name + "+" + strings.ToUpper(hash) + "+" + key, true},
			"another name":            {"b.example+" + rest, false},
			"name that looks alike":   {"а.example+" + rest, false}, // Cyrillic
			"name with a zero width":  {"a.example\u200b+" + rest, false},
			"another key":             {name + "+" + hash + "+" + strings.SplitN(another, "+", 2)[1], false},
			"another name's hash":     {name + "+" + strings.SplitN(theirs, "+", 2)[0] + "+" + key, false},
			"another key's hash":      {name + "+" + strings.SplitN(another, "+", 2)[0] + "+" + key, false},
			"no hash":                 {name + "+00000000+" + key, false},
			"a short hash":            {name + "+" + hash[:7] + "+" + key, false},
			"a long hash":             {name + "+0" + hash + "+" + key, false},
			"an empty name":           {"+" + rest, false},
			"a key that is cut short": {name + "+" + hash + "+" + key[:len(key)-4], false},
			"something behind":        {good + "AAAA", false},
			"no key":                  {name + "+" + hash + "+", false},
			"nothing":                 {"+", false},
		} {
			_, err := ParsePolicy(fmt.Sprintf(kind.line, tt.vkey)+"\nquorum none\n", nil)
			if (err == nil) != tt.want {
				t.Errorf("%s, %s: %v", fmt.Sprintf(kind.line, tt.vkey), what, err)
			}
		}
	}
}

// sameLine is a verifier whose signature lines look like another's. To make a key with
// the hash of another takes some 2^32 tries.
type sameLine struct{ note.Verifier }

// A log and a witness whose lines could not be told apart do not stand in one policy:
// what one signed would count for the other.
func TestLinesThatCannotBeToldApart(t *testing.T) {
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)).Public().(ed25519.PublicKey)
	witness, log := vkey("a.example", 4, public), vkey("a.example", 1, public)
	p := parse(t, "log "+log+"\nquorum none\n")
	v, err := witnessVerifier(witness)
	if err != nil {
		t.Fatal(err)
	}
	p.Logs[0].Verifier = sameLine{v}
	if err := p.witness([]string{"w", witness}); err == nil || !strings.Contains(err.Error(), "told apart") {
		t.Errorf("a witness whose lines are a log's: %v", err)
	}
	p = parse(t, "witness w "+witness+"\nquorum none\n")
	if v, err = note.NewVerifier(log); err != nil {
		t.Fatal(err)
	}
	p.Witnesses[0].Verifier = sameLine{v}
	if err := p.log([]string{log}); err == nil || !strings.Contains(err.Error(), "told apart") {
		t.Errorf("a log whose lines are a witness's: %v", err)
	}
}

// A signature line counts for the key that it names, by name and hash, and for no
// other; one that is of a known key and does not hold makes the head worth nothing.
func TestHostileSignatureLines(t *testing.T) {
	l := logtest.New(t, 2)
	for i := range 3 {
		l.Add(t, []byte{byte(i)})
	}
	p := parse(t, l.Policy(2))
	lines := strings.SplitAfter(string(l.Checkpoint(t, 2)), "\n")
	body, signed := strings.Join(lines[:4], ""), lines[4:7] // the log's, and two witnesses'
	renamed := func(line, name string) string {
		fields := strings.Fields(line)
		return "— " + name + " " + fields[2] + "\n"
	}
	rehashed := func(line string, hash uint32) string {
		fields := strings.Fields(line)
		raw, err := base64.StdEncoding.DecodeString(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint32(raw, hash)
		return "— " + fields[1] + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
	}
	moved := func(line string, by uint64) string { // the time of a co-signature
		fields := strings.Fields(line)
		raw, err := base64.StdEncoding.DecodeString(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint64(raw[4:], binary.BigEndian.Uint64(raw[4:])+by)
		return "— " + fields[1] + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
	}
	first, second := p.Witnesses[0].Verifier, p.Witnesses[1].Verifier
	for name, tt := range map[string]struct {
		lines []string
		says  string // "" if it is opened
	}{
		"all three":                               {signed, ""},
		"in another order":                        {[]string{signed[2], signed[0], signed[1]}, ""},
		"a stranger's too":                        {append([]string{renamed(signed[1], "stranger.example")}, signed...), ""},
		"a witness twice":                         {[]string{signed[0], signed[1], signed[1]}, "1 of 2"},
		"right hash, other name":                  {[]string{signed[0], signed[1], renamed(signed[2], "c.example")}, "1 of 2"},
		"right hash, name of the other":           {[]string{signed[0], signed[1], renamed(signed[2], first.Name())}, "1 of 2"},
		"right hash, a name that looks alike":     {[]string{signed[0], signed[1], renamed(signed[2], "wіtness1.example")}, "1 of 2"},
		"right name, other hash":                  {[]string{signed[0], signed[1], rehashed(signed[2], 7)}, "1 of 2"},
		"right name, hash of the other":           {[]string{signed[0], signed[1], rehashed(signed[2], first.KeyHash())}, "1 of 2"},
		"name and hash of the other":              {[]string{signed[0], signed[1], rehashed(renamed(signed[1], second.Name()), second.KeyHash())}, "invalid signature"},
		"the log's line as a witness's":           {[]string{signed[0], signed[1], rehashed(renamed(signed[0], second.Name()), second.KeyHash())}, "invalid signature"},
		"a witness's line as the log's":           {[]string{rehashed(renamed(signed[1], logtest.Origin), p.Logs[0].Verifier.KeyHash()), signed[1], signed[2]}, "invalid signature"},
		"the log's line under a witness's name":   {[]string{renamed(signed[0], first.Name()), signed[1], signed[2]}, "no log of the policy signed it"},
		"no line of the log":                      {signed[1:], "no log of the policy signed it"},
		"a time that the witness did not sign":    {[]string{signed[0], signed[1], moved(signed[2], 1)}, "invalid signature"},
		"a line that holds and one that does not": {append([]string{moved(signed[1], 1)}, signed...), "invalid signature"},
	} {
		h, err := p.OpenHead([]byte(body + strings.Join(tt.lines, "")))
		switch {
		case tt.says == "" && (err != nil || len(h.Witnesses) != 2):
			t.Errorf("%s: %+v, %v", name, h, err)
		case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}
