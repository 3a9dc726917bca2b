package kubernetes

import (
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// Disambiguate makes the keys of items distinct, so that no object hides
// another one, and puts the items in key order. Of equal keys the first stays as it
// is; later ones get "@file" appended to the key's name, and the line where that is
// not enough. The result depends on the order of items only.
func Disambiguate(items []*evidence.Item) {
	evidence.Sort(items)
	var taken map[evidence.Key]bool
	for i := 1; i < len(items); i++ {
		if items[i].Key != items[i-1].Key {
			continue
		}
		if taken == nil { // seldom
			taken = keys(items)
		}
		first := i - 1
		for ; i < len(items) && items[i].Key == items[first].Key; i++ {
			items[i].Key = freeKey(items[i], taken)
			taken[items[i].Key] = true
		}
	}
	if taken != nil {
		evidence.Sort(items)
	}
}

// freeKey returns a key for an item whose own is taken.
func freeKey(it *evidence.Item, taken map[evidence.Key]bool) evidence.Key {
	key := it.Key
	key.Name += "@" + it.Origin.File
	if taken[key] && it.Origin.Line > 0 {
		key.Name += ":" + strconv.Itoa(it.Origin.Line)
	}
	for n, base := 2, key.Name; taken[key]; n++ {
		key.Name = base + "#" + strconv.Itoa(n)
	}
	return key
}

// Controllers maps the key of each item that another item controls to the key
// of the controller at the top: a Pod to its Deployment, not to the ReplicaSet
// between them. Owners that are not among items end the way up; a Node that
// "controls" its static Pods is not a controller. Items nobody controls are not
// in the map.
func Controllers(items []*evidence.Item) map[evidence.Key]evidence.Key {
	parent := make(map[evidence.Key]evidence.Key)
	var present map[evidence.Key]bool
	for _, it := range items {
		owner, ok := controllerOf(it)
		if !ok {
			continue
		}
		if present == nil { // manifests seldom have owners
			present = keys(items)
		}
		for _, scope := range []string{it.Key.Scope, "-"} {
			if owner.Scope = scope; present[owner] && owner != it.Key {
				parent[it.Key] = owner
				break
			}
		}
	}
	top := make(map[evidence.Key]evidence.Key, len(parent))
	for key := range parent {
		at := key
		for range maxOwners {
			up, ok := parent[at]
			if !ok || up == key {
				break
			}
			at = up
		}
		if at != key {
			top[key] = at
		}
	}
	return top
}

func keys(items []*evidence.Item) map[evidence.Key]bool {
	out := make(map[evidence.Key]bool, len(items))
	for _, it := range items {
		out[it.Key] = true
	}
	return out
}

// maxOwners is how many controllers may stand above each other. It ends cycles,
// which only forged evidence has.
const maxOwners = 16

// controllerOf returns the key of the item's controller, but for its scope.
func controllerOf(it *evidence.Item) (evidence.Key, bool) {
	for _, f := range it.Facts.Path("metadata", "ownerReferences").Fields() {
		ref := f.Value
		kind := ref.Get("kind").Str()
		if !ref.Get("controller").True() || kind == "" || kind == "Node" {
			continue
		}
		if group, _, found := strings.Cut(ref.Get("apiVersion").Str(), "/"); found {
			kind += "." + group
		}
		return evidence.Key{Provider: it.Key.Provider, Account: it.Key.Account, Kind: kind, Name: ref.Get("name").Str()}, true
	}
	return evidence.Key{}, false
}
