// Package surety holds the few words every part of Surety shares: Verdict,
// Severity, Origin, Digest and Error.
//
// Surety lets the parties of a cloud (customers, providers, partners) agree who
// must do what, see from evidence whether it is done, and prove it to each
// other. Data flows one way, and the folders stand in its order:
//
//	system          what is there: parties, services, components, flows, data
//	catalog         what is known: capabilities, threats, controls, who owns them
//	responsibility  who must do what, computed from system and catalog
//	evidence        what was observed, content-addressed, each fact with its origin
//	policy          checks: the rules that read evidence
//	assessment      verdicts, and what they mean for each responsibility
//	assure          the spine: calls every step in this order
//
// # Promises that hold everywhere
//
// Unknown is never pass. A verdict is a pure function of the check and of the
// evidence the check can read; system, catalog, responsibility, policy and
// assessment take values and return values, and know no clock, context, logger
// or network. Secret values are never collected. A document that cannot be read
// is reported by file and line and never hides another one.
package surety
