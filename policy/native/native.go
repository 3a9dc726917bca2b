// Package native judges Kubernetes objects by rules written in Go: the Pod
// Security Standards as Kubernetes itself enforces them, and the form of the
// document: repeated keys, values that do not fit their kind, unknown fields.
package native
