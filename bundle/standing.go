package bundle

import (
	"fmt"
	"slices"

	"github.com/surety-cloud/surety/statement"
	"github.com/surety-cloud/surety/transparency"
)

// standing is what a key counts for while events are gone through.
type standing struct {
	Issuer
	introduced int64  // the entry that vouched for it, -1 for one the verifier put there
	fallen     bool   // who vouched for it was compromised then
	why        string // it has an end, or fell
}

// counts reports whether what the key says in an entry counts.
func (s *standing) counts(index int64) bool {
	return !s.fallen && s.From <= index && (s.Until < 0 || index < s.Until)
}

// end lets the key count for no entry from at on, if it has no earlier end.
func (s *standing) end(at int64, compromised bool, why string) {
	if s.Until >= 0 && (s.Until < at || s.Until == at && (s.Compromised || !compromised)) {
		return
	}
	s.Until, s.Compromised, s.why = at, compromised, why
}

// register is the keys that a policy believes, and those they vouched for.
type register struct {
	keys  map[string]*standing
	order []string
	caps  map[string]Issuer   // ends that the policy has for keys that were vouched for
	self  map[string]keyEvent // what keys call themselves compromised with
	vain  map[string]string   // why an introduction of a key did not count
}

// Result works out what the events change:
//
//  1. What a key says of itself holds whatever others say: the lowest entry from
//     which it calls itself compromised ends it.
//  2. Then the others count in the order of the log, if the key that signed counts
//     for the entry and is of the same party. One that vouches adds a key, which
//     counts from there; one that retires ends a key there; one that calls a key
//     compromised ends it at the entry named. A key that one vouched for after its
//     end falls with it, and those that this one vouched for.
//
// What ended is never begun again, so an entry that is repeated changes nothing.
func (f *Follower) Result() (*Followed, error) {
	r := f.register()
	for i := range f.events {
		r.apply(f, &f.events[i])
	}
	return f.conclude(r)
}

func (f *Follower) register() *register {
	r := &register{keys: map[string]*standing{}, caps: map[string]Issuer{}, self: map[string]keyEvent{}, vain: map[string]string{}}
	for _, e := range f.events {
		before, said := r.self[e.Key]
		if e.Kind == transparency.KeyCompromised && e.Key == e.subject.ID && (!said || e.Declares.At < before.Declares.At) {
			r.self[e.Key] = e
		}
	}
	for _, issuer := range f.policy.Issuers {
		switch {
		case issuer.In != "" && issuer.In != f.origin:
		case issuer.By != "":
			r.caps[issuer.ID] = issuer
		default:
			r.add(issuer, -1, "")
		}
	}
	return r
}

// add takes a key up, with the ends that are known of it.
func (r *register) add(issuer Issuer, introduced int64, why string) {
	s := &standing{Issuer: issuer, introduced: introduced, why: why}
	if before, ok := r.caps[s.ID]; ok && before.Until >= 0 {
		s.end(before.Until, before.Compromised, "")
	}
	if e, ok := r.self[s.ID]; ok {
		s.end(e.Declares.At, true, fmt.Sprintf("it says itself in entry %d that it is compromised", e.index))
	}
	r.keys[s.ID] = s
	r.order = append(r.order, s.ID)
}

func (r *register) apply(f *Follower, e *keyEvent) {
	by, about := r.keys[e.Key], r.keys[e.subject.ID]
	toItself := e.Key == e.subject.ID
	switch {
	case toItself && (e.Kind == transparency.KeyCompromised || by == nil || !by.counts(e.index)):
		// The first is done already; the others change nothing.
	case by == nil || !by.counts(e.index):
		r.vain[e.subject.ID] = fmt.Sprintf("key %s vouched for it in entry %d, and does not count for that entry", e.Key, e.index)
		f.refuse(e.index, "key %s, which does not count for that entry, says something about key %s", e.Key, e.subject.ID)
	case e.Kind == transparency.KeyIntroduced:
		r.introduce(f, e, by, about)
	case about == nil || about.Name != by.Name || by.System != "" && by.System != about.System:
		f.refuse(e.index, "key %s of %s says something about key %s, which is not its own", by.ID, by.Name, e.subject.ID)
	case e.Kind == transparency.KeyRetired:
		about.end(e.index, false, fmt.Sprintf("key %s retired it in entry %d", by.ID, e.index))
	default:
		about.end(e.Declares.At, true, fmt.Sprintf("key %s says in entry %d that it is compromised", by.ID, e.index))
		r.fall(about)
	}
}

func (r *register) introduce(f *Follower, e *keyEvent, by, about *standing) {
	switch {
	case about != nil && about.Name != by.Name:
		f.refuse(e.index, "key %s of %s vouches for key %s, which is of %s", by.ID, by.Name, about.ID, about.Name)
		return
	case about != nil && (!about.fallen || about.Until >= 0), f.elsewhere[e.subject.ID] != nil:
		return
	}
	issuer := Issuer{Key: statement.Key{Name: by.Name, ID: e.subject.ID, Public: e.subject.Public}, System: by.System, From: e.index, Until: -1, By: by.ID, In: f.origin}
	why := fmt.Sprintf("key %s vouched for it", by.ID)
	if about == nil {
		r.add(issuer, e.index, why)
		return
	}
	*about = standing{Issuer: issuer, introduced: e.index, why: why}
}

// fall takes out what a key vouched for after its end.
func (r *register) fall(by *standing) {
	for _, id := range r.order {
		s := r.keys[id]
		if s.By != by.ID || s.fallen || s.introduced < 0 || !by.fallen && by.counts(s.introduced) {
			continue
		}
		s.fallen = true
		s.why = fmt.Sprintf("key %s vouched for it in entry %d, and does not count for that entry", by.ID, s.introduced)
		r.fall(s)
	}
}

// conclude compares what came of it with the policy.
func (f *Follower) conclude(r *register) (*Followed, error) {
	out := &f.out
	old := map[string]*Issuer{}
	for i := range f.policy.Issuers {
		issuer := f.policy.Issuers[i]
		old[issuer.ID] = &issuer
		now := r.keys[issuer.ID]
		switch {
		case f.elsewhere[issuer.ID] != nil:
			out.Issuers = append(out.Issuers, issuer)
		case now == nil || now.fallen:
			why := "no key that the policy believes vouched for it in this log"
			switch {
			case now != nil:
				why = now.why
			case r.vain[issuer.ID] != "":
				why = r.vain[issuer.ID]
			}
			out.Changes = append(out.Changes, fmt.Sprintf("key %s of %s is taken out: %s", issuer.ID, issuer.Name, why))
		default:
			out.Issuers = append(out.Issuers, now.bounded(&issuer, f.origin))
		}
	}
	for _, id := range r.order {
		if s := r.keys[id]; old[id] == nil && !s.fallen {
			at := 0
			for i := range out.Issuers {
				if out.Issuers[i].Name == s.Name {
					at = i + 1
				}
			}
			out.Issuers = slices.Insert(out.Issuers, at, s.bounded(nil, f.origin))
		}
	}
	for _, issuer := range out.Issuers {
		if err := f.say(old[issuer.ID], &issuer, r.keys[issuer.ID]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bounded is the issuer as a policy has it. What a key counts for that the verifier
// put there is bound to the log only once an event of the log has bounded it.
func (s *standing) bounded(old *Issuer, origin string) Issuer {
	out := s.Issuer
	if out.Until >= 0 && out.Until <= out.From {
		out.From, out.Until = 0, 0
	}
	if old == nil || out.Until != old.Until || out.Compromised != old.Compromised {
		out.In = origin
	}
	return out
}

func (f *Follower) say(old, now *Issuer, s *standing) error {
	line, err := now.Line()
	if err != nil || s == nil {
		return err
	}
	before := ""
	if old != nil {
		if before, err = old.Line(); err != nil || before == line {
			return err
		}
	}
	what := fmt.Sprintf("key %s of %s", now.ID, now.Name)
	switch {
	case now.Until < 0:
		what += fmt.Sprintf(" counts from entry %d on", now.From)
	case now.Until == 0:
		what += " counts for no entry"
	case now.From > 0:
		what += fmt.Sprintf(" counts from entry %d on, and for none from entry %d on", now.From, now.Until)
	default:
		what += fmt.Sprintf(" counts for no entry from entry %d on", now.Until)
	}
	f.out.Changes = append(f.out.Changes, what+": "+s.why)
	return nil
}
