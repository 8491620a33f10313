package object

import (
	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
)

// smallestFollowed is from which size on the peer is told of a payload while it is written, so that it can copy it
// meanwhile. Of what is smaller the copies take less than it costs to read memory that is in another CPU's cache;
// bench/README.md has the measurement. A test sets it.
var smallestFollowed = 768 << 10

// filledPiece is small enough for who copies it onwards on another CPU not to wait for long, and to find it in a cache.
const filledPiece = 64 << 10

// writeTold writes the payload of d to a slot and tells the peer how far it is, if that may pay and no other is written so.
// It reports whether it has written it. What its receiver may keep is cold memory there, and better not followed.
func (l *lane) writeTold(slot *bus.Slot, payload []byte, d *bus.Descriptor) bool {
	if d.Encoding == uint8(binder.Protobuf) || d.Flags&(bus.FlagClearBuf|bus.FlagOneway) != 0 || l.t.spinning.most == 0 || !l.link.BeginFilling(slot, d, len(payload)) {
		return false
	}
	if d.Kind == bus.KindReply {
		l.ringReply(d.Index)
	} else {
		l.link.RingLooper()
	}
	for n := 0; n < len(payload); {
		n += copy(slot.Bytes[n:], payload[n:min(n+filledPiece, len(payload))])
		l.link.Filled(n)
	}
	return true
}
