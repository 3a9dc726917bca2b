package rego

// ownersOnly is for checks of files that their owner alone may read and write.
var ownersOnly = []amendment{{`permission > 600`, `not permission in {0, 100, 200, 300, 400, 500, 600}`}}

// clusterAmendments are those of checks that ask for the version of the cluster, of
// bindings in it, and of nodes' own reports.
var clusterAmendments = map[string][]amendment{
	// KSV-0107 compares versions as semver does, where 1.29.0-eks-1 comes before
	// 1.29.0, though it is no release before it. It passes the kinds that nothing
	// takes the place of and those whose API group it cuts short; it points to line 1
	// wherever the object stands, and breaks its message.
	"checks/kubernetes/outdated_api.rego": {
		{`resultDep := semver.compare(k8s.version, apiDepVer)`, `resultDep := semver.compare(release, apiDepVer)`},
		{`resultRem := semver.compare(k8s.version, apiRemVer)`, `resultRem := semver.compare(release, apiRemVer)`},
		{`recommendedVersions[input.apiVersion][input.kind].replacement_version,`, `object.get(obj, "replacement_version", "(none is known)"),`},
		{`\nSee %s`, `; see %s`},
		{`"apidiscovery/v2beta1": {`, `"apidiscovery.k8s.io/v2beta1": {`},
		{`"authentication/v1alpha1": {`, `"authentication.k8s.io/v1alpha1": {`},
		{`"certificates/v1alpha1": {`, `"certificates.k8s.io/v1alpha1": {`},
		{`"events/v1beta1": {`, `"events.k8s.io/v1beta1": {`},
		{`"networking/v1alpha1": {`, `"networking.k8s.io/v1alpha1": {`},
		{`"node/v1beta1": {`, `"node.k8s.io/v1beta1": {`},
		{`{"__defsec_metadata": {"startline": 1, "endline": 5}}`, `input`},
		{`compareVersion(_) if {`, `release := regex.replace(k8s.version, "[-+].*", "")

compareVersion(_) if {`},
	},
	// The checks of file modes compare these as numbers, where 577 is less than 600:
	// more restrictive is what grants nothing else.
	"checks/kubernetes/etcd_data_directory_permission.rego":                       {{`permission > 700`, `not permission in {0, 100, 200, 300, 400, 500, 600, 700}`}},
	"checks/kubernetes/apiserver_admin_conf_permission.rego":                      ownersOnly,
	"checks/kubernetes/apiserver_kubernetes_pki_cert_permission.rego":             ownersOnly,
	"checks/kubernetes/apiserver_kubernetes_pki_key_permission.rego":              ownersOnly,
	"checks/kubernetes/apiserver_pod_spec_permission.rego":                        ownersOnly,
	"checks/kubernetes/cni_pod_spec_permission.rego":                              ownersOnly,
	"checks/kubernetes/controllermamager_controller_manager_conf_permission.rego": ownersOnly,
	"checks/kubernetes/controllermamager_pod_spec_permission.rego":                ownersOnly,
	"checks/kubernetes/etcd_pod_spec_permission.rego":                             ownersOnly,
	"checks/kubernetes/kubelet_certificate_authorities_file_permission.rego":      ownersOnly,
	"checks/kubernetes/kubelet_config_file_permission.rego":                       ownersOnly,
	"checks/kubernetes/kubelet_config_yaml_permission.rego":                       ownersOnly,
	"checks/kubernetes/kubelet_kublet_service_file_permission.rego":               ownersOnly,
	"checks/kubernetes/kubelet_proxy_kube_config_file_permission.rego":            ownersOnly,
	"checks/kubernetes/scheduler_conf_permission.rego":                            ownersOnly,
	"checks/kubernetes/scheduler_pod_spec_permission.rego":                        ownersOnly,
	// KSV-0122, KSV-0123 and KSV-01011 never see a ClusterRoleBinding: the library
	// spells the kind otherwise. Once they do, they see the bindings that every
	// cluster has, and that take nothing from its safety: anybody may ask for the
	// version, and system:masters is above all roles.
	"lib/kubernetes/kubernetes.rego": {{
		`roleBindingKinds := {"RoleBinding", "ClusterRolebinding"}
`, `roleBindingKinds := {"RoleBinding", "ClusterRolebinding", "ClusterRoleBinding"}

binds_what_all_may if object.roleRef.name in {
	"system:public-info-viewer",
	"system:service-account-issuer-discovery",
	"system:discovery",
	"system:basic-user",
}

binds_masters_to_their_role if {
	object.kind == "ClusterRoleBinding"
	object.metadata.name == "cluster-admin"
	object.roleRef.name == "cluster-admin"
}
`,
	}},
	"checks/kubernetes/anonymous_user_bind.rego": {{`anonymousUserBind if {
`, `anonymousUserBind if {
	not kubernetes.binds_what_all_may
`}},
	"checks/kubernetes/masters_group_bind.rego": {{`mastersGroupBind if {
`, `mastersGroupBind if {
	not kubernetes.binds_masters_to_their_role
`}},
	// KSV-01011 denies nothing where the version is not known, which reads as a
	// pass. KSV-0107 denies then what some version would deny, and so does this.
	"checks/kubernetes/authenticate_group_bind.rego": {{`authenticatedGroupBind if {
`, `authenticatedGroupBind if {
	not kubernetes.binds_what_all_may
`}, {
		`deny contains res if {
	contains(k8s.version, "-gke")
`, `on_gke if contains(k8s.version, "-gke")

on_gke if not k8s

deny contains res if {
	on_gke
`,
	}},
}
