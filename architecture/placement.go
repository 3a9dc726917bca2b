package architecture

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/system"
)

//go:embed placement.yaml
var placementFile []byte

// placement is where the components of a system stand, by their type.
type placement struct {
	bought   string            // functional component of what is bought as a service
	byType   map[string]string // by type in lower case
	byFamily map[string]string // by what stands before ".*"
}

var loadPlacement = sync.OnceValues(func() (*placement, error) { return readPlacement(placementFile) })

// readPlacement reads placement.yaml. A type that is given twice is an error.
func readPlacement(raw []byte) (*placement, error) {
	var f struct {
		Bought    string              `yaml:"bought,required"`
		Functions map[string][]string `yaml:"functions,required"`
	}
	const file = "architecture/placement.yaml"
	if err := strict.Bytes(raw, file, &f); err != nil {
		return nil, err
	}
	p := &placement{bought: f.Bought, byType: map[string]string{}, byFamily: map[string]string{}}
	for _, function := range sortedKeys(f.Functions) {
		for _, typ := range f.Functions[function] {
			to, key := p.byType, strings.ToLower(typ)
			if family, ok := strings.CutSuffix(key, ".*"); ok {
				to, key = p.byFamily, family
			}
			if before, twice := to[key]; twice {
				return nil, &surety.Error{Kind: surety.BadInput, Op: "read placement", Origin: surety.Origin{File: file},
					Err: fmt.Errorf("type %s stands on %s and on %s", typ, before, function)}
			}
			to[key] = function
		}
	}
	return p, nil
}

// of returns the functional component that c stands on, nil if its type is not
// known.
func (p *placement) of(c *system.Component, k *catalog.Catalog) *catalog.Component {
	typ := strings.ToLower(c.Type)
	if typ == "" && c.Service != "" {
		return k.Component(p.bought)
	}
	if id, ok := p.byType[typ]; ok {
		return k.Component(id)
	}
	for at := strings.LastIndexByte(typ, '.'); at > 0; at = strings.LastIndexByte(typ[:at], '.') {
		if id, ok := p.byFamily[typ[:at]]; ok {
			return k.Component(id)
		}
	}
	return nil
}
