package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/attack"
)

// pathsView is the page's part on attack paths.
type pathsView struct {
	Lead    string
	Drawing drawing
	Notes   []string // what the drawing leaves out
	Targets []pathRow
	More    int // targets that are not listed
	Fixes   []pathFix
	Unseen  []string
}

type pathRow struct{ Name, Chance, Best, Stake, Via string }

type pathFix struct{ Words, Gain, Party, Control, Where string }

// How much the page shows: it is read by many and asked by none.
const (
	pageTargets = 12
	pageFixes   = 5
)

// PageWays is what the page asks of attack paths: less than surety paths, by fewer
// trials.
var PageWays = attack.Question{K: 2, Trials: 1280, Seed: 1, Brief: true}

// drawPaths makes the part of the page on attack paths, if there are any.
func (p *page) drawPaths(ways *attack.Answer) error {
	if ways == nil || len(ways.Targets) == 0 {
		return nil
	}
	scene := pathScene(ways)
	var b strings.Builder
	if err := architecture.WriteInline(&b, scene, architecture.ByStatus); err != nil {
		return err
	}
	v := &pathsView{
		Lead:    fmt.Sprintf("From %s, %d of %s can be reached. ", sentenceOf(startNames(ways), 4), len(ways.Targets), count(len(ways.Targets)+len(ways.Safe), "target")),
		Drawing: drawing{scene.Title, template.HTML(b.String())}, Notes: scene.Notes, Unseen: ways.Unseen,
		More: max(0, len(ways.Targets)-pageTargets),
	}
	for _, t := range ways.Targets[:len(ways.Targets)-v.More] {
		row := pathRow{Name: ways.Nodes[t.Node].Label(), Chance: chanceWords(t.Chance), Stake: stake(ways, t)}
		if len(t.Paths) > 0 {
			row.Best, row.Via = percent(t.Paths[0].Probability), viaWords(ways, t.Paths[0], t.Node)
		}
		v.Targets = append(v.Targets, row)
	}
	for _, f := range ways.Fixes[:min(pageFixes, len(ways.Fixes))] {
		v.Fixes = append(v.Fixes, pathFix{f.Words, fixGain(ways, f), partyOrNobody(f.Party), f.Step.Attack.Control, factWords(f.Facts)})
	}
	p.Paths = v
	return nil
}
