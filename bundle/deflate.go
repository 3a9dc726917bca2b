package bundle

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/surety-cloud/surety/statement"
)

// deflate compresses by DEFLATE (RFC 1951), as small as it gets.
func deflate(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// inflater is what unpacking needs.
type inflater struct {
	packed  []byte
	in      bytes.Reader
	read    io.ReadCloser    // of in
	limited io.LimitedReader // of read
	out     bytes.Buffer
}

// inflaters are kept, since making one costs more than what it reads here.
var inflaters = sync.Pool{New: func() any { return &inflater{read: flate.NewReader(nil)} }}

// inflate undoes deflate of what is given in base64. It stops at limit, however much would follow, and refuses
// what stands behind the end.
func inflate(text string, limit int) (string, error) {
	f := inflaters.Get().(*inflater)
	defer inflaters.Put(f)
	packed, err := statement.AppendBase64(f.packed[:0], []byte(text))
	if err != nil {
		return "", fmt.Errorf("it is %w", err)
	}
	f.packed = packed
	f.in.Reset(packed)
	f.out.Reset()
	if err := f.read.(flate.Resetter).Reset(&f.in, nil); err != nil {
		return "", err
	}
	f.limited = io.LimitedReader{R: f.read, N: int64(limit) + 1}
	_, err = f.out.ReadFrom(&f.limited)
	switch {
	case err != nil:
		return "", fmt.Errorf("it is not compressed as it must be: %w", err)
	case f.out.Len() > limit:
		return "", fmt.Errorf("it unpacks to more than %d bytes", limit)
	case f.in.Len() > 0:
		return "", errors.New("something follows its compressed end")
	}
	return f.out.String(), nil
}
