package attack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// power is a right that leads somewhere, in a namespace or in all of them.
type power int

const (
	execPods power = iota
	attachPods
	createPods
	changePods
	listSecrets
	getSecrets
	makeTokens
	actAsAccounts
	administer // every right in a namespace
	powers     // how many there are
)

var powerWords = [powers]string{
	"the right to enter pods", "the right to attach to pods", "the right to create pods", "the right to change workloads",
	"the right to list secrets", "the right to read secrets", "the right to make tokens", "the right to act as service accounts", "every right",
}

// granted is what the rules of a role give.
type granted struct {
	powers  [powers]bool
	secrets []string // that alone may be read
	// to raise oneself, see raise
	bindAny, bindHere, escalate, impersonate, nodesProxy, everything bool
	limited                                                          bool // by names of objects
}

// builtinRoles are what the roles give that every cluster has (Kubernetes documentation,
// "User-facing roles").
var builtinRoles = map[string]granted{
	"cluster-admin": {everything: true},
	"admin":         {powers: [powers]bool{execPods: true, attachPods: true, createPods: true, changePods: true, listSecrets: true, getSecrets: true, actAsAccounts: true, makeTokens: true}},
	"edit":          {powers: [powers]bool{execPods: true, attachPods: true, createPods: true, changePods: true, listSecrets: true, getSecrets: true, actAsAccounts: true, makeTokens: true}},
	"view":          {},
}

// rights adds what bindings give to identities, and what these rights lead to.
func (b *builder) rights() {
	roles := map[*evidence.Item]granted{}
	unknown := map[string]bool{}
	b.boundAccounts()
	for _, kind := range [...]string{"ClusterRoleBinding", "RoleBinding"} {
		for _, binding := range b.c.byKind[kind] {
			g, name, ok := b.role(binding, roles)
			if !ok {
				unknown[name] = true
				continue
			}
			b.bind(binding, g, name)
		}
	}
	if len(unknown) > 0 {
		names := sortedKeys(unknown)
		shown := names[:min(len(names), 5)]
		more := ""
		if n := len(names) - len(shown); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		b.Unseen = append(b.Unseen, "roles that bindings name and the evidence does not hold: "+strings.Join(shown, ", ")+more+"; what they allow is not shown")
	}
	for _, account := range b.c.accounts() {
		b.wholeCluster(account)
	}
}

// boundAccounts notes the service accounts that bindings name, before anything is said of
// all accounts of a namespace.
func (b *builder) boundAccounts() {
	for _, kind := range [...]string{"ClusterRoleBinding", "RoleBinding"} {
		for _, binding := range b.c.byKind[kind] {
			for _, f := range binding.Facts.Get("subjects").Fields() {
				if f.Value.Get("kind").Str() == "ServiceAccount" {
					b.c.space(accountSpace(binding, f.Value)).accounts[f.Value.Get("name").Str()] = true
				}
			}
		}
	}
}

// accountSpace is where the service account is that a binding names: in its own
// namespace if it names none.
func accountSpace(binding *evidence.Item, s evidence.Facts) spaceKey {
	return spaceKey{binding.Key.Account, cmp.Or(s.Get("namespace").Str(), spaceOf(binding).namespace)}
}

// role returns what the role of a binding gives.
func (b *builder) role(binding *evidence.Item, known map[*evidence.Item]granted) (g granted, name string, ok bool) {
	ref := binding.Facts.Get("roleRef")
	name = ref.Get("kind").Str() + " " + ref.Get("name").Str()
	at := everywhere(binding)
	if ref.Get("kind").Str() == "Role" {
		at = spaceOf(binding)
	}
	item := b.c.objects[objectKey{at, ref.Get("kind").Str(), ref.Get("name").Str()}]
	if item == nil {
		g, ok = builtinRoles[ref.Get("name").Str()]
		return g, name, ok && ref.Get("kind").Str() == "ClusterRole"
	}
	g, ok = known[item]
	if !ok {
		g = grants(item.Facts.Get("rules"))
		known[item] = g
	}
	return g, name, true
}

// grants sums up the rules of a role.
func grants(rules evidence.Facts) granted {
	var g granted
	var bindCluster, bindRole, bindingsAny, bindingsHere, roleWrite, escalates bool
	for _, f := range rules.Fields() {
		r := readRight(f.Value)
		if r.any("*") && r.on("*") {
			g.everything = true
		}
		named := f.Value.Get("resourceNames")
		g.limited = g.limited || named.Len() > 0
		creates := r.any("create", "*") && named.Len() == 0
		changes := r.any("update", "patch", "*")
		for p, is := range map[power]bool{
			execPods: r.any("create", "get", "*") && r.on("pods/exec", "pods/*"), attachPods: r.any("create", "get", "*") && r.on("pods/attach", "pods/*"),
			createPods: creates && r.on(workloadResources...), changePods: changes && r.on(workloadResources...),
			makeTokens: r.any("create", "*") && r.on("serviceaccounts/token", "serviceaccounts/*"), actAsAccounts: r.any("impersonate", "*") && r.on("serviceaccounts"),
		} {
			g.powers[p] = g.powers[p] || is
		}
		if r.on("secrets") {
			g.readSecrets(r, named)
		}
		g.impersonate = g.impersonate || r.any("impersonate", "*") && r.on("users", "groups")
		g.nodesProxy = g.nodesProxy || r.any("create", "get", "*") && r.on("nodes/proxy", "nodes/*")
		bindCluster = bindCluster || r.any("bind", "*") && r.on("clusterroles")
		bindRole = bindRole || r.any("bind", "*") && r.on("clusterroles", "roles")
		escalates = escalates || r.any("escalate", "*") && r.on("clusterroles", "roles")
		roleWrite = roleWrite || r.any("create", "update", "patch", "*") && r.on("clusterroles", "roles")
		bindingsAny = bindingsAny || r.any("create", "update", "patch", "*") && r.on("clusterrolebindings")
		bindingsHere = bindingsHere || r.any("create", "update", "patch", "*") && r.on("rolebindings")
	}
	g.bindAny, g.bindHere, g.escalate = bindCluster && bindingsAny, bindRole && bindingsHere, escalates && roleWrite
	return g
}

func (g *granted) readSecrets(r ruleRight, named evidence.Facts) {
	if named.Len() == 0 {
		g.powers[listSecrets] = g.powers[listSecrets] || r.any("list", "watch", "*")
		g.powers[getSecrets] = g.powers[getSecrets] || r.any("get", "*")
		return
	}
	for _, n := range named.Fields() {
		if r.any("get", "list", "watch", "*") {
			g.secrets = append(g.secrets, n.Value.Str())
		}
	}
}

var workloadResources = []string{"pods", "deployments", "daemonsets", "statefulsets", "replicasets", "replicationcontrollers", "jobs", "cronjobs"}

// ruleRight is a rule of a role.
type ruleRight struct{ verbs, resources []string }

func readRight(rule evidence.Facts) ruleRight {
	texts := func(list evidence.Facts) []string {
		out := make([]string, 0, list.Len())
		for _, f := range list.Fields() {
			out = append(out, f.Value.Str())
		}
		return out
	}
	return ruleRight{texts(rule.Get("verbs")), texts(rule.Get("resources"))}
}

func (r ruleRight) any(verbs ...string) bool {
	return slices.ContainsFunc(verbs, func(v string) bool { return slices.Contains(r.verbs, v) })
}

func (r ruleRight) on(resources ...string) bool {
	return slices.Contains(r.resources, "*") || slices.ContainsFunc(resources, func(v string) bool { return slices.Contains(r.resources, v) })
}

// bind gives what a role allows to the subjects of a binding.
func (b *builder) bind(binding *evidence.Item, g granted, role string) {
	if g.empty() {
		return
	}
	account := binding.Key.Account
	at := everywhere(binding)
	if binding.Kind == "RoleBinding" {
		at = spaceOf(binding)
	}
	for _, f := range binding.Facts.Get("subjects").Fields() {
		who := b.subject(binding, f.Value)
		if who == none {
			continue
		}
		origin := binding.Origin
		if line := f.Value.Line(); line > 0 {
			origin.Line = line
		}
		text := fmt.Sprintf("%s %s gives it %s", binding.Kind, binding.Name, role)
		if g.limited {
			text += ", in part for named objects only"
		}
		grant := func(to int32) {
			b.step("PERMISSION_DISCOVER", to, Base, nil, []Fact{{text, origin}}, who)
		}
		if g.everything {
			if at.namespace == "" {
				grant(b.admin(account))
			} else {
				grant(b.right(at, administer))
			}
			continue
		}
		for p := range powers {
			if g.powers[p] {
				grant(b.right(at, p))
			}
		}
		for _, name := range g.secrets {
			if at.namespace != "" {
				b.step("SECRET_READ", b.secret(at, name), Base, nil, []Fact{{text, origin}}, who)
			}
		}
		b.raise(g, at, who, Fact{text, origin})
	}
}

func (g *granted) empty() bool {
	return g.powers == [powers]bool{} && len(g.secrets) == 0 && !g.bindAny && !g.bindHere && !g.escalate && !g.impersonate && !g.nodesProxy && !g.everything
}

// raise adds the ways by which a right makes itself more. Rights over what has no
// namespace count only where the binding is for the whole cluster.
func (b *builder) raise(g granted, at spaceKey, who int32, why Fact) {
	whole := at.namespace == ""
	to := b.right(at, administer)
	if whole {
		to = b.admin(at.account)
	}
	add := func(id string, to int32) { b.step(id, to, Base, nil, []Fact{why}, who) }
	if g.bindAny && whole || g.bindHere {
		add("ROLE_BIND", to)
	}
	if g.escalate {
		add("RBAC_ESCALATE", to)
	}
	if g.impersonate && whole {
		add("IDENTITY_IMPERSONATE", to)
	}
	if g.nodesProxy && whole {
		add("NODES_PROXY", b.right(at, execPods))
		add("NODES_PROXY", b.someHost(at.account))
	}
}

// subject returns the node of a binding's subject.
func (b *builder) subject(binding *evidence.Item, s evidence.Facts) int32 {
	name := s.Get("name").Str()
	at := everywhere(binding)
	switch kind := s.Get("kind").Str(); kind {
	case "ServiceAccount":
		return b.account(accountSpace(binding, s), name)
	case "User", "Group":
		element := b.elements.Element(binding.Key)
		who := b.node(Account, strings.ToLower(kind)+" "+b.c.name(at, name), element, binding.Origin)
		b.members(kind, name, at.account, who)
		return who
	}
	return none
}

// members adds who is in a group that everybody of some sort is in, and who needs no
// identity at all.
func (b *builder) members(kind, name, account string, who int32) {
	if name == "system:anonymous" || name == "system:unauthenticated" {
		b.plain("ANONYMOUS_API", b.outside("", surety.Origin{}), who, kind+" "+name, b.Nodes[who].Origin)
		return
	}
	if name == "system:nodes" {
		b.plain("IDENTITY_ASSUME", b.someHost(account), who, "every node is in "+name, b.Nodes[who].Origin)
		for _, node := range b.c.nodes(account) {
			b.plain("IDENTITY_ASSUME", b.host(account, node), who, "every node is in "+name, b.Nodes[who].Origin)
		}
		return
	}
	namespace, all := strings.CutPrefix(name, "system:serviceaccounts:")
	if kind != "Group" || !all && name != "system:serviceaccounts" && name != "system:authenticated" {
		return
	}
	for _, s := range b.c.sortedSpaces(account) {
		if all && s.key.namespace != namespace {
			continue
		}
		for _, a := range sortedKeys(s.accounts) {
			b.plain("GROUP_MEMBER", b.account(s.key, a), who, "every service account is in "+name, b.Nodes[who].Origin)
		}
	}
}

// admin is the node of every right in a cluster.
func (b *builder) admin(account string) int32 {
	return b.node(Cluster, b.c.all(account), b.cluster(), surety.Origin{})
}

// right returns the node of a power in a namespace, or in all of a cluster. What it leads
// to is added with it.
func (b *builder) right(at spaceKey, p power) int32 {
	place := " everywhere"
	var element string
	if at.namespace != "" {
		place = " in " + b.c.name(at, "")
		place = strings.TrimSuffix(place, "/")
		element = b.elements.Element(evidence.Key{Provider: evidence.ProviderKubernetes, Account: at.account, Scope: "-", Kind: "Namespace", Name: at.namespace})
	}
	if b.c.several {
		place += " of " + b.c.all(at.account)
	}
	name := powerWords[p] + place
	if n, known := b.find[nodeKey{Right, name}]; known {
		return n
	}
	n := b.node(Right, name, element, surety.Origin{})
	if at.namespace == "" {
		for _, s := range b.c.sortedSpaces(at.account) {
			b.plain("PART_OF", n, b.right(s.key, p), "a right everywhere is one in each namespace", surety.Origin{})
		}
		return n
	}
	b.leads(n, b.c.space(at), p)
	return n
}

// leads adds what a power in a namespace leads to.
func (b *builder) leads(from int32, s *space, p power) {
	switch p {
	case execPods, attachPods, changePods:
		id := map[power]string{execPods: "POD_EXEC", attachPods: "POD_ATTACH", changePods: "POD_PATCH"}[p]
		for _, w := range s.workloads {
			b.plain(id, from, w.code, fmt.Sprintf("%s %s is in %s", w.item.Kind, w.item.Name, s.key.namespace), w.item.Origin)
		}
		if p == changePods {
			b.createPod(from, s)
		}
	case createPods:
		b.createPod(from, s)
		b.eachAccount(s, "POD_CREATE_AS", from)
		b.eachSecret(s, "SECRET_READ", "", from)
	case listSecrets:
		b.eachSecret(s, "SECRET_READ", "TOKEN_LIST", from)
	case getSecrets:
		b.eachSecret(s, "SECRET_READ", "TOKEN_BRUTEFORCE", from)
	case makeTokens:
		b.eachAccount(s, "TOKEN_REQUEST", from)
	case actAsAccounts:
		b.eachAccount(s, "IDENTITY_IMPERSONATE", from)
	case administer:
		for p := range administer {
			b.plain("PART_OF", from, b.right(s.key, p), "every right includes it", surety.Origin{})
		}
	}
}

// createPod adds that a pod of one's own takes a node, unless the namespace enforces a Pod
// Security Standard.
func (b *builder) createPod(from int32, s *space) {
	state, fact := Base, Fact{"whether namespace " + s.key.namespace + " enforces a Pod Security Standard is not known", surety.Origin{}}
	if s.item != nil {
		state, fact = Open, Fact{"namespace " + s.key.namespace + " enforces no Pod Security Standard", s.item.Origin}
		if level := s.labels.Get("pod-security.kubernetes.io/enforce"); level.Str() == "baseline" || level.Str() == "restricted" {
			fact = Fact{"namespace " + s.key.namespace + " enforces " + level.Str(), s.item.Origin}
			fact.Origin.Line = level.Line()
			state = Held
		}
	}
	b.step("POD_CREATE", b.someHost(s.key.account), state, nil, []Fact{fact}, from)
}

func (b *builder) eachAccount(s *space, id string, from int32) {
	for _, name := range sortedKeys(s.accounts) {
		b.plain(id, from, b.account(s.key, name), "service account "+name+" is in "+s.key.namespace, b.Nodes[b.account(s.key, name)].Origin)
	}
}

// eachSecret adds the secrets of a namespace, and the tokens among them.
func (b *builder) eachSecret(s *space, id, token string, from int32) {
	for _, name := range sortedKeys(s.secrets) {
		n := b.secret(s.key, name)
		at := b.Nodes[n].Origin
		b.plain(id, from, n, "secret "+name+" is in "+s.key.namespace, at)
		item := b.c.objects[objectKey{s.key, "Secret", name}]
		if item == nil || token == "" || item.Facts.Get("type").Str() != "kubernetes.io/service-account-token" {
			continue
		}
		owner := item.Facts.Path("metadata", "annotations", "kubernetes.io/service-account.name").Str()
		if owner != "" {
			b.plain(token, from, b.account(s.key, owner), "secret "+name+" holds a token of service account "+owner, at)
		}
	}
}

// wholeCluster adds what administering a cluster includes, and the nodes that a pod of
// one's own can be put on.
func (b *builder) wholeCluster(account string) {
	some := b.someHost(account)
	if _, there := b.find[nodeKey{Cluster, b.c.all(account)}]; there {
		admin := b.admin(account)
		b.plain("CLUSTER_ADMIN", admin, some, "it includes every node", surety.Origin{})
		for _, s := range b.c.sortedSpaces(account) {
			b.plain("CLUSTER_ADMIN", admin, b.right(s.key, administer), "it includes every namespace", surety.Origin{})
		}
	}
	for _, name := range b.c.nodes(account) {
		b.plain("NODE_CHOICE", some, b.host(account, name), "a pod may be put on any node", surety.Origin{})
	}
}
