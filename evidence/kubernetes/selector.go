package kubernetes

import "github.com/surety-cloud/surety/evidence"

// Selector is a label selector. The zero Selector matches everything.
type Selector struct{ labels, expressions evidence.Facts }

// LabelSelector reads a selector of matchLabels and matchExpressions, such as a
// NetworkPolicy has.
func LabelSelector(of evidence.Facts) Selector {
	return Selector{of.Get("matchLabels"), of.Get("matchExpressions")}
}

// PlainSelector reads a plain map, such as a Service has.
func PlainSelector(labels evidence.Facts) Selector { return Selector{labels: labels} }

// Labels returns the labels that must be equal.
func (by Selector) Labels() evidence.Facts { return by.labels }

// Expressions returns the requirements beyond equality.
func (by Selector) Expressions() evidence.Facts { return by.expressions }

// Matches reports whether the selector matches labels. An operator that the
// Kubernetes API does not have matches nothing.
func (by Selector) Matches(labels evidence.Facts) bool {
	for _, f := range by.labels.Fields() {
		have := labels.Get(f.Key)
		if have.Absent() || have.Text() != f.Value.Text() {
			return false
		}
	}
	for _, f := range by.expressions.Fields() {
		have := labels.Get(f.Value.Get("key").Str())
		in := false
		for _, v := range f.Value.Get("values").Fields() {
			in = in || !have.Absent() && v.Value.Text() == have.Text()
		}
		switch f.Value.Get("operator").Str() {
		case "In":
			if !in {
				return false
			}
		case "NotIn":
			if in {
				return false
			}
		case "Exists":
			if have.Absent() {
				return false
			}
		case "DoesNotExist":
			if !have.Absent() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// ServiceAccountOf returns the name of the service account that pods of a spec run as.
func ServiceAccountOf(spec evidence.Facts) string {
	for _, key := range [...]string{"serviceAccountName", "serviceAccount"} {
		if name := spec.Get(key).Str(); name != "" {
			return name
		}
	}
	return "default"
}
