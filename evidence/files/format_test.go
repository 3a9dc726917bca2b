package files

import (
	"testing"

	"github.com/surety-cloud/surety/evidence"
)

// Other tools borrowed apiVersion and kind; their files are not broken objects.
func TestBorrowedKeysAreIgnored(t *testing.T) {
	for doc, want := range map[string]bool{
		"apiVersion: release-notes/v2\nkind: bug-fix\narea: x\n": false,
		"apiVersion: v1\nkind: pod\nmetadata: {name: typo}\n":    true,
		"apiVersion: v1\nkind: Pod\n":                            true,
	} {
		if got := ours(evidence.Document{Raw: []byte(doc)}, false); got != want {
			t.Errorf("ours(%q) = %v", doc, got)
		}
	}
}
