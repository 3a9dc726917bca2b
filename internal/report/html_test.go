package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/system"
)

// element is a parsed element with what the tests ask of it.
type element struct {
	*html.Node
}

func (e element) attr(name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func (e element) text() string {
	var b strings.Builder
	for n := range e.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

// elements returns those with one of the names, in document order; all without.
func elements(t testing.TB, page []byte, names ...string) []element {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var list []element
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) {
			list = append(list, element{n})
		}
	}
	return list
}

func TestHTMLIsComplete(t *testing.T) {
	page := write(t, "html", sample(t), sampleOptions())
	ids := map[string]bool{}
	for _, e := range elements(t, page) {
		if id, ok := e.attr("id"); ok {
			if ids[id] {
				t.Errorf("two elements have the id %q", id)
			}
			ids[id] = true
		}
	}
	for _, id := range []string{"fix", "parties", "architecture", "responsibilities", "waivers", "changes", "results", "evidence", "plain", "browser", "data"} {
		if !ids[id] {
			t.Errorf("nothing has the id %q", id)
		}
	}
	for _, e := range elements(t, page, "a") {
		if href, _ := e.attr("href"); !strings.HasPrefix(href, "#") || !ids[href[1:]] {
			t.Errorf("link %q leads out of the page or nowhere", href)
		}
	}
	for _, e := range elements(t, page, "th") {
		if scope, _ := e.attr("scope"); scope == "" {
			t.Errorf("head cell %q has no scope", e.text())
		}
	}
	if lang, _ := elements(t, page, "html")[0].attr("lang"); lang != "en" {
		t.Errorf("lang is %q", lang)
	}
	if title := elements(t, page, "title")[0].text(); title != "shop: Surety assessment" {
		t.Errorf("title is %q", title)
	}
	all := string(page)
	for _, want := range []string{
		"deploy/broken.yaml:12", "mapping values are not allowed here", "NodeInfo", "forbidden", // not seen
		"yesterday.json", "container log is privileged", "deploy/api #1.yaml:24", "SUR-VIR-02 No privileged containers",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// The policy lets exactly the page's own style and script apply, and nothing
// load.
func TestHTMLContentSecurityPolicy(t *testing.T) {
	page := write(t, "html", sample(t), sampleOptions())
	var policy string
	for _, e := range elements(t, page, "meta") {
		if name, _ := e.attr("http-equiv"); name == "Content-Security-Policy" {
			policy, _ = e.attr("content")
		}
	}
	style := elements(t, page, "style")
	if len(style) != 1 {
		t.Fatalf("%d style elements", len(style))
	}
	var code string
	for _, e := range elements(t, page, "script") {
		if kind, _ := e.attr("type"); kind != "application/json" {
			code += e.text()
		}
	}
	want := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'",
		hashSource([]byte(style[0].text())), hashSource([]byte(code)))
	if policy != want {
		t.Errorf("got  %s\nwant %s", policy, want)
	}
}

// No string of a document becomes an element, an attribute or a control.
func TestHTMLHostile(t *testing.T) {
	a := sample(t)
	a.Model.Name, a.Changes.Baseline = hostile, hostile
	a.Waivers[0].Reason = hostile
	page := write(t, "html", a, sampleOptions())
	allowed := []string{"id", "class", "lang", "charset", "content", "http-equiv", "name", "type", "href", "scope", "colspan",
		"rowspan", "tabindex", "role", "aria-label", "aria-hidden", "data-filter", "data-label", "datetime", "hidden", "open",
		"viewbox", "viewBox", "preserveAspectRatio", "x", "width", "height",
		"xmlns", "aria-labelledby", "y", "rx", "cx", "cy", "r", "d", "font-size", "stroke-dasharray", "transform"}
	scripts := 0
	for _, e := range elements(t, page) {
		switch e.Data {
		case "script":
			scripts++
		case "img", "iframe", "object", "link", "base", "form", "input":
			t.Errorf("there is an element %s", e.Data)
		}
		for _, a := range e.Attr {
			if !slices.Contains(allowed, a.Key) {
				t.Errorf("%s has an attribute %s", e.Data, a.Key)
			}
		}
	}
	if scripts != 2 {
		t.Errorf("%d script elements, want the data and the script", scripts)
	}
	if i := bytes.IndexFunc(page, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\u202e' }); i >= 0 {
		t.Errorf("control character %q at %d", page[i], i)
	}
}

// Commands in messages are set as such; a backtick that opens nothing stays.
func TestPieces(t *testing.T) {
	for message, want := range map[string]string{
		"plain": "[{plain false}]", "run `helm template x` first": "[{run  false} {helm template x true} { first false}]",
		"`a`": "[{a true}]", "a ` b": "[{a ` b false}]", "": "[]",
	} {
		if got := fmt.Sprint(pieces(message)); got != want {
			t.Errorf("%q: %s, want %s", message, got, want)
		}
	}
}

func TestVisibleOnly(t *testing.T) {
	if got := visibleOnly("a\x1b[31m\u202eb\u2066\tc\nd\xffé"); got != "a�[31m�b�\tc\nd�é" {
		t.Errorf("got %q", got)
	}
}

// tables is the page's data as report.js reads it.
type tables struct {
	Rows     [][]any
	Checks   [][]any
	Items    [][]any
	Owners   [][]string
	Waivers  [][]string
	Strings  []string
	Verdicts []string
	Controls map[string]string
}

func readTables(t testing.TB, page []byte) tables {
	t.Helper()
	for _, e := range elements(t, page, "script") {
		if id, _ := e.attr("id"); id == "data" {
			return decodeTables(t, e.text())
		}
	}
	t.Fatal("the page holds no data")
	return tables{}
}

func decodeTables(t testing.TB, text string) tables {
	t.Helper()
	var data tables
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// The data holds every finding with all that is known of it, most urgent first.
func TestHTMLData(t *testing.T) {
	a := sample(t)
	data := readTables(t, write(t, "html", a, sampleOptions()))
	findings := byUrgency(a)
	if len(data.Rows) != len(findings) || len(findings) != 6 {
		t.Fatalf("%d rows of %d findings", len(data.Rows), len(findings))
	}
	at := func(row []any, i int) int { return int(row[i].(float64)) }
	for i, r := range findings {
		row := data.Rows[i]
		if id := data.Checks[at(row, 0)][0]; id != r.Check.ID {
			t.Errorf("row %d: check %s, want %s", i, id, r.Check.ID)
		}
		if item := at(row, 1); item < 0 != (r.Item == nil) || item >= 0 && data.Items[item][3] != visibleOnly(r.Resource()) {
			t.Errorf("row %d: item %d, want %s", i, item, r.Resource())
		}
		if party := data.Owners[at(row, 2)][0]; party != r.Owner.Party {
			t.Errorf("row %d: party %q, want %q", i, party, r.Owner.Party)
		}
		if v := data.Verdicts[at(row, 3)]; v != r.Verdict.String() {
			t.Errorf("row %d: verdict %s, want %s", i, v, r.Verdict)
		}
		found := row[4].([]any)
		if n := max(1, len(r.Detail().Findings)); len(found) != 2*n {
			t.Errorf("row %d: %d messages, want %d", i, len(found)/2, n)
		}
		if message := data.Strings[int(found[0].(float64))]; message != visibleOnly(r.Message()) {
			t.Errorf("row %d: message %q, want %q", i, message, r.Message())
		}
		if facts := r.Detail().Facts; len(facts) > 0 && len(row[5].([]any)) != 3*len(facts) {
			t.Errorf("row %d: facts %v, want %v", i, row[5], facts)
		}
		if w := r.Detail().Waiver; w != nil && data.Waivers[at(row, 6)][0] != w.Owner {
			t.Errorf("row %d: waiver %v, want that of %s", i, row[6], w.Owner)
		}
	}
	if last := findings[len(findings)-1].Verdict; last != surety.Waived {
		t.Errorf("the least urgent is %s, want waived", last)
	}
	if title := data.Controls["SUR-VIR-02"]; title == "" {
		t.Error("controls have no titles")
	}
}

// Every filter that a number on the page leads to selects as many results as
// the number says.
func TestHTMLFiltersSelectWhatTheyCount(t *testing.T) {
	page := write(t, "html", sample(t), sampleOptions())
	data := readTables(t, page)
	checked := 0
	for _, e := range elements(t, page, "a") {
		query, ok := e.attr("data-filter")
		number, err := strconv.Atoi(strings.Trim(e.text(), "abcdefghijklmnopqrstuvwxyz- \n"))
		if !ok || err != nil {
			continue
		}
		want, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, row := range data.Rows {
			check, owner := data.Checks[int(row[0].(float64))], data.Owners[int(row[2].(float64))]
			is := map[string]string{
				"check": check[0].(string), "severity": check[2].(string), "party": owner[0], "clause": owner[3],
				"verdict": data.Verdicts[int(row[3].(float64))],
			}
			match := true
			for name := range want {
				value, known := is[name]
				match = match && known && value == want.Get(name)
			}
			if match {
				n++
			}
		}
		if n != number {
			t.Errorf("%s says %d and selects %d", query, number, n)
		}
		checked++
	}
	if checked < 8 {
		t.Errorf("only %d numbers lead to results", checked)
	}
}

func TestHTMLOfManyResults(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 50,000 results")
	}
	a := large(t, 50_000)
	page := write(t, "html", a, sampleOptions())
	if limit := 6 << 20; len(page) > limit {
		t.Errorf("%d results take %d bytes, more than %d", a.Summary.Verdicts.Total(), len(page), limit)
	}
	rows := 0
	for _, e := range elements(t, page, "details") {
		if class, _ := e.attr("class"); class == "result" {
			rows++
		}
	}
	fails := a.Summary.Verdicts[surety.Fail]
	if rows != plainResults {
		t.Errorf("%d plain rows, want %d", rows, plainResults)
	}
	if want := fmt.Sprintf("The other %d need JavaScript", fails-plainResults); !bytes.Contains(page, []byte(want)) {
		t.Errorf("the page does not say %q", want)
	}
	if n := len(readTables(t, page).Rows); n != fails {
		t.Errorf("%d rows of data, want %d", n, fails)
	}
}

func TestHTMLSaysWhatItDoesNotHold(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 250,000 results")
	}
	page := write(t, "html", large(t, 250_000), sampleOptions())
	if !bytes.Contains(page, []byte("This page holds the 200000 most urgent;")) {
		t.Error("the page does not say that results are left out")
	}
	if n := len(readTables(t, page).Rows); n != pageResults {
		t.Errorf("%d rows of data, want %d", n, pageResults)
	}
}

func TestTotalsFillTheBar(t *testing.T) {
	for _, n := range []assessment.Counts{{}, {surety.Pass: 1}, {surety.Pass: 1e6, surety.Fail: 1}, {1, 1, 1, 1, 1}, {surety.Fail: 3, surety.Pass: 1e6, surety.Unknown: 1, surety.NotApplicable: 1e6}} {
		x := 0
		for _, s := range totals(n) {
			if s.X != x || (s.Count > 0) != (s.Width > 0) || s.Width < 0 {
				t.Errorf("%v: %+v does not start at %d", n, s, x)
			}
			x += s.Width
		}
		if full := n.Total() > 0; full && x != 1000 || !full && x != 0 {
			t.Errorf("%v: the bar is %d wide", n, x)
		}
	}
}

func TestDutiesShareRows(t *testing.T) {
	a := sample(t)
	duties, elements := newDuties(a), 0
	for _, d := range duties {
		elements += d.Count
		if len(d.Elements) == 0 || d.Rest() != d.Count-len(d.Elements) {
			t.Errorf("%s names %d of %d elements", d.Control, len(d.Elements), d.Count)
		}
	}
	if elements != a.Duties.Len() || len(duties) >= elements {
		t.Errorf("%d rows hold %d of %d responsibilities", len(duties), elements, a.Duties.Len())
	}
	if !slices.IsSortedFunc(duties, func(a, b duty) int { return statusUrgency[a.Status] - statusUrgency[b.Status] }) {
		t.Error("less urgent rows come before more urgent ones")
	}
}

// Text keeps a contrast of 4.5 (WCAG 2.2, 1.4.3) in both colour schemes.
func TestHTMLContrast(t *testing.T) {
	css, err := htmlFiles.ReadFile("html/report.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`:root \{[^}]*\}`).FindAllString(string(css), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d palettes, want light and dark", len(blocks))
	}
	for _, block := range blocks {
		palette := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
			palette[m[1]] = luminance(t, m[2])
		}
		for name := range palette {
			if tint, ok := palette[name+"-tint"]; ok {
				atLeast(t, name+" on its tint", palette[name], tint)
				atLeast(t, "ink on the tint of "+name, palette["ink"], tint)
			}
		}
		for _, text := range []string{"ink", "soft", "link"} {
			for _, ground := range []string{"ground", "raised", "tint"} {
				atLeast(t, text+" on "+ground, palette[text], palette[ground])
			}
		}
		atLeast(t, "link on a warning", palette["link"], palette["medium-tint"])
	}
}

func atLeast(t *testing.T, what string, a, b float64) {
	t.Helper()
	if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < 4.5 {
		t.Errorf("%s: contrast %.2f", what, ratio)
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, rgb string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(rgb[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// A party that no result is about takes one column, and stands after those with
// results.
func TestMatrixLeavesRoomForResults(t *testing.T) {
	a := sample(t)
	a.Model.Parties["aaa"] = &system.Party{Name: "aaa"}
	m := newMatrix(a)
	if len(m.Parties) < 2 || m.Parties[0].Columns != 3 {
		t.Fatalf("parties %+v", m.Parties)
	}
	narrow := slices.IndexFunc(m.Parties, func(p matrixParty) bool { return p.Name == "aaa" })
	if narrow < 1 || m.Parties[narrow].Columns != 1 {
		t.Errorf("parties %+v", m.Parties)
	}
	for _, r := range m.Rows {
		for i, c := range r.Cells {
			if c.Columns != m.Parties[i].Columns || c.Shown() && c.Columns != len(c.Parts()) {
				t.Errorf("%s of %s: %d columns under %d", r.Title, c.Party, c.Columns, m.Parties[i].Columns)
			}
		}
	}
}

// The page lists what other parties prove, believed or not, and why.
func TestHTMLProofs(t *testing.T) {
	a := sample(t)
	if page := write(t, "html", a, sampleOptions()); strings.Contains(string(page), `id="proofs"`) {
		t.Error("there is a section of proofs without any")
	}
	in := sampleInput(t)
	in.Statements = []assessment.Stated{
		{File: "proofs/kube.surety", Party: "cloudco", System: "plane", NotBefore: sampleTime.AddDate(0, 0, -3), NotAfter: sampleTime.AddDate(0, 0, 27),
			Log: "log.example/kube", Entry: 4711, Witnesses: []string{"w1 at 2026-11-24T00:00:00Z", "w2 at 2026-11-24T00:00:01Z"}, Final: true,
			Proven: []string{"cloudco signed this statement about plane"}, NotProven: []string{"that the issuer looked at all"}},
		{File: hostile, Party: hostile, System: hostile, NotBefore: sampleTime, NotAfter: sampleTime.AddDate(0, 0, -1), Refused: hostile, Reasons: []string{hostile, "it counted until yesterday"}, Proven: []string{hostile}, NotProven: []string{hostile}},
		{File: "proofs/torn.surety", Refused: "open bundle: unexpected end", Reasons: []string{"open bundle: unexpected end"}},
	}
	page := write(t, "html", assessment.Assess(in), sampleOptions())
	var articles []string
	for _, e := range elements(t, page, "section") {
		if id, _ := e.attr("id"); id != "proofs" {
			continue
		}
		for n := range e.Descendants() {
			if n.Type == html.ElementNode && n.Data == "article" {
				articles = append(articles, strings.Join(strings.Fields(element{n}.text()), " "))
			}
			if n.Type == html.ElementNode && (n.Data == "img" || n.Data == "script") {
				t.Errorf("a statement made a %s element", n.Data)
			}
		}
	}
	if len(articles) != 3 {
		t.Fatalf("%d statements are listed: %q", len(articles), articles)
	}
	for i, want := range [][]string{
		{"cloudco about plane believed", "2026-11-21, 3 days old", "2026-12-21, 27 days left", "entry 4711 of log.example/kube", "w1 at 2026-11-24T00:00:00Z", "w2 at", "Proven cloudco signed", "Not proven that the issuer looked"},
		{"not believed", "It proves nothing here:", "it counted until yesterday", "in no log that was looked for", "no witness", "over", "What holds nevertheless"},
		{"A file that nobody you believe has signed not believed", "unexpected end", "proofs/torn.surety"},
	} {
		for _, w := range want {
			if !strings.Contains(articles[i], w) {
				t.Errorf("statement %d: %q is not in %q", i, w, articles[i])
			}
		}
	}
	if strings.Contains(articles[2], "Evidence of") {
		t.Errorf("nobody said when it was made: %q", articles[2])
	}
}
