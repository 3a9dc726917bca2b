// Package tiles reads a log that somebody publishes as C2SP tlog-tiles, and
// believes none of its bytes: a Tree checks each hash and each entry it hands out
// against the root it was given.
//
//	Open     a directory or an https:// address -> Source
//	Tree     one head of the log: proofs between it, its entries and older heads
//	Entries  the bytes of one bundle, as they lie there
//
// Its errors tell a file that could not be read from one that is not what the log
// signed, which is proof of a fault: Contradicts.
//
// A partial tile may have been removed once the full one is there; then the full
// one is read in its place.
package tiles

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Width is the number of entries of a full bundle and of hashes of a full tile.
const Width = 1 << height

const (
	height  = 8
	maxFile = 2 + (1<<16+2)*Width // of a full bundle of the longest entries
)

// Checkpoint is the path of the log's head.
const Checkpoint = "checkpoint"

// Source is where a log's files are read. A file that is not there is
// fs.ErrNotExist.
type Source interface {
	Read(ctx context.Context, path string) ([]byte, error)
}

// Dir is a log's directory.
type Dir string

// Read reads a file of the directory.
func (d Dir) Read(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), filepath.FromSlash(path)))
}

type remote struct {
	base   string
	client *http.Client
}

// Open returns the source at a location: a URL, or else a directory.
func Open(location string) Source {
	if strings.HasPrefix(location, "http://") || strings.HasPrefix(location, "https://") {
		return &remote{strings.TrimSuffix(location, "/"), &http.Client{Timeout: 30 * time.Second}}
	}
	return Dir(location)
}

// Read fetches a file.
func (r *remote) Read(ctx context.Context, path string) (raw []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("%s/%s cannot be read: %w", r.base, path, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("%s/%s: %w", r.base, path, fs.ErrNotExist)
	default:
		return nil, fmt.Errorf("%s/%s: %s", r.base, path, resp.Status)
	}
	raw, err = io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("%s/%s: more than %d bytes", r.base, path, maxFile)
	}
	return raw, err
}

// Path is where a tile of hashes, or with level -1 a bundle of entries, lies. A
// width of Width is the full one.
func Path(level int, index int64, width int) string {
	path := tlog.Tile{H: height, L: level, N: index, W: width}.Path()
	path = strings.TrimPrefix(path, fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// ReadTile reads a tile or bundle, the full one if the partial one is gone.
func ReadTile(ctx context.Context, src Source, level int, index int64, width int) ([]byte, error) {
	raw, err := src.Read(ctx, Path(level, index, width))
	if width < Width && errors.Is(err, fs.ErrNotExist) {
		if full, err := src.Read(ctx, Path(level, index, Width)); err == nil {
			return full, nil
		}
	}
	return raw, err
}

// Entries reads the first width entries of a bundle.
func Entries(ctx context.Context, src Source, index int64, width int) ([][]byte, error) {
	raw, err := ReadTile(ctx, src, -1, index, width)
	if err != nil {
		return nil, err
	}
	entries, _, err := Split(raw, width)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", Path(-1, index, width), ErrAltered, err)
	}
	return entries, nil
}

// ErrAltered is in the error about a file that is not what the log signed.
var ErrAltered = errors.New("it is not what the log signed")

// Contradicts reports whether an error is about what the log shows, and not about
// reading it: it shows another history, an altered file, or one less than it signed.
func Contradicts(err error) bool {
	return errors.Is(err, ErrFork) || errors.Is(err, ErrAltered) || errors.Is(err, fs.ErrNotExist)
}

// Split cuts the first n entries off a bundle's bytes.
func Split(raw []byte, n int) (entries [][]byte, rest []byte, err error) {
	entries = make([][]byte, 0, n)
	for i := range n {
		if len(raw) < 2 {
			return nil, nil, fmt.Errorf("it ends before entry %d of %d", i+1, n)
		}
		size := int(binary.BigEndian.Uint16(raw))
		if len(raw) < 2+size {
			return nil, nil, fmt.Errorf("it ends within entry %d of %d", i+1, n)
		}
		entries, raw = append(entries, raw[2:2+size]), raw[2+size:]
	}
	return entries, raw, nil
}

// Tree is a log at one head. Its answers are checked against the root.
type Tree struct {
	Source Source
	Size   int64
	Root   tlog.Hash
}

// Empty is the root of a log without entries, the SHA-256 of nothing.
var Empty = tlog.Hash{
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}

// ErrFork is in the error of Extends if the tree has another history.
var ErrFork = errors.New("it has another history")

// Extends returns the proof that the tree extends an older head of the log.
func (t *Tree) Extends(ctx context.Context, size int64, root tlog.Hash) (tlog.TreeProof, error) {
	switch {
	case size > t.Size:
		return nil, fmt.Errorf("%d entries cannot extend %d: %w", t.Size, size, ErrFork)
	case size == 0 && root != Empty, t.Size == 0 && t.Root != Empty, size == t.Size && root != t.Root:
		return nil, fmt.Errorf("two roots for %d entries: %w", size, ErrFork)
	case size == 0 || size == t.Size:
		return nil, nil
	}
	proof, err := t.Prove(ctx, size)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckTree(proof, t.Size, t.Root, size, root); err != nil {
		return nil, fmt.Errorf("%d entries do not extend %d: %w", t.Size, size, ErrFork)
	}
	return proof, nil
}

// Prove returns the consistency proof from an older size, for someone who knows
// the root of that size.
func (t *Tree) Prove(ctx context.Context, size int64) (tlog.TreeProof, error) {
	if size == 0 || size == t.Size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(t.Size, size, t.hashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("prove that %d entries extend %d: %w", t.Size, size, err)
	}
	return proof, nil
}

// Path returns the path from an entry to the root.
func (t *Tree) Path(ctx context.Context, index int64) (tlog.RecordProof, error) {
	if index < 0 || index >= t.Size {
		return nil, fmt.Errorf("a log of %d entries has no entry %d", t.Size, index)
	}
	return tlog.ProveRecord(t.Size, index, t.hashes(ctx))
}

// Entries goes through the tree's entries from an index on. It ends at the first
// error.
func (t *Tree) Entries(ctx context.Context, from int64) iter.Seq2[int64, Entry] {
	return func(yield func(int64, Entry) bool) {
		for from < t.Size {
			bundle := from / Width
			first := bundle * Width
			width := int(min(t.Size-first, Width))
			entries, err := t.bundle(ctx, bundle, width)
			if err != nil {
				yield(from, Entry{Err: err})
				return
			}
			for _, raw := range entries[from-first:] {
				if !yield(from, Entry{Raw: raw}) {
					return
				}
				from++
			}
		}
	}
}

// Entry is an entry of a log, or why it could not be had.
type Entry struct {
	Raw []byte
	Err error
}

func (t *Tree) bundle(ctx context.Context, bundle int64, width int) ([][]byte, error) {
	entries, err := Entries(ctx, t.Source, bundle, width)
	if err != nil {
		return nil, err
	}
	indexes := make([]int64, width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, bundle*Width+int64(i))
	}
	hashes, err := t.hashes(ctx).ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	for i, raw := range entries {
		if tlog.RecordHash(raw) != hashes[i] {
			return nil, fmt.Errorf("%s: entry %d: %w", Path(-1, bundle, width), bundle*Width+int64(i), ErrAltered)
		}
	}
	return entries, nil
}

// hashes reads the tree's hashes, each checked up to the root.
func (t *Tree) hashes(ctx context.Context) tlog.HashReader {
	files := &tileReader{ctx: ctx, src: t.Source}
	checked := tlog.TileHashReader(tlog.Tree{N: t.Size, Hash: t.Root}, files)
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes, err := checked.ReadHashes(indexes)
		if err != nil && files.err == nil { // all could be read: they contradict each other or the root
			err = fmt.Errorf("%s: %w: %w", strings.Join(files.paths, " or "), ErrAltered, err)
		}
		return hashes, err
	})
}

// tileReader is what x/mod reads tiles with. It lives for one call.
type tileReader struct {
	ctx   context.Context
	src   Source
	paths []string // that were read, some of them
	err   error
}

// namedTiles is how many tiles an error names, of which one is altered.
const namedTiles = 8

func (r *tileReader) Height() int                     { return height }
func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *tileReader) ReadTiles(list []tlog.Tile) (data [][]byte, err error) {
	defer func() { r.err = err }()
	data = make([][]byte, len(list))
	for i, t := range list {
		if len(r.paths) < namedTiles {
			r.paths = append(r.paths, Path(t.L, t.N, t.W))
		}
		raw, err := ReadTile(r.ctx, r.src, t.L, t.N, t.W)
		if err != nil {
			return nil, err
		}
		want := t.W * tlog.HashSize
		if len(raw) < want {
			return nil, fmt.Errorf("%s: %w: %d bytes, want %d", Path(t.L, t.N, t.W), ErrAltered, len(raw), want)
		}
		data[i] = raw[:want]
	}
	return data, nil
}
