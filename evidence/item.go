package evidence

import (
	"context"
	"fmt"
	"strings"

	"github.com/surety-cloud/surety"
)

// The providers of items, and the account of what was read from files.
const (
	ProviderKubernetes = "kubernetes"
	ProviderDockerfile = "dockerfile"
	ProviderScanner    = "scanner"
	AccountFiles       = "files"
)

// Key names an item in the evidence tree. Every part is non-empty; "-" stands
// for "none" (a cluster-scoped object has scope "-").
type Key struct {
	Provider string // one of those above
	Account  string // the cluster's name; AccountFiles for manifests
	Scope    string // the namespace
	Kind     string // Deployment.apps, Service, Dockerfile
	Name     string
}

// String joins the parts with "/". Slashes inside a part are kept in the name,
// the last part, and replaced by ":" in the others.
func (k Key) String() string {
	k = k.Plain()
	return k.Provider + "/" + k.Account + "/" + k.Scope + "/" + k.Kind + "/" + k.Name
}

// Plain returns the key whose parts are those of k's text.
func (k Key) Plain() Key {
	for _, part := range [...]*string{&k.Provider, &k.Account, &k.Scope, &k.Kind} {
		if strings.IndexByte(*part, '/') >= 0 {
			*part = strings.ReplaceAll(*part, "/", ":")
		}
	}
	return k
}

// Whole reports whether every part says something.
func (k Key) Whole() bool {
	return k.Provider != "" && k.Account != "" && k.Scope != "" && k.Kind != "" && k.Name != ""
}

// ParseKey is the inverse of Key.String.
func ParseKey(s string) (Key, error) {
	if p := strings.SplitN(s, "/", 5); len(p) == 5 {
		if k := (Key{p[0], p[1], p[2], p[3], p[4]}); k.Whole() {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("%q is not an evidence key; want provider/account/scope/kind/name", s)
}

// Item is one observed object.
type Item struct {
	Key       Key
	Kind      string // the object's own kind, such as Deployment
	Namespace string // "" if it has none
	Name      string
	Origin    surety.Origin // where the object starts
	Digest    surety.Digest // of the canonical body, secrets and server bookkeeping removed
	Body      *Value        // nil once the item has been judged
	Facts     Facts         // the part of Body that relations between items need; never absent
	Imported  bool          // another scanner's result: lower assurance
	// Number is the place among the items of a run, by key; whoever sorts them sets it.
	Number int32

	caveats *Caveats // nil for the many objects that have none
}

// Caveats say what the body does not show as the object's text had it.
type Caveats struct {
	Withheld   []string    // paths removed as secret, such as "data"
	Duplicates []Duplicate // the keys the text gives more than once
	// Misfit says why the body cannot be an object of its kind, such as a spec
	// that is a number; "" if nothing of that sort was seen. No check can pass on
	// what it could not look into.
	Misfit string
	// Unfit lists the values that cannot be what they stand for, such as a
	// hostNetwork that is text. No check can pass on one it reads.
	Unfit []Unfit
}

// Caveats returns those of the item's body, which go with it. They are not to be
// changed.
func (it *Item) Caveats() *Caveats {
	if it.caveats == nil {
		return &noCaveats
	}
	return it.caveats
}

var noCaveats Caveats

// SetCaveats replaces the caveats.
func (it *Item) SetCaveats(c Caveats) {
	it.caveats = nil
	if len(c.Withheld)+len(c.Duplicates)+len(c.Misfit)+len(c.Unfit) > 0 {
		it.caveats = &c
	}
}

// DropBody lets go of the body and its caveats once the item has been judged. What
// is kept of them is the digest and the facts.
func (it *Item) DropBody() { it.Body, it.caveats = nil, nil }

// Unfit is a value that cannot be what it stands for: its path, as of a read-set,
// and why.
type Unfit struct{ Path, Why string }

// Duplicate is a key given again in the same mapping. The last one wins.
type Duplicate struct {
	Path      string // from the object's root, such as spec.containers[0].name
	Line      int    // of the repetition
	FirstLine int    // of the first occurrence
}

// Format says how a document's bytes are to be parsed.
type Format uint8

// The formats of documents.
const (
	YAML Format = iota
	JSON
	Dockerfile
	Scan // a report of another scanner: SARIF, Trivy JSON or Kubescape JSON
)

// Document is one unit of raw input. It parses to zero or more items, and
// nothing in one document affects another.
type Document struct {
	Origin surety.Origin // file and first line
	Format Format
	Raw    []byte // not to be changed
	// Account is the Key.Account of the document's items: AccountFiles, or
	// the name of the cluster.
	Account string
	// APIVersion and Kind stand in for an object that has neither: the document
	// was cut out of a typed list, such as PodList.
	APIVersion, Kind string
}

// Problem is something that could not be read or was left out, and why.
type Problem struct {
	Origin  surety.Origin `json:"origin"`
	Message string        `json:"message"`
}

// Status is how much of a source was looked at.
type Status string

// The statuses of a source, or of one kind within a live source.
const (
	Complete Status = "complete"
	Partial  Status = "partial"
	Denied   Status = "denied"
	Failed   Status = "failed"
	Skipped  Status = "skipped" // of a kind only: left out on purpose; the message says why
)

// KindReport is the outcome of listing one kind in a live source.
type KindReport struct {
	Kind    string `json:"kind"`
	Status  Status `json:"status"`
	Items   int    `json:"items"`
	Message string `json:"message,omitempty"`
}

// Report says what a source gave and what it did not.
type Report struct {
	Source   string // as the user named it
	Live     bool
	Status   Status
	Seen     int // documents handed out
	Ignored  int // YAML and JSON documents that are no Kubernetes objects, and files with the name of a Dockerfile that are none
	Items    int // objects these held
	Problems []Problem
	Omitted  int          // problems beyond those listed: a hostile file has millions
	Kinds    []KindReport // live sources: every kind the server offers
	CutShort bool         // it was interrupted: what came after is neither seen nor counted
}

// Source is where documents come from. Collect calls emit for each document, in
// a fixed order for a given input, until done or emit returns an error. A
// document that cannot be read is a Problem in the report; the error is
// reserved for "nothing usable was given". On cancellation Collect returns
// promptly with what it has and Status Partial.
type Source interface {
	Collect(ctx context.Context, emit func(Document) error) (Report, error)
}

// Normalised is what a normaliser makes of one document.
type Normalised struct {
	Items    []*Item
	Problems []Problem
}
