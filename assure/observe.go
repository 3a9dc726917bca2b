package assure

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assessment"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/evidence/scanner"
	"github.com/surety-cloud/surety/internal/memo"
	"github.com/surety-cloud/surety/policy"
)

// maxFacts is how many values a result records at most.
const maxFacts = 6

// maxProblems is how many problems of one source are listed; more are counted.
const maxProblems = 10_000

// seen is what observing all sources came to, in the order of the sources.
type seen struct {
	items    []*evidence.Item
	judged   []assessment.Judgement // of documents and of relations
	singly   []assessment.Judged    // of other scanners
	reports  []evidence.Report
	imports  imports
	unparsed int

	controllers map[evidence.Key]evidence.Key
	causes      []string // of each of items
}

func (s *seen) coverage() assessment.Coverage {
	c := assessment.Coverage{Unparsed: s.unparsed, Items: len(s.items)}
	for _, r := range s.reports {
		c.Documents += r.Seen
		c.Ignored += r.Ignored
		c.Problems += len(r.Problems) + r.Omitted
	}
	return c
}

// unseen reports whether a live source did not give every object of a kind.
func (s *seen) unseen(kind string) bool {
	for _, r := range s.reports {
		for _, k := range r.Kinds {
			if name, _, _ := strings.Cut(k.Kind, "."); name == kind && k.Status != evidence.Complete {
				return true
			}
		}
	}
	return false
}

// observe collects each source in turn and judges its documents on all cores. A
// source that gives nothing at all is a problem of the report, and an error only
// if no other source gave anything.
func observe(ctx context.Context, o Options) (*seen, error) {
	all := &seen{imports: imports{controls: o.controlsOf, admits: o.Policy.Admits, checks: map[string]*policy.Check{}}}
	var errs []error
	var facts evidence.SharedFacts
	for _, src := range o.Sources {
		if err := all.source(ctx, o, src, &facts); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == len(o.Sources) {
		return nil, errors.Join(errs...)
	}
	return all, nil
}

// batch is a run of documents that one worker takes at a time; done receives
// what they came to. Batches are answered in the order they were sent.
type batch struct {
	docs []evidence.Document
	done chan []judgedDocument
}

// batchSize keeps the cost of handing documents over far below that of judging
// them.
const batchSize = 32

// judgedDocument is what one document came to.
type judgedDocument struct {
	memo.Record
	scan     *scanner.Scan // of a report of another scanner; not yet judged
	problems []evidence.Problem
}

// source observes one source. Documents go to the workers in batches, and a
// second queue holds the batches in order, so that results come back in the
// source's order whichever worker is faster.
func (s *seen) source(ctx context.Context, o Options, src evidence.Source, facts *evidence.SharedFacts) error {
	workers := runtime.GOMAXPROCS(0)
	todo := make(chan batch, workers)
	order := make(chan batch, 4*workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			j := judge{Options: o, facts: facts}
			for b := range todo {
				b.done <- j.batch(ctx, b.docs)
			}
		})
	}

	var report evidence.Report
	var err error
	group.Go(func() {
		defer close(order)
		defer close(todo)
		docs := make([]evidence.Document, 0, batchSize)
		send := func() {
			b := batch{docs, make(chan []judgedDocument, 1)}
			todo <- b
			order <- b
			docs = make([]evidence.Document, 0, batchSize)
		}
		report, err = src.Collect(ctx, func(d evidence.Document) error {
			if docs = append(docs, d); len(docs) == batchSize {
				send()
			}
			return ctx.Err()
		})
		send()
	})

	var problems []evidence.Problem
	items, omitted := 0, 0
	for b := range order {
		for _, d := range <-b.done {
			listed := min(len(d.problems), maxProblems-len(problems))
			problems = append(problems, d.problems[:listed]...)
			omitted += len(d.problems) - listed
			if d.scan != nil {
				var said []assessment.Judged
				d.Items, said = s.imports.read(d.scan)
				s.singly = append(s.singly, said...)
			}
			items += len(d.Items)
			s.items = append(s.items, d.Items...)
			s.judged = append(s.judged, d.Judged...)
			if len(d.Items) == 0 {
				s.unparsed++
			}
		}
		if o.Progress != nil {
			o.Progress(len(s.items))
		}
	}
	group.Wait()
	report.Items += items
	report.CutShort = ctx.Err() != nil
	report.Problems = append(report.Problems, problems...)
	if omitted > 0 {
		report.Omitted = omitted - 1 // this one stands for itself and for them
		report.Problems = append(report.Problems, evidence.Problem{
			Origin: surety.Origin{File: report.Source}, Message: strconv.Itoa(omitted) + " more problems are not listed; correct these first",
		})
	}
	switch {
	case err != nil:
		report.Status = evidence.Failed
		report.Problems = append(report.Problems, evidence.Problem{Origin: surety.Origin{File: report.Source}, Message: err.Error()})
	case len(report.Problems) > 0 && report.Status == evidence.Complete:
		report.Status = evidence.Partial
	}
	s.reports = append(s.reports, report)
	return err
}

// judge judges documents, one at a time; its scratch is used for one after the
// other.
type judge struct {
	Options
	facts    *evidence.SharedFacts
	outcomes []policy.Outcome
	said     []assessment.Judged
	details  []assessment.Detail
	hash     hash.Hash
	head     []byte // of what is hashed
}

func (j *judge) batch(ctx context.Context, docs []evidence.Document) []judgedDocument {
	out := make([]judgedDocument, len(docs))
	for i, d := range docs {
		if ctx.Err() != nil {
			out[i].problems = []evidence.Problem{{Origin: d.Origin, Message: "not assessed: interrupted"}}
			continue
		}
		out[i] = j.safely(d)
	}
	return out
}

// safely makes a fault of ours a problem of the one document that shows it.
func (j *judge) safely(d evidence.Document) (out judgedDocument) {
	defer func() {
		if r := recover(); r != nil {
			out = judgedDocument{problems: []evidence.Problem{{
				Origin: d.Origin, Message: fmt.Sprintf("not assessed: internal error: %v; please report it with this document", r),
			}}}
		}
	}()
	return j.document(d)
}

// document asks the memo first. Only documents without problems are remembered:
// a problem's message may name lines, which do not move with the document.
func (j *judge) document(d evidence.Document) judgedDocument {
	if d.Format == evidence.Scan {
		return readScan(d)
	}
	var digest surety.Digest
	if j.Memo != nil {
		digest = j.digest(d)
		if r, ok := j.Memo.Get(digest, d.Origin.File, d.Origin.Line); ok {
			return judgedDocument{Record: r}
		}
	}
	n := normalise(d)
	out := judgedDocument{problems: n.Problems}
	out.Items = n.Items
	memorable := len(n.Problems) == 0
	for _, item := range n.Items {
		j.outcomes = j.Policy.AppendOutcomes(j.outcomes[:0], item, j.Budget())
		if len(j.outcomes) > 0 {
			out.Judged = append(out.Judged, j.item(item))
		}
		memorable = memorable && len(item.Caveats().Duplicates) == 0
		item.DropBody()
		item.Facts = j.facts.Of(item.Facts)
	}
	if j.Memo != nil && memorable {
		j.Memo.Put(digest, d.Origin.Line, out.Record)
	}
	return out
}

// item keeps of the outcomes what the assessment needs.
func (j *judge) item(item *evidence.Item) assessment.Judgement {
	j.said = j.said[:0]
	j.details = slices.Grow(j.details[:0], len(j.outcomes)) // said points into it
	for _, o := range j.outcomes {
		said := assessment.Judged{Item: item, Check: o.Check, Verdict: o.Verdict}
		if o.Verdict != surety.Pass {
			j.details = append(j.details, detail(j.Facts, o, item.Body))
			said.Detail = &j.details[len(j.details)-1]
		}
		j.said = append(j.said, said)
	}
	return j.Pool.Judge(item, j.said)
}

// detail is what an outcome says beyond its verdict; body is what the check read,
// and facts says whether to keep the values a fail rests on.
func detail(facts bool, o policy.Outcome, body *evidence.Value) assessment.Detail {
	d := assessment.Detail{Findings: o.Findings, Reason: o.Reason}
	if facts && o.Verdict == surety.Fail {
		d.Facts = o.Facts(body, maxFacts)
	}
	return d
}

func readScan(d evidence.Document) judgedDocument {
	scan, err := scanner.Read(d.Raw, d.Origin.File)
	if err != nil {
		return judgedDocument{problems: []evidence.Problem{problemOf(err, d.Origin)}}
	}
	return judgedDocument{scan: &scan}
}

// problemOf says err at the place it names, at if it names none.
func problemOf(err error, at surety.Origin) evidence.Problem {
	var e *surety.Error
	if !errors.As(err, &e) {
		return evidence.Problem{Origin: at, Message: err.Error()}
	}
	at.Line = max(at.Line, e.Origin.Line)
	return evidence.Problem{Origin: at, Message: (&surety.Error{Op: e.Op, Err: e.Err, Hint: e.Hint}).Error()}
}

// factsFormat marks what records the values that fails rest on.
const factsFormat = 0x80

// digest covers all that decides what a document comes to, but for the checks and
// the place it stands.
func (j *judge) digest(d evidence.Document) (out surety.Digest) {
	format := byte(d.Format)
	if j.Facts {
		format |= factsFormat
	}
	head := binary.LittleEndian.AppendUint64(append(j.head[:0], format), uint64(len(d.Account)))
	head = append(head, d.Account...)
	if d.Kind != "" { // it may name the item
		head = append(head, d.APIVersion+"\x00"+d.Kind+"\x00"...)
	}
	if d.Format == evidence.Dockerfile { // it names the item
		head = append(append(head, d.Origin.File...), 0)
	}
	if j.hash == nil {
		j.hash = sha256.New()
	}
	j.head = head
	j.hash.Reset()
	j.hash.Write(head)
	j.hash.Write(d.Raw)
	j.hash.Sum(out[:0])
	return out
}

func normalise(d evidence.Document) evidence.Normalised {
	if d.Format == evidence.Dockerfile {
		return dockerfile.Normalise(d)
	}
	return kubernetes.Normalise(d)
}
