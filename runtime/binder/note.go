package binder

// Note is what a call carries beside its message, from one runtime to the other: package object makes an
// entry of it. A receiver ignores kinds that it does not know.
type Note struct {
	Kind  NoteKind
	Flags uint8
	Words [3]uint64
}

// NoteKind says what a note is about. The values are the wire's.
type NoteKind uint8

// The kinds.
const (
	NoteWorkSource NoteKind = 1 // first word: the user that the work is done for
	NoteTrace      NoteKind = 2 // words: trace id, upper and lower half, and span id
)

// AddNote notes what came with a call. It is for transports.
func (c *IncomingCall) AddNote(n Note) { c.notes = append(c.notes, n) }

// notes returns what a call made in the scope takes along.
func (s *scope) notes() []Note {
	var list []Note
	if s.work.propagated {
		list = append(list, Note{Kind: NoteWorkSource, Words: [3]uint64{uint64(s.work.uid)}})
	}
	if s.traced {
		list = append(list, s.trace.note())
	}
	return list
}

// take fills the scope of a handler with what came with its call.
func (s *scope) take(list []Note) {
	for _, n := range list {
		switch n.Kind {
		case NoteWorkSource:
			s.work = workSource{uid: uint32(n.Words[0]), set: true}
		case NoteTrace:
			s.trace, s.traced = traceOf(n), true
			scoped.Store(true) // the handler's calls carry it on
		}
	}
}
