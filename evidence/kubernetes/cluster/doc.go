// Package cluster reads a live Kubernetes cluster through its API server: it is
// the evidence.Source behind "kubernetes:CONTEXT".
//
// Open finds the cluster in a kubeconfig by the usual rules and asks nothing of
// the network. Collect then discovers every kind that can be listed, asks the
// server its version, lists each kind in pages, and emits one document an object,
// in the order of kinds and, in a kind, of the server. The server's answer on its
// version comes first, as an object of kind ClusterInfo. What it could not see is
// in the report, kind by kind: complete, denied, failed, partial, or skipped with
// the reason.
//
// # Promises
//
// A Secret's data is never asked for: Secrets are listed as metadata only, and a
// server that sends more is refused. An annotation in which kubectl apply keeps
// a copy of what it applied can hold the data all the same; it is dropped here,
// with every field of the metadata that is not needed.
//
// The cluster is read gently: a limit on requests a second, a few at a time, and
// waits where the server asks for them (Retry-After). The package only reads,
// and follows no redirect, so that a token reaches no other host.
//
// Whatever one kind answers, the other kinds are read. Waiting is bounded for
// each request, for the retries of each kind, and for a server that has stopped
// answering altogether. Memory is a page for each request under way. When the
// context ends, Collect returns at once with what it has.
package cluster
