package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/tiles"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/transparency"
)

// Damage is a file that does not hold what it should.
type Damage struct {
	File string // below the log's directory or its state
	Why  string
	Do   string // what repairs it, or that nothing does
}

// Checked is what Fsck found.
type Checked struct {
	Size    int64    // entries in the tree
	Signed  int64    // of them under the signed head
	Files   int      // that were read
	Damaged []Damage // empty if all is well
	Left    []string // files that a crash left behind; nobody reads them
}

type fsck struct {
	ctx    context.Context
	config Config
	dir    tiles.Dir
	out    *Checked
	levels levels
	seen   map[string]bool // files of the directory that were read
}

// Fsck reads every file of a log and names those that are torn or flipped. Entries
// are held against the tiles above them, and all against the signed root: where two
// disagree, the one that leads to the root is right. The policy, the token and
// Tessera's lock files hold nothing that could be checked.
func Fsck(ctx context.Context, c Config) (*Checked, error) {
	f := &fsck{ctx: ctx, config: c, dir: tiles.Dir(c.Dir), out: &Checked{}, seen: map[string]bool{}}
	last, lastErr := f.guard()
	if empty, err := f.empty(); err != nil {
		return nil, fmt.Errorf("fsck: %w", err)
	} else if empty && last != nil && last.Size == 0 {
		return f.out, nil // nothing was written yet
	}
	signed := f.head(tiles.Checkpoint, &transparency.Policy{Logs: c.Policy.Logs})
	noted := f.treeState()
	tree := cmp.Or(noted, signed, last)
	if tree == nil {
		f.remedies(nil)
		return f.out, errors.New("fsck: neither the signed head, nor Tessera's state, nor the guard can be read")
	}
	f.out.Size = tree.Size
	if signed != nil {
		f.out.Signed = signed.Size
	}
	f.entries(tree, signed)
	f.roots(noted, signed)
	f.witnessed()
	f.tiles()
	f.state(last, lastErr)
	if err := f.rest(); err != nil {
		return nil, fmt.Errorf("fsck: %w", err)
	}
	f.remedies(cmp.Or(signed, last))
	return f.out, ctx.Err()
}

// empty reports whether the log's directory holds no file.
func (f *fsck) empty() (bool, error) {
	err := filepath.WalkDir(f.config.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = fs.SkipAll
			f.out.Files = -1
		}
		return err
	})
	some := f.out.Files < 0
	f.out.Files = 0
	return !some, err
}

// guard reads what was signed last, which lies outside of the directory.
func (f *fsck) guard() (*transparency.Head, error) {
	if f.config.State == "" {
		return nil, nil
	}
	return witness.Record{Path: filepath.Join(f.config.State, guardFile)}.Load(f.config.Policy.Logs[0].Origin)
}

func (f *fsck) damaged(file, why string, args ...any) {
	f.out.Damaged = append(f.out.Damaged, Damage{File: file, Why: fmt.Sprintf(why, args...)})
}

// unreadable names a file for an error, in which its path need not stand again.
func (f *fsck) unreadable(file string, err error) {
	var damaged *witness.Damaged
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = errors.New("it is not there")
	case errors.As(err, &damaged):
		err = damaged.Err
	case errors.As(err, &path):
		err = path.Err
	}
	f.damaged(file, "%v", err)
}

// remedies says of each damaged file what repairs it. head is the newest that was
// signed, nil if nobody knows.
func (f *fsck) remedies(head *transparency.Head) {
	state := func(name string) string { return filepath.Join(f.config.State, name) }
	for i := range f.out.Damaged {
		d := &f.out.Damaged[i]
		switch d.File {
		case state(guardFile):
			d.Do = "nothing may put it back, for without it the key could sign a second history: start a new log under a new origin"
		case state(streamsFile):
			d.Do = "remove it: it is made anew from the entries when the log is opened"
		case state(outboxFile):
			d.Do = cmp.Or(d.Do, "cut it off before that line; the leaves from there on are in the log, or must be given again")
		case tiles.Checkpoint:
			d.Do = "remove it: the head is signed anew when the log is opened"
		case WitnessedFile:
			d.Do = "remove it: the witnesses are asked anew when the log is opened"
		case treeState:
			d.Do = "nobody has a copy: start a new log under a new origin"
			if head != nil {
				d.Do = fmt.Sprintf("write what was signed last, without a line end: %s", noted{head.Size, head.Root[:]}.encode())
			}
		case ".state/version":
			d.Do = "write 1, without a line end"
		case ".state/gcState":
			d.Do = "remove it"
		default:
			d.Do = "put back the file of a mirror"
		}
	}
}

func (f *fsck) read(path string) ([]byte, error) {
	f.seen[path] = true
	f.out.Files++
	return f.dir.Read(f.ctx, path)
}

// head reads a signed head, nil if it is damaged.
func (f *fsck) head(path string, by *transparency.Policy) *transparency.Head {
	raw, err := f.read(path)
	if err == nil {
		var h *transparency.Head
		if h, err = by.OpenHead(raw); err == nil {
			return h
		}
	}
	f.unreadable(path, err)
	return nil
}

// noted is Tessera's note of what is in the tree.
type noted struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"`
}

func (n noted) encode() []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		return nil // cannot happen: a number and bytes always encode
	}
	return raw
}

// treeState reads that note, nil if it is damaged.
func (f *fsck) treeState() *transparency.Head {
	var state noted
	raw, err := f.read(treeState)
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err == nil {
		if !bytes.Equal(state.encode(), raw) || state.Size < 0 || len(state.Root) != tlog.HashSize {
			err = errors.New("it is not in its form")
		}
	}
	if err != nil {
		f.unreadable(treeState, err)
		return nil
	}
	return &transparency.Head{Size: state.Size, Root: tlog.Hash(state.Root)}
}

// span is what the two files about some entries say, nil if one cannot be read.
type span struct {
	entries, tile []tlog.Hash
	why           string // of entries, if nil
}

func (f *fsck) span(index int64, width int) span {
	var b span
	raw, err := f.read(tiles.Path(-1, index, width))
	if err == nil {
		var list [][]byte
		var rest []byte
		if list, rest, err = tiles.Split(raw, width); err == nil && len(rest) > 0 {
			err = fmt.Errorf("it goes on after its last entry, for %d bytes", len(rest))
		}
		for _, e := range list {
			b.entries = append(b.entries, tlog.RecordHash(e))
		}
	}
	if err != nil {
		b.entries, b.why = nil, err.Error()
	}
	if raw, err := f.read(tiles.Path(0, index, width)); err == nil && len(raw) == width*tlog.HashSize {
		b.tile = split(raw)
	}
	return b
}

func split(raw []byte) []tlog.Hash {
	out := make([]tlog.Hash, 0, len(raw)/tlog.HashSize)
	for ; len(raw) >= tlog.HashSize; raw = raw[tlog.HashSize:] {
		out = append(out, tlog.Hash(raw[:tlog.HashSize]))
	}
	return out
}

// entries takes, of each bundle and the tile above it, the one that is right.
func (f *fsck) entries(tree, signed *transparency.Head) {
	size := tree.Size
	var leaves []tlog.Hash
	var open []doubt
	for i := int64(0); i*tiles.Width < size; i++ {
		width := int(min(size-i*tiles.Width, tiles.Width))
		b := f.span(i, width)
		d := doubt{i, width, b}
		switch {
		case b.entries == nil && b.tile == nil:
			d.name(f, true, true)
			leaves = append(leaves, make([]tlog.Hash, width)...)
			continue
		case b.entries == nil || b.tile == nil:
			d.name(f, b.entries == nil, b.tile == nil)
		case !slices.Equal(b.entries, b.tile):
			above, err := f.dir.Read(f.ctx, tiles.Path(1, i/tiles.Width, f.width(1, i/tiles.Width, size)))
			at := int(i%tiles.Width) * tlog.HashSize
			switch {
			case err == nil && width == tiles.Width && len(above) >= at+tlog.HashSize && fold(b.tile) == tlog.Hash(above[at:at+tlog.HashSize]):
				d.name(f, true, false)
				b.entries = nil
			case err == nil && width == tiles.Width && len(above) >= at+tlog.HashSize && fold(b.entries) == tlog.Hash(above[at:at+tlog.HashSize]):
				d.name(f, false, true)
			default:
				open = append(open, d)
			}
		}
		if b.entries == nil {
			b.entries = b.tile
		}
		leaves = append(leaves, b.entries...)
	}
	f.levels = build(leaves)
	f.settle(open, tree, signed)
}

// doubt is a bundle whose two files disagree.
type doubt struct {
	index int64
	width int
	span
}

func (d *doubt) name(f *fsck, entries, tile bool) {
	if entries {
		why := d.why
		if why == "" {
			why = "its entries are not those that the tree commits to"
		}
		f.damaged(tiles.Path(-1, d.index, d.width), "%s", why)
	}
	if tile {
		f.damaged(tiles.Path(0, d.index, d.width), "it does not hold the hashes of its entries")
	}
}

// settle decides what the tile above could not, by the root: the entries are right
// if they lead to it, else the tile if it does.
func (f *fsck) settle(open []doubt, tree, signed *transparency.Head) {
	right := func() bool {
		return f.levels.root(tree.Size) == tree.Root || signed != nil && signed.Size <= tree.Size && f.levels.root(signed.Size) == signed.Root
	}
	for _, d := range open {
		if len(open) == 1 && !right() {
			copy(f.levels[0][d.index*tiles.Width:], d.tile)
			if f.levels = build(f.levels[0]); right() {
				d.name(f, true, false)
				continue
			}
		}
		d.name(f, len(open) > 1, true)
	}
}

func (f *fsck) width(level int, index, size int64) int {
	return int(min(size>>(8*level)-index*tiles.Width, tiles.Width))
}

// roots holds Tessera's note and the signed head against the entries.
func (f *fsck) roots(noted, signed *transparency.Head) {
	sure := len(f.out.Damaged) == 0
	if noted != nil && f.levels.root(noted.Size) != noted.Root {
		f.damaged(treeState, "its root is not that of the %d entries", noted.Size)
	}
	switch {
	case signed == nil:
	case signed.Size > f.out.Size:
		f.damaged(treeState, "it says %d entries, and %d are signed", f.out.Size, signed.Size)
	case f.levels.root(signed.Size) != signed.Root && sure:
		f.damaged(tiles.Checkpoint, "its root is not that of the first %d entries: the log was forked or its entries exchanged", signed.Size)
	case f.levels.root(signed.Size) != signed.Root && len(f.out.Damaged) == 0:
		f.damaged(tiles.Checkpoint, "its root is not that of the first %d entries", signed.Size)
	}
}

// witnessed holds the newest witnessed head against the entries.
func (f *fsck) witnessed() {
	raw, err := f.read(WitnessedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var h *transparency.Head
	if err == nil {
		h, err = f.config.Policy.OpenHead(raw)
	}
	switch {
	case errors.Is(err, transparency.ErrQuorum): // the policy changed since
	case err != nil:
		f.unreadable(WitnessedFile, err)
	case h.Size > f.out.Size || f.levels.root(h.Size) != h.Root:
		f.damaged(WitnessedFile, "its root is not that of the first %d entries", h.Size)
	}
}

// tiles holds the tiles above the lowest against what the entries make of them.
func (f *fsck) tiles() {
	for level := 1; level < len(f.levels); level++ {
		for i := int64(0); i*tiles.Width < int64(len(f.levels[level])); i++ {
			width := f.width(level, i, f.out.Size)
			path := tiles.Path(level, i, width)
			raw, err := f.read(path)
			switch {
			case err != nil:
				f.unreadable(path, err)
			case !slices.Equal(split(raw), f.levels[level][i*tiles.Width:][:width]) || len(raw)%tlog.HashSize != 0:
				f.damaged(path, "it does not hold the hashes of the tiles below it")
			}
		}
	}
}

// rest looks at the files that were not read yet: partial tiles of older heads, and
// what crashes left.
func (f *fsck) rest() error {
	root := f.config.Dir
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); !f.seen[rel] && !strings.HasSuffix(rel, ".lock") {
			f.other(rel)
		}
		return f.ctx.Err()
	})
}

func (f *fsck) other(path string) {
	raw, err := f.read(path)
	level, index, width, ok := parsePath(path)
	var want []tlog.Hash
	if ok {
		want = f.levels.slice(max(level, 0), index, width)
	}
	switch {
	case err != nil:
		f.unreadable(path, err)
	case path == ".state/version":
		if string(raw) != "1" {
			f.damaged(path, "it holds %.20q and not 1", raw)
		}
	case path == ".state/gcState":
		var state struct{ FromSize int64 }
		if json.Unmarshal(raw, &state) != nil || state.FromSize%tiles.Width != 0 || state.FromSize > f.out.Size || state.FromSize < 0 {
			f.damaged(path, "it holds %.60q", raw)
		}
	case want == nil: // beyond the tree, or no file of a log
		f.out.Left = append(f.out.Left, path)
	default:
		f.old(path, level, index, width, raw, want)
	}
}

// old checks a partial tile or bundle of an older size against what the tree begins
// with. If a batch was cut short by a crash, and other entries came after, its two
// files are both of another history, one nobody signed. One of the two alone is
// damage.
func (f *fsck) old(path string, level int, index int64, width int, raw []byte, want []tlog.Hash) {
	why := differs(level, raw, want)
	if why == "" {
		return
	}
	if level <= 0 {
		twin := -1 - level
		raw, err := f.dir.Read(f.ctx, tiles.Path(twin, index, width))
		if err != nil || differs(twin, raw, want) != "" {
			f.out.Left = append(f.out.Left, path)
			return
		}
	}
	f.damaged(path, "%s", why)
}

// differs says why a tile, or with level -1 a bundle, is not of these hashes.
func differs(level int, raw []byte, want []tlog.Hash) string {
	if level >= 0 {
		if !bytes.Equal(raw, join(want)) {
			return "it is not what the tree begins with"
		}
		return ""
	}
	list, rest, err := tiles.Split(raw, len(want))
	if err != nil || len(rest) > 0 {
		return fmt.Sprintf("it does not hold %d entries", len(want))
	}
	for i, e := range list {
		if tlog.RecordHash(e) != want[i] {
			return fmt.Sprintf("its entry %d is not what the tree commits to", i)
		}
	}
	return ""
}

// parsePath reads the path of a tile or bundle.
func parsePath(path string) (level int, index int64, width int, ok bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	kind, rest, cut := strings.Cut(rest, "/")
	if kind == "entries" {
		kind = "data"
	}
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/8/%s/%s", kind, rest))
	return t.L, t.N, t.W, ok && cut && err == nil
}

// state checks the files outside of the log's directory. last is the guard's head.
func (f *fsck) state(last *transparency.Head, lastErr error) {
	state := f.config.State
	if state == "" {
		return
	}
	at := func(name string) string { return filepath.Join(state, name) }
	switch {
	case lastErr != nil:
		f.unreadable(at(guardFile), lastErr)
	case last.Size > f.out.Size:
		f.damaged(at(guardFile), "%d entries were signed, and %d are there: the log was put back from a copy", last.Size, f.out.Size)
	case f.levels.root(last.Size) != last.Root:
		f.damaged(at(guardFile), "the first %d entries are not those that were signed", last.Size)
	}
	f.out.Files += 3
	raw, err := os.ReadFile(at(streamsFile))
	if err == nil {
		var snap *snapshot
		if snap, err = parseSnapshot(raw); err == nil && snap.size > f.out.Size {
			err = fmt.Errorf("%d entries were final, and %d are there", snap.size, f.out.Size)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.unreadable(at(streamsFile), err)
	}
	raw, err = os.ReadFile(at(outboxFile))
	whole := 0
	if err == nil {
		whole, err = durable.ReadRecords(raw, func([]byte) error { return nil })
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && (last == nil || last.Size == 0): // the log was never opened
	case errors.Is(err, fs.ErrNotExist):
		f.out.Damaged = append(f.out.Damaged, Damage{at(outboxFile), "it is not there",
			"opening the log makes another; leaves that were accepted and are not in the log must be given again"})
	case err != nil:
		f.unreadable(at(outboxFile), err)
	case whole < len(raw):
		f.out.Damaged = append(f.out.Damaged, Damage{at(outboxFile),
			fmt.Sprintf("its last %d bytes are half a record, which was never accepted", len(raw)-whole), "opening the log cuts them off"})
	}
}
