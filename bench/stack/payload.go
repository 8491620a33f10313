package stack

import (
	"encoding/binary"
	"fmt"
	"math"
)

// MinSize is the smallest payload: a stamp at its head and one at its tail.
const MinSize = 16

// question in place of a stamp asks Handler.Echo how many one-way messages it has counted.
const question = math.MaxUint64

// Stamp makes the payload p differ from the one before, at both ends.
func Stamp(p []byte, n uint64) {
	binary.LittleEndian.PutUint64(p, n)
	binary.LittleEndian.PutUint64(p[len(p)-8:], n)
}

// asks reports whether the payload p asks how many one-way messages were counted.
func asks(p []byte) bool {
	head, _ := ends(p)
	return head == question
}

// Check reads the answer p to a payload of size bytes stamped n.
func Check(p []byte, n uint64, size int) error {
	if len(p) != size {
		return fmt.Errorf("answer of %d bytes to a payload of %d", len(p), size)
	}
	if head, tail := ends(p); head != n || tail != n {
		return fmt.Errorf("answer stamped %d and %d to a payload stamped %d", head, tail, n)
	}
	return nil
}

// Counted asks over c how many one-way messages the server has got. p is scratch.
func Counted(c Caller, p []byte) (uint64, error) {
	Stamp(p, question)
	answer, err := c.Call(p)
	if err != nil {
		return 0, err
	}
	if len(answer) != MinSize {
		return 0, fmt.Errorf("count of %d bytes", len(answer))
	}
	count, torn := ends(answer)
	if torn != 0 {
		return 0, fmt.Errorf("%d one-way messages arrived damaged", torn)
	}
	return count, nil
}

func ends(p []byte) (head, tail uint64) {
	return binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[len(p)-8:])
}
