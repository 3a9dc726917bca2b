package bundle

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// endless gives zeros, and fails a reader that does not stop.
type endless struct{ left int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.left -= int64(len(b)); e.left < 0 {
		return 0, errors.New("read without end")
	}
	clear(b)
	return len(b), nil
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestCommand(t *testing.T) {
	x := newIssuer(t, time.Now())
	good, err := Pack(x.bundle(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	key, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"good.surety": string(good), "empty.surety": "", "policy": "issuer kube " + key + "\n", "broken": "isuer kube\n",
		"strict": "issuer kube " + key + "\nrequire SUR-DR-02\n", "-odd.surety": string(good),
	} {
		if err := os.WriteFile(filepath.Clean(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("hollow", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args  string
		stdin io.Reader
		code  int
		says  string // on either stream
	}{
		{"-policy policy good.surety", nil, 0, "VERIFIED"},
		{"good.surety -policy policy", nil, 0, "VERIFIED"},
		{"--format json good.surety --policy=policy", nil, 0, `"state": "verified"`},
		{"--policy policy -- good.surety", nil, 0, "VERIFIED"},
		{"--policy policy -- -odd.surety", nil, 0, "VERIFIED"},
		{"--policy policy -", bytes.NewReader(good), 0, "VERIFIED"},
		{"- --policy policy", bytes.NewReader(good[:900]), 2, "standard input: open bundle: it ends in the middle"},
		{"- --policy policy", strings.NewReader(""), 2, "standard input: open bundle: it is empty"},
		{"- --policy policy", &endless{2 * MaxSize}, 2, "standard input: more than 67108864 bytes"},
		{"good.surety --policy strict", nil, 1, "SUR-DR-02 is required"},
		{"empty.surety --policy policy", nil, 2, "empty.surety: open bundle: it is empty"},
		{"good.surety --policy broken", nil, 2, "broken: read policy: line 1: isuer: it is no entry of a policy; use issuer"},
		{"good.surety --policy none", nil, 2, "none"},
		{"none --policy policy", nil, 2, "none"},
		{"good.surety", nil, 2, "say --policy FILE"},
		{"--policy policy", nil, 2, "give a bundle"},
		{"good.surety empty.surety --policy policy", nil, 2, "not read     empty.surety: open bundle: it is empty\n1 verified, 1 not read\n"},
		{"good.surety none --policy policy", nil, 2, "verified     good.surety: kube signed this statement about shop\nnot read     open none: "},
		{"good.surety good.surety --policy policy", nil, 0, "\n2 verified\n"},
		{"good.surety good.surety --policy strict", nil, 1, "not verified good.surety: SUR-DR-02 is required, and nothing shows it\n2 not verified\n"},
		{"good.surety good.surety --policy policy --format json", nil, 0, `{"schema":"surety/verification/v1","file":"good.surety","state":"verified",`},
		{"good.surety - --policy policy", nil, 2, "standard input is one bundle; verify it alone"},
		{"good.surety good.surety --policy broken", nil, 2, "broken: read policy: line 1"},
		{". --policy policy", nil, 2, "verified     -odd.surety: "},
		{"hollow --policy policy", nil, 2, "hollow: the folder holds no bundle, a file NAME.surety"},
		{"good.surety --policy", nil, 2, "flag needs an argument"},
		{"good.surety --policy policy --format xml", nil, 2, `there is no format "xml"`},
		{"good.surety --polcy policy", nil, 2, "not defined: -polcy"},
		{"--help", nil, 0, "usage: surety-verify"},
		{"--version", nil, 0, "built by go"},
	} {
		var out, errs bytes.Buffer
		code := Command(strings.Fields(tt.args), tt.stdin, &out, &errs)
		if said := out.String() + errs.String(); code != tt.code || !strings.Contains(said, tt.says) || strings.Count(errs.String(), "\n") > 1 {
			t.Errorf("%s: exit %d, want %d with %q:\n%s", tt.args, code, tt.code, tt.says, said)
		}
		if code := Command(strings.Fields(tt.args), tt.stdin, full{}, &errs); code != 2 {
			t.Errorf("%s: exit %d when nothing could be printed", tt.args, code)
		}
	}
}
