package yaml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/surety-cloud/surety/evidence"
	goyaml "go.yaml.in/yaml/v3"
)

const opYAML = "parse YAML"

// parseFull reads a document with the general parser.
func parseFull(doc []byte, firstLine int) (Result, error) {
	if len(doc) > MaxComplexBytes {
		return Result{}, badInput(opYAML, firstLine, "split the document, or write it in plain block style or as JSON",
			"the document has %d bytes, more than the %d allowed with anchors, tags or nested flow style", len(doc), MaxComplexBytes)
	}
	root, err := decodeNode(doc, firstLine)
	if err != nil || root == nil {
		return Result{}, err
	}
	b := builder{offset: firstLine - 1}
	v, err := b.value(root)
	if err != nil {
		return Result{}, err
	}
	return Result{Value: v, Duplicates: b.repeated.list}, nil
}

// decodeNode returns the only node of doc, nil if it is empty. A panic of the
// parser is an error of this document, so that it cannot hide the others.
func decodeNode(doc []byte, firstLine int) (root *goyaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, badInput(opYAML, firstLine, "simplify the document", "the parser failed: %v", r)
		}
	}()
	dec := goyaml.NewDecoder(bytes.NewReader(doc))
	var n, extra goyaml.Node
	if err := dec.Decode(&n); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntaxError(err, firstLine)
	}
	if err := dec.Decode(&extra); err == nil {
		return nil, badInput(opYAML, firstLine+extra.Line-1, "put --- on a line of its own, ended by a line feed",
			"a second document begins inside the document")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(err, firstLine)
	}
	if len(n.Content) != 1 {
		return nil, nil
	}
	return n.Content[0], nil
}

// syntaxError rewrites the parser's "yaml: line 3: cause" with the file's line.
func syntaxError(err error, firstLine int) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := firstLine
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		num, cause, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(num); err == nil {
			line, msg = firstLine+n-1, cause
		}
	}
	hint := "correct the YAML syntax there or on the line before"
	if strings.Contains(msg, "exceeded max depth") {
		hint = "reduce the nesting to at most " + strconv.Itoa(MaxDepth) + " levels"
	}
	return badInput(opYAML, line, hint, "%s", msg)
}

// builder turns the parser's nodes into values.
type builder struct {
	offset    int // added to the parser's lines
	depth     int
	path      []segment
	expanding []*goyaml.Node // anchors whose alias is being built
	aliased   int            // values built for aliases
	copied    int            // bytes of text and keys in these
	repeated  repeated
}

func (b *builder) line(n *goyaml.Node) int { return n.Line + b.offset }

func (b *builder) value(n *goyaml.Node) (*evidence.Value, error) {
	if b.depth >= MaxDepth {
		return nil, tooDeep(opYAML, b.line(n))
	}
	if len(b.expanding) > 0 {
		if b.aliased++; b.aliased > MaxAliased {
			return nil, badInput(opYAML, b.line(b.expanding[0]), "write the values out or use fewer aliases",
				"aliases expand to more than %d values", MaxAliased)
		}
		if err := b.copy(n, b.expanding[0]); err != nil {
			return nil, err
		}
	}
	b.depth++
	defer func() { b.depth-- }()
	switch n.Kind {
	case goyaml.MappingNode:
		return b.mapping(n)
	case goyaml.SequenceNode:
		elems := make([]evidence.Field, len(n.Content))
		for i, c := range n.Content {
			b.path = append(b.path, segment{index: i})
			v, err := b.value(c)
			b.path = b.path[:len(b.path)-1]
			if err != nil {
				return nil, err
			}
			elems[i].Value = v
		}
		return evidence.NewArray(elems, b.line(n)), nil
	case goyaml.AliasNode:
		if err := b.enter(n); err != nil {
			return nil, err
		}
		v, err := b.value(n.Alias)
		b.leave()
		return v, err
	default:
		return b.scalar(n)
	}
}

// enter begins the expansion of alias n; leave ends it.
func (b *builder) enter(n *goyaml.Node) error {
	for _, open := range b.expanding {
		if open.Alias == n.Alias {
			return badInput(opYAML, b.line(n), "remove the alias", "anchor &%s contains itself", n.Value)
		}
	}
	b.expanding = append(b.expanding, n)
	return nil
}

func (b *builder) leave() { b.expanding = b.expanding[:len(b.expanding)-1] }

// copy counts the text of scalar n, which alias repeats. In memory all copies
// are one, but not in what is written of them.
func (b *builder) copy(n, alias *goyaml.Node) error {
	if n.Kind == goyaml.ScalarNode {
		b.copied += len(n.Value)
	}
	if b.copied > MaxAliasedBytes {
		return badInput(opYAML, b.line(alias), "write the values out or use fewer aliases",
			"aliases repeat more than %d bytes of text", MaxAliasedBytes)
	}
	return nil
}

func (b *builder) mapping(n *goyaml.Node) (*evidence.Value, error) {
	fields := make([]evidence.Field, 0, len(n.Content)/2)
	var keys keyLines
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			merged, err := b.merge(c)
			if err != nil {
				return nil, err
			}
			fields = append(fields, merged...)
			continue
		}
		key, err := b.key(k)
		if err != nil {
			return nil, err
		}
		b.path = append(b.path, segment{key, -1})
		if first, repeated := keys.add(key, b.line(k)); repeated {
			if err := b.repeated.add(opYAML, b.path, b.line(k), first); err != nil {
				return nil, err
			}
		}
		v, err := b.value(c)
		b.path = b.path[:len(b.path)-1]
		if err != nil {
			return nil, err
		}
		fields = append(fields, evidence.Field{Key: key, Value: v})
	}
	return evidence.NewObject(fields, b.line(n)), nil
}

func isMerge(k *goyaml.Node) bool {
	return k.Kind == goyaml.ScalarNode && k.Value == "<<" && (k.Style == 0 || k.Tag == "!!merge")
}

// merge returns the fields that a << adds. In a sequence the earlier mapping
// takes precedence, so it comes last.
func (b *builder) merge(n *goyaml.Node) ([]evidence.Field, error) {
	target := n
	if n.Kind == goyaml.AliasNode {
		target = n.Alias
	}
	switch {
	case target.Kind == goyaml.MappingNode:
		v, err := b.value(n)
		return v.Fields(), err
	case n.Kind == goyaml.SequenceNode:
		var fields []evidence.Field
		for i := len(n.Content) - 1; i >= 0; i-- {
			c := n.Content[i]
			if c.Kind == goyaml.SequenceNode {
				return nil, badMerge(b.line(c))
			}
			more, err := b.merge(c)
			if err != nil {
				return nil, err
			}
			fields = append(fields, more...)
		}
		return fields, nil
	}
	return nil, badMerge(b.line(n))
}

func badMerge(line int) error {
	return badInput(opYAML, line, "merge an alias of a mapping, or a list of them", "<< merges something that is no mapping")
}

// key returns what a mapping key is called in JSON.
func (b *builder) key(n *goyaml.Node) (string, error) {
	k := n
	if n.Kind == goyaml.AliasNode {
		k = n.Alias
	}
	if k.Kind != goyaml.ScalarNode {
		return "", badInput(opYAML, b.line(n), "write the key as a string", "a mapping key is a mapping or a sequence")
	}
	alias := n
	if len(b.expanding) > 0 {
		alias = b.expanding[0]
	}
	if alias != k {
		if err := b.copy(k, alias); err != nil {
			return "", err
		}
	}
	s, err := b.resolveNode(k)
	if err != nil {
		return "", err
	}
	key, ok := s.key()
	if !ok {
		return "", badInput(opYAML, b.line(n), "put the key in quotes", "a mapping key is null or out of range")
	}
	return key, nil
}

// key returns what s is called as a key in JSON, as sigs.k8s.io/yaml does it.
func (s scalar) key() (string, bool) {
	switch {
	case s.kind == evidence.String:
		return s.text, true
	case s.kind == evidence.Bool:
		return strconv.FormatBool(s.truth), true
	case s.kind == evidence.Null:
		return "", false
	case s.float:
		switch {
		case math.IsNaN(s.value):
			return ".nan", true
		case math.IsInf(s.value, 1), s.value > math.MaxFloat32:
			return ".inf", true
		case math.IsInf(s.value, -1), s.value < -math.MaxFloat32:
			return "-.inf", true
		}
		return strconv.FormatFloat(s.value, 'g', -1, 32), true
	}
	_, err := strconv.ParseInt(s.text, 10, 64)
	return s.text, err == nil
}

func (b *builder) scalar(n *goyaml.Node) (*evidence.Value, error) {
	s, err := b.resolveNode(n)
	if err != nil {
		return nil, err
	}
	switch s.kind {
	case evidence.Null:
		return evidence.NewNull(b.line(n)), nil
	case evidence.Bool:
		return evidence.NewBool(s.truth, b.line(n)), nil
	case evidence.Number:
		if s.text == "" {
			return nil, notJSON(b.line(n), n.Value)
		}
		return evidence.NewNumber(s.text, b.line(n)), nil
	}
	return evidence.NewString(s.text, b.line(n)), nil
}

// resolveNode applies a node's style and tag.
func (b *builder) resolveNode(n *goyaml.Node) (scalar, error) {
	const quoted = goyaml.DoubleQuotedStyle | goyaml.SingleQuotedStyle | goyaml.LiteralStyle | goyaml.FoldedStyle
	text := scalar{kind: evidence.String, text: n.Value}
	if n.Style&goyaml.TaggedStyle == 0 {
		if n.Style&quoted != 0 {
			return text, nil
		}
		return resolve(n.Value), nil
	}
	s := resolve(n.Value)
	var fits bool
	switch n.Tag {
	case "!!null":
		fits = s.kind == evidence.Null
	case "!!bool":
		fits = s.kind == evidence.Bool
	case "!!int":
		fits = s.kind == evidence.Number && !s.float
	case "!!float":
		fits = s.kind == evidence.Number
	case "!!binary":
		raw, err := base64.StdEncoding.DecodeString(n.Value)
		text.text = string(raw)
		s, fits = text, err == nil && utf8.Valid(raw)
	default: // !!str, !!timestamp and tags nobody here knows
		s, fits = text, true
	}
	if !fits {
		return s, badInput(opYAML, b.line(n), "remove the tag or correct the value", "%q does not fit its tag %s", short(n.Value), n.Tag)
	}
	return s, nil
}

func notJSON(line int, text string) error {
	return badInput(opYAML, line, "put it in quotes if it is text", "%s is not a number JSON can hold", text)
}

func tooDeep(op string, line int) error {
	return badInput(op, line, "reduce the nesting", "values nest deeper than %d levels", MaxDepth)
}

// short cuts a text for a message.
func short(s string) string {
	if len(s) <= 40 {
		return s
	}
	return strings.ToValidUTF8(s[:40], "") + "..."
}
