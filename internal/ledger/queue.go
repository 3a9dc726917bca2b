package ledger

import "sync"

// queue is a list that one goroutine takes from and others add to. Nobody waits to
// add: what is on its way is bounded where it is accepted.
type queue[T any] struct {
	mu     sync.Mutex
	more   sync.Cond // L is &mu
	items  []T
	closed bool
}

func (q *queue[T]) push(item T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, item)
	q.more.Signal()
}

// take waits for items and returns all; none once the queue is closed and empty.
func (q *queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.more.Wait()
	}
	items := q.items
	q.items = nil
	return items
}

func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Signal()
}
