package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/internal/cli"
	"github.com/surety-cloud/surety/internal/kubetest"
)

// run runs the program and returns its exit code and streams.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	env := func(key string) string { return map[string]string{"NO_COLOR": "1"}[key] }
	code = cli.Program{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err, Env: env}.Run(t.Context())
	return code, out.String(), err.String()
}

type document struct {
	Evidence struct {
		Sources []struct {
			Status   string
			Problems []struct{ Message string }
			Kinds    []struct{ Kind, Status string }
		}
	}
	Results []struct {
		Check, Verdict, Message, Party string
		Resource                       struct{ Key string }
	}
}

func (d *document) verdict(check, resource string) string {
	for _, r := range d.Results {
		if r.Check == check && strings.HasSuffix(r.Resource.Key, resource) {
			return r.Verdict
		}
	}
	return "absent"
}

// A live cluster is assessed by the same checks; what an account may not read is
// denied by name, and what depends on it is unknown, never a pass.
func TestAssessLiveCluster(t *testing.T) {
	server := kubetest.Start(t)
	shop, err := os.ReadFile("../../examples/webshop/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rbac, err := os.ReadFile("../../examples/webshop/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	server.Apply(t, shop)
	server.Apply(t, rbac)

	assess := func(user string) document {
		code, stdout, stderr := run(t, "assess", "kubernetes:", "--kubeconfig", server.Kubeconfig(t, user), "--no-memo", "--format", "json")
		if code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		var d document
		if err := json.Unmarshal([]byte(stdout), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}

	full := assess(kubetest.Admin)
	for _, tt := range []struct{ check, resource, want string }{
		{"KSV-0017", "shop/Deployment.apps/payment", "fail"},
		{"KSV-0017", "shop/Deployment.apps/web", "pass"},
		{"KSV-0044", "-/ClusterRole.rbac.authorization.k8s.io/deployer", "fail"},
		{"KCV-0079", "-", "unknown"}, // each node's own report; no API server has it
	} {
		if got := full.verdict(tt.check, tt.resource); got != tt.want {
			t.Errorf("admin: %s on %s is %s, want %s", tt.check, tt.resource, got, tt.want)
		}
	}
	if s := full.Evidence.Sources[0]; s.Status != "complete" {
		t.Errorf("admin: status %s, problems %v", s.Status, s.Problems)
	}

	half := assess(kubetest.Reader)
	if s := half.Evidence.Sources[0]; s.Status == "complete" || len(s.Problems) == 0 {
		t.Errorf("reader: status %s, problems %v", s.Status, s.Problems)
	}
	if got := half.verdict("KSV-0046", "-"); got != "unknown" {
		t.Errorf("reader may not list ClusterRoles, but KSV-0046 is %s", got)
	}
	if got := half.verdict("KSV-0017", "shop/Deployment.apps/payment"); got != "fail" {
		t.Errorf("reader: KSV-0017 on payment is %s", got)
	}

	if code, _, stderr := run(t, "assess", "kubernetes:", "--kubeconfig", server.Kubeconfig(t, kubetest.Nobody)); code != 2 || stderr == "" {
		t.Errorf("nobody: exit %d, %q", code, stderr)
	}
}
