package policy

import (
	"path"
	"slices"
	"strings"
)

// The rules of other tools are no checks of a Set: a run meets them in the
// reports it reads. They are named TOOL:RULE, and a selection may name them.

// isImported reports whether name can only mean rules of other tools.
func isImported(name string) bool {
	tool, rule, found := strings.Cut(name, ":")
	return found && tool != "" && rule != ""
}

// Means reports whether a name as a user gives it, or a pattern, means the
// imported rule id. Where the rule is a check of ours under another name, that
// name is as good: trivy:KSV-0017 means trivy:KSV017 too.
func (s *Set) Means(name, id string) bool {
	name, id = strings.ToLower(name), strings.ToLower(id)
	if ok, err := path.Match(name, id); name == id || ok && err == nil {
		return true
	}
	tool, rule, _ := strings.Cut(name, ":")
	idTool, idRule, _ := strings.Cut(id, ":")
	return tool == idTool && s.every[rule] != nil && s.every[rule] == s.every[idRule]
}

// Admits reports whether the selection keeps the imported rule id: nothing was
// to be kept only, or the rule itself, or a check of ours that it is.
func (s *Set) Admits(id string) bool {
	for _, name := range s.selection.Skip {
		if s.Means(name, id) {
			return false
		}
	}
	if len(s.selection.Only) == 0 {
		return true
	}
	for _, name := range s.selection.Only {
		if s.Means(name, id) {
			return true
		}
	}
	_, rule, _ := strings.Cut(id, ":")
	return s.selected[s.every[strings.ToLower(rule)]]
}

// Known returns the check with this id or alias, selected or not; nil if the
// set was made of none.
func (s *Set) Known(name string) *Check { return s.every[strings.ToLower(name)] }

// Unmet returns the names the selection keeps that mean rules of other tools, of
// which none is among the checks of a run.
func (s *Set) Unmet(run []*Check) []string {
	var unmet []string
	for _, name := range s.selection.Only {
		met := func(c *Check) bool { return s.Means(name, c.ID) }
		if isImported(name) && !slices.ContainsFunc(run, met) && s.matching(name, map[*Check]bool{}) == 0 {
			unmet = append(unmet, name)
		}
	}
	return unmet
}
