package status

import (
	"errors"
	"fmt"
)

// Step is how far a call came that has failed.
type Step uint8

// The steps of a call, in order.
const (
	StepTarget  Step = 1 // finding its object: dead, frozen, not met or not met yet
	StepMarshal Step = 2 // putting payload, objects and files into the message
	StepReserve Step = 3 // getting room and credit
	StepPost    Step = 4 // sending files and message
	StepReply   Step = 5 // waiting for the reply, or in it: then the error is remote
)

var steps = [...]string{StepTarget: "target", StepMarshal: "marshal", StepReserve: "reserve", StepPost: "post", StepReply: "reply"}

// String returns the step's name.
func (s Step) String() string {
	if int(s) >= len(steps) || steps[s] == "" {
		return fmt.Sprintf("step %d", uint8(s))
	}
	return steps[s]
}

// Call tells which call an error has ended, and where; what the driver's BINDER_GET_EXTENDED_ERROR
// tells, and more.
type Call struct {
	Process   uint64 // that the object lives in
	Node      uint64 // the object's number there
	Interface string // its descriptor, if the caller knows
	Code      uint32 // of the transaction
	Oneway    bool
	Step      Step
}

// String describes the call for people.
func (c *Call) String() string {
	kind, object := "call", c.Interface
	if c.Oneway {
		kind = "oneway call"
	}
	if object == "" {
		object = "an object"
	}
	return fmt.Sprintf("%s %d of %s (node %d of process %d), step %s", kind, c.Code, object, c.Node, c.Process, c.Step)
}

// At notes at which step of a call err came up. The result is a new Error, nil for nil; a step that was
// noted before stays.
func At(step Step, err error) error {
	if err == nil {
		return nil
	}
	e := own(err)
	if e.Call == nil {
		e.Call = &Call{Step: step}
	}
	return e
}

// OfCall completes err by the call that it has ended; a step that was noted by At stays.
func OfCall(err error, c Call) error {
	e := own(err)
	if e.Call != nil {
		c.Step = e.Call.Step
	}
	e.Call = &c
	return e
}

// OfInterface completes the error of a call by the descriptor of the object that was called. It is for
// what knows that: generated code.
func OfInterface(err error, descriptor string) error {
	var e *Error
	if !errors.As(err, &e) || e.Call == nil || e.Call.Interface != "" {
		return err
	}
	call, e := *e.Call, own(err)
	call.Interface = descriptor
	e.Call = &call
	return e
}

// own returns an Error that stands for err and may be changed.
func own(err error) *Error {
	if e, ok := err.(*Error); ok {
		c := *e
		return &c
	}
	c := &Error{Code: CodeOf(err), Message: err.Error(), Err: err}
	var e *Error
	if errors.As(err, &e) {
		c.Remote, c.Service, c.Limit, c.Call = e.Remote, e.Service, e.Limit, e.Call
	}
	return c
}
