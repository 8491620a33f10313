package run

import "time"

// way is how the clients of a team call in a slice. What is 0 is all that there is.
type way struct {
	clients int
	conc    int     // goroutines in each client
	servers int     // that are called in turn
	share   float64 // of the time
}

// callers is the goroutines of all clients.
func (w way) callers() int { return w.clients * w.conc }

// of is its share of d.
func (w way) of(d time.Duration) time.Duration {
	if w.share == 0 {
		return d
	}
	return time.Duration(w.share * float64(d))
}

// onesShare is the part of a result's time in which it is measured what it is compared with.
const onesShare = 1.0 / 3

// ways are how the clients call in the cell: those that are results, and those that these are compared with.
func (c cell) ways() (many, ones []way) {
	fan := c.c.Fan
	if fan == nil {
		return []way{{}}, nil
	}
	env := c.env()
	for _, conc := range fan.Many {
		many = append(many, way{env.Clients, conc, env.Servers, 1 - onesShare})
	}
	for _, conc := range fan.One {
		ones = append(ones, way{1, conc, 1, onesShare * float64(len(fan.Many)) / float64(len(fan.One))})
	}
	return many, ones
}

const (
	minFanRounds = 2
	// fanSliceTarget is longer than other slices: to start the processes of a round takes as long as that.
	fanSliceTarget = 600 * time.Millisecond
)

// fanSchedule splits d.
func fanSchedule(d time.Duration) schedule {
	rounds := max(minFanRounds, int(d/fanSliceTarget))
	slice := d / time.Duration(rounds)
	return schedule{rounds: rounds, leadIn: slice / 10, slice: slice}
}
