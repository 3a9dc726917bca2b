package cel

import (
	"encoding/base64"
	"fmt"
	"strings"

	"cel.dev/cel-go/common/ast"
	exprpb "google.golang.org/genproto/googleapis/api/expr/v1alpha1"
	"google.golang.org/protobuf/proto"
)

// Parsing and type-checking an expression takes as long as evaluating it a
// thousand times. So the checked expressions of the built-in content are written
// down beforehand (plan.txt): a line for each check with its id, whether it is
// linear, its expression as CEL's own protocol buffer in base64, and its focus if
// it has one. Only what the fast form declines is still compiled from its text.
const (
	linearPlan  = "linear"
	meteredPlan = "metered"
)

// plan writes down what parsePlan reads.
func (p *programs) plan() (string, error) {
	message, err := ast.ExprToProto(p.checked.NativeRep().Expr())
	if err != nil {
		return "", err
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return "", err
	}
	class := meteredPlan
	if p.linear {
		class = linearPlan
	}
	return strings.TrimSpace(class + " " + base64.StdEncoding.EncodeToString(raw) + " " + p.focus), nil
}

func parsePlan(text string) (quick, error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return quick{}, fmt.Errorf("read the plan of a check: %q is none", text)
	}
	raw, err := base64.StdEncoding.DecodeString(words[1])
	if err != nil {
		return quick{}, fmt.Errorf("read the plan of a check: %w", err)
	}
	var message exprpb.Expr
	if err := proto.Unmarshal(raw, &message); err != nil {
		return quick{}, fmt.Errorf("read the plan of a check: %w", err)
	}
	e, err := ast.ProtoToExpr(&message)
	if err != nil {
		return quick{}, fmt.Errorf("read the plan of a check: %w", err)
	}
	return quick{fast: newFast(e), linear: words[0] == linearPlan, focus: strings.Join(words[2:], " ")}, nil
}
