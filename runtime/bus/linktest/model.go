package linktest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/runtime/bus"
	"ubinder/runtime/status"
)

// side is what the model knows of what one end sends.
type side struct {
	sender, receiver actor
	reserved         []sent
	posted           []sent // not taken
	taken            []sent // not freed
	controls         int    // posted, and not told to be taken
	untold           int    // of those, taken
}

type sent struct {
	slot   int
	class  bus.Class
	size   int
	seed   uint64
	pos    uint64
	offset int
}

// undated hides the deadline of a test, which cannot be asked for in a bubble of synctest.
type undated struct{ testing.TB }

// modelled runs random interleavings on both ends of one link; each leaves it empty for the next.
func modelled(t *testing.T, a, b actor) {
	sides := []*side{{sender: a, receiver: b}, {sender: b, receiver: a}}
	seed := uint64(0)
	rapid.Check(undated{t}, func(t *rapid.T) {
		actions := make(map[string]func(*rapid.T))
		for i, s := range sides {
			actions[fmt.Sprint("reserve ", i)] = func(t *rapid.T) { seed++; s.reserve(t, seed) }
			actions[fmt.Sprint("post ", i)] = s.post
			actions[fmt.Sprint("abandon ", i)] = s.abandon
			actions[fmt.Sprint("take ", i)] = s.take
			actions[fmt.Sprint("free ", i)] = s.free
			actions[fmt.Sprint("control ", i)] = s.control
			actions[fmt.Sprint("tell ", i)] = s.tell
		}
		t.Repeat(actions)
		for _, s := range sides {
			s.empty(t)
		}
	})
}

func (s *side) inUse() (all []sent) {
	for _, m := range s.posted {
		if m.class != bus.ClassControl {
			all = append(all, m)
		}
	}
	return append(append(all, s.reserved...), s.taken...)
}

// maxControls is the credit for control messages.
const maxControls = 128

// control posts a few control messages at once, up to and beyond their credit.
func (s *side) control(t *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(t, "controls")
	if rapid.IntRange(0, 7).Draw(t, "many") == 7 {
		n = maxControls
	}
	for range n {
		r := s.sender.Do(Op{Do: Control, Message: Message{Kind: bus.KindDrop}})
		if s.controls == maxControls {
			require.NotNil(t, r.Err, "more control messages than there is credit")
			require.Equal(t, status.Full, r.Err.Code, r.Err.Message)
			return
		}
		require.Nil(t, r.Err)
		s.controls++
		s.posted = append(s.posted, sent{class: bus.ClassControl, pos: r.Position})
	}
}

// tell tells the sender how far its messages were taken.
func (s *side) tell(t *rapid.T) {
	require.Nil(t, s.receiver.Do(Op{Do: Drained}).Err)
	s.controls -= s.untold
	s.untold = 0
}

func (s *side) reserve(t *rapid.T, seed uint64) {
	class := rapid.SampledFrom([]bus.Class{bus.ClassCall, bus.ClassOneway, bus.ClassReply}).Draw(t, "class")
	size := rapid.IntRange(0, 300).Draw(t, "size")
	if rapid.IntRange(0, 15).Draw(t, "large") == 15 {
		size = bus.MaxMessage - size
	}
	if class == bus.ClassReply && s.count(class) >= bus.Callers {
		return // the caller reserved no more
	}
	r := s.sender.Do(Op{Do: Reserve, Class: class, Size: size, Seed: seed})
	if r.Err != nil {
		require.Equal(t, status.Full, r.Err.Code, r.Err.Message)
		require.NotEmpty(t, s.inUse(), "full when nothing is under way: %s", r.Err.Message)
		return
	}
	s.reserved = append(s.reserved, sent{slot: r.Slot, class: class, size: size, seed: seed})
	require.LessOrEqual(t, s.bytes(), bus.SegmentSize)
	require.LessOrEqual(t, s.count(bus.ClassCall)+s.count(bus.ClassOneway), 192)
	require.LessOrEqual(t, s.count(bus.ClassOneway), 96)
}

func (s *side) count(c bus.Class) (n int) {
	for _, m := range s.inUse() {
		if m.class == c {
			n++
		}
	}
	return n
}

func (s *side) bytes() (n int) {
	for _, m := range s.inUse() {
		n += m.size
	}
	return n
}

// pick removes one of list.
func pick(t *rapid.T, list *[]sent) (sent, bool) {
	if len(*list) == 0 {
		return sent{}, false
	}
	i := rapid.IntRange(0, len(*list)-1).Draw(t, "which")
	m := (*list)[i]
	*list = append(append([]sent(nil), (*list)[:i]...), (*list)[i+1:]...)
	return m, true
}

func (s *side) post(t *rapid.T) {
	m, ok := pick(t, &s.reserved)
	if !ok {
		return
	}
	msg := Message{Kind: bus.KindCall}
	switch m.class {
	case bus.ClassOneway:
		msg.Flags = bus.FlagOneway
	case bus.ClassReply:
		msg.Kind = bus.KindReply
	}
	r := s.sender.Do(Op{Do: Post, Slot: m.slot, Message: msg})
	require.Nil(t, r.Err)
	m.pos, m.offset = r.Position, r.Offset
	for _, other := range append(append([]sent(nil), s.posted...), s.taken...) {
		apart := m.offset+m.size <= other.offset || other.offset+other.size <= m.offset
		require.True(t, apart, "a slot was handed out twice")
	}
	s.posted = append(s.posted, m)
}

func (s *side) abandon(t *rapid.T) {
	if m, ok := pick(t, &s.reserved); ok {
		require.Nil(t, s.sender.Do(Op{Do: Abandon, Slot: m.slot}).Err)
	}
}

func (s *side) take(t *rapid.T) {
	r := s.receiver.Do(Op{Do: Poll})
	require.Nil(t, r.Err)
	require.Equal(t, len(s.posted) > 0, r.OK)
	if !r.OK {
		s.tell(t)
		return
	}
	m := s.posted[0]
	s.posted = s.posted[1:]
	require.Equal(t, m.pos, r.Position)
	if m.class == bus.ClassControl {
		s.untold++
		return
	}
	s.taken = append(s.taken, m)
}

func (s *side) free(t *rapid.T) {
	m, ok := pick(t, &s.taken)
	if !ok {
		return
	}
	r := s.receiver.Do(Op{Do: Take, Position: m.pos})
	require.Nil(t, r.Err)
	require.True(t, string(Pattern(m.seed, m.size)) == string(r.Message.Payload), "the slot was overwritten")
	require.Nil(t, s.receiver.Do(Op{Do: Free, Position: m.pos}).Err)
}

func (s *side) empty(t *rapid.T) {
	for len(s.reserved) > 0 {
		s.abandon(t)
	}
	for len(s.posted) > 0 {
		s.take(t)
	}
	for len(s.taken) > 0 {
		s.free(t)
	}
	s.take(t)
	for _, class := range []bus.Class{bus.ClassCall, bus.ClassOneway} {
		r := s.sender.Do(Op{Do: Reserve, Class: class, Size: bus.MaxMessage})
		require.Nil(t, r.Err, "all room has come back")
		require.Nil(t, s.sender.Do(Op{Do: Abandon, Slot: r.Slot}).Err)
	}
}
