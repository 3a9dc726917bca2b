package tiles

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Paths are torchwood's.
func TestPath(t *testing.T) {
	for _, level := range []int{-1, 0, 1, 5} {
		for _, index := range []int64{0, 1, 255, 999, 1000, 1234067} {
			for _, width := range []int{1, 17, 256} {
				want := torchwood.TilePath(tlog.Tile{H: torchwood.TileHeight, L: level, N: index, W: width})
				if got := Path(level, index, width); got != want {
					t.Errorf("%s, torchwood has %s", got, want)
				}
			}
		}
	}
}

type files map[string][]byte

func (f files) Read(_ context.Context, path string) ([]byte, error) {
	if raw, ok := f[path]; ok {
		return raw, nil
	}
	return nil, fs.ErrNotExist
}

// grown are the files of a log of n entries, and its tree at any size. The partial
// tiles and bundles below a full one are gone, as if they had been collected.
func grown(t testing.TB, n int64) (files, func(size int64) *Tree) {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = stored[at]
		}
		return out, nil
	})
	f := files{}
	var bundle []byte
	for i := range n {
		raw := fmt.Append(nil, "entry ", i)
		more, err := tlog.StoredHashes(i, raw, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(raw))), raw...)
		if width := int(i%Width) + 1; width == Width || i == n-1 {
			f[Path(-1, i/Width, width)] = bundle
			bundle = nil
		}
	}
	put := func(size int64, lowest int) {
		for _, tile := range tlog.NewTiles(height, 0, size) {
			raw, err := tlog.ReadTileData(tile, reader)
			if err != nil {
				t.Fatal(err)
			}
			if tile.L >= lowest {
				f[Path(tile.L, tile.N, tile.W)] = raw
			}
		}
	}
	put(n, 0)
	return f, func(size int64) *Tree {
		put(size, 1)
		root, err := tlog.TreeHash(size, reader)
		if err != nil {
			t.Fatal(err)
		}
		return &Tree{Source: f, Size: size, Root: root}
	}
}

func TestTreeAtEverySize(t *testing.T) {
	_, at := grown(t, 1024)
	newest := at(1024)
	for size := int64(1); size <= 1024; size += 31 {
		tree := at(size)
		if _, err := newest.Extends(t.Context(), size, tree.Root); err != nil {
			t.Errorf("from %d: %v", size, err)
		}
		if _, err := newest.Extends(t.Context(), size, tlog.Hash{1}); !errors.Is(err, ErrFork) {
			t.Errorf("another history of %d: %v", size, err)
		}
		path, err := tree.Path(t.Context(), size-1)
		if err != nil || tlog.CheckRecord(path, size, tree.Root, size-1, tlog.RecordHash(fmt.Append(nil, "entry ", size-1))) != nil {
			t.Errorf("path of %d: %v", size-1, err)
		}
		next := size / 2
		for i, e := range tree.Entries(t.Context(), size/2) {
			if e.Err != nil || i != next || string(e.Raw) != fmt.Sprint("entry ", i) {
				t.Fatalf("entry %d of %d: %q, %v", i, size, e.Raw, e.Err)
			}
			next++
		}
		if next != size {
			t.Errorf("%d of %d entries", next, size)
		}
	}
	if _, err := at(5).Extends(t.Context(), 6, at(6).Root); !errors.Is(err, ErrFork) {
		t.Errorf("smaller than before: %v", err)
	}
	if _, err := newest.Path(t.Context(), 1024); err == nil {
		t.Error("a path of no entry")
	}
}

// No byte of a tile or bundle can be changed unseen.
func TestNothingIsBelieved(t *testing.T) {
	f, at := grown(t, 300)
	tree := at(300)
	for path, good := range f {
		for i := 0; i < len(good); i += 97 {
			bad := append([]byte{}, good...)
			bad[i] ^= 4
			f[path] = bad
			failed := false
			for _, e := range tree.Entries(t.Context(), 0) {
				failed = failed || e.Err != nil
			}
			if !failed {
				t.Errorf("%s: byte %d was changed unseen", path, i)
			}
		}
		f[path] = good
	}
}

func TestRemote(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/log/checkpoint":
			fmt.Fprint(w, "head")
		case "/log/broken":
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	src := Open(server.URL + "/log/")
	if raw, err := src.Read(t.Context(), Checkpoint); err != nil || string(raw) != "head" {
		t.Errorf("%q, %v", raw, err)
	}
	if _, err := src.Read(t.Context(), "gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
	if _, err := src.Read(t.Context(), "broken"); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("err = %v", err)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("\x00\x03one\x00\x03two"), 2)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		n = max(0, n%Width)
		entries, rest, err := Split(raw, n)
		if err != nil {
			return
		}
		size := len(rest)
		for _, e := range entries {
			size += 2 + len(e)
		}
		if size != len(raw) || len(entries) != n {
			t.Errorf("%d entries and %d bytes of %d", len(entries), size, len(raw))
		}
	})
}
