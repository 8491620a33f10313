package object

import (
	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
)

// scratch is memory in which a small body is encoded, which is then posted in one step: to copy it once
// more takes less than to lock the outbox twice, for a slot before it is encoded and to post it.
type scratch struct{ bytes []byte }

const scratchSize = 1024

// small returns the payload of a message so plain that it is posted in one step, and whether it is, and how long the
// payload is in any case; it is valid until the next call. A secret stays out of memory that nobody wipes.
func (s *scratch) small(data *binder.Data, d *bus.Descriptor) (payload []byte, size int, ok bool, err error) {
	if data.Body != nil {
		return s.encode(data, d)
	}
	d.Encoding = uint8(data.Encoding)
	size = len(data.Payload)
	return data.Payload, size, size <= bus.SmallPayload && len(data.Attachments)|len(data.Notes) == 0, nil
}

// encode is small for a body.
func (s *scratch) encode(data *binder.Data, d *bus.Descriptor) (payload []byte, size int, ok bool, err error) {
	size = data.Body.Size()
	if size > scratchSize || d.Flags&bus.FlagClearBuf != 0 || len(data.Attachments)|len(data.Notes) != 0 {
		return nil, size, false, nil
	}
	if s.bytes == nil {
		s.bytes = make([]byte, scratchSize)
	}
	n, err := appendBody(s.bytes[:0:size], data.Body)
	if err != nil {
		return nil, size, false, err
	}
	d.Encoding = uint8(data.Encoding)
	return s.bytes[:n], n, true, nil
}
