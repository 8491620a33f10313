package bus

import (
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/ring"
)

// Layout of an outbox's memory, in bytes. The owner of the outbox writes all of it and the
// peer maps it read-only; "mine" and "yours" are as the owner sees it.
//
//	offset  size  content
//	0x000   32    header: magic, version, ring size, message credit, callers, segment size
//	0x020   8     frozen: whether I take sync calls, and up to which position; see FrozenFrom
//	0x028   4     watch: I want to be told when your frozen word changes
//	0x02c   4     refused: how many sync calls I kept back because you are frozen
//	0x040   8     tail: position behind the last descriptor that I published
//	0x080   8     drained: position behind the last descriptor of yours that I took
//	0x0c0   8     acks: how many acknowledgements I published
//	0x100   8     room: the number of your acknowledgements at which I want the room bell
//	0x140   120   armed: how my loopers (16), my poller, my wait for room, my wait for your draining
//	              (and 11 spare) wait
//	0x1b8   8     attended: the node whose oneway calls I handle, and will look for; 0: none
//	0x1c0   512   armed: how my callers (128) wait
//	0x3c0   2048  acknowledgement ring: numbers of your slots that I have freed, 512 words
//	0xbc0   32768 descriptor ring, 512 descriptors; the first lie on the first page, so that a lane with
//	              few messages touches no second one
//	0x8bc0  8     progress: how much of the payload of my last KindFilling is written; see Link.Filled
//	0x8c00  4     following: 1 while I copy a payload of yours as it is written, after which I look at the lane
//	0x9000        segment: the slots
//
// Each group that one side writes often has cache lines of its own; what else lies on the header's is
// written when somebody is frozen.
const (
	offHeader      = 0x000
	offFrozen      = 0x020
	offWatch       = 0x028
	offRefused     = 0x02c
	offTail        = 0x040
	offDrained     = 0x080
	offAcks        = 0x0c0
	offRoom        = 0x100
	offArmed       = 0x140
	offAttended    = 0x1b8
	offCallerArmed = 0x1c0
	offAckRing     = 0x3c0
	offRing        = 0xbc0
	offProgress    = 0x8bc0
	offFollowing   = 0x8c00

	ringSize    = 512
	ackRingSize = 512
	headerSize  = (offRing + ringSize*ring.Size + 0xfff) &^ 0xfff
)

// Layout of the bells, which are memory of their own, that both sides write: a thread that sleeps on a word that it
// may only read costs the kernel a thousand instructions more, for it first tries whether it may write. The first half
// has the words that its maker rings, the second those of the other.
//
//	offset  size  content of a half
//	0x000   128   bell: of loopers, poller, room, take
//	0x080   512   bell: of callers
const (
	offBell       = 0x000
	offCallerBell = 0x080

	bellsSize = 0x1000
)

// Credits. Their sum is the ring's size, so that whoever has credit has room.
const (
	messageCredit = 192 // messages that the peer has not freed
	callerCredit  = 128 // calls that wait for a reply
	verdictCredit = 64  // claims that wait for a verdict
	controlCredit = ringSize - messageCredit - callerCredit - verdictCredit
)

// Callers is how many calls one process can have under way on one lane.
const Callers = callerCredit

// Claims is how many claims one process can have without a verdict on one lane.
const Claims = verdictCredit

// Loopers is how many loopers can sleep on a lane, each with a bell of its own.
const Loopers = 16

const (
	bellPoll = Loopers     // index of the poller's pair
	bellRoom = Loopers + 1 // index of the pair for slots and message credit
	bellTake = Loopers + 2 // index of the pair for control credit
)

const (
	outboxMagic = 0x6c616e65646e6275 // "ubndenal"
	// Version is the protocol's version; both ends of a lane and the broker speak the same.
	Version = brokerwire.Version
)

// The header, written once before the outbox is passed.
const (
	offMagic       = offHeader + 0
	offVersion     = offHeader + 8
	offRingSize    = offHeader + 12
	offCredit      = offHeader + 16
	offCallers     = offHeader + 20
	offSegmentSize = offHeader + 24
)

// Limits of messages.
const (
	SegmentSize = 8 << 20         // slot area of an outbox; touched as it is used
	MaxMessage  = SegmentSize / 4 // payload and entries in a slot; larger payloads travel as bulk memory
	// CallBytes is what calls may take of the slots. The rest is for replies: a call whose handler
	// calls back would else wait for room that only its own end can make.
	CallBytes = SegmentSize / 4 * 3

	MaxAttached      = 256                  // objects, files and notes that go with a payload
	MaxAttachedFiles = 128                  // files among them
	MaxEntries       = MaxAttached + 1      // of one message: a payload that travels as bulk memory is one
	MaxFiles         = MaxAttachedFiles + 1 // of one message, likewise
	EntrySize        = 32
)
