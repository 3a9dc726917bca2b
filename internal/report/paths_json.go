package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/attack"
	"github.com/surety-cloud/surety/attack/graph"
)

// PathsSchema names the JSON format of attack paths and its version.
const PathsSchema = "surety/paths/v1"

type jsonPaths struct {
	Schema   string       `json:"schema"`
	System   string       `json:"system"`
	Inferred bool         `json:"inferred"`
	Observed bool         `json:"observed"` // there is evidence
	Nodes    int          `json:"nodes"`
	Steps    int          `json:"steps"`
	Trials   int          `json:"trials"`
	From     []jsonNode   `json:"from"`
	Targets  []jsonTarget `json:"targets"`
	Safe     []jsonNode   `json:"not_reached"`
	Fixes    []jsonFix    `json:"fixes"`
	Unranked int          `json:"fixes_not_tried"`
	Blasts   []jsonBlast  `json:"blast_radius"`
	Unblown  int          `json:"blast_radius_not_estimated"`
	Unseen   []string     `json:"not_seen"`
}

type jsonNode struct {
	Kind    attack.Kind   `json:"kind"`
	Name    string        `json:"name"`
	Element string        `json:"element,omitempty"`
	Origin  surety.Origin `json:"origin,omitzero"`
}

type jsonTarget struct {
	jsonNode
	Worth  string      `json:"worth"`
	Loss   float64     `json:"loss,omitempty"`
	Chance float64     `json:"chance"`
	Error  float64     `json:"standard_error"`
	Paths  []jsonPath  `json:"paths"`
	More   bool        `json:"more_paths"`
	Chokes []jsonChoke `json:"choke_points"`
}

type jsonPath struct {
	Chance float64    `json:"chance"`
	Steps  []jsonStep `json:"steps"`
}

type jsonStep struct {
	Attack    string        `json:"attack"`
	Name      string        `json:"name"`
	Technique string        `json:"technique,omitempty"`
	From      []jsonNode    `json:"from"`
	To        jsonNode      `json:"to"`
	Words     string        `json:"words"`
	Chance    float64       `json:"chance"`
	Basis     attack.State  `json:"basis"`
	Failing   []string      `json:"failing,omitempty"` // CHECK@RESOURCE
	Facts     []attack.Fact `json:"facts"`
	Control   string        `json:"control,omitempty"`
	On        string        `json:"on,omitempty"`
	Party     string        `json:"accountable,omitempty"`
}

type jsonChoke struct {
	Node  jsonNode  `json:"node"`
	Step  *jsonStep `json:"step,omitempty"` // if no other one gives the node
	Party string    `json:"accountable,omitempty"`
}

type jsonFix struct {
	Fix     string        `json:"fix"`
	Attack  string        `json:"attack"`
	Facts   []attack.Fact `json:"facts"`
	Control string        `json:"control,omitempty"`
	On      string        `json:"on,omitempty"`
	Party   string        `json:"accountable,omitempty"`
	Steps   int           `json:"steps"`
	Gain    float64       `json:"gain"`
	Cuts    []jsonNode    `json:"out_of_reach"`
}

type jsonBlast struct {
	jsonNode
	Expected float64  `json:"expected"`
	Error    float64  `json:"standard_error"`
	Worst    float64  `json:"worst"`
	Unit     string   `json:"unit"`
	Reach    int      `json:"nodes"`
	Data     []string `json:"data"`
}

func nodeEntry(a *attack.Answer, n int32) jsonNode {
	node := &a.Nodes[n]
	return jsonNode{node.Kind, node.Name, node.Element, node.Origin}
}

func nodeEntries(a *attack.Answer, list []int32) []jsonNode {
	out := make([]jsonNode, 0, len(list))
	for _, n := range list {
		out = append(out, nodeEntry(a, n))
	}
	return out
}

func stepRecord(a *attack.Answer, id int32) jsonStep {
	s := &a.Steps[id]
	party, element := a.Party(s)
	return jsonStep{
		Attack: s.Attack.ID, Name: s.Attack.Name, Technique: s.Attack.Technique, From: nodeEntries(a, s.From), To: nodeEntry(a, s.To),
		Words: a.Words(s), Chance: s.Chance, Basis: s.State, Failing: a.Failing(s), Facts: s.Facts, Control: s.Attack.Control, On: element, Party: party,
	}
}

func targetRecord(a *attack.Answer, t *attack.Target) jsonTarget {
	out := jsonTarget{jsonNode: nodeEntry(a, t.Node), Worth: t.Worth.Words, Loss: t.Worth.Loss, Chance: t.Chance.P(), Error: t.Chance.SE(), More: t.More,
		Paths: []jsonPath{}, Chokes: []jsonChoke{}}
	for _, p := range t.Paths {
		path := jsonPath{p.Probability, []jsonStep{}}
		for _, id := range p.Steps {
			path.Steps = append(path.Steps, stepRecord(a, id))
		}
		out.Paths = append(out.Paths, path)
	}
	for _, c := range t.Chokes {
		choke := jsonChoke{Node: nodeEntry(a, c.Node)}
		if c.Step != graph.None {
			s := stepRecord(a, c.Step)
			choke.Step, choke.Party = &s, s.Party
		}
		out.Chokes = append(out.Chokes, choke)
	}
	return out
}

func writePathsJSON(w io.Writer, a *attack.Answer, _ Options) error {
	out := jsonPaths{
		Schema: PathsSchema, System: a.Model.Name, Inferred: a.Model.Inferred, Observed: a.Observed, Nodes: len(a.Nodes), Steps: len(a.Steps), Trials: a.Trials,
		From: nodeEntries(a, a.From), Targets: []jsonTarget{}, Safe: []jsonNode{}, Fixes: []jsonFix{}, Unranked: a.Unranked, Blasts: []jsonBlast{}, Unblown: a.Unblown,
		Unseen: append([]string{}, a.Unseen...),
	}
	for _, t := range a.Targets {
		out.Targets = append(out.Targets, targetRecord(a, t))
	}
	for _, t := range a.Safe {
		out.Safe = append(out.Safe, nodeEntry(a, t.Node))
	}
	for _, f := range a.Fixes {
		e := jsonFix{Fix: f.Words, Facts: f.Facts, Attack: f.Step.Attack.ID, Control: f.Step.Attack.Control, On: f.Element, Party: f.Party, Steps: f.Steps, Gain: f.Gain(), Cuts: nodeEntries(a, f.Cuts)}
		out.Fixes = append(out.Fixes, e)
	}
	unit := "points"
	if a.Priced() {
		unit = a.Model.Currency
	}
	for _, b := range a.Blasts {
		e := jsonBlast{jsonNode: nodeEntry(a, b.Node), Expected: b.Damage.Expected, Error: b.Damage.SE, Worst: b.Damage.Worst, Unit: unit, Reach: b.Damage.Reach, Data: []string{}}
		for _, n := range b.Data {
			e.Data = append(e.Data, a.Nodes[n].Name)
		}
		out.Blasts = append(out.Blasts, e)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(out)
}

// writePathsCSV writes a row for each step of each path.
func writePathsCSV(w io.Writer, a *attack.Answer, _ Options) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"target", "target_chance", "standard_error", "path", "path_chance", "step", "attack", "technique", "from", "to", "chance", "basis", "control", "on", "accountable", "failing", "facts"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	for _, t := range a.Targets {
		for i, p := range t.Paths {
			for j, id := range p.Steps {
				s := &a.Steps[id]
				var from []string
				for _, n := range s.From {
					from = append(from, a.Nodes[n].Label())
				}
				party, element := a.Party(s)
				rows = append(rows, []string{a.Nodes[t.Node].Label(), number(t.Chance.P()), number(t.Chance.SE()), strconv.Itoa(i + 1), number(p.Probability), strconv.Itoa(j + 1),
					s.Attack.ID, s.Attack.Technique, strings.Join(from, " and "), a.Nodes[s.To].Label(), number(s.Chance), string(s.State),
					s.Attack.Control, element, party, strings.Join(a.Failing(s), " "), factWords(s.Facts)})
			}
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i] = inert(row[i])
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	return out.Error()
}
