package stack

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// NestedSize is the payload of a nested call: a stamp at its head and its tail, and behind the head
// how many calls are to follow inside it.
const NestedSize = 32

// SetHops says how many calls follow inside the one that carries p.
func SetHops(p []byte, n uint64) { binary.LittleEndian.PutUint64(p[8:], n) }

// Hops reads that.
func Hops(p []byte) uint64 { return binary.LittleEndian.Uint64(p[8:]) }

// RingEnv is what stands between process i of a ring and the one before, which calls it: a stack of
// its own, with a caller for each time that the calls come by. env.Scale is how often they do.
func RingEnv(env Env, i int) Env {
	i %= env.Ring
	return Env{Dir: filepath.Join(env.Dir, fmt.Sprint(i)), Case: env.Case, Size: NestedSize, Conc: env.Scale, CPUs: env.CPUs}
}

// ServeRing is Serve for process i of a ring of one-way stacks; h calls on.
func ServeRing(s Stack, env Env, i int, h *Handler, ready func()) error {
	inner := RingEnv(env, i)
	if err := os.Mkdir(inner.Dir, 0o700); err != nil {
		return err
	}
	h.ring = uint64(env.Ring)
	h.next = sync.OnceValues(func() ([]Caller, error) { return s.Dial(RingEnv(env, i+1)) })
	return s.Serve(inner, h, ready)
}

// DialRing dials from the ring's first process, whose handler is h. The caller is the one by which
// the calls begin.
func DialRing(h *Handler) (Caller, error) {
	callers, err := h.next()
	if err != nil {
		return nil, err
	}
	return callers[len(callers)-1], nil
}

// onward makes the calls that follow inside req.
func (h *Handler) onward(req []byte) []byte {
	callers, err := h.next()
	if err != nil {
		return nil
	}
	left := Hops(req)
	level := (left - 1) / h.ring
	if level >= uint64(len(callers)) {
		return nil
	}
	p := append([]byte(nil), req...)
	SetHops(p, left-1)
	answer, err := callers[level].Call(p)
	if err != nil {
		return nil
	}
	return answer
}

// Ringer is a Stack whose calls nest by themselves: what comes back to a process that waits is known
// to belong to its call.
type Ringer interface {
	// ServeRing runs in process i of the ring, from 1; ready says that the next one may start.
	ServeRing(env Env, i int, ready func()) error
	// DialRing runs in process 0, when the others are ready. Its caller sends a payload of NestedSize.
	DialRing(env Env) (Caller, error)
}
