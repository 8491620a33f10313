package object

import (
	"sync"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/copying"
)

// smallestFollowed is from which size on the peer is told of a payload while it is written, so that it can copy it
// meanwhile. Of what is smaller the copies take less than it costs to read memory that is in another CPU's cache;
// bench/README.md has the measurement. A test sets it.
var smallestFollowed = 768 << 10

// filling is a payload that is being written to a slot, of which the peer is told meanwhile, if that may pay and no other
// is written so. It is told when the first large piece is about to be written: of a payload that has none it would wait
// for more in vain.
type filling struct {
	lane  *lane
	slot  bus.Slot
	desc  *bus.Descriptor
	size  int
	asked bool // whether the peer can be told
	told  bool
}

var fillings = sync.Pool{New: func() any { return new(filling) }}

// mayTell reports whether the peer may be told of d's payload, of so many bytes, while that is written. On one CPU neither
// side gains by it.
func (l *lane) mayTell(d *bus.Descriptor, size int) bool {
	return size >= smallestFollowed && l.t.spinning.most > 0 && d.Flags&(bus.FlagClearBuf|bus.FlagOneway) == 0
}

// beginFilling has the peer told of what is appended to the slot, size bytes in all, until ended.
func (l *lane) beginFilling(slot bus.Slot, d *bus.Descriptor, size int) *filling {
	f := fillings.Get().(*filling)
	*f = filling{lane: l, slot: slot, desc: d, size: size}
	copying.Watch(slot.Bytes, f)
	return f
}

// Written implements copying.Watcher.
func (f *filling) Written(n int) {
	if !f.asked {
		f.asked, f.told = true, f.tell()
	}
	if f.told {
		f.lane.link.Filled(n)
	}
}

func (f *filling) tell() bool {
	l, d := f.lane, f.desc
	if !l.link.BeginFilling(&f.slot, d, f.size) {
		return false
	}
	if d.Kind == bus.KindReply {
		l.ringReply(d.Index)
	} else {
		l.link.RingLooper()
	}
	return true
}

// ended tells that n bytes were written in all, what is small behind the last large piece included; n is 0 when that has
// failed. It returns the slot, to be posted or abandoned.
func (f *filling) ended(n int) bus.Slot {
	copying.Unwatch(f.slot.Bytes)
	if f.told && n == f.size {
		f.lane.link.Filled(n)
	}
	slot := f.slot
	*f = filling{}
	fillings.Put(f)
	return slot
}
