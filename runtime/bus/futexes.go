package bus

import (
	"os"
	"time"

	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
)

var errDeadline = os.ErrDeadlineExceeded

var past = time.Unix(1, 0)

func regionOf(m sys.Memory) shm.Region { return shm.Of(m.Bytes()) }
