package rego

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// evaluatorVersion is part of every check's version: raise it when a change of
// the machine may change a verdict.
const evaluatorVersion = "2"

// compileContent builds the engine of the embedded trivy-checks from its text,
// with our amendments.
func compileContent() (*Engine, error) {
	notTest := func(name string) bool { return !isTest(name) }
	var modules []*module
	for _, root := range []string{"checks/kubernetes", "checks/docker"} {
		m, err := readModules(contentFiles, root, "", notTest)
		if err != nil {
			return nil, err
		}
		modules = append(modules, m...)
	}
	e, err := build(modules, ofContent)
	if err != nil {
		return nil, err
	}
	for _, c := range e.list {
		c.versioned, c.wanting = versioned[c.ID], false
		c.Relates = c.versioned
	}
	return e, nil
}

// ofContent reports whether a module of the content is a check: its package is
// below one of the three roots that Trivy runs. All of them are in, but for the five
// that their authors have withdrawn: KSV-0032 to KSV-0035, each of which wants all
// images from one registry (KSV-0125 knows them all), and DS-0024, which is against
// apt-get dist-upgrade.
func ofContent(m *module) bool {
	root, _, _ := strings.Cut(m.pkg(), ".")
	return root == "builtin" || root == "defsec" || root == "appshield"
}

// Load builds the engine of the Rego checks in fsys, whose files are named
// below prefix in errors. A check is a package with a rule deny (or violation)
// and metadata as trivy-checks has it: title, custom.id, custom.severity,
// custom.input.selector; what is missing has a default. Packages below data.lib
// of trivy-checks may be imported. One that asks for the cluster's version, in
// data.k8s, is not told it, and so never passes. A nil engine means that fsys holds
// no Rego.
func Load(fsys fs.FS, prefix string) (*Engine, error) {
	modules, err := readModules(fsys, ".", prefix, func(name string) bool { return !isTest(name) })
	if err != nil || len(modules) == 0 {
		return nil, err
	}
	for _, m := range modules {
		m.path = path.Join(prefix, m.path)
	}
	return build(modules, func(*module) bool { return true })
}

// build compiles the checks among modules, those that wanted accepts, with the
// library.
func build(modules []*module, wanted func(*module) bool) (*Engine, error) {
	lib, err := library()
	if err != nil {
		return nil, err
	}
	var list []*check
	var from []*module
	var entries []string
	for _, m := range modules {
		rule := m.denyRule()
		c := m.check()
		if rule == "" || c == nil || !wanted(m) {
			continue
		}
		c.Version, c.wanting = version(m, lib), m.asksVersion()
		c.masters = slices.Contains(c.Kinds, nodeInfo) && m.onMasters()
		list, from = append(list, c), append(from, m)
		entries = append(entries, strings.ReplaceAll(m.pkg(), ".", "/")+"/"+rule)
	}
	dropSharedNames(list)
	if len(list) == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "load rego", Origin: surety.Origin{File: modules[0].path},
			Err: errors.New("no package has a rule named deny or violation"), Hint: "a check denies: deny contains result if { ... }"}
	}
	policyIR, err := plan(slices.Concat(modules, lib), entries)
	if err != nil {
		return nil, err
	}
	p, err := lower(policyIR)
	if err != nil {
		return nil, fmt.Errorf("compile rego: %w", err)
	}
	reads := readSets(policyIR)
	for i, c := range list {
		fn, ok := p.byName["g0.data."+strings.ReplaceAll(entries[i], "/", ".")]
		if !ok {
			return nil, fmt.Errorf("compile rego: the plan holds no rule %s", entries[i])
		}
		c.entry = fn
		if err := c.aim(from[i], reads[entries[i]]); err != nil {
			return nil, err
		}
	}
	return newEngine(p, list), nil
}

// dropSharedNames takes away the aliases that more than one check of the content
// has: some short codes were copied with their file.
func dropSharedNames(list []*check) {
	uses := map[string]int{}
	for _, c := range list {
		for _, name := range append([]string{c.ID}, c.Aliases...) {
			uses[strings.ToLower(name)]++
		}
	}
	for _, c := range list {
		c.Aliases = slices.DeleteFunc(c.Aliases, func(a string) bool { return uses[strings.ToLower(a)] > 1 })
	}
}

func (m *module) denyRule() string {
	for _, rule := range []string{"deny", "violation"} {
		if m.defines(rule) {
			return rule
		}
	}
	return ""
}

// version covers the check's own text and the whole library.
func version(m *module, lib []*module) surety.Digest {
	h := sha256.New()
	h.Write([]byte(evaluatorVersion))
	h.Write(m.raw)
	for _, l := range lib {
		h.Write(l.raw)
	}
	return surety.Digest(h.Sum(nil))
}

// check reads a module's metadata; nil if it is a library or deprecated.
func (m *module) check() *check {
	var a ast.Annotations
	for _, candidate := range m.parsed.Annotations {
		if candidate.Scope == "package" || candidate.Scope == "" {
			a = *candidate
			break
		}
	}
	custom := metadata(a.Custom)
	if custom.flag("library") || custom.flag("deprecated") {
		return nil
	}
	c := &check{component: componentOf(path.Base(m.path))}
	c.Engine, c.Origin = "rego", surety.Origin{File: m.path, Line: 1}
	c.ID = strings.TrimPrefix(cmp.Or(custom.text("avd_id"), custom.text("id"), m.pkg()), "AVD-")
	for _, alias := range []string{custom.text("avd_id"), custom.text("id"), custom.text("short_code")} {
		if alias != "" && alias != c.ID && !strings.ContainsAny(alias, " \"") && !slices.Contains(c.Aliases, alias) {
			c.Aliases = append(c.Aliases, alias)
		}
	}
	c.Aliases = append(c.Aliases, custom.list("aliases")...)
	c.Title, c.Description = cmp.Or(a.Title, c.ID), a.Description
	c.Remediation = cmp.Or(custom.text("recommended_action"), custom.text("recommended_actions"))
	c.Controls = custom.list("controls")
	if err := c.Severity.UnmarshalText([]byte(custom.text("severity"))); err != nil {
		c.Severity = surety.Medium
	}
	for _, r := range a.RelatedResources {
		c.References = append(c.References, r.Ref.String())
	}
	c.Provider, c.Kinds = custom.selector()
	if kinds, ok := narrowed[c.ID]; ok && len(c.Kinds) == 0 {
		c.Kinds = kinds
	}
	if c.component != "" && len(c.Kinds) == 0 {
		c.Kinds = podKinds
	}
	return c
}

var (
	podKinds = []string{"Pod", "ReplicaSet", "ReplicationController", "Deployment", "DeploymentConfig",
		"StatefulSet", "DaemonSet", "CronJob", "Job"}
	roleKinds = []string{"Role", "ClusterRole"}
)

// narrowed gives the kinds of checks whose metadata names none though their rule
// looks at these only. Without it a check would pass on everything else, which
// says something nobody looked at.
var narrowed = map[string][]string{
	"KSV-0036": podKinds, "KSV-0102": podKinds, "KSV-0105": podKinds, "KSV-0106": podKinds,
	"KSV-0124": {"K8sAllowedRepos"}, // a constraint of Gatekeeper
	"KSV-0038": {"NetworkPolicy"}, "KCV-0093": {"Ingress"},
	"KSV-0043": roleKinds, "KSV-0044": roleKinds, "KSV-0045": roleKinds, "KSV-0047": roleKinds,
	"KSV-0051": roleKinds, "KSV-0052": roleKinds, "KSV-0054": roleKinds, "KSV-0055": roleKinds,
}

// componentOf tells from a file's name which component of the control plane the
// check is about. The names are trivy-checks' own, with their spelling.
func componentOf(file string) string {
	for prefix, component := range map[string]string{
		"apiserver_": "kube-apiserver", "etcd_": "etcd", "scheduler_": "kube-scheduler",
		"controllermamager_": "kube-controller-manager", "controllermanager_": "kube-controller-manager",
	} {
		if strings.HasPrefix(file, prefix) && !strings.Contains(file, "pod_spec") && !strings.Contains(file, "ownership") && !strings.Contains(file, "permission") {
			return component
		}
	}
	return ""
}

// metadata is the custom part of a module's annotations.
type metadata map[string]any

func (m metadata) text(key string) string {
	s, _ := m[key].(string)
	return s
}

func (m metadata) flag(key string) bool {
	b, _ := m[key].(bool)
	return b
}

func (m metadata) list(key string) []string {
	list, _ := m[key].([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// selector reads what a check applies to. Without one it is every Kubernetes
// kind.
func (m metadata) selector() (provider string, kinds []string) {
	provider = evidence.ProviderKubernetes
	input, _ := m["input"].(map[string]any)
	selectors, _ := input["selector"].([]any)
	for _, s := range selectors {
		sel, _ := s.(map[string]any)
		if sel["type"] == evidence.ProviderDockerfile {
			provider = evidence.ProviderDockerfile
		}
		subtypes, _ := sel["subtypes"].([]any)
		for _, t := range subtypes {
			sub, _ := t.(map[string]any)
			if kind, ok := sub["kind"].(string); ok {
				kinds = append(kinds, properKind(kind))
			}
		}
	}
	return provider, kinds
}

// properKind spells a kind as Kubernetes does; selectors are in lower case.
func properKind(kind string) string {
	for _, k := range []string{
		"Pod", "ReplicaSet", "ReplicationController", "Deployment", "DeploymentConfig", "StatefulSet", "DaemonSet",
		"CronJob", "Job", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Service", "Ingress",
		"NetworkPolicy", "ConfigMap", "Secret", "Namespace", "LimitRange", "ResourceQuota", "NodeInfo",
		"PodSecurityPolicy", "ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Node",
		"PersistentVolume", "PersistentVolumeClaim", "StorageClass", "CustomResourceDefinition",
		"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PodTemplate",
	} {
		if strings.EqualFold(k, kind) {
			return k
		}
	}
	return kind
}
