package stack

import (
	"encoding/binary"
	"sync/atomic"
)

// Handler is the service that every stack offers. It may be called concurrently.
type Handler struct {
	count atomic.Uint64
	torn  atomic.Uint64
	ring  uint64                   // processes in it
	next  func() ([]Caller, error) // into the next one of the ring; nil: there is none
}

// Echo reads req and returns the answer, which may be req itself. A damaged request gets an
// empty answer, which no caller accepts.
func (h *Handler) Echo(req []byte) []byte {
	if len(req) < MinSize {
		return nil
	}
	head, tail := ends(req)
	switch {
	case head != tail:
		return nil
	case head == question:
		return h.counts()
	case h.next != nil && Hops(req) > 0:
		return h.onward(req)
	}
	return req
}

// Count reads a one-way message.
func (h *Handler) Count(req []byte) {
	if len(req) < MinSize {
		h.torn.Add(1)
	} else if head, tail := ends(req); head != tail {
		h.torn.Add(1)
	}
	h.count.Add(1)
}

func (h *Handler) counts() []byte {
	answer := make([]byte, MinSize)
	binary.LittleEndian.PutUint64(answer, h.count.Load())
	binary.LittleEndian.PutUint64(answer[8:], h.torn.Load())
	return answer
}
