// Package evidence holds what was observed: values with positions, items with
// keys and digests, and the set they form.
//
// A Source yields Documents, raw bytes with an origin. A normaliser (one per
// provider, such as evidence/kubernetes) turns a Document into Items: one
// object each, its Body a Value tree in which every node knows its line. An
// item's Digest is the SHA-256 of the body's canonical JSON (RFC 8785), so equal
// digest means nothing to do. Items form a Tree by
// provider/account/scope/kind/name, whose root digest names the whole evidence.
//
// What could not be read is a Problem and lowers the source's Status; it never
// disappears. Secret values are removed by the normaliser before an item
// exists; the paths it removed are listed in its Caveats, and a check that
// would read one gets no verdict but unknown.
package evidence
