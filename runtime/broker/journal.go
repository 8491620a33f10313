package broker

import "sync"

// journal hands lines to a log, on a goroutine of its own while there are any: nobody waits for a log that blocks.
type journal struct {
	log     func(format string, args ...any) // nil: nobody wants them
	running *running

	mu      sync.Mutex
	lines   []line
	lost    int  // since the last that was kept
	writing bool // that goroutine runs
}

type line struct {
	format string
	args   []any // none changes any more
}

// maxLines is how many wait for the log; what comes then is lost.
const maxLines = 1024

func (j *journal) put(format string, args ...any) {
	if j.log == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.lines) == maxLines {
		j.lost++
		return
	}
	j.lines = append(j.lines, line{format, args})
	if !j.writing {
		j.writing = true
		j.running.run(j.routineLog)
	}
}

func (j *journal) routineLog() {
	for {
		lines, lost := j.take()
		if len(lines) == 0 {
			return
		}
		for _, l := range lines {
			j.log(l.format, l.args...)
		}
		if lost > 0 {
			j.log("%d lines were lost here: they came faster than this log takes them", lost)
		}
	}
}

// take returns all that waits, and how many were lost behind it; without any the goroutine is to end.
func (j *journal) take() (lines []line, lost int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines, lost = j.lines, j.lost
	j.lines, j.lost, j.writing = nil, 0, len(lines) > 0
	return lines, lost
}
