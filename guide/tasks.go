package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/policy"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

// Task is one control that the party must see to, on all elements where it is the
// party's.
type Task struct {
	Control  *catalog.Control
	Standing Standing
	Does     []Do     // what the party does, by role
	By       []string // who does it on elements where the party only answers for it
	Splits   []string // who does which part, where that is said
	Places   Places
	Need     int      // greatest protection need of the data there, 0 if not stated
	Exposed  bool     // one of the elements is reachable from a zone
	Leads    bool     // the party is accountable somewhere; else it only has a part
	Answers  []string // clauses of the threats that apply here and that it answers

	// Of a violated control only:
	Severity surety.Severity
	Fixes    []Fix    // what failed, the most severe first
	Also     []string // controls that the same checks show to be violated
}

// Do is what the party does for a control in one role.
type Do struct {
	Role     system.Role
	Services []string
	Text     string
}

// Fix is a check that failed.
type Fix struct {
	Check *policy.Check
	Count int               // fails
	First assessment.Result // the most urgent one
}

// failing is what made one responsibility violated.
type failing struct {
	checks []*Fix
}

// failings collects the fails by the responsibilities they count for.
func (v *view) failings() map[duty]*failing {
	out := map[duty]*failing{}
	if v.Assessment == nil {
		return out
	}
	for _, g := range v.Assessment.Groups {
		for r := range g.Results() {
			for _, control := range g.Check.Controls {
				d, ok := v.Duties.Of(control, r.Element)
				if !ok {
					continue
				}
				key := duty{control, d.Element}
				if out[key] == nil {
					out[key] = &failing{}
				}
				out[key].add(r)
			}
		}
	}
	return out
}

func (f *failing) add(r assessment.Result) {
	for _, fix := range f.checks {
		if fix.Check == r.Check {
			fix.Count++
			return
		}
	}
	f.checks = append(f.checks, &Fix{Check: r.Check, Count: 1, First: r})
}

// task joins the entries of one control.
func (l *ledger) task(entries []*entry) Task {
	t := Task{Control: entries[0].control, Standing: noStanding}
	for _, e := range entries {
		t.Standing = worse(t.Standing, e.standing)
		for _, name := range e.places.Names {
			t.Places.add(name)
		}
		t.Places.Count += e.places.Count - len(e.places.Names)
		t.Need = max(t.Need, e.need)
		t.Exposed = t.Exposed || e.exposed
		t.Leads = t.Leads || e.row.Accountable == l.Party
		if e.row.Split != "" && !slices.Contains(t.Splits, e.row.Split) {
			t.Splits = append(t.Splits, e.row.Split)
		}
		l.addDuties(&t, e)
	}
	slices.SortStableFunc(t.Does, func(a, b Do) int { return cmp.Compare(roleOrder[a.Role], roleOrder[b.Role]) })
	return t
}

// addDuties adds what the party does on the elements of one entry.
func (l *ledger) addDuties(t *Task, e *entry) {
	for _, p := range l.partsOf(e.row) {
		t.addDuty(l.roleIn(p), cmp.Or(p.Service, nameOf(e.service)), cmp.Or(e.control.Does[p.Role].Do, e.control.Statement))
	}
	if len(l.partsOf(e.row)) == 0 { // accountable, and others do it
		t.By = distinct(append(t.By, e.row.Responsible...))
	}
}

func (t *Task) addDuty(role system.Role, service, text string) {
	for i := range t.Does {
		if d := &t.Does[i]; d.Role == role && d.Text == text {
			if service != "" && !slices.Contains(d.Services, service) {
				d.Services = append(d.Services, service)
			}
			return
		}
	}
	d := Do{Role: role, Text: text}
	if service != "" {
		d.Services = []string{service}
	}
	t.Does = append(t.Does, d)
}

func nameOf(s *system.Service) string {
	if s == nil {
		return ""
	}
	return s.Name
}

// violated lists the party's violated controls: by severity, then the exposed
// ones, then by the need of the data and the number of fails. A control that only
// fails by checks which first show another one stands under that.
func (l *ledger) violated() []Task {
	var out []Task
	for _, id := range sortedKeys(l.byControl) {
		var bad []*entry
		for _, e := range l.byControl[id] {
			if e.standing == Violated || e.standing == Lapsed {
				bad = append(bad, e)
			}
		}
		if len(bad) == 0 {
			continue
		}
		t := l.task(bad)
		t.Fixes = l.fixes(id)
		for _, f := range t.Fixes {
			t.Severity = max(t.Severity, f.Check.Severity)
		}
		out = append(out, t)
	}
	out = underFirst(out)
	slices.SortStableFunc(out, func(a, b Task) int {
		return cmp.Or(
			cmp.Compare(b.Severity, a.Severity), surety.TrueFirst(a.Exposed, b.Exposed),
			cmp.Compare(b.Need, a.Need), cmp.Compare(fails(b), fails(a)))
	})
	return out
}

// fixes lists what failed of a control on the party's elements, worst first.
func (l *ledger) fixes(control string) []Fix {
	var out []Fix
	for key, f := range l.failed {
		if key.control != control || !l.mine(control, key.element) {
			continue
		}
		for _, fix := range f.checks {
			at := slices.IndexFunc(out, func(x Fix) bool { return x.Check == fix.Check })
			switch {
			case at < 0:
				out = append(out, *fix)
			default:
				out[at].Count += fix.Count
				if fix.First.ID() < out[at].First.ID() {
					out[at].First = fix.First
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Fix) int {
		return cmp.Or(cmp.Compare(b.Check.Severity, a.Check.Severity), strings.Compare(a.Check.ID, b.Check.ID))
	})
	return out
}

func (l *ledger) mine(control, element string) bool {
	r, ok := l.Duties.Of(control, element)
	return ok && r.State == responsibility.Owned &&
		(r.Accountable == l.Party || slices.Contains(r.Responsible, l.Party) || len(l.partsOf(r.Row)) > 0)
}

func fails(t Task) int {
	n := 0
	for _, f := range t.Fixes {
		n += f.Count
	}
	return n
}

// underFirst puts each task whose checks all first show other listed controls
// under the first of these.
func underFirst(tasks []Task) []Task {
	at := map[string]int{}
	for i := range tasks {
		at[tasks[i].Control.ID] = i
	}
	moved := map[int]bool{}
	for i := range tasks {
		t := &tasks[i]
		main := -1
		for _, f := range t.Fixes {
			j, known := at[f.Check.Controls[0]]
			if !known || j == i {
				main = -1
				break
			}
			if main < 0 {
				main = j
			}
		}
		if main >= 0 {
			tasks[main].Also = append(tasks[main].Also, t.Control.ID)
			moved[i] = true
		}
	}
	var out []Task
	for i := range tasks {
		if !moved[i] {
			out = append(out, tasks[i])
		}
	}
	return out
}

// next ranks the controls that are neither violated nor shown to hold, and counts
// those that are.
func (l *ledger) next(threats []Threat, violated []Task) (tasks []Task, shown int) {
	r := newRank(threats)
	done := map[string]bool{}
	for _, t := range violated {
		done[t.Control.ID] = true
		r.take(t.Control)
		for _, id := range t.Also {
			done[id] = true
			r.take(l.Catalog.Control(id))
		}
	}
	var rest []Task
	for _, id := range sortedKeys(l.byControl) {
		t := l.task(l.byControl[id])
		t.Answers = r.answered(t.Control)
		switch {
		case done[id]:
		case holds(t.Standing):
			shown++
			r.take(t.Control)
		default:
			rest = append(rest, t)
		}
	}
	return r.order(rest), shown
}
