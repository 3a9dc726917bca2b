package rego

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety/policy"
)

// TestNodeReport: a node's report that does not say something passes no check of
// it, and a worker has no files of the control plane.
func TestNodeReport(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	report := func(of, info string) string {
		return "apiVersion: v1\nkind: NodeInfo\nmetadata: {name: node}\ntype: " + of + "\ninfo: {" + info + "}\n"
	}
	for name, tt := range map[string]struct {
		of, info, check, want string
		says                  string
	}{
		"anonymous":            {"worker", `kubeletAnonymousAuthArgumentSet: {values: ["true"]}`, "KCV-0079", "fail", ""},
		"not anonymous":        {"worker", `kubeletAnonymousAuthArgumentSet: {values: ["false"]}`, "KCV-0079", "pass", ""},
		"not set":              {"worker", `kubeletAnonymousAuthArgumentSet: {values: []}`, "KCV-0079", "pass", ""},
		"null":                 {"worker", `kubeletAnonymousAuthArgumentSet: {values: [null]}`, "KCV-0079", "unknown", "empty value for kubeletAnonymousAuthArgumentSet"},
		"not in the report":    {"worker", ``, "KCV-0079", "unknown", "no list of values for kubeletAnonymousAuthArgumentSet"},
		"no list":              {"worker", `kubeletAnonymousAuthArgumentSet: {values: "false"}`, "KCV-0079", "unknown", "no list of values"},
		"has to be set":        {"master", `kubeletClientCaFileArgumentSet: {values: []}`, "KCV-0081", "fail", ""},
		"mode":                 {"master", `kubeAPIServerSpecFilePermission: {values: [600, 400]}`, "KCV-0048", "pass", ""},
		"open mode":            {"master", `kubeAPIServerSpecFilePermission: {values: [600, 644]}`, "KCV-0048", "fail", ""},
		"less than 600, open":  {"master", `kubeAPIServerSpecFilePermission: {values: [444]}`, "KCV-0048", "fail", ""},
		"mode as text":         {"master", `kubeAPIServerSpecFilePermission: {values: ["600"]}`, "KCV-0048", "fail", ""},
		"etcd's folder":        {"master", `etcdDataDirectoryPermissions: {values: [700]}`, "KCV-0058", "pass", ""},
		"etcd's folder, open":  {"master", `etcdDataDirectoryPermissions: {values: [655]}`, "KCV-0058", "fail", ""},
		"file not found":       {"master", `kubeAPIServerSpecFilePermission: {values: []}`, "KCV-0048", "unknown", "was not there, or was not to be read"},
		"file of a master":     {"worker", `kubeAPIServerSpecFilePermission: {values: [777]}`, "KCV-0048", "", ""},
		"file of every node":   {"worker", `kubeletConfFilePermissions: {values: [644]}`, "KCV-0073", "fail", ""},
		"owner, and a master":  {"master", `adminConfFileOwnership: {values: ["root:root"]}`, "KCV-0061", "pass", ""},
		"owner of etcd's data": {"master", `etcdDataDirectoryOwnership: {values: ["root:root"]}`, "KCV-0059", "fail", ""},
	} {
		got, reason := "", ""
		for _, o := range e.Judge(nil, item(t, report(tt.of, tt.info)), policy.DefaultBudget) {
			if o.Check.ID == tt.check {
				got, reason = o.Verdict.String(), o.Reason
			}
		}
		if got != tt.want || !strings.Contains(reason, tt.says) {
			t.Errorf("%s: %q %q, want %q", name, got, reason, tt.want)
		}
	}

	other := item(t, strings.Replace(report("worker", ""), "v1\n", "example.com/v1\n", 1))
	for _, o := range e.Judge(nil, other, policy.DefaultBudget) {
		if len(o.Check.Kinds) > 0 {
			t.Errorf("NodeInfo of another group is judged by %s", o.Check.ID)
		}
	}

	masters := 0
	for _, c := range e.list {
		if c.masters {
			masters++
		}
	}
	if masters != 21 {
		t.Errorf("%d checks are about nodes of the control plane, want 21", masters)
	}
	// One whose type is not known passes nothing; see policy.Set.
	odd := item(t, report("edge", ""))
	if why := odd.Caveats().Misfit; !strings.Contains(why, `"edge"`) {
		t.Errorf("a node of another type: misfit %q", why)
	}
	if why := item(t, strings.Replace(report("worker", ""), "info:", "information:", 1)).Caveats().Misfit; !strings.Contains(why, "no info") {
		t.Errorf("a report without info: misfit %q", why)
	}
}
