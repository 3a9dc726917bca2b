// Package kubernetes turns documents into Kubernetes objects.
//
// Normalise is pure: bytes in, items and problems out. It
//
//   - expands List and the typed lists (PodList), nested ones too, and an array
//     of objects, which is how a source hands out a slice of a list;
//   - asks of each object what the API server asks: apiVersion, kind and a name;
//   - makes an object of kind ClusterInfo of what an API server says of its version
//     (version.go);
//   - reads a field that is null as one left out, as the API server does, and
//     removes what is secret and what only the server writes (see clean.go), so
//     that a manifest and the object a cluster made from it can be compared, and
//     the same object has the same digest tomorrow;
//   - projects the few facts that relations between objects need (facts.go),
//     copied, so that the document's memory can go.
//
// What is not an object is a Problem with file and line, and costs nothing but
// itself. Charts, kustomizations and templates are named as not rendered and
// never half-read. No byte of a Secret's value MUST leave this package: not in a
// body, not in facts, and not in the words of a parser that failed.
//
// Disambiguate and Controllers work on the items of all documents together.
package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unique"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/yaml"
)

const (
	renderChart = "render it first, a chart with `helm template CHART | surety assess -`"
	renderPatch = "if it is a patch, run `kubectl kustomize DIR | surety assess -`"
)

// OnePage is the problem of a list that says it is not whole.
const OnePage = "the list is one page of a longer one (metadata.continue is set): the objects after it are missing; get it without a limit"

// Normalise turns a document into the objects it holds. Raw may hold several
// YAML documents; one that does not parse does not affect the others.
func Normalise(doc evidence.Document) evidence.Normalised {
	n := normaliser{doc: doc, first: max(doc.Origin.Line, 1), account: doc.Account}
	if n.account == "" {
		n.account = evidence.AccountFiles
	}
	if doc.Format == evidence.JSON {
		n.read(doc.Raw, n.first, yaml.ParseJSON)
		return n.out
	}
	for part, line := range yaml.Split(doc.Raw) {
		n.read(part, n.first+line-1, yaml.Parse)
	}
	return n.out
}

// scratch lends room for canonical JSON; longer ones than maxScratch are not kept.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

const maxScratch = 1 << 20

// normaliser holds what is known about one document while it is taken apart.
type normaliser struct {
	doc     evidence.Document
	first   int
	account string
	count   int // of problems
	out     evidence.Normalised
}

func (n *normaliser) read(raw []byte, line int, parse func([]byte, int) (yaml.Result, error)) {
	res, err := parse(raw, line)
	if err != nil {
		n.failed(err, raw, line)
		return
	}
	if res.Value == nil {
		return
	}
	for _, d := range n.expand(res.Value, n.doc.APIVersion, n.doc.Kind, res.Duplicates) {
		n.problem(d.Line, "key %s is given again (first on line %d); only the last is read: remove one", d.Path, d.FirstLine)
	}
}

// failed reports a document that does not parse. A parser may quote what it
// stumbled over, so its words are used only where no Secret can be.
func (n *normaliser) failed(err error, raw []byte, line int) {
	message := err.Error()
	var e *surety.Error
	if errors.As(err, &e) {
		if e.Origin.Line > 0 {
			line = e.Origin.Line
		}
		message = (&surety.Error{Op: e.Op, Err: e.Err, Hint: e.Hint}).Error()
	}
	switch {
	case bytes.Contains(raw, []byte("{{")):
		message = "template, not rendered: the document holds {{ }} outside of text; " + renderChart
	case mayHoldSecret(raw) || strings.EqualFold(n.doc.Kind, "Secret"):
		message = "the document is malformed near this line; details are withheld because it may hold a Secret; correct its syntax"
	}
	n.problem(line, "%s", message)
}

// mayHoldSecret reports whether raw, which cannot be parsed, may be a Secret: it
// has stringData, or the word secret and some data, in any spelling. An escape
// sequence could hide a word, so it counts as one.
func mayHoldSecret(raw []byte) bool {
	text := bytes.ToLower(raw)
	if bytes.Contains(text, []byte(`\u`)) || bytes.Contains(text, []byte(`\x`)) || bytes.Contains(text, []byte("stringdata")) {
		return true
	}
	words := bytes.Count(text, []byte("data")) - bytes.Count(text, []byte("metadata"))
	return words > 0 && bytes.Contains(text, []byte("secret"))
}

// maxProblems bounds what one document can say about itself.
const maxProblems = 100

func (n *normaliser) problem(line int, format string, args ...any) {
	switch n.count++; {
	case n.count > maxProblems:
		return
	case n.count == maxProblems:
		format, args = "too many problems in one document; the rest is left out", nil
	}
	n.out.Problems = append(n.out.Problems, evidence.Problem{
		Origin:  surety.Origin{File: n.doc.Origin.File, Line: line},
		Message: fmt.Sprintf(format, args...),
	})
}

// expand adds v, or the objects in it if it is a list. Items of a typed list
// may lack apiVersion and kind: the list's stand in. It returns the duplicates
// that belong to no object.
func (n *normaliser) expand(v *evidence.Value, apiVersion, kind string, dups []yaml.Duplicate) []yaml.Duplicate {
	if v.Kind() == evidence.Array {
		return n.elements(v, "", apiVersion, kind, dups)
	}
	if v.Kind() != evidence.Object {
		n.problem(v.Line(), "not a Kubernetes object: it is %s; an object has apiVersion, kind and metadata", v.Kind().Noun())
		return nil
	}
	v = withType(asClusterInfo(v), apiVersion, kind)
	ownKind, items := v.Get("kind").Str(), v.Get("items")
	itemKind, isList := strings.CutSuffix(ownKind, "List")
	if !isList || itemKind != "" && !items.Is(evidence.Array) {
		n.object(v, dups)
		return nil
	}
	if items.Kind() == evidence.Null {
		return dups
	}
	if !items.Is(evidence.Array) {
		n.problem(items.Line(), "items of %s is %s; it must be a list", ownKind, items.Kind().Noun())
		return dups
	}
	if v.Path("metadata", "continue").Str() != "" {
		n.problem(v.Line(), "%s", OnePage)
	}
	if itemKind == "" {
		return n.elements(items, "items", "", "", dups)
	}
	return n.elements(items, "items", v.Get("apiVersion").Str(), itemKind, dups)
}

// elements expands each element of a list that stands at path.
func (n *normaliser) elements(list *evidence.Value, path, apiVersion, kind string, dups []yaml.Duplicate) []yaml.Duplicate {
	var left []yaml.Duplicate
	for i, f := range list.Fields() {
		var own []yaml.Duplicate
		if len(dups) > 0 {
			prefix := path + "[" + strconv.Itoa(i) + "]."
			next := list.At(i + 1)
			for len(dups) > 0 && (next == nil || dups[0].Line < next.Line()) {
				d := dups[0]
				dups = dups[1:]
				if below, ok := strings.CutPrefix(d.Path, prefix); ok {
					d.Path = below
					own = append(own, d)
				} else {
					left = append(left, d)
				}
			}
		}
		left = append(left, n.expand(f.Value, apiVersion, kind, own)...)
	}
	return append(left, dups...)
}

// withType adds the given apiVersion and kind to an object that has neither.
func withType(v *evidence.Value, apiVersion, kind string) *evidence.Value {
	if kind == "" || v.Get("kind") != nil || v.Get("apiVersion") != nil {
		return v
	}
	fields := append([]evidence.Field{
		{Key: "apiVersion", Value: evidence.NewString(apiVersion, v.Line())},
		{Key: "kind", Value: evidence.NewString(kind, v.Line())},
	}, v.Fields()...)
	return evidence.NewObject(fields, v.Line())
}

// object adds the item of one object, or a problem that says what it lacks.
func (n *normaliser) object(v *evidence.Value, dups []yaml.Duplicate) {
	id, fault := identify(v)
	if fault != "" {
		n.problem(v.Line(), "%s", fault)
		return
	}
	if id.name == nameless && id.kind != nodeInfo {
		n.problem(v.Line(), "%s has no metadata.name and is judged without; add one, or, %s", id.kind, renderPatch)
	}
	v = n.nameContainers(withoutNulls(v, id.kind, ""))
	body, withheld := clean(v, id.kind)
	facts := body.Project(projectionOf(id.kind), v.Line())
	if unrendered(body) {
		n.problem(v.Line(), "template, not rendered: %s holds {{ }} in its image; %s", id.kind, renderChart)
		return
	}
	if n.account == evidence.AccountFiles { // a cluster shows the pods themselves
		if why := unread(id, body); why != "" {
			n.problem(v.Line(), "%s", why)
		}
	}
	canonical := scratch.Get().(*[]byte)
	*canonical = body.AppendJSON((*canonical)[:0])
	digest := surety.DigestOf(*canonical)
	if cap(*canonical) <= maxScratch {
		scratch.Put(canonical)
	}
	item := &evidence.Item{
		Key:       evidence.Key{Provider: evidence.ProviderKubernetes, Account: n.account, Scope: "-", Kind: id.kindGroup(), Name: strings.Clone(id.name)},
		Kind:      intern(id.kind),
		Namespace: intern(id.namespace),
		Origin:    surety.Origin{File: n.doc.Origin.File, Line: v.Line()},
		Digest:    digest,
		Body:      body,
		Facts:     facts,
	}
	item.Name = item.Key.Name
	if item.Namespace != "" {
		item.Key.Scope = item.Namespace
	}
	caveats := evidence.Caveats{Withheld: withheld, Misfit: misfit(id.group(), id.kind, body), Unfit: unfit(id.group(), id.kind, body)}
	for _, d := range dups {
		caveats.Duplicates = append(caveats.Duplicates, evidence.Duplicate(d))
	}
	item.SetCaveats(caveats)
	n.out.Items = append(n.out.Items, item)
}

// nameContainers gives each container without a name the name that stands for
// none. Rules name the container they speak of, so that one without a name would
// pass them unseen. The API server refuses the object, which is said here.
func (n *normaliser) nameContainers(object *evidence.Value) *evidence.Value {
	spec := PodSpec(object)
	for _, key := range containerLists {
		for _, c := range spec.Get(key).Fields() {
			if c.Value.Is(evidence.Object) && c.Value.Get("name").Str() == "" {
				n.problem(c.Value.Line(), "container of %s has no name and is judged without; add one, or, %s", object.Get("kind").Str(), renderPatch)
				return withNames(object, spec)
			}
		}
	}
	return object
}

// withNames returns v with the containers of spec, which is a part of v, named.
func withNames(v, spec *evidence.Value) *evidence.Value {
	return rewrite(v, func(key string, val *evidence.Value) *evidence.Value {
		switch {
		case v != spec:
			return withNames(val, spec)
		case !slices.Contains(containerLists, key) || !val.Is(evidence.Array):
			return val
		}
		elems := slices.Clone(val.Fields())
		for i, c := range elems {
			if c.Value.Is(evidence.Object) && c.Value.Get("name").Str() == "" {
				name := evidence.Field{Key: "name", Value: evidence.NewString(nameless, c.Value.Line())}
				elems[i].Value = evidence.NewObject(append([]evidence.Field{name}, c.Value.Fields()...), c.Value.Line())
			}
		}
		return evidence.NewArray(elems, val.Line())
	})
}

// intern returns a copy of s that all items share.
func intern(s string) string { return unique.Make(s).Value() }

// nameless stands for the name of a workload or container that has none. No cluster takes it,
// but what it would run can be judged, and is what its author wants to know. A
// node's own report seldom has one: k8s-node-collector leaves it out.
const nameless = "-"

// identity is what names an object.
type identity struct{ apiVersion, kind, namespace, name string }

// group is the API group, "" for the core group.
func (id identity) group() string {
	group, _, found := strings.Cut(id.apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

// kindGroup is Kind, or Kind.group outside of the core group.
func (id identity) kindGroup() string {
	if group := id.group(); group != "" {
		return intern(id.kind + "." + group)
	}
	return intern(id.kind)
}

// maxName bounds each part of an identity, which every result repeats. The API
// server allows a name 253 characters.
const maxName = 1024

// identify reads an object's identity, or says what is missing and what to do.
func identify(v *evidence.Value) (id identity, fault string) {
	read := func(path string, v *evidence.Value) string {
		switch {
		case fault != "" || v.Kind() == evidence.Null:
			return ""
		case !v.Is(evidence.String):
			fault = fmt.Sprintf("%s is %s; it must be text: put it in quotes", path, v.Kind().Noun())
		case strings.Contains(v.Str(), "{{"):
			fault = "template, not rendered: " + path + " holds {{ }}; " + renderChart
		case len(v.Str()) > maxName:
			fault = fmt.Sprintf("%s has %d characters, more than the %d allowed; shorten it", path, len(v.Str()), maxName)
		}
		return v.Str()
	}
	meta := v.Get("metadata")
	id.apiVersion = read("apiVersion", v.Get("apiVersion"))
	id.kind = read("kind", v.Get("kind"))
	id.namespace = read("metadata.namespace", meta.Get("namespace"))
	id.name = read("metadata.name", meta.Get("name"))
	if id.name == "" {
		id.name = read("metadata.generateName", meta.Get("generateName"))
	}
	switch {
	case fault != "":
	case misspelt(v) != "":
		fault = "not a Kubernetes object: " + misspelt(v)
	case id.apiVersion == "" && id.kind == "":
		fault = "not a Kubernetes object: it has no apiVersion and no kind"
	case id.kind == "":
		fault = "not a Kubernetes object: it has no kind; add one, or, " + renderPatch
	case id.apiVersion == "":
		fault = id.kind + " has no apiVersion; add one, or, " + renderPatch
	case (id.kind == "Kustomization" || id.kind == "Component") && strings.HasPrefix(id.apiVersion, "kustomize.config.k8s.io/"):
		fault = "kustomization, not rendered; run `kubectl kustomize DIR | surety assess -`"
	case id.kind == "Status" && id.apiVersion == "v1":
		fault = "no object but the API server's answer to a request that failed: " + v.Get("message").Str()
	case id.kind == "Table" && strings.HasPrefix(id.apiVersion, "meta.k8s.io/"):
		fault = "a table for people to read, not the objects; get them with -o yaml or -o json"
	case id.kind == "Template" && strings.HasPrefix(id.apiVersion, "template.openshift.io/"):
		fault = "template, not rendered; run `oc process -f FILE -o yaml | surety assess -`"
	case meta != nil && !meta.Is(evidence.Object) && !meta.Is(evidence.Null):
		fault = fmt.Sprintf("metadata of %s is %s; it must be an object with a name", id.kind, meta.Kind().Noun())
	case id.name == "" && (PodSpec(v).Get("containers").Len() > 0 || id.kind == nodeInfo && id.group() == ""):
		id.name = nameless
	case id.name == "":
		fault = id.kind + " has no metadata.name, so that it is no object of a cluster; add one, or, " + renderPatch
	}
	return id, fault
}

// misspelt says that a key by which objects are known is there in other letters
// only, "" if it is not.
func misspelt(v *evidence.Value) string {
	for _, want := range []string{"apiVersion", "kind"} {
		if v.Get(want) != nil {
			continue
		}
		for _, f := range v.Fields() {
			if strings.EqualFold(f.Key, want) {
				return fmt.Sprintf("it has %s for %s, and case counts", f.Key, want)
			}
		}
	}
	return ""
}

// unrendered reports whether an image of a pod is still a template. Elsewhere
// {{ }} may be text that means something to the workload, such as an alert's.
func unrendered(body *evidence.Value) bool {
	spec := PodSpec(body)
	for _, list := range containerLists {
		for _, c := range spec.Get(list).Fields() {
			if strings.Contains(c.Value.Get("image").Str(), "{{") {
				return true
			}
		}
	}
	return false
}
