package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// State is the outcome of a verification.
type State string

// The states. Erased is a verified statement all of whose disclosed results were
// erased: it is no failure.
const (
	Verified    State = "verified"
	NotVerified State = "not verified"
	Erased      State = "erased"
)

// Report is what a bundle proves under a policy, in words.
type Report struct {
	State     State
	Reasons   []string // why it is not verified
	Proven    []string
	NotProven []string
	Issuer    string               // by the policy's name, "" if nobody known signed
	Statement *statement.Statement // nil if nobody known signed
	Envelope  surety.Digest        // of the signed envelope's bytes
	Logged    *transparency.Logged // nil if not logged, or not finally
	Results   []*statement.Result  // disclosed, each proven to belong
}

// namedKeys lists the keys that an envelope says signed it.
func namedKeys(e *statement.Envelope) string {
	var ids []string
	for _, s := range e.Signatures {
		ids = append(ids, quoted(s.KeyID))
	}
	return strings.Join(ids, ", ")
}

// skew is how far the clocks of two parties may differ.
const skew = 5 * time.Minute

// Verify checks a bundle against the verifier's policy at a time of its clock.
func Verify(b *Bundle, p *Policy, now time.Time) *Report {
	r := &Report{State: NotVerified, Proven: make([]string, 0, 8), NotProven: make([]string, 0, 8)}
	opened, err := b.Envelope.Open(p.keys())
	if err != nil {
		if errors.Is(err, statement.ErrUntrusted) {
			err = fmt.Errorf("none of the %d keys of the policy signed the statement; it names %s. If its owner has a new key: surety trust update", len(p.Issuers), namedKeys(b.Envelope))
		}
		r.refuse("%v", err)
		return r
	}
	r.Statement, r.Issuer, r.Envelope = opened.Statement, opened.By.Name, surety.Digest(opened.Digest)
	pred := &opened.Statement.Predicate
	r.prove(r.Issuer + " signed this statement about " + quoted(pred.System))
	if pred.Issuer.Name != r.Issuer {
		r.leave("that its issuer is called " + inQuotes(pred.Issuer.Name) + ", as it says itself")
	}
	r.log(b, p, opened, now)
	r.keyCounts(p, opened)
	r.window(p, pred, now)
	r.counts(p, pred)
	r.results(b, pred)
	r.erased(b, p)
	r.always(pred)
	if len(r.Reasons) == 0 {
		r.State = Verified
		if len(b.Erased) > 0 && len(b.Disclosures) == 0 {
			r.State = Erased
		}
	}
	return r
}

func (r *Report) refuse(format string, args ...any) {
	r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...))
}

// prove and leave say what most reports say, thousands a second: their lines are put
// together without the package fmt.
func (r *Report) prove(line string) { r.Proven = append(r.Proven, line) }
func (r *Report) leave(line string) { r.NotProven = append(r.NotProven, line) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func (p *Policy) keys() []statement.Key {
	keys := make([]statement.Key, len(p.Issuers))
	for i, issuer := range p.Issuers {
		keys[i] = issuer.Key
	}
	return keys
}

// log checks that the statement was logged, if the policy names a log.
func (r *Report) log(b *Bundle, p *Policy, opened *statement.Opened, now time.Time) {
	if len(p.Log.Logs) == 0 {
		r.leave("that the issuer told nobody else another story: the policy names no log")
		return
	}
	if b.Log == nil {
		r.refuse("it is in no log, and the policy asks for one")
		return
	}
	leaf, err := transparency.ParseLeaf(b.Log.Leaf)
	if err != nil {
		r.refuse("%v", err)
		return
	}
	if leaf.Kind != transparency.StatementLeaf || leaf.Commitment != surety.Digest(opened.Digest) || leaf.Sequence != opened.Statement.Predicate.Sequence {
		r.refuse("its log entry is that of another statement")
		return
	}
	if named := opened.Statement.Predicate.Issuer.Key; leaf.Key != named {
		r.refuse("its log entry says that key %s signed it, and it is signed by key %s", leaf.Key, named)
		return
	}
	logged, err := p.Log.Check(b.Log.Leaf, b.Log.Proof)
	if err != nil {
		if errors.Is(err, transparency.ErrQuorum) {
			err = fmt.Errorf("it is logged and not final yet: %w", err)
		}
		r.refuse("%v", err)
		return
	}
	if r.forked(logged, p.Seen) {
		return
	}
	r.Logged = logged
	r.prove("it is entry " + decimal(logged.Index) + " of log " + logged.Origin + ", which held " + decimal(logged.Size) + " entries")
	if p.Log.Unwitnessed() {
		r.leave("that the log shows everybody the same entries: the policy asks for no witness")
		return
	}
	for _, w := range logged.Witnesses {
		if at := w.Time.Format(time.RFC3339); w.Time.After(now.Add(skew)) {
			r.leave("when witness " + w.Witness + " saw that log: it says " + at + ", which is still to come")
		} else {
			r.prove("witness " + w.Witness + " saw that log at " + at)
		}
	}
}

// forked refuses a proof under a head that cannot be true beside one of these.
func (r *Report) forked(logged *transparency.Logged, others []transparency.Head) bool {
	for _, seen := range others {
		if transparency.Conflict(&seen, &logged.Head) {
			r.refuse("log %s shows two histories of %d entries: the root of this proof is %s, and %s was seen before", seen.Origin, seen.Size, logged.Root, seen.Root)
			return true
		}
	}
	return false
}

// keyCounts refuses statements about another system, or logged at another time,
// than the signing key counts for.
func (r *Report) keyCounts(p *Policy, opened *statement.Opened) {
	issuer := &p.Issuers[slices.IndexFunc(p.Issuers, func(i Issuer) bool { return i.ID == opened.By.ID })]
	bounded := issuer.From > 0 || issuer.Until >= 0 || issuer.In != ""
	switch about := opened.Statement.Predicate.System; {
	case issuer.System != "" && issuer.System != about:
		r.refuse("key %s of %s counts for system %s, and the statement is about %s", issuer.ID, issuer.Name, issuer.System, quoted(about))
	case bounded && r.Logged == nil:
		r.refuse("key %s of %s counts for some log entries only, and the statement has none", issuer.ID, issuer.Name)
	case bounded && issuer.In != "" && r.Logged.Origin != issuer.In:
		r.refuse("key %s of %s counts for some entries of log %s only, and the statement is in log %s", issuer.ID, issuer.Name, issuer.In, r.Logged.Origin)
	case bounded && issuer.Compromised && r.Logged.Index >= issuer.Until:
		r.refuse("key %s of %s is compromised from log entry %d on, and the statement is entry %d", issuer.ID, issuer.Name, issuer.Until, r.Logged.Index)
	case bounded && (r.Logged.Index < issuer.From || issuer.Until >= 0 && r.Logged.Index >= issuer.Until):
		r.refuse("key %s of %s does not count for log entry %d", issuer.ID, issuer.Name, r.Logged.Index)
	default:
		r.followed(p, issuer.ID)
		if issuer.System == "" {
			r.leave("that " + quoted(about) + " is what " + issuer.Name + " runs for you: the policy takes its statements about any system")
		}
	}
}

// followed says up to where it is known that the key did not end.
func (r *Report) followed(p *Policy, key string) {
	if r.Logged == nil {
		return
	}
	at := slices.IndexFunc(p.Seen, func(h transparency.Head) bool { return h.Origin == r.Logged.Origin })
	if at < 0 {
		r.leave("that key " + key + " was not retired or stolen: what log " + r.Logged.Origin + " says of keys was not followed (surety trust update)")
		return
	}
	r.leave("that key " + key + " was not retired or stolen since: what log " + r.Logged.Origin + " says of keys was followed up to its first " + decimal(p.Seen[at].Size) + " entries")
}

// window checks that the statement counts now. Witnesses' clocks are believed
// before the issuer's.
func (r *Report) window(p *Policy, pred *statement.Predicate, now time.Time) {
	w := pred.Window
	made, by := w.NotBefore, "the issuer's clock"
	if r.Logged != nil && len(r.Logged.Witnesses) > 0 {
		first := slices.MinFunc(r.Logged.Witnesses, func(a, b transparency.Seen) int { return a.Time.Compare(b.Time) })
		if w.NotBefore.After(first.Time.Add(skew)) {
			r.refuse("it claims evidence of %s, and witness %s saw it in the log at %s already",
				w.NotBefore.Format(time.RFC3339), first.Witness, first.Time.Format(time.RFC3339))
		}
		if first.Time.After(now.Add(skew)) {
			r.refuse("witness %s says it is %s; this machine says %s", first.Witness, first.Time.Format(time.RFC3339), now.Format(time.RFC3339))
		}
		by = "no clock but the issuer's; it was logged before " + first.Time.Format(time.RFC3339)
	} else if w.NotBefore.After(now.Add(skew)) {
		r.refuse("it claims evidence of %s, which is still to come", w.NotBefore.Format(time.RFC3339))
	}
	if now.After(w.NotAfter) {
		r.refuse("it counted until %s", w.NotAfter.Format(time.RFC3339))
	}
	if age := now.Sub(made); p.Fresh > 0 && age > p.Fresh {
		r.refuse("its evidence is %d days old; the policy takes %d", int(age.Hours()/24), int(p.Fresh.Hours()/24))
	}
	r.leave("that the evidence was collected at " + made.Format(time.RFC3339) + ": that rests on " + by)
}

// counts says what the statement counts, and holds it against what is required.
func (r *Report) counts(p *Policy, pred *statement.Predicate) {
	r.prove("it commits to " + pred.Results.Counts.String())
	for _, control := range p.Require {
		n := pred.Results.ByControl.Of(control)
		switch {
		case n.Pass == 0:
			r.refuse("%s is required, and nothing shows it", control)
		case n.Fail+n.Unknown+n.Waived > 0:
			r.refuse("%s is required, and the statement counts %s", control, n)
		default:
			r.prove(control + " is shown by " + decimal(int64(n.Pass)) + " passes, without a fail")
		}
	}
	for i, s := range pred.Evidence.Sources {
		if s.Status != "complete" {
			r.leave(fmt.Sprintf("anything about what source %d did not give: it was %s, with %d problems", i+1, s.Status, s.Problems))
		}
	}
}

// results checks that what is disclosed belongs to the statement.
func (r *Report) results(b *Bundle, pred *statement.Predicate) {
	root, total := statement.Hash(pred.Results.Root), int64(pred.Results.Counts.Total())
	var shown statement.Counts
	byControl, byParty := tally{}, tally{}
	for _, d := range b.Disclosures {
		result, _, err := d.Data.Parse()
		if err == nil {
			err = statement.CheckPath(d.Data, d.Index, pred.Results.Leaves, d.Path, root)
		}
		switch {
		case err != nil:
			r.refuse("disclosed result %d: %v", d.Index, err)
			continue
		case !result.NotBefore.Equal(pred.Window.NotBefore) || !result.NotAfter.Equal(pred.Window.NotAfter):
			r.refuse("disclosed result %d is of another time than the statement", d.Index)
			continue
		case d.Index >= total: // where padding stands: another one is kept back in its place
			r.refuse("result %d is disclosed, and the statement has %d", d.Index, total)
			continue
		}
		shown.Add(result.Verdict, 1)
		byParty.add(result.Party, result.Verdict)
		for _, control := range result.CountsFor(pred.Issuer.Name) {
			byControl.add(control, result.Verdict)
		}
		r.Results = append(r.Results, result)
	}
	if v, more := shown.Exceeds(pred.Results.Counts); more {
		r.refuse("%d results are disclosed as %s, and the statement counts %d", shown.Of(v), v, pred.Results.Counts.Of(v))
	}
	hidden := pred.Results.Counts.Minus(shown)
	own := pred.Issuer.Name
	r.hold(byControl, pred.Results.ByControl, pred.Results.ByParty.Of(own).Minus(byParty[own]), controlOf)
	r.hold(byParty, pred.Results.ByParty, hidden, partyOf)
	r.repeated()
	if len(r.Results) > 0 {
		r.prove(decimal(int64(len(r.Results))) + " disclosed results belong to it: " + shown.String())
	}
	for _, at := range b.Erased {
		if at >= total {
			r.refuse("result %d is said to be erased, and the statement has %d", at, total)
		}
	}
	if hidden.Total() > 0 {
		r.leave("what the results say that are not disclosed: " + hidden.String())
	}
}

// always says what no statement proves.
func (r *Report) always(pred *statement.Predicate) {
	r.leave("that the issuer looked at all of its system: it says it saw " + decimal(int64(pred.Evidence.Items)) + " objects")
	r.leave("that nothing newer says otherwise: it is number " + decimal(pred.Sequence) + " of what " + r.Issuer + " states about " + quoted(pred.System))
	r.leave("that the checks ask for enough: policy " + pred.Policy.Digest.Short() + " has " + decimal(int64(pred.Policy.Checks)))
}
