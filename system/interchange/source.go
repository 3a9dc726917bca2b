package interchange

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// source is a file that is read by looking: what nobody looked at is left over.
type source struct {
	file  string
	root  *evidence.Value
	used  map[*evidence.Value]bool
	lists map[*evidence.Value]bool // whose entries were walked, so that their keys are names
}

func (s *source) at(v *evidence.Value) surety.Origin {
	return surety.Origin{File: s.file, Line: v.Line()}
}

// get returns the value of key in v, nil if it is absent.
func (s *source) get(v *evidence.Value, key string) *evidence.Value {
	x := v.Get(key)
	if x != nil {
		s.used[x] = true
	}
	return x
}

// text returns the text of key in v, a number as it is written.
func (s *source) text(v *evidence.Value, key string) string {
	return strings.TrimSpace(s.get(v, key).Text())
}

// truth returns the boolean of key in v, nil if it is none.
func (s *source) truth(v *evidence.Value, key string) *bool {
	x := s.get(v, key)
	if !x.Is(evidence.Bool) {
		return nil
	}
	b := x.True()
	return &b
}

// entries returns what key in v lists, by name or by number.
func (s *source) entries(v *evidence.Value, key string) []evidence.Field {
	list := s.get(v, key)
	if list == nil {
		return nil
	}
	s.lists[list] = true
	for _, f := range list.Fields() {
		s.used[f.Value] = true
	}
	return list.Fields()
}

// words returns the texts that key in v lists.
func (s *source) words(v *evidence.Value, key string) (out []string) {
	for _, f := range s.entries(v, key) {
		if t := strings.TrimSpace(f.Value.Text()); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// ignore marks settings of v that say nothing about the system.
func (s *source) ignore(v *evidence.Value, keys ...string) {
	for _, k := range keys {
		if x := s.get(v, k); x != nil {
			s.whole(x)
		}
	}
}

func (s *source) whole(v *evidence.Value) {
	s.used[v] = true
	for _, f := range v.Fields() {
		s.whole(f.Value)
	}
}

// leftover is a setting that nobody looked at.
type leftover struct {
	times int
	first *evidence.Value
}

// leftovers names the settings that are given and were not looked at, each once
// with the number of places, in the order of the file.
func (s *source) leftovers() (notes []string) {
	found := map[string]*leftover{}
	s.unused(s.root, "", found)
	paths := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(found[a].first.Line(), found[b].first.Line()), cmp.Compare(a, b))
	})
	for _, path := range paths {
		x := found[path]
		times := ""
		if x.times > 1 {
			times = fmt.Sprintf(", and %d more", x.times-1)
		}
		notes = append(notes, fmt.Sprintf("not carried: %s (%s%s)", path, s.at(x.first), times))
	}
	return notes
}

func (s *source) unused(v *evidence.Value, path string, found map[string]*leftover) {
	for _, f := range v.Fields() {
		key := f.Key
		if s.lists[v] || v.Is(evidence.Array) {
			key = "*"
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		switch {
		case s.used[f.Value]:
			s.unused(f.Value, at, found)
		case given(f.Value):
			if found[at] == nil {
				found[at] = &leftover{first: f.Value}
			}
			found[at].times++
		}
	}
}

// given reports whether v says anything.
func given(v *evidence.Value) bool {
	switch v.Kind() {
	case evidence.Null:
		return false
	case evidence.String:
		return strings.TrimSpace(v.Str()) != ""
	case evidence.Array, evidence.Object:
		return v.Len() > 0
	}
	return true
}
