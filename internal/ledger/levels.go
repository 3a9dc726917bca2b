package ledger

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/tiles"
)

// levels are the hashes that the tiles of a tree hold: the leaves', then of each
// full tile below.
type levels [][]tlog.Hash

func build(leaves []tlog.Hash) levels {
	l := levels{leaves}
	for {
		below := l[len(l)-1]
		if len(below) < tiles.Width {
			return l
		}
		above := make([]tlog.Hash, 0, len(below)/tiles.Width)
		for ; len(below) >= tiles.Width; below = below[tiles.Width:] {
			above = append(above, fold(below[:tiles.Width]))
		}
		l = append(l, above)
	}
}

// fold is the root over a power of two of hashes.
func fold(hashes []tlog.Hash) tlog.Hash {
	hashes = slices.Clone(hashes)
	for len(hashes) > 1 {
		for i := range len(hashes) / 2 {
			hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
		hashes = hashes[:len(hashes)/2]
	}
	return hashes[0]
}

// root is the root of the tree's first size entries.
func (l levels) root(size int64) tlog.Hash {
	type subtree struct {
		size int64
		root tlog.Hash
	}
	var stack []subtree
	at := int64(0)
	for level := len(l) - 1; level >= 0; level-- {
		for width := int64(1) << (8 * level); at+width <= size; at += width {
			t := subtree{width, l[level][at/width]}
			for n := len(stack); n > 0 && stack[n-1].size == t.size; n = len(stack) {
				t = subtree{2 * t.size, tlog.NodeHash(stack[n-1].root, t.root)}
				stack = stack[:n-1]
			}
			stack = append(stack, t)
		}
	}
	if len(stack) == 0 {
		return tiles.Empty
	}
	root := stack[len(stack)-1].root
	for i := len(stack) - 2; i >= 0; i-- {
		root = tlog.NodeHash(stack[i].root, root)
	}
	return root
}

// slice is what a tile holds, nil if the tree has no such tile.
func (l levels) slice(level int, index int64, width int) []tlog.Hash {
	if level >= len(l) || width < 1 || int64(len(l[level])) < index*tiles.Width+int64(width) {
		return nil
	}
	return l[level][index*tiles.Width:][:width]
}

func join(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}
