package stack

import (
	"encoding/binary"
	"errors"
)

// Turn is a Sender that uses callers to several servers in turn.
type Turn struct {
	callers []Caller
	among   int // how many of them are used
	last    int
}

// NewTurn has a caller for each server, of which all are used, first the one at first.
func NewTurn(callers []Caller, first int) *Turn {
	return &Turn{callers: callers, among: len(callers), last: first - 1}
}

// Among has the calls that follow use the first n callers; 0: all.
func (t *Turn) Among(n int) {
	if t.among = n; n == 0 {
		t.among = len(t.callers)
	}
}

func (t *Turn) next() Caller {
	t.last++
	if t.last >= t.among {
		t.last = 0
	}
	return t.callers[t.last]
}

// Call implements Caller. The answer to a question for counts is that of all servers.
func (t *Turn) Call(req []byte) ([]byte, error) {
	if !asks(req) {
		return t.next().Call(req)
	}
	var count, torn uint64
	for _, c := range t.callers {
		answer, err := c.Call(req)
		if err != nil {
			return nil, err
		}
		if len(answer) != MinSize {
			return nil, errors.New("a question for counts was not answered")
		}
		n, bad := ends(answer)
		count, torn = count+n, torn+bad
	}
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, count), torn), nil
}

// Send implements Sender, if the callers do.
func (t *Turn) Send(req []byte) error { return t.next().(Sender).Send(req) }
