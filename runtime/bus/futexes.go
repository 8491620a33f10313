package bus

import (
	"os"
	"time"
)

var errDeadline = os.ErrDeadlineExceeded

var past = time.Unix(1, 0)
