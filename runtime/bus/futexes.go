package bus

import (
	"os"
	"time"

	"ubinder/runtime/internal/shm"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
)

var futexes wait.Parker = wait.Futex{}

var errDeadline = os.ErrDeadlineExceeded

var past = time.Unix(1, 0)

func regionOf(m sys.Memory) shm.Region { return shm.Of(m.Bytes()) }
