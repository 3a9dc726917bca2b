package cel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func vocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	v, err := NewVocabulary([]string{"a.yes", "a.no", "a.n", "a.text", "a.list", "a.hidden", "a.depth"},
		[]Type{Bool, Bool, Int, Text, Texts, Bool, Int})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var someFacts = []Value{BoolValue(true), BoolValue(false), IntValue(3), TextValue("vm"), TextsValue([]string{"read", "administer"}), {}, {}}

func TestConditionHasThreeAnswers(t *testing.T) {
	v := vocabulary(t)
	for text, want := range map[string]Answer{
		"a.yes": True, "a.no": False, "!a.no": True, "a.n >= 3": True, "a.text == 'vm'": True, "a.text in ['vm', 'pod']": True,
		"'administer' in a.list": True, "size(a.list) == 2": True, "a.list.exists(x, x.startsWith('adm'))": True,
		"a.hidden": Undecided, "!a.hidden": Undecided, "a.depth > 2": Undecided,
		"a.hidden && a.no": False, "a.no && a.hidden": False, "a.hidden || a.yes": True, "a.hidden || a.no": Undecided,
		"a.hidden && a.yes":                                  Undecided,
		"a.hidden ? a.yes : a.yes":                           Undecided,
		"a.list.exists(x, x == 'read' || a.hidden)":          True,
		"a.list.exists(x, x == 'administer' || a.hidden)":    True,
		"a.list.all(x, x == 'administer' && a.hidden)":       False,
		"a.list.all(x, x != 'neither' && a.hidden)":          Undecided,
		"a.text.replace('v', 'x') == 'xm'":                   True, // no fast form
		"a.text.replace('v', 'x') == 'xm' && a.depth > 1":    Undecided,
		"a.text.replace('v', 'x') == 'other' && a.depth > 1": False,
	} {
		c, err := v.Condition(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, unstated, err := c.Decide(someFacts, nil)
		if err != nil || got != want || (got == Undecided) != (len(unstated) > 0) {
			t.Errorf("%s: answer %d, unstated %v, error %v; want %d", text, got, unstated, err, want)
		}
		if slow, _, err := c.slowly(someFacts, nil); err != nil || slow != want {
			t.Errorf("%s: cel-go says %d (%v), want %d", text, slow, err, want)
		}
	}
}

// What is not stated may be anything: an answer that is given must hold for each.
func TestAnswersAreMonotone(t *testing.T) {
	v := vocabulary(t)
	texts := []string{"a.hidden && a.no", "a.hidden || a.yes", "!(a.hidden && a.yes)", "a.depth > 2 || a.n == 3", "a.list.exists(x, x == 'read' && a.hidden)",
		"a.hidden != a.yes", "(a.hidden ? a.n : a.depth) > 1", "a.hidden == a.hidden"}
	for _, text := range texts {
		c, err := v.Condition(text)
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := c.Decide(someFacts, nil)
		for _, hidden := range []bool{false, true} {
			for _, depth := range []int{0, 9} {
				facts := slices.Clone(someFacts)
				facts[5], facts[6] = BoolValue(hidden), IntValue(depth)
				after, _, err := c.Decide(facts, nil)
				if err != nil || after == Undecided || before != Undecided && before != after {
					t.Errorf("%s with hidden=%v depth=%d: %d, was %d (%v)", text, hidden, depth, after, before, err)
				}
			}
		}
	}
}

func TestConditionErrors(t *testing.T) {
	v := vocabulary(t)
	for text, want := range map[string]string{
		"a.nothing":     "undeclared reference",
		"a.n":           "gives a int",
		"a.text > 3":    "no matching overload",
		"has(a.hidden)": "undeclared reference",
		"a.yes &&":      "column",
		"a.list == 'x'": "no matching overload",
		strings.Repeat("(", 300) + "a.yes" + strings.Repeat(")", 300): "column",
	} {
		if _, err := v.Condition(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: error %v does not hold %q", text, err, want)
		}
	}
	c, err := v.Condition("a.list[a.n] == 'x'")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Decide(someFacts, nil); err == nil {
		t.Error("an index out of range is no error")
	}
}

func TestConditionReads(t *testing.T) {
	c, err := vocabulary(t).Condition("a.yes && a.list.exists(x, x == a.text) && a.yes")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(c.Reads)
	if got := fmt.Sprint(c.Reads); got != "[0 3 4]" {
		t.Errorf("reads %s", got)
	}
}

func TestConditionIsBounded(t *testing.T) {
	text := "a.yes"
	for i := range 9 {
		text = fmt.Sprintf("[1,2,3,4,5,6,7,8,9,10].all(v%d, %s)", i, text)
	}
	c, err := vocabulary(t).Condition(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Decide(someFacts, nil); err == nil || !strings.Contains(err.Error(), "budget") {
		t.Errorf("10^9 rounds gave %v", err)
	}
}
