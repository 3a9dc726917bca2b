package relation

import (
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/policy"
)

func workloadKinds() []string {
	return []string{
		"CronJob", "DaemonSet", "Deployment", "DeploymentConfig", "Job", "Pod", "PodTemplate",
		"ReplicaSet", "ReplicationController", "StatefulSet",
	}
}

// routeKinds are those of the Gateway API.
var routeKinds = []string{"GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"}

// rules lists the checks.
func rules() []rule {
	return append(networkRules(), append(availabilityRules(), accessRules()...)...)
}

func networkRules() []rule {
	return []rule{
		{check: policy.Check{
			ID: "SUR-REL-001", Aliases: []string{"workload-without-ingress-policy"}, Severity: surety.Medium,
			Title:       "No network policy limits who reaches the workload",
			Description: "Pods that no NetworkPolicy selects for ingress accept connections from every pod of the cluster.",
			Remediation: "Add a NetworkPolicy for ingress that selects the pods, or a default-deny policy for the namespace.",
			Kinds:       workloadKinds(), Controls: []string{"SUR-NET-01"},
			Reads: policy.ReadSet{"/metadata/labels/**", "/spec/**"},
		}, needs: []string{"NetworkPolicy"}, judge: judgeIngress},
		{check: policy.Check{
			ID: "SUR-REL-002", Aliases: []string{"workload-without-egress-policy"}, Severity: surety.Low,
			Title:       "No network policy limits what the workload reaches",
			Description: "Pods that no NetworkPolicy selects for egress can connect to every address, the metadata service of the cloud included.",
			Remediation: "Add a NetworkPolicy for egress that selects the pods, or a default-deny policy for the namespace.",
			Kinds:       workloadKinds(), Controls: []string{"SUR-NET-01"},
			Reads: policy.ReadSet{"/metadata/labels/**", "/spec/**"},
		}, needs: []string{"NetworkPolicy"}, judge: judgeEgress},
		{check: policy.Check{
			ID: "SUR-REL-003", Aliases: []string{"dangling-service"}, Severity: surety.Low,
			Title:       "Service selects no workload",
			Description: "A Service whose selector fits no pod answers nobody, and will serve whatever later takes the labels.",
			Remediation: "Correct the selector, or delete the Service.",
			Kinds:       []string{"Service"}, Controls: []string{"SUR-OPS-04"},
			Reads: policy.ReadSet{"/spec/selector/**", "/spec/type"},
		}, needs: workloadKinds(), judge: judgeServices},
		{check: policy.Check{
			ID: "SUR-REL-004", Aliases: []string{"dangling-networkpolicy"}, Severity: surety.Low,
			Title:       "Network policy selects no workload",
			Description: "A NetworkPolicy whose selector fits no pod protects nothing, though it looks as if it did.",
			Remediation: "Correct podSelector, or delete the policy.",
			Kinds:       []string{"NetworkPolicy"}, Controls: []string{"SUR-COO-01"},
			Reads: policy.ReadSet{"/spec/podSelector/**"},
		}, needs: workloadKinds(), judge: judgePolicies},
		{check: policy.Check{
			ID: "SUR-REL-007", Aliases: []string{"dangling-ingress"}, Severity: surety.Low,
			Title:       "Ingress or route leads to a missing Service or port",
			Description: "Requests for the route fail, and whoever can create a Service of that name receives them.",
			Remediation: "Correct the name or port of the backend, or delete the rule.",
			Kinds:       append([]string{"Ingress"}, routeKinds...), Controls: []string{"SUR-OPS-04"},
			Reads: policy.ReadSet{"/spec/**"},
		}, needs: []string{"Service"}, judge: judgeRoutes},
		{check: policy.Check{
			ID: "SUR-REL-012", Aliases: []string{"exposed-privileged-workload"}, Severity: surety.High,
			Title:       "Service exposes a privileged workload",
			Description: "A Service of type LoadBalancer or NodePort, or one with external addresses, leads from outside the cluster to pods that are privileged or share the node's namespaces. A flaw in what listens there is a flaw of the node.",
			Remediation: "Run the pods without privileges, or reach them from inside the cluster only.",
			Kinds:       []string{"Service"}, Controls: []string{"SUR-NET-02", "SUR-VIR-02"},
			Reads: policy.ReadSet{"/spec/externalIPs/**", "/spec/selector/**", "/spec/type"},
		}, needs: workloadKinds(), judge: judgeExposure},
	}
}

func availabilityRules() []rule {
	return []rule{
		{check: policy.Check{
			ID: "SUR-REL-005", Aliases: []string{"dangling-poddisruptionbudget"}, Severity: surety.Low,
			Title:       "Disruption budget selects no workload",
			Description: "A PodDisruptionBudget whose selector fits no pod keeps nothing available.",
			Remediation: "Correct the selector, or delete the budget.",
			Kinds:       []string{"PodDisruptionBudget"}, Controls: []string{"SUR-DR-01"},
			Reads: policy.ReadSet{"/spec/selector/**"},
		}, needs: workloadKinds(), judge: judgeBudgets},
		{check: policy.Check{
			ID: "SUR-REL-006", Aliases: []string{"dangling-horizontalpodautoscaler"}, Severity: surety.Low,
			Title:       "Autoscaler has no target",
			Description: "The HorizontalPodAutoscaler names a workload that does not exist, so nothing is scaled.",
			Remediation: "Correct scaleTargetRef, or delete the autoscaler.",
			Kinds:       []string{"HorizontalPodAutoscaler"}, Controls: []string{"SUR-DR-01"},
			Reads: policy.ReadSet{"/spec/scaleTargetRef/**"},
		}, needs: workloadKinds(), judge: judgeAutoscalers},
		{check: policy.Check{
			ID: "SUR-REL-008", Aliases: []string{"no-poddisruptionbudget"}, Severity: surety.Low,
			Title:       "Replicated workload without a disruption budget",
			Description: "Draining nodes may take down all replicas at once.",
			Remediation: "Add a PodDisruptionBudget that selects the pods.",
			Kinds:       []string{"Deployment", "DeploymentConfig", "ReplicaSet", "ReplicationController", "StatefulSet"}, Controls: []string{"SUR-DR-01"},
			Reads: policy.ReadSet{"/spec/replicas", "/spec/template/metadata/labels/**"},
		}, needs: []string{"PodDisruptionBudget"}, judge: judgeReplicas},
		{check: policy.Check{
			ID: "SUR-REL-013", Aliases: []string{"duplicate-selector"}, Severity: surety.Medium,
			Title:       "Two workloads select the same pods",
			Description: "Controllers whose selectors both fit a pod of one of them fight over it, and delete or adopt pods that are not theirs.",
			Remediation: "Give each workload a label of its own and select by it.",
			Kinds:       []string{"DaemonSet", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"}, Controls: []string{"SUR-OPS-04"},
			Reads: policy.ReadSet{"/spec/selector/**"},
		}, judge: judgeSelectors},
	}
}

func accessRules() []rule {
	return []rule{
		{check: policy.Check{
			ID: "SUR-REL-009", Aliases: []string{"workload-with-admin-rights"}, Severity: surety.High,
			Title:       "Workload runs with every right",
			Description: "The workload's service account is bound to cluster-admin, or to a role that allows every verb on every resource. Whoever takes over one of its pods takes over the cluster or the namespace.",
			Remediation: "Bind the service account to a role with the verbs and resources the workload uses.",
			Kinds:       workloadKinds(), Controls: []string{"SUR-IAM-02", "SUR-IAM-01"},
			Reads: policy.ReadSet{"/spec/**"},
		}, needs: []string{"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}, judge: judgeRights},
		{check: policy.Check{
			ID: "SUR-REL-010", Aliases: []string{"dangling-rolebinding"}, Severity: surety.Medium,
			Title:       "Binding names a missing role or service account",
			Description: "The binding gives nothing today, but whoever can create what it names gains its rights.",
			Remediation: "Delete the binding, or create what it names.",
			Kinds:       []string{"ClusterRoleBinding", "RoleBinding"}, Controls: []string{"SUR-IAM-01"},
			Reads: policy.ReadSet{"/roleRef/**", "/subjects/**"},
		}, needs: []string{"ClusterRole", "Role", "ServiceAccount"}, border: judgeBindings},
		{check: policy.Check{
			ID: "SUR-REL-011", Aliases: []string{"non-existent-reference"}, Severity: surety.Low,
			Title:       "Workload refers to a missing Secret or ConfigMap",
			Description: "The pods do not start until what they refer to exists, and use what anyone puts under that name.",
			Remediation: "Create it, correct the name, or mark the reference optional.",
			Kinds:       workloadKinds(), Controls: []string{"SUR-OPS-04"},
			Reads: policy.ReadSet{"/spec/**"},
		}, needs: []string{"ConfigMap", "Secret"}, judge: judgeReferences},
		{check: policy.Check{
			ID: "SUR-REL-014", Aliases: []string{"non-existent-service-account"}, Severity: surety.Low,
			Title:       "Workload runs as a missing service account",
			Description: "The pods are refused until the service account exists, and have the rights of whatever is created under that name.",
			Remediation: "Create the ServiceAccount, or correct serviceAccountName.",
			Kinds:       workloadKinds(), Controls: []string{"SUR-OPS-04"},
			Reads: policy.ReadSet{"/spec/**"},
		}, needs: []string{"ServiceAccount"}, judge: judgeAccounts},
		{check: policy.Check{
			ID: "SUR-K8S-018", Aliases: []string{"automounted-token"}, Severity: surety.Low,
			Title:       "Service account token mounted without need",
			Description: "A workload that mounts a token hands it to whoever takes over a container. Wider than KSV-0036: it looks at every kind of workload, and at what the service account says for its pods.",
			Remediation: "Set automountServiceAccountToken to false, in the pod or for its service account, unless the workload calls the Kubernetes API.",
			Kinds:       workloadKinds(), Controls: []string{"SUR-IAM-04"},
			Reads: policy.ReadSet{"/spec/**"},
		}, needs: []string{"ServiceAccount"}, judge: judgeTokens},
	}
}

// builtInRole reports whether every cluster has a ClusterRole of this name.
func builtInRole(name string) bool {
	switch name {
	case "cluster-admin", "admin", "edit", "view":
		return true
	}
	return strings.HasPrefix(name, "system:")
}
