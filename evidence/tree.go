package evidence

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
)

// Tree is a set of items as a content-addressed tree: provider, account, scope,
// kind, name. The digest of a node covers the sorted names and digests below
// it, as in git, so two trees are equal where their digests are, and comparing
// them costs what differs. A Tree is immutable.
type Tree struct {
	root node
}

// node is a level of the tree, or an item (children nil) at the last level.
type node struct {
	name     string
	digest   surety.Digest
	children []node // sorted by name
}

const treeLevels = 5

func (k *Key) part(level int) string {
	switch level {
	case 0:
		return k.Provider
	case 1:
		return k.Account
	case 2:
		return k.Scope
	case 3:
		return k.Kind
	default:
		return k.Name
	}
}

// Compare orders keys part by part, each by bytes.
func (k *Key) Compare(other *Key) int {
	switch {
	case k.Provider != other.Provider:
		return strings.Compare(k.Provider, other.Provider)
	case k.Account != other.Account:
		return strings.Compare(k.Account, other.Account)
	}
	if c := strings.Compare(k.Scope, other.Scope); c != 0 {
		return c
	}
	if c := strings.Compare(k.Kind, other.Kind); c != 0 {
		return c
	}
	return strings.Compare(k.Name, other.Name)
}

// Sort puts items in key order and numbers them. Items of one key stay in the
// order they came.
func Sort(items []*Item) {
	for i, item := range items {
		item.Number = int32(i)
	}
	if !slices.IsSortedFunc(items, inOrder) {
		slices.SortFunc(items, func(a, b *Item) int { return cmp.Or(inOrder(a, b), cmp.Compare(a.Number, b.Number)) })
		for i, item := range items {
			item.Number = int32(i)
		}
	}
}

// Sorted returns items in key order: themselves if they are.
func Sorted(items []*Item) []*Item {
	if slices.IsSortedFunc(items, inOrder) {
		return items
	}
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, inOrder)
	return sorted
}

func inOrder(a, b *Item) int { return a.Key.Compare(&b.Key) }

// NewTree builds the tree of items. The result does not depend on their order
// if their keys are distinct; of items with equal keys the first one counts, so
// make keys distinct before. Neither items nor their order is kept.
func NewTree(items []*Item) *Tree {
	return &Tree{newNode("", Sorted(items), 0)}
}

func newNode(name string, items []*Item, level int) node {
	if level == treeLevels {
		return node{name: name, digest: items[0].Digest}
	}
	n := node{name: name}
	for len(items) > 0 {
		part, end := items[0].Key.part(level), sameParts(items, level)
		n.children = append(n.children, newNode(part, items[:end], level+1))
		items = items[end:]
	}
	var covered []byte
	for i := range n.children {
		covered = appendChild(covered, n.children[i].name, n.children[i].digest)
	}
	n.digest = surety.DigestOf(covered)
	return n
}

// appendChild appends what the hash of a node covers of one child.
func appendChild(b []byte, name string, d surety.Digest) []byte {
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(name))), name...)
	return append(b, d[:]...)
}

// RootOf is NewTree(items).Root() without the tree.
func RootOf(items []*Item) surety.Digest {
	var r rootHash
	return r.of(Sorted(items), 0)
}

// rootHash holds, for each level, what the hash of its open node covers.
type rootHash [treeLevels][]byte

func (r *rootHash) of(items []*Item, level int) surety.Digest {
	if level == treeLevels {
		return items[0].Digest
	}
	r[level] = r[level][:0]
	for len(items) > 0 {
		end := sameParts(items, level)
		r[level] = appendChild(r[level], items[0].Key.part(level), r.of(items[:end], level+1))
		items = items[end:]
	}
	return surety.DigestOf(r[level])
}

// sameParts returns how many of items, from the first on, have the first one's
// part of a level.
func sameParts(items []*Item, level int) int {
	part, n := items[0].Key.part(level), 1
	for n < len(items) && items[n].Key.part(level) == part {
		n++
	}
	return n
}

// Root returns the digest that names the whole evidence. The tree without items
// has the SHA-256 of nothing.
func (t *Tree) Root() surety.Digest { return t.root.digest }

// Drift is what differs between two trees, each list sorted by key.
type Drift struct {
	Added   []Key // only in the second
	Removed []Key // only in the first
	Changed []Key // in both, with different digests
}

// Diff compares two trees. Subtrees of equal digest are not entered.
func Diff(a, b *Tree) Drift {
	var d Drift
	var path [treeLevels]string
	d.compare(&a.root, &b.root, path, 0)
	return d
}

func (d *Drift) compare(a, b *node, path [treeLevels]string, level int) {
	if a.digest == b.digest {
		return
	}
	if level == treeLevels {
		d.Changed = append(d.Changed, keyOf(path))
		return
	}
	i, j := 0, 0
	for i < len(a.children) || j < len(b.children) {
		order := -1
		if i == len(a.children) {
			order = 1
		} else if j < len(b.children) {
			order = strings.Compare(a.children[i].name, b.children[j].name)
		}
		switch {
		case order < 0:
			collect(&d.Removed, &a.children[i], path, level)
			i++
		case order > 0:
			collect(&d.Added, &b.children[j], path, level)
			j++
		default:
			path[level] = a.children[i].name
			d.compare(&a.children[i], &b.children[j], path, level+1)
			i++
			j++
		}
	}
}

// collect appends the keys of all items below n, which is a child at level.
func collect(keys *[]Key, n *node, path [treeLevels]string, level int) {
	path[level] = n.name
	if level+1 == treeLevels {
		*keys = append(*keys, keyOf(path))
		return
	}
	for i := range n.children {
		collect(keys, &n.children[i], path, level+1)
	}
}

func keyOf(p [treeLevels]string) Key { return Key{p[0], p[1], p[2], p[3], p[4]} }
