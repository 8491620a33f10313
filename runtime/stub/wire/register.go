package wire

import (
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// codecs are those of one file.
type codecs struct {
	source   string // the .proto file
	checksum uint64
	messages []Message
}

// unchecked are the codecs that were registered and not yet compared with their messages.
var unchecked struct {
	sync.Mutex
	number atomic.Int32 // of list
	list   []codecs
}

// Register tells of the codecs of a .proto file: of which messages, and what Checksum said of those when the
// codecs were generated. That is compared later, as the init function that calls this runs before that of the messages.
func Register(source string, checksum uint64, messages ...Message) {
	unchecked.Lock()
	defer unchecked.Unlock()
	unchecked.list = append(unchecked.list, codecs{source, checksum, messages})
	unchecked.number.Add(1)
}

// Check panics if codecs were registered that are not of the messages that they are methods of: such would leave
// out fields without a word; or if those may hold others, of whatever file, that no codec may hold any more. It does so once
// for each, and after that looks at one number. A file takes ten to a hundred microseconds, most of them for package proto to
// read its descriptor, and those of what it imports.
func Check() {
	if unchecked.number.Load() > 0 {
		check()
	}
}

func check() {
	unchecked.Lock()
	defer unchecked.Unlock()
	var left []codecs
	for _, c := range unchecked.list {
		linked := c.linked()
		if linked == nil {
			left = append(left, c)
			continue
		}
		if Checksum(linked...) != c.checksum {
			panic("ubinder: the codecs of " + c.source + " (in the .codec.go file) were generated from another version of it than its messages (in the .pb.go file)," +
				" and would leave out fields; generate both anew (ubinder gen), or delete the .codec.go file")
		}
		for _, m := range Within(linked...) {
			if Partial(m) {
				panic("ubinder: the codecs of " + c.source + " (in the .codec.go file) were generated before " + string(m.FullName()) + ", which its messages may hold, had required fields or extensions," +
					" and would not see what is missing; generate them anew (ubinder gen), or delete the .codec.go file")
			}
		}
	}
	unchecked.list = left
	unchecked.number.Store(int32(len(left)))
}

// linked returns the messages as the program has them; nil if they have not been initialized.
func (c *codecs) linked() (all []protoreflect.MessageDescriptor) {
	defer func() {
		if recover() != nil { // before its init function has run, a message panics when it is asked
			all = nil
		}
	}()
	for _, m := range c.messages {
		all = append(all, m.ProtoReflect().Descriptor())
	}
	return all
}
