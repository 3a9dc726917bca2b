package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/surety-cloud/surety/internal/logtest"
	"github.com/surety-cloud/surety/internal/tiles"
)

// writeRaw writes entries by Tessera alone, without our rules.
func (l *Ledger) writeRaw(t *testing.T, entries [][]byte) []byte {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: l.config.Dir})
	if err != nil {
		t.Fatal(err)
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(l.config.Signers[0]).WithCheckpointInterval(100*time.Millisecond).WithBatching(16, time.Millisecond)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range entries {
		if _, err := appender.Add(ctx, tessera.NewEntry(raw))(); err != nil {
			t.Fatal(err)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	raw, err := reader.ReadCheckpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// files of a small log in memory, as somebody else would serve it.
type inMemory map[string][]byte

func (m inMemory) Read(_ context.Context, path string) ([]byte, error) {
	if raw, ok := m[path]; ok {
		return raw, nil
	}
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

func memory(t testing.TB, l *logtest.Log) tiles.Source {
	t.Helper()
	var bundle, tile []byte
	m := inMemory{tiles.Checkpoint: l.Checkpoint(t, 0)}
	for i, raw := range l.Leaves {
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(raw))), raw...)
		h := tlog.RecordHash(raw)
		tile = append(tile, h[:]...)
		m[tiles.Path(-1, 0, i+1)], m[tiles.Path(0, 0, i+1)] = bundle[:len(bundle):len(bundle)], tile[:len(tile):len(tile)]
	}
	return m
}

// witnessed is a source whose head witnesses have co-signed.
type witnessed struct {
	tiles.Source
	head []byte
}

func (w *witnessed) Read(ctx context.Context, path string) ([]byte, error) {
	if path == tiles.Checkpoint {
		return w.head, nil
	}
	return w.Source.Read(ctx, path)
}
