package rego

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// The comment of a line names the checks whose results are about this line. What
// has no line, because it is absent, is about the container.
const marked = `apiVersion: apps/v1
kind: Deployment
metadata:
  labels: {a: b}
  name: a
  namespace: kube-system # 0037
spec:
  minReadySeconds: 5
  template:
    metadata:
      annotations:
        a: b
        container.apparmor.security.beta.kubernetes.io/c: unconfined # 0002
    spec:
      terminationGracePeriodSeconds: 5
      hostNetwork: true # 0009
      hostPID: true # 0010
      hostIPC: true # 0008
      hostAliases: # of the next line
        - ip: 10.0.0.1 # 0007
      securityContext:
        fsGroup: 0 # 0116
        runAsUser: 7 # 0020
        seLinuxOptions:
          type: spc_t # 0025
          user: root # 0025
        sysctls:
          - {name: net.ipv4.tcp_syncookies, value: '1'}
          - {name: kernel.msgmax, value: '1'} # 0026
      volumes:
        - {name: tmp, emptyDir: {}}
        - name: data
          nfs: {server: s, path: /} # 0028
        - name: socket
          hostPath:
            type: Socket # 0023
            path: /var/run/docker.sock # 0006
        - name: etc
          hostPath: {path: /etc} # 0023 0121
      containers:
        - name: c # 0011
          args: [x]
          image: nginx # 0013
          ports:
            - containerPort: 8080
            - containerPort: 80 # 0117
              hostPort: 8081 # 0024
          securityContext:
            procMount: Unmasked # 0027
            windowsOptions: {hostProcess: true} # 0103
            capabilities:
              add:
                - CHOWN # 0022 0106
                - SYS_ADMIN # 0005 0106
                - NET_RAW # 0119 0106
                - SYS_MODULE # 0120 0106
              drop: [all]
            privileged: true # 0017
            allowPrivilegeEscalation: true # 0001
            readOnlyRootFilesystem: false # 0014
            runAsNonRoot: false # 0012
            runAsGroup: 1 # 0021
        - name: d # 0001 0011 0012 0014 0003 0106
          image: nginx:1
          securityContext: {runAsUser: 0, runAsGroup: 20000} # 0020 0105
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: a}
roleRef:
  kind: ClusterRole
  name: cluster-admin # 0111
subjects:
  - {kind: Group, name: good}
  - {kind: Group, name: 'system:unauthenticated'} # 0122
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  type: ClusterIP
  externalIPs:
    - 192.0.2.1 # 0108
`

func TestResultsPointToWhatDecided(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, func(*check) bool { return true })
	for _, text := range strings.Split(marked, "---\n") {
		want := map[string]bool{}
		checks := map[string]bool{}
		for i, line := range strings.Split(text, "\n") {
			for _, number := range regexp.MustCompile(`\b0\d{3}\b`).FindAllString(line[strings.Index(line+"#", "#"):], -1) {
				want[fmt.Sprintf("KSV-%s %d", number, i+1)] = true
				checks["KSV-"+number] = true
			}
		}
		n := kubernetes.Normalise(evidence.Document{Raw: []byte(text), Account: evidence.AccountFiles})
		if len(n.Items) != 1 || len(n.Problems) > 0 {
			t.Fatalf("%d items, %v", len(n.Items), n.Problems)
		}
		o.agree(t, e, "the marked object", n.Items[0])
		got := map[string]bool{}
		for _, oc := range e.Judge(nil, n.Items[0], policy.DefaultBudget) {
			for _, f := range oc.Findings {
				if oc.Verdict == surety.Fail && checks[oc.Check.ID] {
					got[fmt.Sprintf("%s %d", oc.Check.ID, f.Line)] = true
				}
			}
		}
		if !maps.Equal(got, want) {
			for _, k := range slices.Sorted(maps.Keys(want)) {
				if !got[k] {
					t.Errorf("no result %s", k)
				}
			}
			for _, k := range slices.Sorted(maps.Keys(got)) {
				if !want[k] {
					t.Errorf("result %s", k)
				}
			}
		}
	}
}
