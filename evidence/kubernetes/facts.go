package kubernetes

import "github.com/surety-cloud/surety/evidence"

// Facts are what relations between objects, grouping and the inferred model
// read. They stay in memory for every object, so they hold no more than that:
// no environment values, commands, probes or resources.

// common is kept of every object. Its name and namespace are the item's, so that
// copies of one object have the same facts.
var common = []string{"apiVersion", "kind", "metadata {}", "metadata labels", "metadata ownerReferences"}

// pod is kept of a pod spec, wherever it stands.
var pod = []string{
	"serviceAccountName", "serviceAccount", "automountServiceAccountToken",
	"hostNetwork", "hostPID", "hostIPC", "imagePullSecrets", "nodeName",
	"volumes * name", "volumes * persistentVolumeClaim", "volumes * hostPath",
	"volumes * secret secretName", "volumes * secret optional",
	"volumes * configMap name", "volumes * configMap optional",
	"volumes * projected sources * secret name", "volumes * projected sources * secret optional",
	"volumes * projected sources * configMap name", "volumes * projected sources * configMap optional",
}

// container is kept of each container and init container.
var container = []string{
	"name", "image", "ports", "securityContext privileged", "securityContext capabilities add", "envFrom",
	"volumeMounts * name", "volumeMounts * readOnly",
	"env * valueFrom secretKeyRef", "env * valueFrom configMapKeyRef",
}

// podTemplates maps a kind to where its pod template stands.
var podTemplates = map[string]string{
	"Pod": "", "PodTemplate": "template",
	"Deployment": "spec template", "ReplicaSet": "spec template", "StatefulSet": "spec template",
	"DaemonSet": "spec template", "ReplicationController": "spec template", "Job": "spec template",
	"DeploymentConfig": "spec template", // OpenShift
	"CronJob":          "spec jobTemplate spec template",
}

// specific is kept of the objects of one kind.
var specific = map[string][]string{
	"Deployment":            {"spec replicas", "spec selector"},
	"ReplicaSet":            {"spec replicas", "spec selector"},
	"ReplicationController": {"spec replicas", "spec selector"},
	"DeploymentConfig":      {"spec replicas", "spec selector"},
	"DaemonSet":             {"spec selector"},
	"StatefulSet": {"spec replicas", "spec selector", "spec serviceName", "spec volumeClaimTemplates * metadata name",
		"spec volumeClaimTemplates * spec storageClassName", "spec volumeClaimTemplates * spec accessModes"},
	"CronJob":                 {"spec suspend"},
	"Service":                 {"spec", "metadata annotations"},
	"Ingress":                 {"spec", "metadata annotations kubernetes.io/ingress.class"},
	"IngressClass":            {"spec controller"},
	"Gateway":                 {"spec gatewayClassName", "spec listeners"},
	"GatewayClass":            {"spec controllerName"},
	"HTTPRoute":               route,
	"GRPCRoute":               route,
	"TLSRoute":                route,
	"TCPRoute":                route,
	"UDPRoute":                route,
	"NetworkPolicy":           {"spec"},
	"PodDisruptionBudget":     {"spec"},
	"HorizontalPodAutoscaler": {"spec scaleTargetRef", "spec minReplicas", "spec maxReplicas"},
	"VerticalPodAutoscaler":   {"spec targetRef"},
	"Role":                    {"rules"},
	"ClusterRole":             {"rules", "aggregationRule"},
	"RoleBinding":             {"roleRef", "subjects"},
	"ClusterRoleBinding":      {"roleRef", "subjects"},
	"ServiceAccount":          {"automountServiceAccountToken", "secrets", "imagePullSecrets", "metadata annotations"},
	"PersistentVolumeClaim":   {"spec storageClassName", "spec accessModes", "spec volumeName"},
	"PersistentVolume": {"spec storageClassName", "spec accessModes", "spec claimRef namespace", "spec claimRef name",
		"spec hostPath", "spec csi driver", "spec persistentVolumeReclaimPolicy"},
	"StorageClass":                   {"provisioner"},
	"Node":                           {"spec providerID"},
	ClusterInfo:                      {"gitVersion"},
	"APIService":                     {"spec service"},
	"ValidatingWebhookConfiguration": {"webhooks * clientConfig service"},
	"MutatingWebhookConfiguration":   {"webhooks * clientConfig service"},
	"Secret":                         {"type", "metadata annotations kubernetes.io/service-account.name"},
}

var route = []string{"spec parentRefs", "spec hostnames", "spec rules * backendRefs"}

// projections holds the projection of each kind; other kinds use fallback.
var projections, fallback = newProjections(), evidence.NewProjection(common...)

func newProjections() map[string]*evidence.Projection {
	paths := make(map[string][]string)
	for kind, own := range specific {
		paths[kind] = append(paths[kind], own...)
	}
	for kind, at := range podTemplates {
		paths[kind] = append(paths[kind], at+" metadata labels")
		for _, p := range pod {
			paths[kind] = append(paths[kind], at+" spec "+p)
		}
		for _, p := range container {
			paths[kind] = append(paths[kind], at+" spec containers * "+p, at+" spec initContainers * "+p)
		}
	}
	out := make(map[string]*evidence.Projection, len(paths))
	for kind, own := range paths {
		out[kind] = evidence.NewProjection(append(own, common...)...)
	}
	return out
}

func projectionOf(kind string) *evidence.Projection {
	if p, ok := projections[kind]; ok {
		return p
	}
	return fallback
}

// Object is an object as a body or as facts.
type Object[T any] interface {
	Get(key string) T
	Path(keys ...string) T
	Str() string
}

// PodTemplate returns the pod template of a workload kind (for a Pod, the object
// itself), nothing for other kinds.
func PodTemplate[T Object[T]](object T) T {
	switch object.Get("kind").Str() {
	case "Pod":
		return object
	case "PodTemplate":
		return object.Get("template")
	case "CronJob":
		return object.Path("spec", "jobTemplate", "spec", "template")
	case "Deployment", "DeploymentConfig", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job":
		return object.Path("spec", "template")
	}
	var nothing T
	return nothing
}

// PodSpec returns the pod spec of a built-in kind, nothing for other kinds.
func PodSpec[T Object[T]](object T) T { return PodTemplate(object).Get("spec") }
