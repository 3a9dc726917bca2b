// Package cel runs checks that are one CEL expression in a YAML file: the ones
// users write, and Surety's own (Default).
//
//	id: TEAM-001
//	title: Image without a digest
//	severity: low
//	remediation: Name the image by its digest, as in app@sha256:...
//	match: {kinds: [Workload]}
//	expression: containers.filter(c, !c.?image.orValue('').contains('@sha256:'))
//	messageExpression: "'container ' + it.name + ' runs ' + it.?image.orValue('nothing')"
//	controls: [SUR-TRU-01]
//	examples:
//	  pass: [{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: 'x@sha256:0'}]}}]
//	  fail: [{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: c, image: x}]}}]
//
// A file holds one check a YAML document. Unknown keys, bad CEL and wrong types
// are errors with file, line and column. Kubernetes objects among the documents
// are left alone.
//
// # What an expression sees
//
//	object      the whole object
//	pod         the pod specification of any kind that holds one, else null
//	podMeta     the metadata beside it
//	containers  its containers, init containers and ephemeral containers
//	name, ns, kind
//
// A kind named without an API group is the one built in, where there is one; in a kind
// that is not, each pod template is judged as a Pod by the checks of both Pods and
// Deployments, as those of Workload are. A field that is null is absent, as for the
// API server. The strings, lists, sets, math, regex, bindings and two-variable
// comprehension libraries and optional types (object.?spec.?x.orValue(y)) are there.
//
// # What an expression gives
//
// True is a pass and false a fail of the whole object. A string is what is
// wrong, and the empty one a pass. A list holds what is wrong: messages, or the
// offending parts of the object, each of which becomes a finding with its line;
// messageExpression sees such a part as it. An error, such as reading an absent
// field without has() or .?, is Unknown with the reason, never a pass.
//
// # Read-sets and cost
//
// The paths a check can read are derived from its expression. So is whether its
// cost is bounded by the size of the object; an expression of which that is not
// certain runs with a meter and is Unknown when policy.Budget.Steps are used up.
//
// What an expression gives is what cel-go gives. Where no error is met and the
// functions are common ones, closures of our own find it several times faster
// (fast.go); they decline whatever they do not know for certain.
package cel
