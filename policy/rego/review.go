package rego

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// A policy written for an admission webhook, as Gatekeeper's are, reads its
// object in input.review. It is judged as if each object of the evidence were
// about to be created: review holds the object, its kind, name and namespace, and
// the operation CREATE. What only a request has, such as who sends it, and what
// only a constraint gives is nowhere in the evidence; a policy that reads such
// things would deny nothing and is refused.

// aim decides what the check of module m, which can read these paths of its
// input, is judged on, and what it reads of the object then. One that reads an
// object beside a review, as the library does, is judged on the object alone.
func (c *check) aim(m *module, reads policy.ReadSet) error {
	var review, rest []string
	for _, path := range reads {
		if path == "/review" || strings.HasPrefix(path, "/review/") {
			review = append(review, path)
		} else {
			rest = append(rest, path)
		}
	}
	direct := m.keys(ast.InputRootRef)
	if m.keys(ast.DefaultRootRef)["inventory"] {
		return c.unfit("it reads data.inventory, which is Gatekeeper's cache of the cluster", "judge each object by itself")
	}
	if direct["review"] && direct["parameters"] {
		return c.unfit("it reads input.parameters, which a Gatekeeper constraint gives", "write the values into the policy")
	}
	if len(review) == 0 || len(rest) > 0 && !(direct["review"] && len(direct) == 1) {
		c.Reads = policy.NewReadSet(rest...)
		return nil
	}
	if c.Provider != evidence.ProviderKubernetes {
		return c.unfit("it reads input.review, which no Dockerfile comes in", "read the Dockerfile itself: input.Stages")
	}
	for _, path := range review {
		own, err := c.inObject(path)
		if err != nil {
			return err
		}
		rest = append(rest, own...)
	}
	c.review, c.Reads = true, policy.NewReadSet(rest...)
	return nil
}

// keys returns what the module's text names of the document root, input or data;
// "" stands for the whole of it.
func (m *module) keys(root ast.Ref) map[string]bool {
	keys := map[string]bool{}
	ast.WalkRefs(m.parsed, func(r ast.Ref) bool {
		if r.HasPrefix(root) {
			key := ""
			if len(r) > 1 {
				if s, ok := r[1].Value.(ast.String); ok {
					key = string(s)
				}
			}
			keys[key] = true
		}
		return false
	})
	return keys
}

// inObject gives what reading path, which lies in a review, reads of the object.
func (c *check) inObject(path string) ([]string, error) {
	part, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/review"), "/"), "/")
	switch part {
	case "", "operation":
		return nil, nil
	case "object":
		if rest == "" {
			return nil, nil // whether there is one
		}
		return []string{"/" + rest}, nil
	case "kind":
		return []string{"/apiVersion", "/kind"}, nil
	case "name", "namespace":
		return []string{"/metadata/" + part}, nil
	case "*", "**":
		return nil, c.unfit("it reads input.review as a whole", "read its parts: input.review.object, kind, name, namespace, operation")
	}
	return nil, c.unfit("it reads input.review."+part+", which only an admission request has",
		"judge the object alone, in input.review.object or in input")
}

func (c *check) unfit(why, hint string) error {
	return &surety.Error{
		Kind: surety.BadInput, Op: "load rego", Origin: c.Origin,
		Err: fmt.Errorf("check %s denies nothing here: %w", c.ID, errors.New(why)), Hint: hint,
	}
}

// reviewOf is the review of a request to create an object.
func reviewOf(body *evidence.Value) *evidence.Value {
	line := body.Line()
	object := func(fields ...evidence.Field) *evidence.Value { return evidence.NewObject(fields, line) }
	group, version, grouped := strings.Cut(body.Get("apiVersion").Str(), "/")
	if !grouped {
		group, version = "", group
	}
	meta := body.Get("metadata")
	empty := evidence.NewString("", line)
	return object(evidence.Field{Key: "review", Value: object(
		evidence.Field{Key: "object", Value: body},
		evidence.Field{Key: "operation", Value: evidence.NewString("CREATE", line)},
		evidence.Field{Key: "name", Value: cmp.Or(meta.Get("name"), empty)},
		evidence.Field{Key: "namespace", Value: cmp.Or(meta.Get("namespace"), empty)},
		evidence.Field{Key: "kind", Value: object(
			evidence.Field{Key: "group", Value: evidence.NewString(group, line)},
			evidence.Field{Key: "version", Value: evidence.NewString(version, line)},
			evidence.Field{Key: "kind", Value: cmp.Or(body.Get("kind"), empty)},
		)},
	)})
}
