package rego

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// Three checks of the content ask for the version of the cluster, which Rego finds
// in data.k8s.version. It is evidence of its own, an item of kind ClusterInfo, and
// may come after the objects. KSV-0026 does without: it takes the newest list of
// safe sysctls then, that of the Pod Security Standards. The other two, as they are
// read here (amended_cluster.go), deny without a version what they deny under some version,
// and are judged twice:
//
//   - Judge asks without a version. A pass holds on every cluster; what is denied
//     is left open.
//   - Divide asks again what was left open, with the version that the evidence of
//     the same cluster gives. Where it gives none, or two, the outcome is unknown.
var versioned = map[string]bool{
	"KSV-0107":  true, // outdated API
	"KSV-01011": true, // binding to all authenticated users, on GKE
}

// versionRoot is where Rego finds the cluster's version.
var versionRoot = ast.MustParseRef("data.k8s")

// asksVersion reports whether a rule of the module reads the cluster's version.
func (m *module) asksVersion() bool {
	names := map[ast.Var]bool{}
	for _, imported := range m.parsed.Imports {
		if path, ok := imported.Path.Value.(ast.Ref); ok && path.HasPrefix(versionRoot) {
			names[imported.Name()] = true
		}
	}
	asks := false
	for _, rule := range m.parsed.Rules {
		ast.WalkRefs(rule, func(r ast.Ref) bool {
			asks = asks || r.HasPrefix(versionRoot)
			return asks
		})
		ast.WalkVars(rule, func(v ast.Var) bool {
			asks = asks || names[v]
			return asks
		})
	}
	return asks
}

// Divide implements policy.RelationEngine: what is left open for want of the
// cluster's version, by cluster.
func (e *Engine) Divide(scene policy.Scene) []policy.Part {
	if !slices.ContainsFunc(e.list, func(c *check) bool { return c.versioned }) {
		return nil
	}
	m := e.machine()
	defer e.release(m)
	left := map[question][]*check{}
	byAccount := map[string][]*evidence.Item{}
	for _, item := range scene.Items {
		if item.Key.Provider != evidence.ProviderKubernetes || item.Imported {
			continue
		}
		q := questionOf(item)
		open, asked := left[q]
		if !asked {
			open = e.open(m, item)
			left[q] = open
		}
		if len(open) > 0 {
			byAccount[item.Key.Account] = append(byAccount[item.Key.Account], item)
		}
	}
	var out []policy.Part
	for account, items := range byAccount {
		known := tell(scene, account)
		out = append(out, policy.Part{
			Items: items, Context: strings.Join([]string{"version of the cluster", known.version, known.by, known.doubt}, "\x00"),
			Judge: func() []policy.Relation { return e.answer(items, known, left) },
		})
	}
	slices.SortFunc(out, func(a, b policy.Part) int { return cmp.Compare(a.Items[0].Key.Account, b.Items[0].Key.Account) })
	return out
}

// question is all of an object that decides what the checks make of each version.
type question struct{ apiVersion, kind, roleRef, subjects string }

func questionOf(item *evidence.Item) question {
	f := item.Facts
	return question{f.Get("apiVersion").Str(), f.Get("kind").Str(), f.Get("roleRef").Packed(), f.Get("subjects").Packed()}
}

// viewOf is what the checks of the cluster's version read of an item, by its facts.
func viewOf(item *evidence.Item) *evidence.Value {
	named := evidence.Field{Key: "name", Value: evidence.NewString(item.Name, 0)}
	fields := []evidence.Field{{Key: "metadata", Value: evidence.NewObject([]evidence.Field{named}, item.Facts.Get("metadata").Line())}}
	for _, key := range []string{"apiVersion", "kind", "roleRef", "subjects"} {
		if v := item.Facts.Get(key).Value(); v != nil {
			fields = append(fields, evidence.Field{Key: key, Value: v})
		}
	}
	return evidence.NewObject(fields, item.Origin.Line)
}

// open returns the checks that an item is left open by.
func (e *Engine) open(m *machine, item *evidence.Item) []*check {
	var out []*check
	m.start(viewOf(item), noData)
	for _, c := range e.list {
		if c.versioned && c.AppliesTo(item.Key.Provider, item.Kind) && c.judge(m, item, policy.DefaultBudget).Verdict == surety.Fail {
			out = append(out, c)
		}
	}
	m.start(nil, nil)
	return out
}

// answer judges items with what is known of the version.
func (e *Engine) answer(items []*evidence.Item, known knowledge, left map[question][]*check) []policy.Relation {
	m := e.machine()
	defer e.release(m)
	var out []policy.Relation
	for _, item := range items {
		m.start(viewOf(item), known.data())
		for _, c := range left[questionOf(item)] {
			o := policy.Outcome{Check: &c.Check, Reason: known.doubt}
			if known.doubt == "" {
				o = c.judge(m, item, policy.DefaultBudget)
			}
			for i := range o.Findings {
				f := &o.Findings[i]
				f.Message += fmt.Sprintf("; the cluster runs %s, as %s says", known.version, known.by)
				f.Line = cmp.Or(f.Line, item.Origin.Line)
			}
			out = append(out, policy.Relation{Item: item, Outcome: o})
		}
	}
	m.start(nil, nil)
	return out
}

// knowledge is what the evidence says of the version of one cluster: a version
// and the item that gives it, or why there is none.
type knowledge struct{ version, by, doubt string }

// data is what checks find under data.
func (k knowledge) data() *evidence.Value {
	object := func(key string, v *evidence.Value) *evidence.Value {
		return evidence.NewObject([]evidence.Field{{Key: key, Value: v}}, 0)
	}
	return object("k8s", object("version", evidence.NewString(k.version, 0)))
}

// tell finds the version of an account's cluster in the evidence.
func tell(scene policy.Scene, account string) knowledge {
	var k knowledge
	for _, item := range scene.Items {
		if item.Key.Kind != kubernetes.ClusterInfo || item.Key.Account != account || item.Imported {
			continue
		}
		written, by := item.Facts.Get("gitVersion").Str(), item.Key.String()
		version, ok := plainVersion(written)
		switch {
		case !ok:
			return knowledge{doubt: fmt.Sprintf("the cluster's version decides, and %s gives %q for gitVersion, where one such as v1.34.2 belongs", by, written)}
		case k.version != "" && k.version != version:
			return knowledge{doubt: fmt.Sprintf("the cluster's version decides, and there are two: %s in %s, %s in %s; assess each cluster by itself", k.version, k.by, version, by)}
		case k.version == "":
			k.version, k.by = version, by
		}
	}
	switch {
	case k.version != "":
	case account == evidence.AccountFiles:
		k.doubt = "the cluster's version decides, and no file gives it; add what `kubectl version -o yaml` prints to the files, or assess the live cluster"
	default:
		k.doubt = "the cluster's version decides, and the cluster did not tell it; see `kubectl get --raw /version`"
	}
	return k
}

var writtenVersion = regexp.MustCompile(`^v?(\d+\.\d+)(\.\d+)?([-+][0-9A-Za-z.+-]+)?$`)

// plainVersion is a version as the checks compare it: v1.34 is 1.34.0.
func plainVersion(written string) (string, bool) {
	parts := writtenVersion.FindStringSubmatch(written)
	if parts == nil {
		return "", false
	}
	return parts[1] + cmp.Or(parts[2], ".0") + parts[3], true
}
