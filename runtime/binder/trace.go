package binder

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"ubinder/runtime/status"
)

// TraceContext is a place in a distributed trace, as the W3C's Trace Context has it.
type TraceContext struct {
	TraceID [16]byte
	SpanID  [8]byte
	Flags   uint8 // bit 0: sampled
}

// WithTrace has the calls made under the result carry a place in a trace; the handlers' calls carry it
// on. A call that carries none pays nothing.
func WithTrace(ctx context.Context, t TraceContext) context.Context {
	s := *scopeOf(ctx)
	s.trace, s.traced = t, true
	return s.forCalls(ctx)
}

// TraceFrom returns what WithTrace set, or the call being handled brought.
func TraceFrom(ctx context.Context) (t TraceContext, ok bool) {
	s := scopeOf(ctx)
	return s.trace, s.traced
}

// String writes the place as the header traceparent has it.
func (t TraceContext) String() string {
	return fmt.Sprintf("00-%x-%x-%02x", t.TraceID, t.SpanID, t.Flags)
}

const traceparentLength = 55

// ParseTraceparent reads what String writes.
func ParseTraceparent(text string) (t TraceContext, err error) {
	wrong := status.Errorf(status.BadValue, "%q is no traceparent: 00-TRACE-SPAN-FLAGS in hexadecimal", text)
	if len(text) != traceparentLength || text[:3] != "00-" || text[35] != '-' || text[52] != '-' {
		return t, wrong
	}
	b, err := hex.DecodeString(text[3:35] + text[36:52] + text[53:])
	if err != nil {
		return t, wrong
	}
	t.Flags = b[copy(t.TraceID[:], b)+copy(t.SpanID[:], b[16:])]
	if t.TraceID == [16]byte{} || t.SpanID == [8]byte{} {
		return TraceContext{}, wrong
	}
	return t, nil
}

func (t TraceContext) note() Note {
	be := binary.BigEndian
	return Note{Kind: NoteTrace, Flags: t.Flags, Words: [3]uint64{be.Uint64(t.TraceID[:]), be.Uint64(t.TraceID[8:]), be.Uint64(t.SpanID[:])}}
}

func traceOf(n Note) TraceContext {
	t := TraceContext{Flags: n.Flags}
	be := binary.BigEndian
	be.PutUint64(t.TraceID[:], n.Words[0])
	be.PutUint64(t.TraceID[8:], n.Words[1])
	be.PutUint64(t.SpanID[:], n.Words[2])
	return t
}
