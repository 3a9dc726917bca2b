// Package runs keeps what a party has stated, with all that is needed to disclose
// results of it later, or to erase them.
//
//	DIR/stream.key             the secret that streams' pseudonyms are made with
//	DIR/STREAM/000001.run      the stream's first statement
//	DIR/declared/NAME.leaf     a log entry about a key, as it was signed
//
// A run file holds the envelope, the disclosure of every result with its salt, and
// the log proof once there is one. It is as confidential as the results: files are
// readable by their owner only. Erasing a result replaces its disclosure by its
// hash, so that the others can still be shown and this one by nobody.
package runs

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/statement"
)

// Store is a folder of runs.
type Store struct {
	dir    string
	secret []byte
}

// Run is one statement with what it commits to.
type Run struct {
	Stream   string
	Sequence int64
	Envelope []byte
	Log      *bundle.LogProof // nil if it is not logged
	Erasure  *bundle.LogProof // of what was erased last; without Proof until it is logged
	leaves   []leaf
}

// leaf is the disclosure of one leaf, or its hash alone once it is erased.
type leaf struct {
	text statement.Disclosure
	hash statement.Hash
}

// runFile is a run as it is written. An erased leaf is "#" and its hash.
type runFile struct {
	Surety   string   `json:"surety"`
	Envelope string   `json:"envelope"` // base64
	Leaf     string   `json:"leaf,omitempty"`
	Proof    string   `json:"proof,omitempty"`
	Erasure  string   `json:"erasure,omitempty"` // the entry of what was erased, and its proof
	Erased   string   `json:"erasure_proof,omitempty"`
	Leaves   []string `json:"leaves"`
}

const version = "run/v1"

// Open opens a store, which is made if it is not there.
func Open(dir string) (*Store, error) {
	fail := func(err error) (*Store, error) {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "open store of statements", Origin: surety.Origin{File: dir}, Err: err, Hint: "choose another with --store"}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	path := filepath.Join(dir, "stream.key")
	secret := make([]byte, 32)
	rand.Read(secret)
	if err := durable.Create(path, secret); err != nil && !errors.Is(err, os.ErrExist) {
		return fail(err)
	}
	secret, err := os.ReadFile(path)
	if err == nil && len(secret) != 32 {
		err = fmt.Errorf("%s is damaged", path)
	}
	if err != nil {
		return fail(err)
	}
	return &Store{dir, secret}, nil
}

// Stream is the pseudonym of one issuer's statements about one system: 16 hex
// digits that tell nothing to whoever has not the store.
func (s *Store) Stream(issuer, system string) string {
	mac := hmac.New(sha256.New, s.secret)
	fmt.Fprintf(mac, "%d %s %s", len(issuer), issuer, system)
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

var runName = regexp.MustCompile(`^\d{6}\.run$`)

func (s *Store) path(stream string, sequence int64) string {
	return filepath.Join(s.dir, stream, fmt.Sprintf("%06d.run", sequence))
}

// Last returns the newest run of a stream, nil if it has none.
func (s *Store) Last(stream string) (*Run, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, stream))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "list statements", Err: err}
	}
	last := int64(0)
	for _, e := range entries {
		if n := int64(0); runName.MatchString(e.Name()) {
			if _, err := fmt.Sscanf(e.Name(), "%d.run", &n); err == nil {
				last = max(last, n)
			}
		}
	}
	if last == 0 {
		return nil, nil
	}
	return s.load(stream, last)
}

// New makes a run of what was committed to. It is not kept yet.
func New(stream string, sequence int64, envelope []byte, c *statement.Committed) *Run {
	r := &Run{Stream: stream, Sequence: sequence, Envelope: envelope, leaves: make([]leaf, len(c.Disclosures))}
	for i, d := range c.Disclosures {
		r.leaves[i].text = d
	}
	return r
}

// Add keeps a run. It is an error if the stream has one with its sequence.
func (s *Store) Add(r *Run) error {
	if err := os.MkdirAll(filepath.Join(s.dir, r.Stream), 0o700); err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "keep statement", Err: err}
	}
	return write(s.path(r.Stream, r.Sequence), r, durable.Create)
}

// Update writes a run again, after its log proof came.
func (s *Store) Update(r *Run) error {
	return write(s.path(r.Stream, r.Sequence), r, durable.Replace)
}

// Replace writes a run over its file, after results were erased.
func Replace(path string, r *Run) error { return write(path, r, durable.Replace) }

func write(path string, r *Run, put func(path string, data []byte) error) error {
	f := runFile{Surety: version, Envelope: base64.StdEncoding.EncodeToString(r.Envelope), Leaves: make([]string, len(r.leaves))}
	if r.Log != nil {
		f.Leaf, f.Proof = string(r.Log.Leaf), r.Log.Proof
	}
	if r.Erasure != nil {
		f.Erasure, f.Erased = string(r.Erasure.Leaf), r.Erasure.Proof
	}
	for i, l := range r.leaves {
		f.Leaves[i] = string(l.text)
		if l.text == nil {
			f.Leaves[i] = "#" + base64.StdEncoding.EncodeToString(l.hash[:])
		}
	}
	raw, err := json.Marshal(f)
	if err == nil {
		err = put(path, raw)
	}
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("statement %d of this system was made by another process meanwhile; run it again", r.Sequence)
	}
	if err != nil {
		return &surety.Error{Kind: surety.Unreadable, Op: "keep statement", Origin: surety.Origin{File: path}, Err: err}
	}
	return nil
}

func (s *Store) load(stream string, sequence int64) (*Run, error) {
	return Load(s.path(stream, sequence))
}

// Load reads a run file.
func Load(path string) (*Run, error) {
	fail := func(kind surety.Kind, err error) (*Run, error) {
		return nil, &surety.Error{Kind: kind, Op: "read run", Origin: surety.Origin{File: path}, Err: err}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fail(surety.Unreadable, err)
	}
	var f runFile
	if bytes.HasPrefix(raw, []byte(`{"surety":"bundle/`)) {
		return fail(surety.BadInput, errors.New("it is a bundle; give the run that it was made from, a file NNNNNN.run of the store"))
	}
	if err := statement.Strict(string(raw), &f); err != nil {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "read run", Origin: surety.Origin{File: path}, Err: err,
			Hint: "restore it from a backup: a statement that follows another names it, and numbers that begin anew would show two histories"}
	}
	r := &Run{Stream: filepath.Base(filepath.Dir(path))}
	if _, err := fmt.Sscanf(filepath.Base(path), "%d.run", &r.Sequence); err != nil || f.Surety != version {
		return fail(surety.BadInput, errors.New("it is no run of surety"))
	}
	if r.Envelope, err = base64.StdEncoding.Strict().DecodeString(f.Envelope); err != nil {
		return fail(surety.BadInput, err)
	}
	if f.Proof != "" {
		r.Log = &bundle.LogProof{Leaf: []byte(f.Leaf), Proof: f.Proof}
	}
	if f.Erasure != "" {
		r.Erasure = &bundle.LogProof{Leaf: []byte(f.Erasure), Proof: f.Erased}
	}
	for i, text := range f.Leaves {
		encoded, erased := strings.CutPrefix(text, "#")
		if !erased {
			r.leaves = append(r.leaves, leaf{text: statement.Disclosure(text)})
			continue
		}
		hash, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil || len(hash) != len(statement.Hash{}) {
			return fail(surety.BadInput, fmt.Errorf("leaf %d is damaged", i))
		}
		r.leaves = append(r.leaves, leaf{hash: statement.Hash(hash)})
	}
	return r, nil
}

// Predicate reads what the run's own statement says.
func (r *Run) Predicate() (*statement.Predicate, error) {
	e, err := statement.ParseEnvelope(r.Envelope)
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	s, err := statement.Decode(e.Payload)
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	return &s.Predicate, nil
}

// Path is where a store keeps a run.
func (s *Store) Path(r *Run) string { return s.path(r.Stream, r.Sequence) }

// Bundle makes a bundle that discloses the results that choose picks. What was
// erased is named if it is picked by erased; nothing else is known of it.
func (r *Run) Bundle(choose func(*statement.Result) bool) (*bundle.Bundle, error) {
	hashes := make([]statement.Hash, len(r.leaves))
	for i, l := range r.leaves {
		hashes[i] = l.hash
		if l.text != nil {
			hashes[i] = statement.LeafHash(l.text)
		}
	}
	tree, err := statement.NewTree(hashes)
	if err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	envelope, err := statement.ParseEnvelope(r.Envelope)
	if err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	b := &bundle.Bundle{Envelope: envelope, Log: r.Log}
	if r.Erasure != nil && r.Erasure.Proof != "" {
		b.Erasure = r.Erasure
	}
	for i, l := range r.leaves {
		switch {
		case l.text == nil:
			b.Erased = append(b.Erased, int64(i))
			continue
		case l.text.Padding():
			continue
		}
		result, _, err := l.text.Parse()
		if err != nil {
			return nil, fmt.Errorf("make bundle: result %d: %w", i, err)
		}
		if !choose(result) {
			continue
		}
		path, err := tree.Path(i)
		if err != nil {
			return nil, err
		}
		b.Disclosures = append(b.Disclosures, bundle.Disclosed{Index: int64(i), Data: l.text, Path: path})
	}
	return b, nil
}

// Erase destroys the disclosures that choose picks, and returns how many. The
// caller must write the run again.
func (r *Run) Erase(choose func(*statement.Result) bool) (int, error) {
	n := 0
	for i, l := range r.leaves {
		if l.text == nil || l.text.Padding() {
			continue
		}
		result, _, err := l.text.Parse()
		if err != nil {
			return 0, fmt.Errorf("erase results: result %d: %w", i, err)
		}
		if choose(result) {
			r.leaves[i] = leaf{hash: statement.LeafHash(l.text)}
			n++
		}
	}
	return n, nil
}

// Streams lists the streams of the store.
func (s *Store) Streams() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "list statements", Err: err}
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}
