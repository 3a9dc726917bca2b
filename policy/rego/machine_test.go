package rego

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ir"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// run evaluates a hand-written function of two parameters, input and data. Its
// statements append to the array in local 2, which it returns.
func run(t *testing.T, input *evidence.Value, stmts ...ir.Stmt) string {
	t.Helper()
	number := func(s string) *ir.StringConst { return &ir.StringConst{Value: s} }
	none := &ir.Func{Name: "none", Path: []string{"g0", "none"}, Params: []ir.Local{0, 1}, Return: 2}
	p := &ir.Policy{
		Static: &ir.Static{Strings: []*ir.StringConst{number("a"), number("b"), number("g0"), number("none"), number("other")}},
		Funcs: &ir.Funcs{Funcs: []*ir.Func{none, {
			Name: "f", Path: []string{"f"}, Params: []ir.Local{0, 1}, Return: 2,
			Blocks: []*ir.Block{
				{Stmts: append([]ir.Stmt{&ir.MakeArrayStmt{Target: 2}}, stmts...)},
				{Stmts: []ir.Stmt{&ir.ReturnLocalStmt{Source: 2}}},
			},
		}}},
	}
	program, err := lower(p)
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(program)
	m.start(input, noData)
	v, err := m.eval(1, policy.DefaultBudget)
	if err != nil {
		t.Fatal(err)
	}
	return string(v.AppendJSON(nil))
}

// What a break leaves, as OPA's WebAssembly compiler has it: blocks are one
// level, a scan is two, with and not are one.
func TestBreakLevels(t *testing.T) {
	at := func(n int) ir.Operand { s := ir.StringIndex(n); return ir.Operand{Value: &s} }
	local := func(n ir.Local) ir.Operand { return ir.Operand{Value: &n} }
	add := func(n int) ir.Stmt { return &ir.ArrayAppendStmt{Array: 2, Value: at(n)} }
	leave := func(n uint32) ir.Stmt { return &ir.BreakStmt{Index: n} }
	block := func(stmts ...ir.Stmt) *ir.Block { return &ir.Block{Stmts: stmts} }
	in := func(b ...*ir.Block) ir.Stmt { return &ir.BlockStmt{Blocks: b} }
	scan := func(n uint32) ir.Stmt {
		return &ir.ScanStmt{Source: 0, Key: 3, Value: 4, Block: block(add(0), leave(n))}
	}
	with := func(n uint32) ir.Stmt {
		return &ir.WithStmt{Local: 1, Value: local(0), Block: block(leave(n))}
	}
	not := func(n uint32) ir.Stmt { return &ir.NotStmt{Block: block(leave(n))} }
	dynamic := func(name int) ir.Stmt {
		return &ir.CallDynamicStmt{Args: []ir.Local{0, 1}, Path: []ir.Operand{at(2), at(name)}, Result: 5}
	}
	two := evidence.NewArray([]evidence.Field{{Value: nullValue}, {Value: nullValue}}, 0)
	for name, c := range map[string]struct {
		stmts []ir.Stmt
		want  string
	}{
		"break 0 leaves the block":             {[]ir.Stmt{in(block(leave(0), add(0)), block(add(1))), add(1)}, `["b","b"]`},
		"break 1 leaves the statement":         {[]ir.Stmt{in(block(in(block(leave(1)), block(add(0))), add(0)), block(add(1)))}, `["b"]`},
		"break 0 goes on with the scan":        {[]ir.Stmt{in(block(scan(0), add(1)))}, `["a","a","b"]`},
		"break 1 leaves the scan":              {[]ir.Stmt{in(block(scan(1), add(1)))}, `["a","b"]`},
		"break 2 leaves the block of the scan": {[]ir.Stmt{in(block(scan(2), add(1)), block(add(1), add(1)))}, `["a","b","b"]`},
		"break 3 leaves one more":              {[]ir.Stmt{in(block(in(block(scan(3), add(1)), block(add(1))), add(1))), add(0)}, `["a","a"]`},
		"break 0 makes with undefined":         {[]ir.Stmt{in(block(with(0), add(0)), block(add(1)))}, `["b"]`},
		"break 1 leaves with and its block":    {[]ir.Stmt{in(block(with(1), add(0)), block(add(1)))}, `["b"]`},
		"break 2 leaves with and two blocks":   {[]ir.Stmt{in(block(in(block(with(2)), block(add(0))), add(0)), block(add(1)))}, `["b"]`},
		"break 0 satisfies not":                {[]ir.Stmt{in(block(not(0), add(0)), block(add(1)))}, `["a","b"]`},
		"break 1 leaves the block of not":      {[]ir.Stmt{in(block(not(1), add(0)), block(add(1)))}, `["b"]`},
		"a path without a rule is undefined":   {[]ir.Stmt{in(block(dynamic(4), add(0)), block(add(1)))}, `["b"]`},
		"an undefined rule leaves three blocks": {[]ir.Stmt{
			in(block(in(block(in(block(in(block(dynamic(3), add(0)), block(add(0))), add(0)), block(add(0))), add(0)), block(add(0))), add(0)), block(add(1)))}, `["b"]`},
	} {
		if got := run(t, two, c.stmts...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

const chained = `package %s
import rego.v1
deny contains msg if {
	count(data.lib.mine.slow) > 0
	%s
	msg := "slow"
}
`

// sharing builds three checks of which two use the same costly rule.
func sharing(t *testing.T) *Engine {
	t.Helper()
	lib := `package lib.mine
import rego.v1
slow contains [a, b] if {
	some a in numbers.range(1, 60)
	some b in input.spec.containers
}
`
	e, err := Load(files(map[string]string{
		"lib.rego": lib, "a.rego": fmt.Sprintf(chained, "a", "true"), "b.rego": fmt.Sprintf(chained, "b", "true"),
		"c.rego": "package c\nimport rego.v1\ndeny contains \"c\" if count(input.spec.containers) == 2\n",
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The steps of a check, and so its verdict, do not depend on the others.
func TestVerdictsDoNotDependOnOrder(t *testing.T) {
	e, object := sharing(t), item(t, pod)
	m := newMachine(e.program)
	alone := map[string]int{}
	for _, c := range e.list {
		m.start(object.Body, noData)
		alone[c.ID] = needed(t, m, c, object)
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
		for _, steps := range []int{1, 10, alone["c"], alone["a"] - 1, alone["a"], alone["a"] + 1} {
			m.start(object.Body, noData)
			for _, i := range order {
				c := e.list[i]
				got := c.judge(m, object, policy.Budget{Steps: steps}).Verdict
				if want := steps >= alone[c.ID]; (got == surety.Fail) != want || (got == surety.Unknown) == want {
					t.Errorf("%s with %d of %d steps, in order %v: %s", c.ID, steps, alone[c.ID], order, got)
				}
			}
		}
	}
}

// needed is the least budget that decides a check.
func needed(t *testing.T, m *machine, c *check, object *evidence.Item) int {
	t.Helper()
	low, high := 0, 100_000
	for low < high {
		mid := (low + high) / 2
		m.start(object.Body, noData)
		if c.judge(m, object, policy.Budget{Steps: mid}).Verdict == surety.Unknown {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < 10 || low == 100_000 {
		t.Fatalf("%s needs %d steps", c.ID, low)
	}
	return low
}

// A rule that ran out of steps is not tried again by each check that uses it.
func TestExhaustionIsRemembered(t *testing.T) {
	e, object := sharing(t), item(t, pod)
	m := newMachine(e.program)
	m.start(object.Body, noData)
	tiny := policy.Budget{Steps: 50}
	e.list[0].judge(m, object, tiny)
	spent := m.root.spent
	if out := e.list[1].judge(m, object, tiny); out.Verdict != surety.Unknown || !strings.Contains(out.Reason, errSteps.Error()) {
		t.Errorf("%+v", out)
	}
	if more := m.root.spent - spent; more > 20 {
		t.Errorf("the second check took %d more steps", more)
	}
}

func TestExpired(t *testing.T) {
	e, object := sharing(t), item(t, pod)
	asked := 0
	out := e.Judge(nil, object, policy.Budget{Steps: 1000, Expired: func() bool { asked++; return true }})
	for _, oc := range out {
		if oc.Verdict != surety.Unknown || !strings.Contains(oc.Reason, errExpired.Error()) {
			t.Errorf("%s: %s %s", oc.Check.ID, oc.Verdict, oc.Reason)
		}
	}
	if len(out) != 3 || asked != 1 {
		t.Errorf("%d outcomes; the clock was asked %d times", len(out), asked)
	}
	for _, oc := range e.Judge(nil, object, policy.DefaultBudget) {
		if oc.Verdict == surety.Unknown {
			t.Errorf("%s is unknown ever after: %s", oc.Check.ID, oc.Reason)
		}
	}
}

// Built-ins cannot do in one step what a budget is there to prevent.
func TestBuiltinsSpendSteps(t *testing.T) {
	for _, expr := range []string{
		`numbers.range(1, 1000000000)`, `numbers.range_step(1, 1000000000, 1)`, `bits.lsh(1, 1000000000)`,
		`net.cidr_expand("10.0.0.0/4")`, `net.cidr_expand("::/8")`,
	} {
		e := load(t, "package mine\nimport rego.v1\ndeny contains \"x\" if count([1 | x := "+expr+"]) > 0\n")
		if out := e.Judge(nil, item(t, pod), policy.DefaultBudget); out[0].Verdict != surety.Unknown {
			t.Errorf("%s: %s", expr, out[0].Verdict)
		}
	}
}

// A pod of very many containers ends, decided or not, within the budget.
func TestHugeObject(t *testing.T) {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: huge}\nspec:\n  containers:\n")
	for i := range 4000 {
		fmt.Fprintf(&b, "  - {name: c%d}\n", i)
	}
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	object := item(t, b.String())
	m := newMachine(e.program)
	m.start(object.Body, noData)
	unknown := 0
	for _, c := range e.byKind[kindOf{"kubernetes", "Pod"}].checks {
		if c.component == "" && c.judge(m, object, policy.DefaultBudget).Verdict == surety.Unknown {
			unknown++
		}
	}
	if unknown > 0 {
		t.Errorf("%d checks are not decided", unknown)
	}
	if m.root.spent > 4000*5000 {
		t.Errorf("%d steps", m.root.spent)
	}
}

func TestWithheld(t *testing.T) {
	e := load(t, "package mine\nimport rego.v1\ndeny contains \"x\" if input.data.password == \"x\"\n")
	object := *item(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
	object.SetCaveats(evidence.Caveats{Withheld: []string{"data"}})
	out := e.Judge(nil, &object, policy.DefaultBudget)
	if len(out) != 1 || out[0].Verdict != surety.Unknown || !strings.Contains(out[0].Reason, "secret") {
		t.Errorf("%+v", out)
	}
}

// A panic is the check's own problem, and the machine is sound afterwards.
func TestPanicIsIsolated(t *testing.T) {
	e := load(t, "package mine\nimport rego.v1\ndeny contains \"x\" if lower(input.kind) == \"pod\"\n")
	m := e.machine()
	sound := m.builtin[0]
	m.builtin[0] = func(*machine, []*evidence.Value) *evidence.Value { panic("a bug") }
	e.release(m)
	if out := e.Judge(nil, item(t, pod), policy.DefaultBudget); out[0].Verdict != surety.Unknown || out[0].Reason != "the check failed: a bug" {
		t.Errorf("%+v", out)
	}
	m.builtin[0] = sound
	if out := e.Judge(nil, item(t, pod), policy.DefaultBudget); out[0].Verdict != surety.Fail {
		t.Errorf("%+v", out)
	}
}

func TestOutcomesAreInOrderOfChecks(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	every := load(t, "package a\nimport rego.v1\ndeny contains \"x\" if input.kind\n")
	mixed := newEngine(e.program, append(slices.Clone(e.list), every.list...))
	for kind, a := range mixed.byKind {
		if !slices.IsSortedFunc(a.checks, func(a, b *check) int { return strings.Compare(a.ID, b.ID) }) {
			t.Errorf("%v: not by id", kind)
		}
	}
	for _, kind := range []string{"", "Pod"} {
		if !slices.Contains(mixed.byKind[kindOf{"kubernetes", kind}].checks, every.list[0]) {
			t.Errorf("the check of every kind is not one of %q", kind)
		}
	}
}

// Engines are shared by workers, and keep nothing of what they judged.
func TestConcurrentUse(t *testing.T) {
	e, object := sharing(t), item(t, pod)
	want := fmt.Sprint(e.Judge(nil, object, policy.DefaultBudget))
	done := make(chan string)
	for range 4 {
		go func() {
			got := ""
			for range 20 {
				got = fmt.Sprint(e.Judge(nil, object, policy.DefaultBudget))
			}
			done <- got
		}()
	}
	for range 4 {
		if got := <-done; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, m := range e.free {
		if m.root.input != nil || slices.ContainsFunc(m.root.known, func(k known) bool { return k.value != nil }) {
			t.Error("a machine keeps values of the object")
		}
	}
}
