// Package record writes transactions to a file, reads them, and makes them again.
//
// # The file
//
// Numbers are little endian. A file begins with 16 bytes: "ubrecord", the version of the format (4
// bytes: 1), and 4 that are zero. Records follow: the length of the body (4 bytes, at most 2 GiB and 16 MiB),
// the CRC-32C of the body (4), and the body. A file may end in the middle of a record: who wrote it
// was cut short. A body is
//
//	8  time when the call began, nanoseconds since 1970
//	8  how long it took, nanoseconds
//	8  process id of the caller, on the bus
//	8  node
//	4  OS process id of the caller
//	4  user id of the caller
//	4  code
//	4  flags
//	4  interface id
//	4  status, 0 or a code of package status
//	4  the service's own error number
//	1  side: 0 handled, 1 made
//	1  encoding of the payload
//	1  encoding of the reply
//	1  zero
//
// and, each with its length in 4 bytes before it: the descriptor of the node's interface, the payload,
// the reply, the text of the error; then twice, for payload and reply, the number of attachments (4)
// and for each its kind (1: 0 null, 1 object, 2 file), weak (1), zero (2) and field (4). What node and
// descriptor are of a call that was made is not known: they are 0 and empty.
package record

import (
	"encoding/binary"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Side says where a transaction was recorded.
type Side uint8

// The sides.
const (
	Handled Side = 0 // by the node that was called
	Made    Side = 1 // by the process that called
)

// Kind says what an attachment was.
type Kind uint8

// The kinds.
const (
	Null   Kind = 0 // a null object
	Object Kind = 1
	File   Kind = 2
)

// Attachment is the place of an object or a file that was passed. The thing itself is not recorded.
type Attachment struct {
	Kind  Kind
	Weak  bool
	Field uint32
}

// Transaction is one recorded call.
type Transaction struct {
	Time       time.Time // when it began
	Took       time.Duration
	Side       Side
	Caller     binder.Identity // without groups and label
	Node       uint64
	Descriptor string // of the node's interface
	Interface  uint32 // what the caller believed it called
	Code       uint32
	Flags      binder.Flags
	Encoding   binder.Encoding
	Payload    []byte
	Passed     []Attachment

	Status        status.Code
	Service       int32  // the service's own error number
	Error         string // its text
	ReplyEncoding binder.Encoding
	Reply         []byte
	Returned      []Attachment
}

// Oneway reports whether nobody waited for a reply.
func (t *Transaction) Oneway() bool { return t.Flags&binder.Oneway != 0 }

const fixedSize = 64

func (t *Transaction) appendTo(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, uint64(t.Time.UnixNano()))
	b = le.AppendUint64(b, uint64(t.Took))
	b = le.AppendUint64(b, uint64(t.Caller.Process))
	b = le.AppendUint64(b, t.Node)
	for _, n := range []uint32{uint32(t.Caller.PID), t.Caller.UID, t.Code, uint32(t.Flags), t.Interface, uint32(t.Status), uint32(t.Service)} {
		b = le.AppendUint32(b, n)
	}
	b = append(b, byte(t.Side), byte(t.Encoding), byte(t.ReplyEncoding), 0)
	for _, text := range [][]byte{[]byte(t.Descriptor), t.Payload, t.Reply, []byte(t.Error)} {
		b = append(le.AppendUint32(b, uint32(len(text))), text...)
	}
	for _, list := range [][]Attachment{t.Passed, t.Returned} {
		b = le.AppendUint32(b, uint32(len(list)))
		for _, a := range list {
			weak := byte(0)
			if a.Weak {
				weak = 1
			}
			b = le.AppendUint32(append(b, byte(a.Kind), weak, 0, 0), a.Field)
		}
	}
	return b
}

var errCutShort = status.Errorf(status.Encoding, "a record is shorter than what is in it")

// parse reads a body; what it returns points into b.
func parse(b []byte) (*Transaction, error) {
	if len(b) < fixedSize {
		return nil, errCutShort
	}
	le := binary.LittleEndian
	word := func(at int) uint32 { return le.Uint32(b[at:]) }
	t := &Transaction{
		Time: time.Unix(0, int64(le.Uint64(b))), Took: time.Duration(le.Uint64(b[8:])), Node: le.Uint64(b[24:]),
		Caller: binder.Identity{Process: binder.ProcessID(le.Uint64(b[16:])), PID: int32(word(32)), UID: word(36)},
		Code:   word(40), Flags: binder.Flags(word(44)), Interface: word(48), Status: status.Code(word(52)), Service: int32(word(56)),
		Side: Side(b[60]), Encoding: binder.Encoding(b[61]), ReplyEncoding: binder.Encoding(b[62]),
	}
	c := cursor{rest: b[fixedSize:]}
	t.Descriptor, t.Payload, t.Reply, t.Error = string(c.bytes()), c.bytes(), c.bytes(), string(c.bytes())
	t.Passed, t.Returned = c.attachments(), c.attachments()
	switch {
	case c.short:
		return nil, errCutShort
	case len(c.rest) > 0:
		return nil, status.Errorf(status.Encoding, "a record is %d bytes longer than what is in it", len(c.rest))
	}
	return t, nil
}

// cursor takes parts off a body; after one that is not there it gives nothing.
type cursor struct {
	rest  []byte
	short bool
}

func (c *cursor) take(n uint64) []byte {
	if c.short || n > uint64(len(c.rest)) {
		c.short = true
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) number() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) bytes() []byte { return c.take(uint64(c.number())) }

const attachmentSize = 8

func (c *cursor) attachments() []Attachment {
	b := c.take(uint64(c.number()) * attachmentSize)
	var list []Attachment
	for ; len(b) > 0; b = b[attachmentSize:] {
		list = append(list, Attachment{Kind: Kind(b[0]), Weak: b[1] != 0, Field: binary.LittleEndian.Uint32(b[4:])})
	}
	return list
}
