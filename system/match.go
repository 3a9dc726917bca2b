package system

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// Matcher finds the element of a model that a piece of evidence belongs to. It
// is compiled once and safe for concurrent use. Patterns come in five forms:
//
//	k8s:prod/deploy/web                  namespace/kind/name, in any cluster;
//	                                     the kind as kubectl takes it or in full
//	prod/Deployment.apps/web             the same as reports print it
//	kubernetes/*/prod/Deployment.apps/web  a key; the API group may be left out
//	kubernetes/prod-cluster/**           every key that starts like this
//	dockerfile:build/*                   a Dockerfile by its path
//
// "*" stands for any characters within one part. A name that begins with "arn:"
// is an object of AWS. The most specific pattern wins: one with fewer
// wildcards, then the longer one.
type Matcher struct {
	exact    map[target]string  // patterns without wildcard but for the account
	byScope  map[scope][]*rule  // patterns whose provider and namespace are literal
	anywhere []*rule            // the rest
	zones    map[string]string  // namespace -> zone
	cluster  string             // service that holds what is in no namespace
	assigned map[string]*string // namespace -> zone that all its components are in; nil if they differ
}

// target is what an exact pattern names.
type target struct{ provider, namespace, kind, name string }

type scope struct{ provider, namespace string }

// rule is a pattern and the element it leads to.
type rule struct {
	pattern
	element string
	rank    int // components before zones before services
}

// pattern is a parsed pattern; every part may hold wildcards.
type pattern struct {
	provider, account, namespace, kind, name string
	group                                    bool // kind includes the API group
}

// NewMatcher compiles the patterns of m. A pattern that cannot be parsed is
// left out; Decode has reported it.
func NewMatcher(m *Model) *Matcher {
	c := &Matcher{
		exact:    make(map[target]string, len(m.Components)),
		byScope:  map[scope][]*rule{},
		zones:    map[string]string{},
		assigned: map[string]*string{},
	}
	for _, name := range sortedKeys(m.Components) {
		for _, text := range m.Components[name].Match {
			if p, err := parsePattern(text); err == nil {
				c.add(p, name, 0)
				c.assign(p, m.Components[name].In, m)
			}
		}
	}
	for _, name := range sortedKeys(m.Zones) {
		if len(m.Zones[name].Match) == 0 {
			c.zones[name] = name
		}
		for _, text := range m.Zones[name].Match {
			if p, err := parsePattern(text); err == nil {
				c.add(p, name, 1)
			}
		}
	}
	c.addServices(m)
	for _, rules := range c.byScope {
		sortRules(rules)
	}
	sortRules(c.anywhere)
	return c
}

func (c *Matcher) addServices(m *Model) {
	clusters := 0
	for _, name := range sortedKeys(m.Services) {
		s := m.Services[name]
		for _, text := range s.Match {
			if p, err := parsePattern(text); err == nil {
				c.add(p, name, 2)
			}
		}
		if s.Category == Containers && len(s.Match) == 0 {
			c.cluster = name
			clusters++
		}
	}
	if clusters > 1 {
		c.cluster = ""
	}
}

// add adds one pattern. Of equal patterns the first one stays.
func (c *Matcher) add(p pattern, element string, rank int) {
	if t, ok := p.target(); ok && rank == 0 {
		if _, taken := c.exact[t]; !taken {
			c.exact[t] = element
		}
		return
	}
	r := &rule{p, element, rank}
	if wild(p.provider) || wild(p.namespace) {
		c.anywhere = append(c.anywhere, r)
		return
	}
	s := scope{p.provider, p.namespace}
	c.byScope[s] = append(c.byScope[s], r)
}

// assign notes in which zone the components of a namespace are, so that its
// other objects can follow them.
func (c *Matcher) assign(p pattern, in string, m *Model) {
	if p.namespace == "-" || wild(p.namespace) || m.Zones[in] == nil {
		return
	}
	if seen, ok := c.assigned[p.namespace]; !ok {
		c.assigned[p.namespace] = &in
	} else if seen != nil && *seen != in {
		c.assigned[p.namespace] = nil
	}
}

// Element returns the component, zone or service that the item with this key
// belongs to: the component or zone whose pattern matches best, else the zone
// of its namespace, else the service that runs its cluster. It is "" if the
// model has no place for the item.
func (c *Matcher) Element(k evidence.Key) string {
	if k = k.Plain(); !k.Whole() {
		return ""
	}
	kind := baseKind(k.Kind)
	ns := namespaceOf(kind, k.Scope)
	if e := c.matched(k, kind, ns, 0); e != "" {
		return e
	}
	if k.Provider != evidence.ProviderKubernetes {
		return ""
	}
	if kind == "Namespace" && k.Scope == "-" {
		ns = k.Name
	}
	if z, ok := c.zones[ns]; ok {
		return z
	}
	if z := c.assigned[ns]; z != nil {
		return *z
	}
	return c.cluster
}

// Cluster returns the service that runs the cluster, "" if the model has none or several.
func (c *Matcher) Cluster() string { return c.cluster }

// component returns the component whose pattern matches key best, "" if none
// does.
func (c *Matcher) component(key evidence.Key) string {
	kind := baseKind(key.Kind)
	return c.matched(key, kind, namespaceOf(kind, key.Scope), 1)
}

// matched looks for the best pattern of an element. Below is a rank that ends
// the search: 1 looks at components only, 0 at every element.
func (c *Matcher) matched(k evidence.Key, kind, ns string, below int) string {
	if ns == "" {
		ns = "-"
	}
	if e, ok := c.exact[target{k.Provider, ns, kind, k.Name}]; ok {
		return e
	}
	// The same object given twice carries the file's name after "@".
	if name, _, ok := strings.Cut(k.Name, "@"); ok && k.Provider == evidence.ProviderKubernetes {
		if e, ok := c.exact[target{k.Provider, ns, kind, name}]; ok {
			return e
		}
	}
	local := firstMatch(c.byScope[scope{k.Provider, ns}], k, kind, ns, below)
	global := firstMatch(c.anywhere, k, kind, ns, below)
	switch {
	case local == nil && global == nil:
		return ""
	case local == nil || global != nil && compareRules(global, local) < 0:
		return global.element
	}
	return local.element
}

func firstMatch(rules []*rule, k evidence.Key, kind, ns string, below int) *rule {
	for _, r := range rules {
		if below > 0 && r.rank >= below {
			return nil
		}
		if r.matches(k, kind, ns) {
			return r
		}
	}
	return nil
}

func (p *pattern) matches(k evidence.Key, kind, ns string) bool {
	if p.group {
		kind = k.Kind
	}
	return glob(p.kind, kind) && glob(p.name, k.Name) && glob(p.namespace, ns) &&
		glob(p.provider, k.Provider) && glob(p.account, k.Account)
}

// target returns what an exact pattern names; ok is false for any other one.
func (p *pattern) target() (t target, ok bool) {
	if p.account != "*" || p.group || wild(p.provider+p.namespace+p.kind+p.name) {
		return target{}, false
	}
	return target{p.provider, p.namespace, p.kind, p.name}, true
}

func sortRules(rules []*rule) { slices.SortStableFunc(rules, compareRules) }

// compareRules puts components first, then fewer wildcards, then more letters.
func compareRules(a, b *rule) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.wildness(), b.wildness()),
		cmp.Compare(b.letters(), a.letters()), cmp.Compare(a.element, b.element))
}

func (p *pattern) wildness() (n int) {
	for _, part := range [...]string{p.provider, p.namespace, p.kind, p.name} {
		if wild(part) {
			n++
		}
	}
	return n
}

func (p *pattern) letters() int {
	all := p.provider + p.account + p.namespace + p.kind + p.name
	return len(all) - strings.Count(all, "*")
}

func wild(s string) bool { return strings.Contains(s, "*") }

// glob reports whether s matches pattern, in which "*" stands for any
// characters. It goes back at most once per character of s.
func glob(pattern, s string) bool {
	if pattern == "*" || pattern == s {
		return true
	}
	if !wild(pattern) {
		return false
	}
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

// parsePattern reads one of the forms that Matcher documents.
func parsePattern(text string) (pattern, error) {
	if rest, ok := strings.CutPrefix(text, "k8s:"); ok {
		return parseShort(text, rest)
	}
	if path, ok := strings.CutPrefix(text, "dockerfile:"); ok && path != "" {
		return pattern{provider: evidence.ProviderDockerfile, account: "*", namespace: "*", kind: "Dockerfile", name: path}, nil
	}
	if strings.HasPrefix(text, "arn:") {
		return pattern{provider: "aws", account: "*", namespace: "*", kind: "*", name: text}, nil
	}
	parts := strings.SplitN(text, "/", 5)
	if last := len(parts) - 1; last > 0 && last < 4 && parts[last] == "**" {
		parts[last] = "*"
		for len(parts) < 5 {
			parts = append(parts, "*")
		}
	}
	if len(parts) == 3 && !slices.Contains(parts, "") { // as reports print it
		return parseShort(text, text)
	}
	if len(parts) != 5 || slices.Contains(parts, "") {
		return pattern{}, fmt.Errorf("%q is not a pattern of evidence; write k8s:NAMESPACE/KIND/NAME, "+
			"dockerfile:PATH or PROVIDER/ACCOUNT/SCOPE/KIND/NAME", text)
	}
	p := pattern{parts[0], parts[1], parts[2], parts[3], strings.ReplaceAll(parts[4], "**", "*"), strings.Contains(parts[3], ".")}
	if ns := namespaceOf(baseKind(p.kind), p.namespace); ns != "" {
		p.namespace = ns
	}
	return p, nil
}

// parseShort reads NAMESPACE/KIND/NAME, with "-" as the namespace of what has
// none.
func parseShort(text, rest string) (pattern, error) {
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) != 3 || slices.Contains(parts, "") {
		return pattern{}, fmt.Errorf("%q is not a pattern of Kubernetes objects; write k8s:NAMESPACE/KIND/NAME, such as k8s:prod/deploy/web", text)
	}
	p := pattern{provider: evidence.ProviderKubernetes, account: "*", namespace: parts[0], kind: parts[1], name: parts[2], group: strings.Contains(parts[1], ".")}
	switch k := kindNamed(p.kind); {
	case k != nil:
		p.kind, p.group = k.kind, false
		p.namespace = cmp.Or(namespaceOf(k.kind, p.namespace), p.namespace)
	case !wild(p.kind) && !strings.ContainsAny(p.kind[:1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
		return pattern{}, fmt.Errorf("%q in %q is not a known kind; write it as in the manifest, such as Deployment, or as kubectl takes it, such as deploy, sts, svc", p.kind, text)
	}
	return p, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
