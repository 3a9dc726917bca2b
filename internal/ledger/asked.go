package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/surety-cloud/surety/internal/durable"
)

// askedFile keeps what witnesses answered, for whoever looks at the directory. The log
// itself does not read it.
const askedFile = "asked"

// Asked is what a witness did when it was asked last.
type Asked struct {
	Since   time.Time `json:"since"` // when it began to do so
	Problem string    `json:"problem,omitempty"`
}

// ReadAsked reads from a log's state what its witnesses answered, by their names:
// nothing if none was ever asked.
func ReadAsked(state string) (map[string]Asked, error) {
	path := filepath.Join(state, askedFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var asked map[string]Asked
	if err == nil {
		err = json.Unmarshal(raw, &asked)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; remove it, it is written anew", path, err)
	}
	return asked, nil
}

// noteProblem keeps why a witness did not co-sign. When that changes it is logged and
// written down.
func (l *Ledger) noteProblem(a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.problems[a.witness]
	l.problems[a.witness] = a.err
	now := Asked{Since: time.Now().UTC().Truncate(time.Second)}
	switch {
	case a.err != nil && (before == nil || before.Error() != a.err.Error()):
		l.config.Logger.Warn("no co-signature", "error", a.err)
		now.Problem = a.err.Error()
	case a.err == nil && before != nil:
		l.config.Logger.Info("co-signs again", "witness", a.witness)
	case known:
		return
	}
	l.asked[a.witness] = now
	raw, err := json.MarshalIndent(l.asked, "", " ")
	if err == nil {
		err = durable.Replace(filepath.Join(l.config.State, askedFile), append(raw, '\n'))
	}
	if err != nil { // no promise rests on it
		l.config.Logger.Warn("what the witness answered cannot be written down", "error", err)
	}
}
