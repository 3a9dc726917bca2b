package cel

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	exprpb "google.golang.org/genproto/googleapis/api/expr/v1alpha1"
	"google.golang.org/protobuf/proto"
)

// Parsing and type-checking an expression takes as long as evaluating it a
// thousand times. So the checked expressions of the built-in content are written
// down beforehand (plan.txt): a line for each check with its id, whether it is
// linear, its focus, its expression as CEL's own protocol buffer in base64, and the
// same of its message expression if it has one. Only what the fast form declines is
// still compiled from its text.
const (
	linearPlan  = "linear"
	meteredPlan = "metered"
	noFocus     = "-"
)

// plan writes down what parsePlan reads.
func (p *programs) plan() (string, error) {
	words := []string{meteredPlan, cmp.Or(p.focus, noFocus)}
	if p.linear {
		words[0] = linearPlan
	}
	for _, e := range []*cel.Ast{p.checked, p.told} {
		if e == nil {
			continue
		}
		message, err := ast.ExprToProto(e.NativeRep().Expr())
		if err != nil {
			return "", err
		}
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			return "", err
		}
		words = append(words, base64.StdEncoding.EncodeToString(raw))
	}
	return strings.Join(words, " "), nil
}

func parsePlan(text string) (q quick, err error) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return quick{}, fmt.Errorf("read the plan of a check: %q is none", text)
	}
	q.linear = words[0] == linearPlan
	if words[1] != noFocus {
		q.focus = words[1]
	}
	if q.fast, err = planned(words[2]); err == nil && len(words) > 3 {
		q.message, err = planned(words[3])
	}
	if err != nil {
		return quick{}, fmt.Errorf("read the plan of a check: %w", err)
	}
	return q, nil
}

// planned is the fast form of an expression that was written down.
func planned(text string) (*fast, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	var message exprpb.Expr
	if err := proto.Unmarshal(raw, &message); err != nil {
		return nil, err
	}
	e, err := ast.ProtoToExpr(&message)
	if err != nil {
		return nil, err
	}
	return newFast(e), nil
}
