package evidence

// words are texts that the facts of many objects hold; each is packed as its number.
// Text packed with another list is not to be read with this one.
var words = [...]string{
	"apiVersion", "kind", "metadata", "labels", "annotations", "ownerReferences", "controller", "uid",
	"blockOwnerDeletion", "spec", "template", "selector", "matchLabels", "matchExpressions", "key", "operator",
	"values", "replicas", "containers", "initContainers", "name", "namespace", "image", "ports",
	"containerPort", "port", "targetPort", "nodePort", "protocol", "TCP", "UDP", "appProtocol",
	"securityContext", "privileged", "env", "envFrom", "valueFrom", "secretKeyRef", "configMapKeyRef", "secretRef",
	"configMapRef", "optional", "volumes", "secret", "secretName", "configMap", "projected", "sources",
	"persistentVolumeClaim", "claimName", "hostPath", "path", "type", "readOnly", "serviceAccountName", "serviceAccount",
	"automountServiceAccountToken", "hostNetwork", "hostPID", "hostIPC", "hostPort", "imagePullSecrets", "secrets", "clusterIP",
	"None", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "sessionAffinity", "externalTrafficPolicy", "internalTrafficPolicy",
	"ipFamilies", "ipFamilyPolicy", "clusterIPs", "externalIPs", "rules", "apiGroups", "resources", "verbs",
	"resourceNames", "nonResourceURLs", "get", "list", "watch", "create", "update", "patch",
	"delete", "roleRef", "apiGroup", "subjects", "rbac.authorization.k8s.io", "ServiceAccount", "ClusterRole", "Role",
	"ClusterRoleBinding", "RoleBinding", "User", "Group", "podSelector", "namespaceSelector", "policyTypes", "ingress",
	"egress", "from", "to", "Ingress", "Egress", "ipBlock", "cidr", "host",
	"http", "https", "tcp", "metrics", "paths", "pathType", "backend", "service",
	"number", "tls", "hosts", "ingressClassName", "storageClassName", "accessModes", "ReadWriteOnce", "ReadWriteMany",
	"volumeName", "volumeClaimTemplates", "volumeMode", "provisioner", "minAvailable", "maxUnavailable", "scaleTargetRef", "minReplicas",
	"maxReplicas", "jobTemplate", "suspend", "app", "component", "tier", "role", "version",
	"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "app.kubernetes.io/part-of",
	"app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart", "pod-template-hash",
	"controller-revision-hash", "k8s-app", "kubernetes.io/metadata.name", "Opaque",
	"v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1",
	"autoscaling/v2", "storage.k8s.io/v1", "Pod", "Deployment", "ReplicaSet", "StatefulSet",
	"DaemonSet", "Job", "CronJob", "ReplicationController", "Service", "ConfigMap",
	"Secret", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler", "PersistentVolumeClaim",
	"PersistentVolume", "StorageClass", "EndpointSlice", "Endpoints",
}

// wordNumbers finds the number of a word.
var wordNumbers = func() map[string]int {
	out := make(map[string]int, len(words))
	for i, w := range words {
		out[w] = i
	}
	return out
}()
