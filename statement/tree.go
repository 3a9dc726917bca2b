package statement

import (
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of a Merkle tree by RFC 6962: SHA-256 with 0 before a leaf's
// bytes and 1 before two hashes.
type Hash = tlog.Hash

// MaxLeaves bounds the leaves of a run tree, so that no path is longer than 30
// hashes.
const MaxLeaves = 1 << 30

// Tree is the Merkle tree of one run: its disclosures in report order, then
// padding up to a power of two, so that the tree tells nothing of their number.
type Tree struct {
	levels [][]Hash // leaves first, the root alone at the end
}

// Committed is a run with all that is needed to disclose its results later. It
// is as confidential as the results; without it the tree's root tells nothing.
type Committed struct {
	Disclosures []Disclosure // of every leaf: the results, then padding
	Tree        *Tree
}

// Commit makes the run tree of results. random gives the salts.
func Commit(results []Result, random io.Reader) (*Committed, error) {
	if len(results) > MaxLeaves {
		return nil, fmt.Errorf("commit to results: %d of them, more than %d", len(results), MaxLeaves)
	}
	size := 1 << bits.Len(uint(max(len(results), 1)-1))
	c := &Committed{Disclosures: make([]Disclosure, size)}
	leaves := make([]Hash, size)
	salts := make([]byte, 4096*SaltSize)
	var text []byte
	for i := range leaves {
		at := i % 4096 * SaltSize
		if at == 0 {
			if _, err := io.ReadFull(random, salts[:min(size-i, 4096)*SaltSize]); err != nil {
				return nil, fmt.Errorf("commit to results: read randomness: %w", err)
			}
		}
		salt := Salt(salts[at : at+SaltSize])
		if i < len(results) {
			text = results[i].Append(text[:0], salt)
		} else {
			text = appendPadding(text[:0], salt)
		}
		if len(text) > MaxDisclosure {
			return nil, fmt.Errorf("commit to results: %s on %s takes %d bytes, more than %d", results[i].Check, results[i].Resource, len(text), MaxDisclosure)
		}
		c.Disclosures[i] = append(make(Disclosure, 0, len(text)), text...)
		leaves[i] = tlog.RecordHash(text)
	}
	c.Tree = build(leaves)
	return c, nil
}

// NewTree makes the run tree over the hashes of its leaves again, from a run that
// was kept.
func NewTree(leaves []Hash) (*Tree, error) {
	if n := len(leaves); n == 0 || n > MaxLeaves || n&(n-1) != 0 {
		return nil, fmt.Errorf("make run tree: %d is not the number of its leaves", n)
	}
	return build(leaves), nil
}

// build makes the tree over leaves, whose number is a power of two.
func build(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{leaves}}
	for below := leaves; len(below) > 1; {
		level := make([]Hash, len(below)/2)
		for i := range level {
			level[i] = tlog.NodeHash(below[2*i], below[2*i+1])
		}
		t.levels = append(t.levels, level)
		below = level
	}
	return t
}

// Size is the number of leaves, padding included.
func (t *Tree) Size() int64 { return int64(len(t.levels[0])) }

// Root is the hash that commits to every leaf and their order.
func (t *Tree) Root() Hash { return t.levels[len(t.levels)-1][0] }

// Path returns the hashes that lead from leaf i to the root.
func (t *Tree) Path(i int) ([]Hash, error) {
	if i < 0 || i >= len(t.levels[0]) {
		return nil, fmt.Errorf("make path: the tree has no leaf %d", i)
	}
	path := make([]Hash, 0, len(t.levels)-1)
	for _, level := range t.levels[:len(t.levels)-1] {
		path = append(path, level[i^1])
		i /= 2
	}
	return path, nil
}

// LeafHash is the hash of a disclosure as a leaf of a run tree.
func LeafHash(d Disclosure) Hash { return tlog.RecordHash(d) }

// CheckPath reports whether a path proves that d is leaf i of the tree with this
// size and root.
func CheckPath(d Disclosure, i, size int64, path []Hash, root Hash) error {
	if size < 1 || size > MaxLeaves || size&(size-1) != 0 {
		return fmt.Errorf("check path: %d is not the size of a run tree", size)
	}
	if i < 0 || i >= size {
		return fmt.Errorf("check path: a tree of %d leaves has no leaf %d", size, i)
	}
	if err := tlog.CheckRecord(path, size, root, i, LeafHash(d)); err != nil {
		return fmt.Errorf("check path of leaf %d: it does not lead to the root that was signed", i)
	}
	return nil
}
