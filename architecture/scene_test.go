package architecture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/files"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
)

var update = flag.Bool("update", false, "write the golden files")

func viewOf(t testing.TB, m *system.Model) *View {
	t.Helper()
	c := known(t)
	v, err := New(m, c, responsibility.Resolve(m, c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func decode(t testing.TB, raw []byte, file string) *system.Model {
	t.Helper()
	m, err := system.Decode(raw, file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// examples are the models whose drawings are kept: the one that docs/model.md
// explains, the one inferred from examples/webshop, and a telecom operator.
func examples(t testing.TB) map[string]*system.Model {
	t.Helper()
	page, err := os.ReadFile("../docs/model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	shop, _, _ := strings.Cut(rest, "```")
	telecom, err := os.ReadFile("testdata/telecom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	items, _, err := assure.Observe(t.Context(), []evidence.Source{files.New([]string{"../examples/webshop"}, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*system.Model{
		"model":   decode(t, []byte(shop), "model.md"),
		"telecom": decode(t, telecom, "telecom.yaml"),
		"webshop": system.Infer(items),
	}
}

func svg(t testing.TB, s *Scene, by Colour) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSVG(&b, s, by); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	all := examples(t)
	for name, m := range all {
		got := svg(t, viewOf(t, m).Both(), ByParty)
		golden(t, filepath.Join("testdata", name+".svg"), got)
		if again := svg(t, viewOf(t, m).Both(), ByParty); !bytes.Equal(got, again) {
			t.Errorf("the drawing of %s differs between runs", name)
		}
	}
	telecom := viewOf(t, all["telecom"])
	golden(t, "../docs/architecture-system.svg", svg(t, telecom.System(), ByParty))
	golden(t, "../docs/architecture-functions.svg", svg(t, telecom.Reference(), ByParty))
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is drawn; run go test ./architecture -update and look at it", path)
	}
}

// generated is a system of n components: teams that call the one before them, each
// a tree of workloads.
func generated(n, zones int) *system.Model {
	trust := 0
	m := &system.Model{
		Name:    fmt.Sprintf("generated-%d", n),
		Parties: map[string]*system.Party{"acme": {Name: "acme"}, "cloudco": {Name: "cloudco"}},
		Services: map[string]*system.Service{
			"iaas":    {Name: "iaas", Category: system.IaaS, Provider: "cloudco", Customer: "cloudco"},
			"cluster": {Name: "cluster", Category: system.Containers, Provider: "cloudco", Customer: "acme", On: "iaas"},
		},
		Zones:      map[string]*system.Zone{"internet": {Name: "internet", Trust: &trust}},
		Components: map[string]*system.Component{},
	}
	name := func(i int) string { return fmt.Sprintf("workload-%05d", i) }
	for i := range n {
		z := fmt.Sprintf("team-%03d", i%zones)
		if m.Zones[z] == nil {
			m.Zones[z] = &system.Zone{Name: z, In: "cluster"}
		}
		c := &system.Component{Name: name(i), In: z, Type: []string{"k8s.deployment", "k8s.statefulset", "kafka", "acme.unknown"}[i%7%4]}
		if c.Type == "k8s.statefulset" {
			c.Stores = []string{"orders"}
		}
		if i%50 == 0 {
			c.Exposed = "internet"
		}
		m.Components[c.Name] = c
		if i >= zones {
			m.Flows = append(m.Flows, &system.Flow{From: name((i/zones/2)*zones + i%zones), To: c.Name, Proto: "https"})
		} else if i > 0 {
			m.Flows = append(m.Flows, &system.Flow{From: name(i / 2), To: c.Name, Proto: "grpc"})
		}
	}
	return m
}

// arbitrary is a model of any shape, also of shapes that Decode refuses: loops,
// references to nothing, names that are markup.
func arbitrary(seed int64) *system.Model {
	r := rand.New(rand.NewSource(seed))
	m := &system.Model{
		Name: "any", Parties: map[string]*system.Party{}, Services: map[string]*system.Service{},
		Zones: map[string]*system.Zone{}, Components: map[string]*system.Component{},
	}
	pick := func(prefix string, n int) string {
		if n == 0 || r.Intn(5) == 0 {
			return ""
		}
		return fmt.Sprintf("%s%d", prefix, r.Intn(n+1)) // sometimes one too far
	}
	parties, services, zones, components := 1+r.Intn(20), r.Intn(50), r.Intn(60), r.Intn(150)
	for i := range parties {
		n := fmt.Sprintf("p%d", i)
		m.Parties[n] = &system.Party{Name: n, Title: strings.Repeat("long ", r.Intn(20))}
	}
	for i := range services {
		n := fmt.Sprintf("s%d", i)
		m.Services[n] = &system.Service{Name: n, Category: system.Categories[r.Intn(6)], Provider: pick("p", parties), Customer: pick("p", parties), On: pick("s", services)}
	}
	for i := range zones {
		n := fmt.Sprintf("z%d", i)
		m.Zones[n] = &system.Zone{Name: n, In: []string{pick("s", services), pick("z", zones)}[r.Intn(2)]}
	}
	for i := range components {
		n := fmt.Sprintf("c%d", i)
		m.Components[n] = &system.Component{Name: n, Type: "k8s.pod", In: []string{pick("s", services), pick("z", zones)}[r.Intn(2)], Service: []string{"", "", pick("s", services)}[r.Intn(3)], Exposed: []string{"", pick("z", zones)}[r.Intn(2)]}
	}
	for range r.Intn(200) {
		m.Flows = append(m.Flows, &system.Flow{From: pick("c", components), To: []string{pick("c", components), pick("z", zones)}[r.Intn(2)], Proto: "tcp"})
	}
	return m
}

func subjects(t *testing.T) map[string]*system.Model {
	all := examples(t)
	all["200"], all["10000"] = generated(200, 12), generated(10_000, 300)
	all["empty"] = &system.Model{}
	for seed := range int64(25) {
		all[fmt.Sprintf("any-%d", seed)] = arbitrary(seed)
	}
	return all
}

func TestSceneGeometry(t *testing.T) {
	for name, m := range subjects(t) {
		v := viewOf(t, m)
		for _, s := range []*Scene{v.System(), v.Reference()} {
			checkBoxes(t, name, s)
			checkLines(t, name, s)
			if len(s.Boxes) > 250 || len(s.Lines) > mostLines {
				t.Errorf("%s: %d boxes and %d lines", name, len(s.Boxes), len(s.Lines))
			}
		}
	}
}

func checkBoxes(t *testing.T, name string, s *Scene) {
	t.Helper()
	inside := func(i, j int) bool { // i is in j
		for at := s.Boxes[i].Holder; at >= 0; at = s.Boxes[at].Holder {
			if at == j {
				return true
			}
		}
		return false
	}
	for i, b := range s.Boxes {
		if !b.Rect.Within(Rect{0, 0, s.W, s.H}) {
			t.Errorf("%s: %s %s at %v is not in the drawing of %d x %d", name, b.Kind, b.Name, b.Rect, s.W, s.H)
		}
		if b.Holder >= 0 && !b.Rect.Within(s.Boxes[b.Holder].Rect) {
			t.Errorf("%s: %s %s at %v is not in %s at %v", name, b.Kind, b.Name, b.Rect, s.Boxes[b.Holder].Name, s.Boxes[b.Holder].Rect)
		}
		for j := range i {
			if o := s.Boxes[j]; b.Rect.Overlaps(o.Rect) && !inside(i, j) && !inside(j, i) {
				t.Errorf("%s: %s %s at %v overlaps %s %s at %v", name, b.Kind, b.Name, b.Rect, o.Kind, o.Name, o.Rect)
			}
		}
		for _, l := range b.Labels {
			if l.Size < 9 {
				t.Errorf("%s: %q is set in %d px", name, l.Text, l.Size)
			}
			x, w := l.X, width(l.Text, l.Size, l.Bold)
			if l.Anchor == "end" {
				x -= w
			}
			if at := (Rect{x, l.Y - l.Size, w, l.Size}); !at.Within(b.Rect) {
				t.Errorf("%s: %q at %v runs out of %s %s at %v", name, l.Text, at, b.Kind, b.Name, b.Rect)
			}
		}
		for _, g := range b.Badges {
			if !(Rect{g.X, g.Y, g.Size, g.Size}).Within(b.Rect) {
				t.Errorf("%s: a badge runs out of %s", name, b.Name)
			}
		}
	}
}

func checkLines(t *testing.T, name string, s *Scene) {
	t.Helper()
	for i, l := range s.Lines {
		from, to := s.Boxes[l.From], s.Boxes[l.To]
		if !onBorder(l.Points[0], from.Rect) || !onBorder(l.Points[len(l.Points)-1], to.Rect) {
			t.Errorf("%s: the arrow %s does not end at the borders of %v and %v: %v", name, l.Tip, from.Rect, to.Rect, l.Points)
		}
		for k := 1; k < len(l.Points); k++ {
			a, b := l.Points[k-1], l.Points[k]
			if a.X != b.X && a.Y != b.Y {
				t.Errorf("%s: the arrow %s runs aslant", name, l.Tip)
			}
			part := Rect{min(a.X, b.X), min(a.Y, b.Y), max(1, abs(a.X-b.X)), max(1, abs(a.Y-b.Y))}
			for _, box := range s.Boxes {
				inner := Rect{box.Rect.X + 1, box.Rect.Y + 1, box.Rect.W - 2, box.Rect.H - 2}
				if solid(box.Kind) && part.Overlaps(inner) {
					t.Errorf("%s: the arrow %s runs through %s", name, l.Tip, box.Name)
				}
			}
		}
		if l.Label == "" {
			continue
		}
		for j := range s.Lines {
			if j < i && s.Lines[j].Label != "" && l.At.Overlaps(s.Lines[j].At) {
				t.Errorf("%s: the words %q lie on %q", name, l.Label, s.Lines[j].Label)
			}
		}
		for _, box := range s.Boxes {
			if solid(box.Kind) && l.At.Overlaps(box.Rect) {
				t.Errorf("%s: the words %q lie on %s", name, l.Label, box.Name)
			}
		}
	}
}

func onBorder(p Point, r Rect) bool {
	in := p.X >= r.X && p.X <= r.X+r.W && p.Y >= r.Y && p.Y <= r.Y+r.H
	return in && (p.X == r.X || p.X == r.X+r.W || p.Y == r.Y || p.Y == r.Y+r.H)
}

// Every component, zone and service is drawn once: as a box or in one summary.
func TestEverythingIsDrawnOnce(t *testing.T) {
	for name, m := range subjects(t) {
		p := newPlan(viewOf(t, m))
		seen := map[string]int{}
		for _, c := range p.all() {
			for _, k := range c.components {
				seen[k.Name]++
			}
			if c.summary != nil {
				for _, k := range c.summary.components {
					seen[k.Name]++
				}
			}
		}
		for component := range m.Components {
			if seen[component] != 1 {
				t.Errorf("%s: component %s is drawn %d times", name, component, seen[component])
			}
		}
		for _, elements := range [][]string{sortedKeys(m.Components), sortedKeys(m.Zones), sortedKeys(m.Services)} {
			for _, e := range elements {
				if _, ok := p.at[e]; !ok {
					t.Errorf("%s: %s is in no box", name, e)
				}
			}
		}
		edges, inside := p.edges()
		flows := inside
		for _, e := range edges {
			flows += len(e.flows)
		}
		if flows != len(m.Flows) {
			t.Errorf("%s: %d of %d flows are accounted for", name, flows, len(m.Flows))
		}
	}
}

// Every control that applies, every check and every component stands somewhere.
func TestEverythingIsPlaced(t *testing.T) {
	c := known(t)
	for name, m := range subjects(t) {
		v := viewOf(t, m)
		want := map[string]bool{}
		for r := range responsibility.Resolve(m, c).All() {
			want[r.Control] = true
		}
		controls, idle, components := 0, 0, len(v.Unplaced)
		checks := map[string]bool{}
		for _, l := range v.Layers {
			for _, f := range l.Functions {
				idle += f.Idle
				components += len(f.Components)
				for _, k := range f.Controls {
					if !want[k.ID] || k.Component != f.ID {
						t.Errorf("%s: %s stands on %s", name, k.ID, f.ID)
					}
					controls++
				}
				for _, id := range f.Checks {
					checks[id] = true
				}
			}
		}
		if controls != len(want) || controls != v.Controls || controls+idle != len(c.Controls) {
			t.Errorf("%s: %d controls placed and %d idle; %d apply of %d", name, controls, idle, len(want), len(c.Controls))
		}
		if components != len(m.Components) {
			t.Errorf("%s: %d components of %d", name, components, len(m.Components))
		}
		if len(checks) != len(c.Checks) || v.Checks != len(checks) {
			t.Errorf("%s: %d checks of %d", name, len(checks), len(c.Checks))
		}
	}
}

const hostile = "</title><script>alert(1)</script>\"' onload=x \x00\x1b[31m\u202e\u2028\ufeff\ufffe\xff\nend"

func TestHostileNames(t *testing.T) {
	trust := 0
	h := func(s string) string { return s + hostile + strings.Repeat("W", 500) }
	m := &system.Model{
		Name: hostile, Inferred: true,
		Parties:  map[string]*system.Party{h("p"): {Name: h("p"), Title: hostile}, hostile: {Name: hostile}},
		Services: map[string]*system.Service{h("s"): {Name: h("s"), Category: hostile, Provider: h("p"), Customer: hostile, Offers: []system.Offer{hostile}, Terms: hostile, Region: hostile}},
		Zones:    map[string]*system.Zone{h("z"): {Name: h("z"), In: h("s"), Trust: &trust}, h("i"): {Name: h("i")}},
		Components: map[string]*system.Component{
			h("c"): {Name: h("c"), Type: hostile, In: h("z"), Stores: []string{hostile}, Exposed: h("i")},
			h("d"): {Name: h("d"), Type: hostile, In: h("z"), Encrypted: hostile},
		},
		Flows: []*system.Flow{{From: h("c"), To: h("d"), Proto: hostile, Data: []string{hostile}, Auth: hostile}},
	}
	v := viewOf(t, m)
	for _, s := range []*Scene{v.System(), v.Reference(), v.Both()} {
		checkBoxes(t, "hostile", s)
		inert(t, svg(t, s, ByStatus))
	}
	for name, m := range examples(t) {
		inert(t, svg(t, viewOf(t, m).Both(), ByParty))
		_ = name
	}
}

// inert fails unless raw is well-formed XML of known elements and attributes with
// unique ids, no character that cannot be seen, and nothing that runs or loads.
func inert(t *testing.T, raw []byte) {
	t.Helper()
	elements := []string{"svg", "title", "desc", "style", "g", "rect", "path", "circle", "text"}
	attributes := []string{"class", "xmlns", "width", "height", "viewBox", "role", "aria-labelledby", "id", "x", "y", "rx", "cx", "cy", "r", "d", "font-size", "stroke-dasharray", "transform"}
	d := xml.NewDecoder(bytes.NewReader(raw))
	ids := map[string]bool{}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(elements, start.Name.Local) {
			t.Errorf("there is an element %s", start.Name.Local)
		}
		for _, a := range start.Attr {
			if !slices.Contains(attributes, a.Name.Local) {
				t.Errorf("%s has an attribute %s", start.Name.Local, a.Name.Local)
			}
			if a.Name.Local == "id" && ids[a.Value] {
				t.Errorf("two elements have the id %s", a.Value)
			}
			ids[a.Value] = ids[a.Value] || a.Name.Local == "id"
		}
	}
	if i := bytes.IndexFunc(raw, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' || r == '\u2028' }); i >= 0 {
		t.Errorf("character %q at %d", raw[i], i)
	}
}

// Text keeps a contrast of 4.5 to everything that it stands on, in both schemes.
func TestContrast(t *testing.T) {
	luminance := func(c string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v := float64(hex(c[1+2*i:3+2*i])) / 255
			if v <= 0.03928 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	check := func(text, ground, what string) {
		a, b := luminance(text), luminance(ground)
		if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
			t.Errorf("%s: %s on %s has a contrast of %.2f", what, text, ground, ratio)
		}
	}
	for name, s := range map[string]scheme{"light": light, "dark": dark} {
		grounds := map[string]string{"ground": s.ground, "raised": s.raised, "hold": s.hold(), "band": mix(s.ground, s.soft, 5)}
		for i, c := range s.parties {
			grounds[fmt.Sprintf("party %d", i)] = s.tint(i)
			check(s.badge, c, name+" badge")
		}
		for _, c := range []string{s.violated, s.unproven, s.waived, s.met} {
			grounds["status "+c] = mix(s.ground, c, s.mix+4)
			check(s.badge, c, name+" mark")
		}
		check(s.badge, s.soft, name+" badge of nobody")
		for what, ground := range grounds {
			check(s.ink, ground, name+" ink on "+what)
			check(s.soft, ground, name+" soft on "+what)
		}
	}
	var rule = regexp.MustCompile(`var\(|url\(|@import`)
	if m := rule.FindString(Style()); m != "" {
		t.Errorf("the style uses %s, which not every program knows", m)
	}
}
