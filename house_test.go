package surety_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The rules of the house, as tests. Each message says what to do.

const (
	maxFileLines     = 800
	maxFunctionLines = 100
	maxMethods       = 3
)

const module = "github.com/surety-cloud/surety"

// file is one Go source file of the module.
type file struct {
	path string // slash-separated, relative to the root
	dir  string
	test bool
	fset *token.FileSet
	ast  *ast.File
	raw  []byte
}

func (f file) line(pos token.Pos) int { return f.fset.Position(pos).Line }

func goFiles(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || hasOwnModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, path, raw, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(path), filepath.ToSlash(filepath.Dir(path)),
			strings.HasSuffix(path, "_test.go"), fset, parsed, raw})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func hasOwnModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && dir != "."
}

func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string][]string{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		if _, ok := comments[f.dir]; !ok {
			comments[f.dir] = nil
		}
		if f.ast.Doc != nil {
			comments[f.dir] = append(comments[f.dir], f.path)
		}
	}
	for dir, in := range comments {
		if len(in) != 1 {
			t.Errorf("%s: %d package comments %v; write exactly one, as a short manual", dir, len(in), in)
		}
	}
}

func TestEveryExportIsDocumented(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil && !wellKnown[d.Name.Name] {
					t.Errorf("%s:%d: %s is exported and has no comment", f.path, f.line(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
						t.Errorf("%s:%d: type %s is exported and has no comment", f.path, f.line(s.Pos()), s.Name.Name)
					}
				}
			}
		}
	}
}

// wellKnown methods mean what their interface says.
var wellKnown = map[string]bool{"String": true, "Error": true, "Unwrap": true}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func TestSizes(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		if n := strings.Count(string(f.raw), "\n"); n > maxFileLines {
			t.Errorf("%s: %d lines; split it by what it is about (limit %d)", f.path, n, maxFileLines)
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch d := n.(type) {
			case *ast.FuncDecl:
				if lines := f.line(d.End()) - f.line(d.Pos()) + 1; lines > maxFunctionLines {
					t.Errorf("%s:%d: %s has %d lines; name its steps (limit %d)", f.path, f.line(d.Pos()), d.Name.Name, lines, maxFunctionLines)
				}
			case *ast.InterfaceType:
				if len(d.Methods.List) > maxMethods {
					t.Errorf("%s:%d: an interface of %d methods; split it by user (limit %d)", f.path, f.line(d.Pos()), len(d.Methods.List), maxMethods)
				}
			}
			return true
		})
	}
}

// rank orders the packages along the flow of data: each may import only those
// of a lower rank. Folders of the same rank do not know each other.
var rank = map[string]int{
	"":                    0,
	"attack/graph":        1,
	"evidence":            1,
	"evidence/yaml":       2,
	"evidence/kubernetes": 3, "evidence/dockerfile": 3, "evidence/scanner": 3, "internal/strict": 3,
	"evidence/files": 4, "evidence/kubernetes/cluster": 4, "system": 4, "policy": 4,
	"system/interchange": 5, "catalog": 5, "policy/cel": 5, "policy/native": 5, "policy/rego": 5, "policy/relation": 5,
	"responsibility": 6, "policy/policytest": 6, "catalog/oscal": 6,
	"catalog/imports": 7, "responsibility/oscal": 7,
	"assessment":    7,
	"internal/memo": 8,
	"architecture":  8,
	"attack":        8,
	"threat":        8,
	"risk":          9,
	"guide":         9,

	"risk/loss": 1, // knows nothing of clouds

	// the proving branch, see TestProvingKnowsNoJudging
	"statement": 1, "transparency": 1, "bundle": 2,
	"internal/durable": 1, "internal/keys": 3, "internal/runs": 3,
	"internal/tiles": 1, "internal/witness": 2, "internal/ledger": 3,

	"assure":          10,
	"internal/report": 11,
	"internal/cli":    12,
	"cmd/surety":      13, "cmd/surety-verify": 13,

	// test support and measurement, used by no product package
	"internal/kubetest": 13, "internal/suretytest": 13, "internal/logtest": 13, "bench": 13, "bench/log": 13, "bench/proof": 13, "bench/risk": 13, "bench/paths": 13, "bench/threats": 13,
}

func TestImportsGoOneWay(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		from, ok := rank[strings.TrimPrefix(f.dir, ".")]
		if !ok {
			t.Errorf("%s: the folder has no place in the flow of data; give it one in rank, and in ARCHITECTURE.md", f.path)
			continue
		}
		for _, spec := range f.ast.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if !strings.HasPrefix(path, module) {
				continue
			}
			if to, ok := rank[strings.TrimPrefix(strings.TrimPrefix(path, module), "/")]; !ok || to >= from {
				t.Errorf("%s: imports %s, which comes later in the flow of data; see ARCHITECTURE.md", f.path, path)
			}
		}
	}
}

// pure packages take values and return values.
var pure = []string{"", "system", "catalog", "catalog/oscal", "catalog/imports", "responsibility", "responsibility/oscal", "architecture", "policy", "policy/rego", "policy/cel", "policy/native", "policy/relation", "policy/policytest", "assessment", "threat", "guide", "evidence/yaml", "evidence/kubernetes", "evidence/dockerfile", "evidence/scanner", "risk", "risk/loss", "attack/graph", "attack"}

func TestPureCore(t *testing.T) {
	forbidden := map[string]string{
		"context": "pure code does not wait", "net/http": "pure code has no network", "net": "pure code has no network",
		"log": "pure code does not log", "log/slog": "pure code does not log", "math/rand": "a verdict is a function of its input",
	}
	clock := regexp.MustCompile(`\btime\.(Now|Since|Until|After|Sleep|Tick)\(`)
	for _, f := range goFiles(t) {
		if f.test || !slices.Contains(pure, strings.TrimPrefix(f.dir, ".")) {
			continue
		}
		for _, spec := range f.ast.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if why, bad := forbidden[path]; bad && !exempt[f.path+" "+path] {
				t.Errorf("%s: imports %s; %s", f.path, path, why)
			}
		}
		if m := clock.Find(f.raw); m != nil {
			t.Errorf("%s: uses %s; hand the time in", f.path, m)
		}
	}
}

// exempt lists imports of the pure core that a library's signature demands.
var exempt = map[string]bool{
	// OPA's compiler takes a context though compiling in memory waits for nothing.
	"policy/rego/compile.go context":       true,
	"policy/rego/compile.go " + newContext: true,
}

const newContext = `context\.(Background|TODO)\(\)`

func TestNoForbiddenHabits(t *testing.T) {
	habits := []struct {
		pattern *regexp.Regexp
		inMain  bool // package main may
		why     string
	}{
		{regexp.MustCompile(`//.*\b(TODO|FIXME|XXX)\b`), false, "file an issue and do it, or leave it out"},
		{regexp.MustCompile(`\blog\.Fatal|\bos\.Exit\(`), true, "return the error; only main exits"},
		{regexp.MustCompile(newContext), true, "take the context from the caller"},
		{regexp.MustCompile(`(?m)^func init\(\)`), false, "compute it where it is used, or at package level without effects"},
	}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, h := range habits {
			if h.inMain && f.ast.Name.Name == "main" || exempt[f.path+" "+h.pattern.String()] {
				continue
			}
			if m := h.pattern.Find(f.raw); m != nil {
				t.Errorf("%s: %s: %s", f.path, m, h.why)
			}
		}
	}
}

// The words that evidence keys are made of stand in package evidence once.
func TestKeyWordsStandOnce(t *testing.T) {
	words := regexp.MustCompile(`(Provider|provider|Account|account|Key\.\w+|AppliesTo\()\W{1,4}"(kubernetes|dockerfile|scanner|files)"`)
	for _, f := range goFiles(t) {
		if f.test || f.dir == "evidence" {
			continue
		}
		if m := words.Find(f.raw); m != nil {
			t.Errorf("%s: %s: use the constants Provider... and AccountFiles of evidence", f.path, m)
		}
	}
}

func TestFolderNamesSayWhatTheyHold(t *testing.T) {
	vague := []string{"util", "utils", "common", "helpers", "helper", "models", "types", "services", "misc", "lib"}
	for _, f := range goFiles(t) {
		if slices.Contains(vague, filepath.Base(f.dir)) {
			t.Errorf("%s: the folder's name says nothing; use the field's word", f.path)
		}
	}
}

// Every direct dependency is argued in one line of docs/dependencies.md.
func TestDependenciesAreArgued(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	argued, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") || strings.Contains(line, "// indirect") {
			continue
		}
		if !strings.Contains(string(argued), "`"+fields[0]+"`") {
			t.Errorf("go.mod: %s is not argued in docs/dependencies.md; add one line that says why it is worth having", fields[0])
		}
	}
}

// TestProvingKnowsNoJudging keeps the two branches apart: what proves an assessment
// to another party is made of nothing that judges, and so stays small enough to be
// read by whoever must rely on it.
func TestProvingKnowsNoJudging(t *testing.T) {
	allowed := map[string][]string{
		"statement":         {""},
		"transparency":      {""},
		"bundle":            {"", "statement", "transparency"},
		"cmd/surety-verify": {"bundle"},
	}
	for _, f := range goFiles(t) {
		may, proving := allowed[f.dir]
		if !proving || f.test {
			continue
		}
		for _, spec := range f.ast.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if rest, ours := strings.CutPrefix(path, module); ours && !slices.Contains(may, strings.TrimPrefix(rest, "/")) {
				t.Errorf("%s imports %s; a verifier must not be made of it", f.path, path)
			}
		}
	}
}
