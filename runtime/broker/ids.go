package broker

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/status"
)

// idSource gives process ids that are never used again, not by a later broker of the same bus
// either: it writes down where the next block begins before it gives out one of this block.
type idSource struct {
	mu       sync.Mutex
	path     string
	id, last uint64
}

const idBlock = 1 << 16

func openIDs(path string) (*idSource, error) {
	s := &idSource{path: path}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, status.Errorf(status.BadValue, "the bus's counter of process ids: %w", err)
	}
	if err == nil {
		if s.id, err = strconv.ParseUint(strings.TrimSpace(string(b)), 10, 63); err != nil {
			return nil, status.Errorf(status.BadValue, "the bus's counter of process ids, %s, is damaged; remove it when no process of the bus runs: %w", path, err)
		}
	}
	s.last = s.id
	return s, nil
}

func (s *idSource) next() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == s.last {
		if err := s.save(s.last + idBlock); err != nil {
			return 0, status.Errorf(status.Internal, "the bus's counter of process ids: %w", err)
		}
		s.last += idBlock
	}
	s.id++
	return s.id, nil
}

func (s *idSource) save(v uint64) error {
	temporary := s.path + ".new"
	if err := os.WriteFile(temporary, []byte(strconv.FormatUint(v, 10)+"\n"), 0o600); err != nil {
		return err
	}
	killpoint.At("broker: ids written")
	return os.Rename(temporary, s.path)
}
