package wire

// Source says which fields of a message may point into the bytes that it is parsed from, instead of having copies
// of their own. A nil Source stands for none. One parse uses it at a time.
//
// A field ends where its bytes do: what is appended to it is written elsewhere.
type Source struct {
	Least int  // bytes fields that are as long as this, and not empty, point into the source
	Kept  bool // some do
}

// Bytes is the value of a bytes field; nil for an empty one.
func (s *Source) Bytes(v []byte) []byte {
	if s != nil && len(v) >= s.Least && len(v) > 0 {
		s.Kept = true
		return v[:len(v):len(v)]
	}
	if len(v) == 0 {
		return nil
	}
	b := make([]byte, len(v))
	copy(b, v)
	return b
}

// Present is Bytes of a field that is not nil when it is empty.
func (s *Source) Present(v []byte) []byte {
	if b := s.Bytes(v); b != nil {
		return b
	}
	return []byte{}
}
