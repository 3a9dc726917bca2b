package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
)

// listing is one kind on its way: objects come through pages, and report and
// problems are complete once pages is closed.
type listing struct {
	resource
	pages    chan []object
	report   evidence.KindReport
	problems []evidence.Problem
}

// Collect implements evidence.Source. Each document is one object, Format JSON,
// its Account the context's name and its Origin
// "kubernetes:CONTEXT/NAMESPACE/KIND/NAME", with "-" for no namespace.
//
// The error is a *surety.Error if the server could not be reached or allowed
// nothing, and emit's own if that failed. A context that ends is no error: the
// report is then Partial and says so.
func (c *Cluster) Collect(ctx context.Context, emit func(evidence.Document) error) (evidence.Report, error) {
	report := evidence.Report{Source: Prefix + c.name, Live: true, Status: evidence.Failed}
	resources, problems, err := c.discover(ctx)
	if err != nil && ctx.Err() == nil {
		return report, c.explain(err)
	}
	report.Problems = problems

	running, stop := context.WithCancel(ctx)
	defer stop()
	var emitErr error
	for _, l := range c.start(running, append([]resource{info}, resources...)) {
		items := 0
		for objects := range l.pages {
			for i := 0; i < len(objects) && running.Err() == nil; i++ {
				if emitErr = emit(c.document(l.resource, objects[i])); emitErr != nil {
					stop()
					break
				}
				items++
			}
		}
		report.Seen += items
		l.report.Items = items
		report.Kinds = append(report.Kinds, l.report)
		report.Problems = append(report.Problems, l.problems...)
	}
	if ctx.Err() == nil && emitErr != nil {
		return report, emitErr
	}
	return c.conclude(ctx, report)
}

// start lists all resources, a few at a time and in their order, so that what
// is read ahead of the consumer is bounded.
func (c *Cluster) start(ctx context.Context, resources []resource) []*listing {
	listings := make([]*listing, len(resources))
	for i, r := range resources {
		listings[i] = &listing{resource: r, pages: make(chan []object)}
	}
	silence := newPatience(c.limits.silence)
	slots := make(chan struct{}, c.limits.workers)
	go func() {
		for _, l := range listings {
			slots <- struct{}{}
			go func() {
				c.list(ctx, l, silence)
				close(l.pages)
				<-slots
			}()
		}
	}()
	return listings
}

// list reads one kind to its end and sets its report, all but Items, which the
// consumer counts.
func (c *Cluster) list(ctx context.Context, l *listing, silence *patience) {
	l.report = evidence.KindReport{Kind: l.title(), Status: evidence.Complete}
	if why := l.leftOut(); why != "" {
		l.report.Status, l.report.Message = evidence.Skipped, why
		return
	}
	w := walk{cluster: c, listing: l, own: newPatience(c.limits.kind), silence: silence}
	err := w.run(ctx)
	if err == nil && len(l.problems) > 0 {
		l.report.Status, l.report.Message = evidence.Partial, l.problems[0].Message
	}
	if err == nil {
		return
	}
	l.report.Status, l.report.Message = evidence.Failed, refusal(l.resource, err)
	switch code := statusOf(err); {
	case w.sent > 0 || w.namespace != "":
		l.report.Status = evidence.Partial
	case code == http.StatusForbidden || code == http.StatusUnauthorized:
		l.report.Status = evidence.Denied
	case code == http.StatusMethodNotAllowed:
		l.report.Status, l.report.Message = evidence.Skipped, "left out: the server keeps no list of it"
		return
	}
	if ctx.Err() == nil { // an interrupted run says so once, in conclude
		l.problem(c, l.report.Message)
	}
}

func (l *listing) problem(c *Cluster, message string) {
	l.problems = append(l.problems, evidence.Problem{
		Origin: surety.Origin{File: c.origin(l.title())}, Message: message,
	})
}

// walk goes through the pages of one kind.
type walk struct {
	cluster      *Cluster
	listing      *listing
	own, silence *patience
	namespace    string // "" for all
	restarted    bool
	sent         int
	known        map[[2]string]bool // namespace and name of what was sent, if the list has several pages
}

// run sends every page of the kind. A list whose token has expired is begun
// again, once, and what was sent before is not sent twice.
func (w *walk) run(ctx context.Context) error {
	token := ""
	for {
		p, err := w.cluster.getPatiently(ctx, w.listing.resource, w.namespace, token, w.own, w.silence)
		if sendErr := w.send(ctx, p, token != "" || p.next != ""); sendErr != nil {
			return sendErr
		}
		switch {
		case statusOf(err) == http.StatusGone && token != "" && !w.restarted:
			w.restarted, token = true, ""
			continue
		case err != nil && w.narrow(err, token):
			return w.narrowed(ctx, err)
		case err != nil:
			return err
		case p.next == "":
			return nil
		case p.next == token || len(p.objects)+len(p.unnamed) == 0:
			return errors.New("the server's list does not advance; see whether `kubectl get " +
				w.listing.permission() + " --all-namespaces --chunk-size=500` ends")
		}
		token = p.next
	}
}

// narrow reports whether a refusal for the whole cluster leaves the context's
// own namespace to try, as for users who have rights there only.
func (w *walk) narrow(err error, token string) bool {
	return statusOf(err) == http.StatusForbidden && token == "" && w.sent == 0 &&
		w.listing.namespaced && w.namespace == "" && w.cluster.namespace != ""
}

// narrowed reads the context's namespace instead of the cluster. It never
// returns nil: the rest of the cluster stays unseen.
func (w *walk) narrowed(ctx context.Context, denied error) error {
	w.namespace = w.cluster.namespace
	if err := w.run(ctx); err != nil {
		if w.sent == 0 {
			w.namespace = ""
			return denied
		}
		return err
	}
	return fmt.Errorf("only namespace %s was read: %w", w.namespace, denied)
}

// send hands a page to the consumer. Several says that the list has more pages
// than this one.
func (w *walk) send(ctx context.Context, p page, several bool) error {
	for _, why := range p.unnamed {
		w.listing.problem(w.cluster, why)
	}
	objects := p.objects
	if several {
		objects = w.fresh(objects)
	}
	if len(objects) == 0 {
		return nil
	}
	select {
	case w.listing.pages <- objects:
		w.sent += len(objects)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fresh returns the objects that were not sent before and notes them.
func (w *walk) fresh(objects []object) []object {
	if w.known == nil {
		w.known = map[[2]string]bool{}
	}
	fresh := objects[:0]
	for _, o := range objects {
		key := [2]string{o.namespace, o.name}
		if !w.known[key] {
			w.known[key] = true
			fresh = append(fresh, o)
		}
	}
	return fresh
}

func (c *Cluster) document(r resource, o object) evidence.Document {
	namespace := o.namespace
	if namespace == "" {
		namespace = "-"
	}
	return evidence.Document{
		Origin:  surety.Origin{File: c.origin(namespace + "/" + r.kind + "/" + o.name)},
		Format:  evidence.JSON,
		Raw:     o.raw,
		Account: c.name,
	}
}

// origin names a place in the cluster.
func (c *Cluster) origin(place string) string { return Prefix + c.name + "/" + place }

// conclude sets the status of the whole from those of the kinds.
func (c *Cluster) conclude(ctx context.Context, report evidence.Report) (evidence.Report, error) {
	count := map[evidence.Status]int{}
	first := ""
	for _, k := range report.Kinds {
		if k.Kind == info.title() {
			continue // anybody may ask for it, so that it says nothing of the rights
		}
		count[k.Status]++
		if first == "" && (k.Status == evidence.Denied || k.Status == evidence.Failed) {
			first = k.Message
		}
	}
	tried := max(len(report.Kinds)-1, 0) - count[evidence.Skipped]
	unread := count[evidence.Denied] + count[evidence.Failed]
	switch {
	case ctx.Err() != nil:
		report.Status = evidence.Partial
		message := "interrupted before any kind was read"
		if tried > 0 {
			message = fmt.Sprintf("interrupted: %d of %d kinds were read to their end", count[evidence.Complete], tried)
		}
		report.Problems = append(report.Problems, evidence.Problem{
			Origin: surety.Origin{File: report.Source}, Message: message,
		})
	case tried > 0 && unread == tried:
		denied := count[evidence.Denied] > 0
		report.Status = evidence.Failed
		if denied {
			report.Status = evidence.Denied
		}
		return report, c.nothing(denied, first)
	case unread+count[evidence.Partial] > 0 || len(report.Problems) > 0:
		report.Status = evidence.Partial
	default:
		report.Status = evidence.Complete
	}
	return report, nil
}
