package object

import (
	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
)

// scratch is memory in which a small body is encoded, which is then posted in one step: to copy it once
// more takes less than to lock the outbox twice, for a slot before it is encoded and to post it.
type scratch struct{ bytes []byte }

const scratchSize = 1024

// small returns the payload, of size bytes, of a message so plain that it is posted in one step, and whether it
// is; it is valid until the next call. A secret stays out of memory that nobody wipes.
func (s *scratch) small(data *binder.Data, d *bus.Descriptor, size int) (payload []byte, ok bool, err error) {
	if len(data.Attachments)+len(data.Notes) > 0 {
		return nil, false, nil
	}
	payload = data.Payload
	if data.Body != nil {
		if size > scratchSize || d.Flags&bus.FlagClearBuf != 0 {
			return nil, false, nil
		}
		if s.bytes == nil {
			s.bytes = make([]byte, scratchSize)
		}
		n, err := appendBody(s.bytes[:0:size], data.Body)
		if err != nil {
			return nil, false, err
		}
		payload = s.bytes[:n]
	}
	d.Encoding = uint8(data.Encoding)
	return payload, len(payload) <= bus.SmallPayload, nil
}
