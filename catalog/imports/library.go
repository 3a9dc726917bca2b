package imports

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/catalog/oscal"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

// A library begins with keys at the margin, among them objects.
var libraryKey = regexp.MustCompile(`(?m)^objects:`)

func isLibrary(raw []byte) bool { return libraryKey.Match(raw) }

// readLibrary reads a CISO Assistant library.
func readLibrary(raw []byte, name string) (File, error) {
	var root *evidence.Value
	for doc, line := range yaml.Split(raw) {
		if root != nil {
			return File{}, bad(name, line, "keep one library in a file", "a second document begins here")
		}
		res, err := yaml.Parse(doc, line)
		if err != nil {
			return File{}, yaml.Locate(err, name)
		}
		root = res.Value
	}
	objects := root.Get("objects")
	if objects.Kind() != evidence.Object {
		return File{}, bad(name, root.Line(), "give a library as CISO Assistant publishes them", "the library has no objects")
	}
	l := &library{name: name, byURN: map[string]string{}}
	var file File
	if f := objects.Get("framework"); f.Kind() == evidence.Object {
		file.Framework = l.framework(f, root)
	}
	sets := objects.Get("requirement_mapping_sets")
	for i := range sets.Len() {
		file.Sets = append(file.Sets, l.set(sets.At(i)))
	}
	if one := objects.Get("requirement_mapping_set"); one.Kind() == evidence.Object {
		file.Sets = append(file.Sets, l.set(one))
	}
	if l.err == nil && file.Framework == nil && len(file.Sets) == 0 {
		l.fail(objects, "the library holds neither a framework nor mappings")
	}
	return file, l.err
}

// library reads the parts of one library and keeps the first error.
type library struct {
	name  string
	byURN map[string]string // the id of each requirement node
	pairs int
	err   error
}

func (l *library) fail(v *evidence.Value, format string, args ...any) {
	if l.err == nil {
		l.err = bad(l.name, v.Line(), "compare it with the library as it was published", format, args...)
	}
}

func (l *library) framework(v, root *evidence.Value) *catalog.Framework {
	f := &catalog.Framework{
		Title: cmp.Or(v.Get("name").Str(), v.Get("ref_id").Str()), Version: root.Get("version").Text(),
		Source: "CISO Assistant library", Licence: clean(root.Get("copyright").Str()),
	}
	nodes := v.Get("requirement_nodes")
	seen := map[string]bool{}
	for i := range nodes.Len() {
		n := nodes.At(i)
		urn := n.Get("urn").Str()
		id := cmp.Or(n.Get("ref_id").Text(), last(urn))
		if urn == "" || id == "" {
			l.fail(n, "requirement node %d has no urn", i+1)
			return nil
		}
		l.byURN[strings.ToLower(urn)] = id
		if !n.Get("assessable").True() || seen[strings.ToLower(id)] {
			continue
		}
		seen[strings.ToLower(id)] = true
		if len(f.Entries) >= oscal.MaxEntries {
			l.fail(n, "the framework has more than %d requirements", oscal.MaxEntries)
			return nil
		}
		f.Entries = append(f.Entries, catalog.Entry{ID: clean(id), Title: cmp.Or(n.Get("name").Str(), n.Get("description").Str())})
	}
	if len(f.Entries) == 0 {
		l.fail(v, "the framework has no requirement node that is assessable")
	}
	return f
}

// relations are the names of CISO Assistant for the relations.
var relations = map[string]catalog.Relation{
	"equal": catalog.Equal, "equivalent": catalog.Equivalent, "subset": catalog.Subset,
	"superset": catalog.Superset, "intersect": catalog.Intersects, "not_related": "",
}

func (l *library) set(v *evidence.Value) oscal.Set {
	s := oscal.Set{Source: v.Get("source_framework_urn").Str(), Target: v.Get("target_framework_urn").Str()}
	list := v.Get("requirement_mappings")
	for i := range list.Len() {
		m := list.At(i)
		relation, ok := relations[m.Get("relationship").Str()]
		source, target := l.id(m.Get("source_requirement_urn").Str()), l.id(m.Get("target_requirement_urn").Str())
		switch l.pairs++; {
		case l.pairs > oscal.MaxPairs:
			l.fail(m, "there are more than %d pairs", oscal.MaxPairs)
			return s
		case !ok:
			l.fail(m, "%q is no relationship; those are equal, subset, superset, intersect and not_related", clean(m.Get("relationship").Str()))
		case source == "" || target == "":
			l.fail(m, "mapping %d has no source or no target", i+1)
		case relation != "":
			s.Pairs = append(s.Pairs, catalog.Pair{Source: source, Relation: relation, Target: target})
		}
	}
	return s
}

// id is the id behind a urn: that of the framework in the same file, else the
// last part of the urn, which is the id in lower case.
func (l *library) id(urn string) string {
	return cmp.Or(l.byURN[strings.ToLower(urn)], last(urn))
}

func last(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }
