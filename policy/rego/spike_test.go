package rego

import "testing"

func TestSpike(t *testing.T) {
	e, err := compileContent()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(e.checks))
	for _, c := range e.list {
		t.Log(c.ID, c.Aliases, c.Kinds, c.component, c.Severity)
	}
}
