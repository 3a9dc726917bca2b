package bundle

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"
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

// inflaters are kept, since making one costs more than what it reads here.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate undoes deflate. It stops at limit, however much would follow, and refuses
// what stands behind the end.
func inflate(packed []byte, limit int) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	in := bytes.NewReader(packed)
	if err := r.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, min(4*len(packed)+bytes.MinRead, limit)))
	_, err := out.ReadFrom(io.LimitReader(r, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is not compressed as it must be: %w", err)
	case out.Len() > limit:
		return nil, fmt.Errorf("it unpacks to more than %d bytes", limit)
	case in.Len() > 0:
		return nil, errors.New("something follows its compressed end")
	}
	return out.Bytes(), nil
}
