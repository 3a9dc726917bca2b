package kubernetes

import "github.com/surety-cloud/surety/evidence"

// ClusterInfo is the kind of what a cluster says of itself: the fields that its
// API server answers at /version, of which checks read gitVersion. Kubernetes has
// no such kind; it stands for that answer as NodeInfo does for a node's report.
const ClusterInfo = "ClusterInfo"

// ClusterName is the name of the item that is made of an API server's answer.
const ClusterName = "cluster"

// TellsVersion reports whether v is what an API server answers at /version, or
// what kubectl version prints of it.
func TellsVersion(v *evidence.Value) bool { return versionIn(v) != nil }

// versionIn returns the API server's answer in v, nil if there is none.
func versionIn(v *evidence.Value) *evidence.Value {
	if v.Get("kind") != nil || v.Get("apiVersion") != nil {
		return nil
	}
	if printed := v.Get("serverVersion"); printed != nil {
		v = printed
	}
	if !v.Get("gitVersion").Is(evidence.String) || v.Get("gitCommit") == nil {
		return nil
	}
	return v
}

// asClusterInfo makes an object of an API server's answer; any other value stays
// as it is.
func asClusterInfo(v *evidence.Value) *evidence.Value {
	told := versionIn(v)
	if told == nil {
		return v
	}
	name := evidence.Field{Key: "name", Value: evidence.NewString(ClusterName, told.Line())}
	meta := evidence.Field{Key: "metadata", Value: evidence.NewObject([]evidence.Field{name}, told.Line())}
	fields := append([]evidence.Field{meta}, told.Fields()...)
	return withType(evidence.NewObject(fields, told.Line()), "v1", ClusterInfo)
}
