package linktest

import (
	"encoding/json"
	"io"
	"sync"

	"ubinder/runtime/status"
)

// request and response are lines of JSON between a case and an end in another process.
type request struct {
	ID int
	Op Op
}

type response struct {
	ID     int
	Result Result
}

// Remote is an End that another process serves.
type Remote struct {
	mu      sync.Mutex
	last    int
	waiting map[int]chan Result
	out     *json.Encoder
	ended   bool
}

// NewRemote drives the End that reads requests from w and answers on r, until r ends.
func NewRemote(r io.Reader, w io.Writer) *Remote {
	e := &Remote{waiting: make(map[int]chan Result), out: json.NewEncoder(w)}
	go e.routineReceive(r)
	return e
}

func (e *Remote) routineReceive(r io.Reader) {
	in := json.NewDecoder(r)
	for {
		var a response
		if in.Decode(&a) != nil {
			break
		}
		e.mu.Lock()
		e.waiting[a.ID] <- a.Result
		delete(e.waiting, a.ID)
		e.mu.Unlock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	for _, ch := range e.waiting {
		ch <- farEnded
	}
}

var farEnded = Result{Err: status.Errorf(status.Dead, "the process of the far end has ended")}

// Do implements End.
func (e *Remote) Do(op Op) Result {
	ch := make(chan Result, 1)
	e.mu.Lock()
	if e.ended {
		e.mu.Unlock()
		return farEnded
	}
	e.last++
	e.waiting[e.last] = ch
	err := e.out.Encode(request{e.last, op})
	if err != nil {
		delete(e.waiting, e.last)
		ch <- farEnded
	}
	e.mu.Unlock()
	return <-ch
}

// Serve drives end as a Remote asks, until r ends.
func Serve(end End, r io.Reader, w io.Writer) {
	var mu sync.Mutex
	out := json.NewEncoder(w)
	in := json.NewDecoder(r)
	var ops sync.WaitGroup
	defer ops.Wait()
	for {
		var q request
		if in.Decode(&q) != nil {
			return
		}
		ops.Go(func() {
			result := end.Do(q.Op)
			mu.Lock()
			defer mu.Unlock()
			out.Encode(response{q.ID, result})
		})
	}
}
