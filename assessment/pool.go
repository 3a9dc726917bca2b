package assessment

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// Judgement is all that the checks say of one item.
type Judgement struct {
	Item    *evidence.Item
	*Ruling // nil if no check judged the item
}

// Ruling is what checks say of an item, in words that fit each copy of it. A run
// of a hundred thousand items holds millions of verdicts, so a verdict is one byte,
// and the items of which all the same is said share a ruling.
type Ruling struct {
	Roster  *Roster
	Marks   string    // a mark for each check of the roster
	Details []*Packed // one for each mark that is no pass, in their order

	waivers []*Waiver // of each detail, if this is the ruling of one item that has any
}

// fits reports whether r has a mark for each check and a detail for each that
// needs one.
func (r *Ruling) fits() bool {
	told := 0
	for i := range len(r.Marks) {
		if mark(r.Marks[i]) >= expired {
			return false
		}
		if mark(r.Marks[i]) != pass {
			told++
		}
	}
	return len(r.Marks) == len(r.Roster.checks) && told == len(r.Details)
}

// mark is a verdict as a judgement keeps it: a fail that an expired waiver
// covers counts apart from one that none does.
type mark uint8

const (
	pass    = mark(surety.Pass)
	fails   = mark(surety.Fail)
	expired = mark(len(Counts{}))
)

func (m mark) verdict() surety.Verdict {
	if m == expired {
		return surety.Fail
	}
	return surety.Verdict(m)
}

// Roster is the checks that judged an item, by id. Items of one kind share it.
type Roster struct {
	checks  []*policy.Check
	key     string // their numbers, under which the pool keeps the roster
	foreign bool   // one of the checks is not of those the pool was made with
}

// Text is the roster written down for Pool.Roster. ok is false for one that
// holds a check its pool was not made with.
func (r *Roster) Text() (text string, ok bool) { return r.key, !r.foreign }

// Pool keeps each roster, each detail and each ruling once. It is safe for
// concurrent use.
type Pool struct {
	mu       sync.Mutex
	checks   []*policy.Check
	expected int // how many of checks the pool was made with
	number   map[*policy.Check]int
	arrivals map[string]*arrival // by the checks in the order they came
	rosters  map[string]*Roster  // by the checks in order
	details  map[string]*Packed
	rulings  map[uint64]*Ruling // by the hash of what they say
	seed     maphash.Seed

	key, marks, words []byte
	ends              []int // of each detail in words
}

// arrival is a roster, and the place in the order they came of each of its
// checks.
type arrival struct {
	roster *Roster
	places []int
}

// NewPool returns an empty pool. checks are those to expect, by id.
func NewPool(checks []*policy.Check) *Pool {
	p := &Pool{
		checks: slices.Clone(checks), expected: len(checks), number: make(map[*policy.Check]int, len(checks)),
		arrivals: map[string]*arrival{}, rosters: map[string]*Roster{}, details: map[string]*Packed{},
		rulings: map[uint64]*Ruling{}, seed: maphash.MakeSeed(),
	}
	for i, c := range checks {
		p.number[c] = i
	}
	return p
}

// Expect makes room for so many details.
func (p *Pool) Expect(details int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.details) == 0 {
		p.details = make(map[string]*Packed, details)
	}
}

// Judge makes a judgement of what checks say of item, in any order.
func (p *Pool) Judge(item *evidence.Item, said []Judged) Judgement {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = p.key[:0]
	for i := range said {
		p.key = binary.AppendUvarint(p.key, p.numberOf(said[i].Check))
	}
	at := p.arrivals[string(p.key)]
	if at == nil {
		checks := make([]*policy.Check, len(said))
		for i := range said {
			checks[i] = said[i].Check
		}
		at = p.arrive(checks)
	}
	p.marks, p.words, p.ends = p.marks[:0], p.words[:0], p.ends[:0]
	for _, i := range at.places {
		j := &said[i]
		p.marks = append(p.marks, byte(j.Verdict))
		if mark(j.Verdict) != pass {
			p.words = j.Detail.pack(p.words, frameOf(item))
			p.ends = append(p.ends, len(p.words))
		}
	}
	return Judgement{item, p.ruling(at.roster)}
}

// ruling returns the one copy of what p.marks and p.words say.
func (p *Pool) ruling(roster *Roster) *Ruling {
	var h maphash.Hash
	h.SetSeed(p.seed)
	h.WriteString(roster.key)
	h.WriteByte(0)
	h.Write(p.marks)
	h.Write(p.words)
	sum := h.Sum64()
	known := p.rulings[sum]
	if known != nil && p.says(known, roster) {
		return known
	}
	made := &Ruling{Roster: roster, Marks: string(p.marks), Details: make([]*Packed, len(p.ends))}
	from := 0
	for i, end := range p.ends {
		made.Details[i] = p.detail(p.words[from:end])
		from = end
	}
	if known == nil {
		p.rulings[sum] = made
	}
	return made
}

// says reports whether r is what p.marks and p.words say.
func (p *Pool) says(r *Ruling, roster *Roster) bool {
	if r.Roster != roster || r.Marks != string(p.marks) || len(r.Details) != len(p.ends) {
		return false
	}
	from := 0
	for i, end := range p.ends {
		if string(*r.Details[i]) != string(p.words[from:end]) {
			return false
		}
		from = end
	}
	return true
}

// joint makes one ruling of two on one item, once for each two that meet.
type joint struct {
	pool  *Pool
	known map[[2]*Ruling]*Ruling
}

// of returns the ruling that a and b come to; either may be nil.
func (j *joint) of(a, b *Ruling) *Ruling {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	both := [2]*Ruling{a, b}
	if j.known[both] == nil {
		j.known[both] = j.pool.join(a, b)
	}
	return j.known[both]
}

// join makes one ruling of two on the same item.
func (p *Pool) join(a, b *Ruling) *Ruling {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = append(append(p.key[:0], a.Roster.key...), b.Roster.key...)
	at := p.arrivals[string(p.key)]
	if at == nil {
		at = p.arrive(slices.Concat(a.Roster.checks, b.Roster.checks))
	}
	both := a.Marks + b.Marks
	marks := make([]byte, len(both))
	details := make([]*Packed, 0, len(a.Details)+len(b.Details))
	fromA, fromB := a.Details, b.Details // each side stays in its order
	for k, i := range at.places {
		marks[k] = both[i]
		switch {
		case mark(both[i]) == pass:
		case i < len(a.Marks):
			details, fromA = append(details, fromA[0]), fromA[1:]
		default:
			details, fromB = append(details, fromB[0]), fromB[1:]
		}
	}
	return &Ruling{Roster: at.roster, Marks: string(marks), Details: details}
}

// forget lets go of the rulings that nobody holds: what is said from now on is kept
// once among itself.
func (p *Pool) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rulings, p.details = map[uint64]*Ruling{}, map[string]*Packed{}
}

// arrive notes checks that come in this order for the first time. The caller has
// put the key of that order into p.key.
func (p *Pool) arrive(came []*policy.Check) *arrival {
	key := string(p.key)
	at := &arrival{places: make([]int, len(came))}
	for i := range came {
		at.places[i] = i
	}
	slices.SortStableFunc(at.places, func(a, b int) int { return strings.Compare(came[a].ID, came[b].ID) })
	roster := &Roster{}
	for _, i := range at.places {
		roster.checks = append(roster.checks, came[i])
	}
	at.roster = p.roster(roster)
	p.arrivals[key] = at
	return at
}

func (p *Pool) numberOf(c *policy.Check) uint64 {
	n, ok := p.number[c]
	if !ok {
		n = len(p.checks)
		p.checks, p.number[c] = append(p.checks, c), n
	}
	return uint64(n)
}

// roster returns the one copy of new.
func (p *Pool) roster(new *Roster) *Roster {
	p.key = p.key[:0]
	for _, c := range new.checks {
		n := p.numberOf(c)
		p.key = binary.AppendUvarint(p.key, n)
		new.foreign = new.foreign || n >= uint64(p.expected)
	}
	if known := p.rosters[string(p.key)]; known != nil {
		return known
	}
	new.key = string(p.key)
	p.rosters[new.key] = new
	return new
}

// detail returns the one copy of a packed detail.
func (p *Pool) detail(packed []byte) *Packed {
	if d := p.details[string(packed)]; d != nil {
		return d
	}
	d := Packed(packed)
	p.details[string(d)] = &d
	return &d
}

// errDamaged is returned for text that no pool wrote.
var errDamaged = errors.New("damaged judgement")

// Roster returns the roster with this text, which is of a pool of the same
// checks. The error says that it is of none.
func (p *Pool) Roster(text string) (*Roster, error) {
	u := unpacker{s: text}
	roster := &Roster{}
	last := uint64(0)
	for u.s != "" {
		n := u.uint()
		if u.err != nil || n >= uint64(p.expected) || n < last {
			return nil, errDamaged
		}
		roster.checks = append(roster.checks, p.checks[n])
		last = n
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roster(roster), nil
}

// Detail returns the one copy of a packed detail that was kept elsewhere. The
// error says that no pool packed it.
func (p *Pool) Detail(packed string) (*Packed, error) {
	u := unpacker{s: packed}
	u.detail(nil)
	if u.err != nil {
		return nil, errDamaged
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.details[packed]; d != nil {
		return d, nil
	}
	d := Packed(packed)
	p.details[packed] = &d
	return &d, nil
}

// NewRuling makes a ruling that was kept elsewhere, where there is one copy of it
// already. The error says that no pool made it.
func NewRuling(roster *Roster, marks string, details []*Packed) (*Ruling, error) {
	r := &Ruling{Roster: roster, Marks: marks, Details: details}
	if !r.fits() {
		return nil, errDamaged
	}
	return r, nil
}
