package ledger

import (
	"context"
	"fmt"

	"github.com/transparency-dev/tessera"
)

// sequence hands durable entries to Tessera, of each stream one at a time: should a
// batch fail, nothing that follows an entry can be in the log before it.
func (l *Ledger) sequence(ctx context.Context) {
	for list := l.toLog.take(); len(list) > 0; list = l.toLog.take() {
		l.canLock()
		for _, e := range list {
			if e.commit != nil {
				if err := e.commit.Wait(); err != nil {
					l.fail(err)
					continue
				}
			}
			if l.mayGo(e) {
				l.add(ctx, e)
			}
		}
	}
}

// mayGo reports whether e can be handed over now. If one of its stream is on its
// way, e waits for that.
func (l *Ledger) mayGo(e *entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[e.stream]
	if l.failed != nil {
		return false
	}
	if s.busy {
		s.waiting = append(s.waiting, e)
		return false
	}
	s.busy = true
	return true
}

func (l *Ledger) add(ctx context.Context, e *entry) {
	l.adding.Lock()
	defer l.adding.Unlock()
	l.inLog.push(sequencing{e, l.appender.Add(ctx, tessera.NewEntry(e.leaf))})
}

// collect notes the index of each entry, in the order of the log, and sends the
// next of its stream. A failure is ambiguous, since the batch may be on disk: the
// log stops.
func (l *Ledger) collect(ctx context.Context) {
	for list := l.inLog.take(); len(list) > 0; list = l.inLog.take() {
		l.canLock()
		for _, s := range list {
			index, err := s.future()
			if err != nil {
				l.fail(fmt.Errorf("write to the log's directory: %w", err))
				continue
			}
			if next := l.note(s.entry, int64(index.Index)); next != nil {
				l.add(ctx, next)
			}
		}
	}
}

// note records the entry's index and returns the one that waited for it.
func (l *Ledger) note(e *entry, index int64) (next *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.index, l.size = index, max(l.size, index+1)
	l.owe()
	close(e.inLog)
	l.open--
	l.sequenced = append(l.sequenced, e)
	s := l.streams[e.stream]
	s.busy = false
	if len(s.waiting) > 0 && l.failed == nil {
		next, s.waiting = s.waiting[0], s.waiting[1:]
		s.busy = true
	}
	return next
}

// settle notes that entries below size are final. One whose index is not noted yet is
// left for the next time, and so are those after it: a snapshot must not count an
// entry of which no stream knows, or it would be given to the log again.
func (l *Ledger) settle(size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.sequenced) && l.sequenced[n].index < size {
		e := l.sequenced[n]
		e.isFinal = true
		l.streams[e.stream].final = e.link
		l.final = e.index + 1
		n++
	}
	l.sequenced = l.sequenced[n:]
	l.settled += n
}
