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
		}
		t.Repeat(actions)
		for _, s := range sides {
			s.empty(t)
		}
	})
}

func (s *side) inUse() (all []sent) {
	return append(append(append(all, s.reserved...), s.posted...), s.taken...)
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
		require.Nil(t, s.receiver.Do(Op{Do: Drained}).Err)
		return
	}
	m := s.posted[0]
	s.posted = s.posted[1:]
	require.Equal(t, m.pos, r.Position)
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
