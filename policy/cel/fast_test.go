package cel

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/common/types/ref"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/yaml"
	"github.com/surety-cloud/surety/policy"
)

// odd is what takes the place of a part of an object.
var odd = `[null, true, 0, 1, 2.5, "", x, "0", 100%, [], {}, [null], [x, 1, true], {a: null}, {a: b}, [{name: x}], [[x], x], {name: x}]`

// variants calls f with v and with what v becomes when one of its parts is
// replaced or removed.
func variants(v *evidence.Value, others []evidence.Field, f func(*evidence.Value)) {
	f(v)
	for i, field := range v.Fields() {
		with := func(part *evidence.Value) {
			fields := slices.Clone(v.Fields())
			if fields[i].Value = part; part == nil {
				fields = slices.Delete(fields, i, i+1)
			}
			if v.Is(evidence.Array) {
				f(evidence.NewArray(fields, v.Line()))
			} else {
				f(evidence.NewObject(fields, v.Line()))
			}
		}
		with(nil)
		for _, o := range others {
			with(o.Value)
		}
		variants(field.Value, others, func(part *evidence.Value) {
			if part != field.Value {
				with(part)
			}
		})
	}
}

// slow evaluates by cel-go alone.
func slow(t *testing.T, r *rule, s *subject, steps int) (ref.Val, error) {
	t.Helper()
	p, err := r.programs()
	if err != nil {
		t.Fatal(err)
	}
	program, err := p.within(steps)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := program.Eval(s)
	return out, err
}

// The fast form of a message gives what cel-go gives.
func TestFastMessagesAgree(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, r := range e.rules {
		if r.MessageExpr == "" {
			continue
		}
		q, err := r.quickly()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.Examples.Fail {
			n := kubernetes.Normalise(evidence.Document{Format: evidence.JSON, Raw: m.AppendJSON(nil)})
			for _, item := range n.Items {
				quickly := r.judge(newSubject(item), policy.DefaultBudget.Steps)
				fast := q.message
				q.message = nil
				slowly := r.judge(newSubject(item), policy.DefaultBudget.Steps)
				if q.message = fast; !reflect.DeepEqual(quickly, slowly) {
					t.Errorf("%s on %s: the fast form gives %v, cel-go %v", r.ID, item.Body.AppendJSON(nil), quickly, slowly)
				}
				told += len(quickly.Findings)
			}
		}
	}
	if told == 0 {
		t.Error("no message was told")
	}
}

// The fast form of an expression gives what cel-go gives, or declines.
func TestFastFormAgrees(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := yaml.Parse([]byte(odd), 1)
	if err != nil {
		t.Fatal(err)
	}
	decided, declined := 0, 0
	for _, r := range e.rules {
		q, err := r.quickly()
		if err != nil {
			t.Fatal(err)
		}
		if q.fast == nil {
			t.Errorf("%s has no fast form", r.ID)
			continue
		}
		examples := slices.Concat(r.Examples.Pass, r.Examples.Fail, r.Examples.Unknown)
		for _, manifest := range examples {
			n := kubernetes.Normalise(evidence.Document{Format: evidence.JSON, Raw: manifest.AppendJSON(nil)})
			for _, item := range n.Items {
				variants(item.Body, parsed.Value.Fields(), func(body *evidence.Value) {
					if !body.Is(evidence.Object) {
						return
					}
					changed := *item
					changed.Body = body
					if agree(t, r, &changed) {
						decided++
					} else {
						declined++
					}
				})
			}
		}
	}
	if declined > decided {
		t.Errorf("%d evaluations decided and %d declined", decided, declined)
	}
	t.Logf("%d evaluations decided, %d declined", decided, declined)
}

func agree(t *testing.T, r *rule, item *evidence.Item) (decided bool) {
	t.Helper()
	s := newSubject(item)
	q, err := r.quickly()
	if err != nil {
		t.Fatal(err)
	}
	for _, steps := range []int{300, 3000, policy.DefaultBudget.Steps} {
		v, ok := q.fast.run(s, limitOf(q.linear, steps))
		if !ok {
			continue
		}
		decided = true
		want, err := slow(t, r, s, steps)
		if err != nil {
			t.Errorf("%s on %s: the fast form gives %v, cel-go the error %v", r.ID, item.Body.AppendJSON(nil), v.toCEL(), err)
			return true
		}
		if got, want := r.conclude(s, v.toCEL()), r.conclude(s, want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s on %s: the fast form gives %v, cel-go %v", r.ID, item.Body.AppendJSON(nil), got, want)
			return true
		}
	}
	return decided
}

// What no check of the content uses agrees too.
func TestFastFormsOfUsersAgree(t *testing.T) {
	for _, expression := range []string{
		`object.?a.orValue(0) < 5 && object.?b.orValue('') + 'x' != 'xx'`,
		`object.?l.orValue([]).all(x, type(x) == string || x in [1, true, 'q'])`,
		`object.?l.orValue([]).exists(x, x == object.?m.orValue({}))`,
		`object.?m.orValue({}).all(k, object.m[k] == k || !(k in object.m))`,
		`object.?l.orValue([]).filter(x, size(x) > 1).map(x, [x, x]).flatten().distinct()`,
		`object.?l.orValue([]).map(x, x != null, x)`,
		`[object.?m.?a, object.?l].exists(x, x.orValue('') == 'b') ? [name, ns, kind] : []`,
		`string(object.?a.orValue(3)) + string(object.?b.orValue('c'))`,
		`object.?m[?object.?b.orValue('a')].orValue('z') == 'b'`,
		`has(object.m) && has(object.m.a) ? object.m : object.?l.orValue({})`,
		`object.l.exists(x, x.startsWith('a')) || object.a == 1`,
		`object.l.exists(x, object.l.exists(y, y == x && x.endsWith('b')))`,
		`object.l == object.l && object.m == object.m`,
		`pod.?containers.orValue([]).size() == 0 && podMeta == null`,
	} {
		t.Run(expression, func(t *testing.T) {
			defs, err := Parse([]byte("{id: A, title: a, severity: low, match: {kinds: [X]}, expression: "+quoted(expression)+"}"), "a.yaml")
			if err != nil {
				t.Fatal(err)
			}
			e, err := Compile(defs)
			if err != nil {
				t.Fatal(err)
			}
			others, err := yaml.Parse([]byte(odd), 1)
			if err != nil {
				t.Fatal(err)
			}
			n := kubernetes.Normalise(evidence.Document{Raw: []byte(
				"{apiVersion: x/v1, kind: X, metadata: {name: nn}, a: 1, b: x, l: [abc, ab, 1, {a: b}, [x]], m: {a: b, c: c}, d: 1.5}")})
			p, err := e.rules[0].programs()
			if err != nil {
				t.Fatal(err)
			}
			decided := 0
			variants(n.Items[0].Body, others.Value.Fields(), func(body *evidence.Value) {
				changed := *n.Items[0]
				if changed.Body = body; body.Is(evidence.Object) && p.fast != nil && agree(t, e.rules[0], &changed) {
					decided++
				}
			})
			t.Logf("%d decided", decided)
		})
	}
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// A budget that the fast form keeps, cel-go's meter keeps as well.
func TestFastFormIsBounded(t *testing.T) {
	if limitOf(true, 1) != math.MaxInt || limitOf(false, 1) != 1 {
		t.Error("an expression that is not linear has no limit, or one that is has")
	}
}
