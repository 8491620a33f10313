package object

// chains finds the calls that wait for replies by their chain's token. It is a hash table whose
// entries are linked through the calls themselves: tokens are random. Guarded by Transport.mu.
type chains struct {
	buckets [64]*pending
	count   int
}

func (s *chains) bucket(token uint64) **pending { return &s.buckets[token%uint64(len(s.buckets))] }

// innermost returns the call of a chain that began last; nil when none waits.
func (s *chains) innermost(token uint64) *pending {
	for p := *s.bucket(token); p != nil; p = p.next {
		if p.token == token {
			return p
		}
	}
	return nil
}

func (s *chains) enter(p *pending) {
	b := s.bucket(p.token)
	p.next = *b
	*b = p
	s.count++
}

func (s *chains) leave(p *pending) {
	for at := s.bucket(p.token); *at != nil; at = &(*at).next {
		if *at == p {
			*at = p.next
			p.next = nil
			s.count--
			return
		}
	}
}
