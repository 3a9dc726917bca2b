package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
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

const everybody = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everybody}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
`

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
	server.Apply(t, []byte(everybody))

	assessWith := func(kubeconfig string) document {
		code, stdout, stderr := run(t, "assess", "kubernetes:", "--kubeconfig", kubeconfig, "--no-memo", "--format", "json")
		if code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		var d document
		if err := json.Unmarshal([]byte(stdout), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}

	assess := func(user string) document { return assessWith(server.Kubeconfig(t, user)) }

	full := assess(kubetest.Admin)
	for _, tt := range []struct{ check, resource, want string }{
		{"KSV-0017", "shop/Deployment.apps/payment", "fail"},
		{"KSV-0017", "shop/Deployment.apps/web", "pass"},
		{"KSV-0044", "-/ClusterRole.rbac.authorization.k8s.io/deployer", "fail"},
		{"KCV-0079", "-", "unknown"}, // each node's own report; no API server has it
		{"KSV-0107", "shop/Deployment.apps/web", "pass"},
		{"KSV-01011", "-/ClusterRoleBinding.rbac.authorization.k8s.io/everybody", "pass"}, // no GKE
		// What every cluster has is no fault of its owner.
		{"KSV-0122", "-/ClusterRoleBinding.rbac.authorization.k8s.io/system:public-info-viewer", "pass"},
		{"KSV-0123", "-/ClusterRoleBinding.rbac.authorization.k8s.io/cluster-admin", "pass"},
	} {
		if got := full.verdict(tt.check, tt.resource); got != tt.want {
			t.Errorf("admin: %s on %s is %s, want %s", tt.check, tt.resource, got, tt.want)
		}
	}
	if s := full.Evidence.Sources[0]; s.Status != "complete" {
		t.Errorf("admin: status %s, problems %v", s.Status, s.Problems)
	}

	gke := server.Behind(t, kubetest.Admin, func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if r.URL.Path != "/version" {
			server.ServeHTTP(w, r)
			return
		}
		fmt.Fprint(w, `{"major":"1","minor":"31","gitVersion":"v1.31.1-gke.100","gitCommit":"8cc511e"}`)
	})
	other := assessWith(gke)
	for _, tt := range []struct{ resource, want string }{
		{"everybody", "fail"}, {"system:discovery", "pass"}, {"system:basic-user", "pass"}, {"cluster-admin", "pass"},
	} {
		if got := other.verdict("KSV-01011", "-/ClusterRoleBinding.rbac.authorization.k8s.io/"+tt.resource); got != tt.want {
			t.Errorf("on GKE: KSV-01011 on %s is %s, want %s", tt.resource, got, tt.want)
		}
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
