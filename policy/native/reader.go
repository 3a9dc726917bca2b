package native

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/policy"
)

// maxFindings bounds what is said about one object.
const maxFindings = 20

// reader follows a plan through one object. It copies what checks read and
// notes what does not fit. As in Kubernetes, names are case-sensitive and null
// leaves a field at its zero value.
type reader struct {
	homes   []home
	steps   int // left of the budget
	path    []pathStep
	misfits notes
	unknown notes
	blocked readers        // checks that read something that does not fit
	reasons map[int]string // of these, by check
}

// notes are findings, the first maxFindings of count.
type notes struct {
	list  []policy.Finding
	count int
}

// pathStep is a key of an object or, if index is not negative, an element.
type pathStep struct {
	key   string
	index int
}

func keyStep(key string) pathStep { return pathStep{key, -1} }

// read reads v into out, which is the zero reflect.Value where nothing is to be
// copied.
func (r *reader) read(p *plan, v *evidence.Value, out reflect.Value) {
	if r.steps--; r.steps < 0 || v.Kind() == evidence.Null {
		return
	}
	if p.readers == 0 {
		out = reflect.Value{}
	}
	if p.pointer && out.IsValid() {
		out.Set(reflect.New(p.typ))
		out = out.Elem()
	}
	fits := true
	switch p.form {
	case structure:
		if fits = v.Is(evidence.Object); fits {
			r.readStructure(p, v, out)
		}
	case dictionary:
		if fits = v.Is(evidence.Object); fits {
			r.readDictionary(p, v, out)
		}
	case list:
		if fits = v.Is(evidence.Array); fits {
			r.readList(p, v, out)
		}
	default:
		fits = readScalar(p, v, out)
	}
	if !fits {
		r.misfit(p, v)
	}
}

func (r *reader) readStructure(p *plan, v *evidence.Value, out reflect.Value) {
	at := 0 // both lists are sorted
	for _, f := range v.Fields() {
		for at < len(p.fields) && p.fields[at].name < f.Key {
			at++
		}
		r.path = append(r.path, keyStep(f.Key))
		if at == len(p.fields) || p.fields[at].name != f.Key {
			r.unknownField(p, f)
		} else {
			field := &p.fields[at]
			var to reflect.Value
			if out.IsValid() && field.plan.readers != 0 {
				to = out.FieldByIndex(field.index)
			}
			r.read(field.plan, f.Value, to)
		}
		r.path = r.path[:len(r.path)-1]
	}
}

func (r *reader) readDictionary(p *plan, v *evidence.Value, out reflect.Value) {
	keep := out.IsValid() && p.elem.readers != 0
	if keep {
		out.Set(reflect.MakeMapWithSize(p.typ, v.Len()))
	}
	for _, f := range v.Fields() {
		var to reflect.Value
		if keep {
			to = reflect.New(p.typ.Elem()).Elem()
		}
		r.path = append(r.path, keyStep(f.Key))
		r.read(p.elem, f.Value, to)
		r.path = r.path[:len(r.path)-1]
		if keep {
			out.SetMapIndex(reflect.ValueOf(f.Key).Convert(p.typ.Key()), to)
		}
	}
}

func (r *reader) readList(p *plan, v *evidence.Value, out reflect.Value) {
	keep := out.IsValid() && p.elem.readers != 0
	if keep {
		out.Set(reflect.MakeSlice(p.typ, v.Len(), v.Len()))
	}
	for i, f := range v.Fields() {
		var to reflect.Value
		if keep {
			to = out.Index(i)
		}
		r.path = append(r.path, pathStep{index: i})
		r.read(p.elem, f.Value, to)
		r.path = r.path[:len(r.path)-1]
	}
}

// misfit notes that v, at the current path, is not of the form p wants. The
// value itself is not repeated: it may be a secret in the wrong place.
func (r *reader) misfit(p *plan, v *evidence.Value) {
	if r.misfits.count >= maxFindings && p.readers&^r.blocked == 0 {
		r.misfits.count++
		return
	}
	message := fmt.Sprintf("%s is %s; Kubernetes wants %s there and refuses the object", r.where(), article(v.Kind()), p.wanted)
	if p.form >= integer && (v.Is(evidence.String) || v.Is(evidence.Number)) {
		message = fmt.Sprintf("%s is not %s; Kubernetes refuses the object", r.where(), p.wanted)
	}
	r.misfits.add(message, v.Line())
	for check := range maxChecks {
		if bit := readers(1) << check; p.readers&^r.blocked&bit != 0 {
			if r.reasons == nil {
				r.reasons = map[int]string{}
			}
			r.reasons[check] = message // without its line, which moves when the document does
		}
	}
	r.blocked |= p.readers
}

func article(k evidence.Kind) string {
	if k == evidence.Array {
		return "a list"
	}
	if k == evidence.Object {
		return "an object"
	}
	return "a " + k.String()
}

// unknownField notes a field that p's type does not have.
func (r *reader) unknownField(p *plan, f evidence.Field) {
	if r.unknown.count++; r.unknown.count > maxFindings {
		return
	}
	message := fmt.Sprintf("%s is no field Kubernetes knows; it is dropped without effect", r.where())
	names := make([]string, len(p.fields))
	for i := range p.fields {
		names[i] = p.fields[i].name
	}
	if h := slices.IndexFunc(r.homes, func(h home) bool { return h.has(f.Key) }); h >= 0 {
		message += ": it belongs in " + r.homes[h].name
	} else if near := strict.Nearest(f.Key, names); near != "" {
		message += ": did you mean " + near + "?"
	}
	r.unknown.list = append(r.unknown.list, policy.Finding{Message: message, Line: f.Value.Line()})
}

// add adds a finding while there is room.
func (n *notes) add(message string, line int) {
	if n.count++; n.count <= maxFindings {
		n.list = append(n.list, policy.Finding{Message: message, Line: line})
	}
}

// home is a place where people mean a field to be that they put elsewhere.
type home struct {
	name string
	plan *plan
}

func (h home) has(field string) bool {
	_, found := slices.BinarySearchFunc(h.plan.fields, field, func(f planField, name string) int {
		return strings.Compare(f.name, name)
	})
	return found
}

// maxKey is how many bytes of a key a message shows.
const maxKey = 80

// where writes the current path the way people do: spec.containers[0].ports.
func (r *reader) where() string {
	var s strings.Builder
	for i, at := range r.path {
		switch {
		case at.index >= 0:
			s.WriteString("[" + strconv.Itoa(at.index) + "]")
			continue
		case i > 0:
			s.WriteByte('.')
		}
		s.WriteString(at.key[:min(len(at.key), maxKey)])
	}
	return strings.ToValidUTF8(s.String(), "")
}
