package catalog

import (
	_ "embed"
	"sync"
)

// content is the files of data as encode writes them: reading and validating
// YAML takes longer than all else that a start of the program does.
//
//go:generate go test -run TestContentIsCurrent -update .
//go:embed content.bin
var content string

var loadDefault = sync.OnceValues(func() (*Catalog, error) { return decode(content) })

// Default returns the embedded catalogue. It is decoded once, at the first call.
func Default() (*Catalog, error) { return loadDefault() }
