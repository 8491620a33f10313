// Package ring is the descriptor ring of an outbox: fixed-size descriptors that one process writes
// in order and one other reads, each once.
package ring

// Size is the size of a descriptor in bytes.
const Size = 64

// Descriptor is one message, or the head of one, as it lies in the ring. Numbers are in the
// machine's byte order: both ends run on it. PROTOCOL.md says what each field means for each kind.
type Descriptor struct {
	Kind      uint8  // 0
	Encoding  uint8  // 1
	Flags     uint16 // 2
	Code      uint32 // 4
	Node      uint64 // 8
	By        uint64 // 16
	Chain     uint64 // 24
	Offset    uint32 // 32  of the slot in its segment, in units of 64 bytes
	Length    uint32 // 36  payload bytes
	Slot      uint32 // 40  number to acknowledge
	Entries   uint16 // 44  entries behind the payload
	Files     uint16 // 46  descriptors sent over the socket for this position
	Index     uint32 // 48
	Interface uint32 // 52
	Timeout   uint64 // 56  nanoseconds; zero: none
}
