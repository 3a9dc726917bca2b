package bundle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/statement"
)

var update = flag.Bool("update", false, "write the vectors again")

// vector is one case that other implementations can run.
type vector struct {
	Name   string          `json:"name"`
	Policy string          `json:"policy"`
	Time   string          `json:"time"`   // of the verifier's clock
	Bundle json.RawMessage `json:"bundle"` // the file's content
	State  State           `json:"state"`
	Issuer string          `json:"issuer"`
	Root   string          `json:"results_root,omitempty"` // hex
	Leaf   string          `json:"leaf_hash,omitempty"`    // of the first disclosure, hex
}

// fixed is randomness that other implementations can make too: 0, 1, 2 ...
type fixed struct{ n byte }

func (f *fixed) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = f.n
		f.n++
	}
	return len(b), nil
}

// vectors are made with fixed keys, salts and times: Ed25519 seeds of 32 bytes 01
// (issuer) and 02 (a stranger). Witnesses' times are those of the day they were
// made, so the file is written once and then only read.
func vectors(t *testing.T) []vector {
	t.Helper()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	x := newIssuer(t, at)
	var results []statement.Result
	for _, d := range x.committed.Disclosures[:passes+failed] {
		r, _, err := d.Parse()
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, *r)
	}
	var err error
	if x.committed, err = statement.Commit(results, &fixed{}); err != nil {
		t.Fatal(err)
	}
	x.predicate.Results.Root = surety.Digest(x.committed.Tree.Root())
	x.predicate.Window.NotAfter = at.Add(48 * time.Hour)
	key, err := FormatKey(x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := FormatKey(newKey(2).Public())
	if err != nil {
		t.Fatal(err)
	}
	good := x.bundle(t, 0, 0, passes)
	changed := *good
	changed.Disclosures = []Disclosed{good.Disclosures[0]}
	changed.Disclosures[0].Data = statement.Disclosure(bytes.Replace(good.Disclosures[0].Data, []byte(`"pass"`), []byte(`"fail"`), 1))
	erased := *good
	erased.Disclosures, erased.Erased = nil, []int64{0}
	padding := *good
	padding.Disclosures, padding.Erased = nil, []int64{passes + failed}
	both, err := statement.Seal(statement.New(x.predicate, nil), x.key, newKey(2))
	if err != nil {
		t.Fatal(err)
	}
	second := Bundle{Envelope: both}
	x.log, x.logged = logtest.New(t, 3), "fedcba9876543210"
	misnamed := x.bundle(t, 0)
	restated := func(change func(*statement.Results), disclose ...int) *Bundle {
		y := *x
		y.log, y.logged = logtest.New(t, 3), idOf(t, x.key)
		y.predicate.Results.ByControl, y.predicate.Results.ByParty = slices.Clone(x.predicate.Results.ByControl), slices.Clone(x.predicate.Results.ByParty)
		change(&y.predicate.Results)
		return y.bundle(t, 0, disclose...)
	}
	kept := restated(func(r *statement.Results) {
		r.Counts = statement.Counts{Pass: passes, Fail: failed - 1}
		r.ByParty, r.ByControl = with(r.ByParty, "kube", r.Counts), with(r.ByControl, "SUR-IAM-01", statement.Counts{Fail: failed - 1})
	}, passes+failed-1)
	empty := restated(func(r *statement.Results) {
		r.ByControl = with(r.ByControl, "SUR-DR-02", statement.Counts{Pass: passes})
	}, 0, 1)
	passed := restated(func(r *statement.Results) {
		r.ByParty = statement.NewTally(map[string]statement.Counts{"kube": {Pass: passes}, "acme": {Fail: failed}})
		r.ByControl = without(r.ByControl, "SUR-IAM-01")
	}, passes)
	pack := func(b *Bundle) json.RawMessage {
		raw, err := Pack(b)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.TrimSpace(raw)
	}
	log := x.log.Policy(0)
	root, first := x.committed.Tree.Root(), statement.LeafHash(good.Disclosures[0].Data)
	now := at.Add(time.Hour).Format(time.RFC3339)
	list := []vector{
		{Name: "two results disclosed", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(good), State: Verified, Issuer: "kube",
			Root: hex.EncodeToString(root[:]), Leaf: hex.EncodeToString(first[:])},
		{Name: "nobody known signed", Policy: "issuer stranger " + stranger + "\n" + log, Bundle: pack(good), State: NotVerified},
		{Name: "a disclosed verdict was changed", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(&changed), State: NotVerified, Issuer: "kube"},
		{Name: "the disclosed result was erased", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(&erased), State: Erased, Issuer: "kube"},
		{Name: "padding is said to be erased", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(&padding), State: NotVerified, Issuer: "kube"},
		{Name: "the key counts for another system", Policy: "issuer kube " + key + " system bank\n" + log, Bundle: pack(good), State: NotVerified, Issuer: "kube"},
		{Name: "a witness is asked for and none has seen it", Policy: "issuer kube " + key + "\n" + x.log.Policy(1), Bundle: pack(good), State: NotVerified, Issuer: "kube"},
		{Name: "a required control fails", Policy: "issuer kube " + key + "\n" + log + "require SUR-IAM-01\n", Bundle: pack(good), State: NotVerified, Issuer: "kube"},
		{Name: "the key counted until an earlier log entry", Policy: "issuer kube " + key + " until 2\n" + log, Bundle: pack(good), State: NotVerified, Issuer: "kube"},
	}
	list = append(list,
		vector{Name: "a key signed, and the statement names another", Policy: "issuer stranger " + stranger + "\n", Bundle: pack(&second), State: NotVerified},
		vector{Name: "two keys signed, and the one that is named is believed", Policy: "issuer kube " + key + "\n", Bundle: pack(&second), State: Verified, Issuer: "kube"},
		vector{Name: "a result is disclosed where padding stands", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(kept), State: NotVerified, Issuer: "kube"},
		vector{Name: "a control counts more passes than are left to hide", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(empty), State: NotVerified, Issuer: "kube"},
		vector{Name: "a fail is of another party than it is counted for", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(passed), State: NotVerified, Issuer: "kube"},
		vector{Name: "the log entry names another key than signed", Policy: "issuer kube " + key + "\n" + log, Bundle: pack(misnamed), State: NotVerified, Issuer: "kube"},
	)
	for i := range list {
		list[i].Time = now
	}
	return list
}

// unpacked replaces each compressed statement by its text: it may be compressed in
// other bytes by another release of Go.
func unpacked(t *testing.T, list []vector) []vector {
	t.Helper()
	out := slices.Clone(list)
	for i := range out {
		var f map[string]any
		if err := json.Unmarshal(out[i].Bundle, &f); err != nil {
			t.Fatal(err)
		}
		packed, ok := f["statement"].(string)
		if !ok {
			t.Fatalf("%s: the statement is none", out[i].Name)
		}
		text, err := inflate(packed, statement.MaxStatement)
		if err != nil {
			t.Fatal(err)
		}
		f["statement"] = string(text)
		if out[i].Bundle, err = json.Marshal(f); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// The vectors are what they were, and verify as they say.
func TestVectors(t *testing.T) {
	path := filepath.Join("..", "testdata", "vectors", "bundles.json")
	made, err := json.MarshalIndent(vectors(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list, today []vector
	if err := errors.Join(json.Unmarshal(raw, &list), json.Unmarshal(made, &today)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(unpacked(t, list), unpacked(t, today)) {
		t.Errorf("%s is not what is made today: the format has changed, or go test ./bundle -update is due", path)
	}
	for _, v := range list {
		t.Run(v.Name, func(t *testing.T) {
			var compact bytes.Buffer // the vectors file is indented, bundles are not
			if err := json.Compact(&compact, v.Bundle); err != nil {
				t.Fatal(err)
			}
			b, err := Open(compact.String())
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParsePolicy(v.Policy)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, v.Time)
			if err != nil {
				t.Fatal(err)
			}
			r := Verify(b, p, at)
			if r.State != v.State || r.Issuer != v.Issuer {
				t.Errorf("%s by %q (%v), want %s by %q", r.State, r.Issuer, r.Reasons, v.State, v.Issuer)
			}
		})
	}
}
