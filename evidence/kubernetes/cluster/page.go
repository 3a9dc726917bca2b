package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// page is one response to a list request, or as much of it as arrived.
type page struct {
	objects []object
	next    string   // the token that continues the list; "" at its end
	unnamed []string // what elements were left out, and why
}

// object is one element of a list.
type object struct {
	namespace, name string
	raw             []byte // a complete document: apiVersion and kind included
}

// metadataList is what a server answers when asked for metadata only.
const metadataList = "PartialObjectMetadataList"

// decodePage reads a list of r. It streams, so that the elements that arrived
// before a broken connection or a syntax error are in the page that comes with
// the error. Secrets come from a list of metadata or not at all.
func decodePage(body io.Reader, r resource) (page, error) {
	if r == info {
		return decodeInfo(body)
	}
	var p page
	var kind string
	var meta struct {
		Continue string `json:"continue"`
	}
	listed := false
	err := decodeObject(json.NewDecoder(body), func(dec *json.Decoder, key string) error {
		switch key {
		case "kind":
			return dec.Decode(&kind)
		case "metadata":
			return dec.Decode(&meta)
		case "items":
			listed = true
			return decodeItems(dec, r, &p)
		default:
			var ignored json.RawMessage
			return dec.Decode(&ignored)
		}
	})
	p.next = meta.Continue
	if r.secret() && kind != metadataList {
		return page{}, errors.Join(err, fmt.Errorf("asked for metadata only, the server sent %q; nothing of it was kept", kind))
	}
	if err == nil && !listed {
		err = fmt.Errorf("the server sent %q, which is not a list", kind)
	}
	return p, err
}

// decodeInfo reads what the server says of itself.
func decodeInfo(body io.Reader) (page, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return page{}, err
	}
	var told struct{ GitVersion, GitCommit string }
	if err := json.Unmarshal(raw, &told); err != nil {
		return page{}, err
	}
	if told.GitVersion == "" || told.GitCommit == "" {
		return page{}, errors.New("the server's answer names no gitVersion and gitCommit, so that its version is not known")
	}
	return page{objects: []object{{name: kubernetes.ClusterName, raw: raw}}}, nil
}

// decodeObject calls field for each key of the object that dec is at; field
// consumes the value.
func decodeObject(dec *json.Decoder, field func(*json.Decoder, string) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if err := field(dec, key.(string)); err != nil {
			return err
		}
	}
	return expect(dec, '}')
}

func expect(dec *json.Decoder, want json.Delim) error {
	switch t, err := dec.Token(); {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case t != want:
		return fmt.Errorf("got %v where %q belongs", t, want)
	}
	return nil
}

func decodeItems(dec *json.Decoder, r resource, p *page) error {
	t, err := dec.Token()
	if err != nil || t == nil { // "items": null is an empty list
		return err
	}
	if t != json.Delim('[') {
		return fmt.Errorf("got %v where %q belongs", t, '[')
	}
	for i := 0; dec.More(); i++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		o, err := newObject(raw, r)
		if err != nil {
			p.unnamed = append(p.unnamed, fmt.Sprintf("element %d of the list left out: %v", i, err))
			continue
		}
		p.objects = append(p.objects, o)
	}
	return expect(dec, ']')
}

// newObject makes a document of a list's element. The server leaves apiVersion
// and kind to the list.
func newObject(raw []byte, r resource) (object, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return object{}, err
	}
	o := object{head.Metadata.Namespace, head.Metadata.Name, raw}
	if o.name == "" {
		return object{}, errors.New("it has no name")
	}
	if r.secret() {
		var err error
		o.raw, err = secretMetadata(raw, r)
		return o, err
	}
	var lead bytes.Buffer
	lead.Grow(len(raw) + 64)
	lead.WriteByte('{')
	if head.APIVersion == "" {
		fmt.Fprintf(&lead, `"apiVersion":%q,`, r.apiVersion())
	}
	if head.Kind == "" {
		fmt.Fprintf(&lead, `"kind":%q,`, r.kind)
	}
	if lead.Len() > 1 {
		lead.Write(raw[1:])
		o.raw = lead.Bytes()
	}
	return o, nil
}

// secretMetadata keeps what a check may know of a Secret. Its data stands there
// without any key, so that it counts as withheld and not as absent.
func secretMetadata(raw []byte, r resource) ([]byte, error) {
	type metadata struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace,omitempty"`
		Labels          map[string]string `json:"labels,omitempty"`
		Annotations     map[string]string `json:"annotations,omitempty"`
		OwnerReferences json.RawMessage   `json:"ownerReferences,omitempty"`
	}
	var secret struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Metadata   metadata `json:"metadata"`
		Data       struct{} `json:"data"`
	}
	if err := json.Unmarshal(raw, &secret); err != nil {
		return nil, err
	}
	secret.APIVersion, secret.Kind = r.apiVersion(), r.kind
	delete(secret.Metadata.Annotations, "kubectl.kubernetes.io/last-applied-configuration")
	return json.Marshal(secret)
}
