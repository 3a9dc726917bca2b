package witness

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/transparency"
)

// Record is a file that holds the newest head seen of one log.
type Record struct {
	Disk durable.Disk
	Path string
}

// Store makes the head the newest. When it returns nil that is durable.
func (r Record) Store(head *transparency.Head) error {
	return r.Disk.Replace(r.Path, seal(head), 0o600)
}

// Damaged is the error about a record that does not hold what was written.
type Damaged struct {
	Path string
	Err  error
}

func (d *Damaged) Error() string { return d.Path + " is damaged: " + d.Err.Error() }
func (d *Damaged) Unwrap() error { return d.Err }

// Load returns the newest head of the log; fs.ErrNotExist if there is no file,
// *Damaged if it is not what Store wrote.
func (r Record) Load(origin string) (*transparency.Head, error) {
	raw, err := os.ReadFile(r.Path)
	if err != nil {
		return nil, err
	}
	head, err := unseal(raw)
	if err == nil && head.Origin != origin {
		err = fmt.Errorf("it is about the log %q", head.Origin)
	}
	if err != nil {
		return nil, &Damaged{r.Path, err}
	}
	return head, nil
}

// seal is the text of a record: origin, size, root and a checksum, so that a
// flipped bit cannot move it.
func seal(head *transparency.Head) []byte {
	text := fmt.Sprintf("%s\n%d\n%s\n", head.Origin, head.Size, head.Root)
	return fmt.Appendf(nil, "%s%x\n", text, sha256.Sum256([]byte(text)))
}

func unseal(raw []byte) (*transparency.Head, error) {
	lines := strings.Split(string(raw), "\n")
	if len(lines) != 5 {
		return nil, errors.New("it is not four lines")
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return nil, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return nil, err
	}
	head := &transparency.Head{Origin: lines[0], Size: size, Root: root}
	if !bytes.Equal(seal(head), raw) {
		return nil, errors.New("its checksum does not match")
	}
	return head, nil
}
