package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// More bundles than are held at once come out in their order, whichever core was done
// first.
func TestVerifySeveralKeepsTheOrder(t *testing.T) {
	x := newIssuer(t, time.Now())
	good, err := Pack(x.bundle(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	p := x.policy(t, 0, "")
	t.Chdir(t.TempDir())
	for name, raw := range map[string][]byte{"good.surety": good, "bad.surety": good[:100]} {
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var files, want []string
	for i := range batch + 10 {
		name, state := "good.surety", Verified
		if i%7 == 3 {
			name, state = "bad.surety", Unread
		}
		files, want = append(files, name), append(want, fmt.Sprintf("%-12s", state))
	}
	for _, format := range Formats {
		var out bytes.Buffer
		totals, err := VerifySeveral(files, p, time.Now(), format, &out)
		if err != nil || totals[Verified]+totals[Unread] != len(files) || totals.Code() != 2 {
			t.Fatalf("%s: %v, %v", format, totals, err)
		}
		lines := strings.Split(out.String(), "\n")
		for i, file := range files {
			if text := fmt.Sprintf(`"file":%q,"state":%q`, file, strings.TrimSpace(want[i])); format == "json" && !strings.Contains(lines[i], text) ||
				format == "text" && !strings.HasPrefix(lines[i], want[i]+" ") {
				t.Fatalf("%s, line %d: %s; want %s of %s", format, i+1, lines[i], want[i], file)
			}
		}
	}
	if _, err := VerifySeveral(files, p, time.Now(), "text", full{}); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing could be written, and err = %v", err)
	}
}
