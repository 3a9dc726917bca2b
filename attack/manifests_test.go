package attack

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// way is a step by its attack and the names of what it leads from and to. Empty is any.
type way struct{ id, from, to string }

func (g *Graph) has(w way) bool {
	return slices.ContainsFunc(g.Steps, func(s Step) bool {
		return (w.id == "" || s.Attack.ID == w.id) && (w.to == "" || g.Nodes[s.To].Name == w.to) &&
			(w.from == "" || slices.ContainsFunc(s.From, func(n int32) bool { return g.Nodes[n].Name == w.from }))
	})
}

// manifestCases say of each file of testdata/manifests, the depot of a parcel company, what
// an attacker can do there and what looks like it and does not work.
var manifestCases = func() map[string]struct{ works, fails []way } {
	const node, files = "a node of the cluster", "the files of the kubelet on a node of the cluster"
	account := func(name string) string { return "service account depot/" + name }
	right := func(words string) string { return "the right to " + words + " in depot" }
	return map[string]struct{ works, fails []way }{
		"CONTROL":                 {[]way{{"POD_NETWORK", "counter", ""}}, []way{{"", "counter", node}, {"TOKEN_STEAL", "counter", ""}}},
		"CE_MODULE_LOAD":          {[]way{{"CE_MODULE_LOAD", "scales", node}}, []way{{"", "router", node}}},
		"CE_NSENTER":              {[]way{{"CE_NSENTER", "conveyor", node}, {"CE_PRIV_MOUNT", "conveyor", node}, {"CE_MODULE_LOAD", "conveyor", node}}, []way{{"CE_NSENTER", "belt", ""}}},
		"CE_PRIV_MOUNT":           {[]way{{"CE_PRIV_MOUNT", "belt", node}}, []way{{"", "watcher", node}}},
		"CE_SYS_PTRACE":           {[]way{{"CE_SYS_PTRACE", "profiler", node}}, []way{{"", "debugger", node}}},
		"CE_UMH_CORE_PATTERN":     {[]way{{"CE_UMH_CORE_PATTERN", "tuner", node}}, []way{{"CE_UMH_CORE_PATTERN", "gauge", ""}}},
		"CE_VAR_LOG_SYMLINK":      {[]way{{"CE_VAR_LOG_SYMLINK", "archivist", node}}, []way{{"", "reader", node}}},
		"EXPLOIT_CONTAINERD_SOCK": {[]way{{"EXPLOIT_CONTAINERD_SOCK", "builder", node}}, []way{{"", "printer", node}}},
		"EXPLOIT_HOST_WRITE":      {[]way{{"EXPLOIT_HOST_WRITE", "updater", node}}, []way{{"", "labeller", node}}},
		"EXPLOIT_HOST_READ":       {[]way{{"EXPLOIT_HOST_READ", "inventory", node}}, []way{{"", "labeller", node}, {"EXPLOIT_HOST_WRITE", "inventory", ""}}},
		"EXPLOIT_HOST_TRAVERSE": {
			[]way{{"EXPLOIT_HOST_READ", "meter", node}, {"EXPLOIT_HOST_TRAVERSE", "meter", files}, {"TOKEN_OF_NODE", files, account("sorter")}},
			[]way{{"", "labeller", files}, {"TOKEN_OF_NODE", "", account("counter")}},
		},
		"CONTAINER_ATTACH": {[]way{{"CONTAINER_ATTACH", "node rack-1", "sorter"}, {"CONTAINER_ATTACH", "node rack-2", "counter"}}, []way{{"CONTAINER_ATTACH", "node rack-2", "sorter"}, {"CONTAINER_ATTACH", "node rack-1", "counter"}}},
		"ENDPOINT_EXPLOIT": {
			[]way{{"REACH_NODE_PORT", "internet", "tracking"}, {"EXPLOIT_PUBLIC", "tracking", "tracking"}, {"REACH_NODE_PORT", "internet", "scanner"}, {"ENDPOINT_EXPLOIT", "scanner", "scanner"}, {"REACH", "pods like depot/billing", "billing"}, {"ENDPOINT_EXPLOIT", "billing", "billing"}},
			[]way{{"REACH_NODE_PORT", "", "billing"}, {"EXPOSED", "", "billing"}, {"EXPLOIT_PUBLIC", "", "billing"}},
		},
		"TOKEN_STEAL": {[]way{{"TOKEN_STEAL", "sorter", account("sorter")}}, []way{{"", "", account("counter")}}},
		"POD_CREATE":  {[]way{{"PERMISSION_DISCOVER", account("planner"), right("create pods")}, {"POD_CREATE", right("create pods"), node}}, []way{{"", account("clerk"), ""}}},
		"POD_EXEC":    {[]way{{"PERMISSION_DISCOVER", account("operator"), right("enter pods")}, {"POD_EXEC", right("enter pods"), "sorter"}}, []way{{"", account("clerk"), ""}}},
		"POD_ATTACH":  {[]way{{"PERMISSION_DISCOVER", account("operator"), right("attach to pods")}, {"POD_ATTACH", right("attach to pods"), "sorter"}}, []way{{"", account("clerk"), ""}}},
		"POD_PATCH":   {[]way{{"PERMISSION_DISCOVER", account("planner"), right("change workloads")}, {"POD_PATCH", right("change workloads"), "sorter"}}, []way{{"", account("clerk"), ""}}},
		"TOKEN_LIST":  {[]way{{"PERMISSION_DISCOVER", account("planner"), right("list secrets")}, {"TOKEN_LIST", right("list secrets"), account("manager")}}, []way{{"", account("clerk"), ""}}},
		"TOKEN_BRUTEFORCE": {
			[]way{{"PERMISSION_DISCOVER", account("planner"), right("read secrets")}, {"TOKEN_BRUTEFORCE", right("read secrets"), account("manager")}, {"SECRET_READ", account("clerk"), "depot/rates"}},
			[]way{{"PERMISSION_DISCOVER", account("clerk"), ""}, {"", account("clerk"), "depot/manager-token"}},
		},
		"ROLE_BIND": {
			[]way{{"ROLE_BIND", account("manager"), "the cluster"}, {"ROLE_BIND", account("foreman"), "every right in depot"}},
			[]way{{"", account("foreman"), "the cluster"}, {"", account("clerk"), ""}, {"", account("lodger"), ""}, {"", account("guest"), ""}, {"", account("trainee"), ""}},
		},
		"IDENTITY_IMPERSONATE": {[]way{{"IDENTITY_IMPERSONATE", account("auditor"), "the cluster"}}, []way{{"", account("clerk"), ""}}},
		"IDENTITY_ASSUME":      {[]way{{"IDENTITY_ASSUME", node, "group system:nodes"}, {"IDENTITY_ASSUME", "node rack-1", "group system:nodes"}}, []way{{"", "", "group couriers"}}},
	}
}()

// What a manifest lets an attacker do is found, and what only looks like it is not.
func TestManifests(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "manifests", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != len(manifestCases) {
		t.Errorf("%d manifests, %d cases", len(paths), len(manifestCases))
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := manifestCases[name]
			if !ok {
				t.Fatal("nothing is said of it")
			}
			g := built(t, nil, items(t, path, string(raw)))
			for _, w := range want.works {
				if !g.has(w) {
					t.Errorf("%v is not found", w)
				}
			}
			for _, w := range want.fails {
				if g.has(w) {
					t.Errorf("%v is found", w)
				}
				who := cmp.Or(w.from, w.to)
				if who = who[strings.LastIndexAny(who, " /")+1:]; !strings.Contains(string(raw), "name: "+who) && !strings.Contains(string(raw), "nodeName: "+who) {
					t.Errorf("%v: the manifest has no %s", w, who)
				}
			}
		})
	}
}
