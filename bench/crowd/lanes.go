package crowd

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// BesideLanes are the calls of two processes while others have lanes to one of them, or both.
type BesideLanes struct {
	Alone Times `json:"alone"` // no other lane but to the hub
	Idle  Times `json:"idle"`  // the others have carried a call when they were made
	Used  Times `json:"used"`  // each of the others has carried a call since the last thousand of these
}

// besideLanes compares calls without and with r.Size other lanes, each to a process of the operating system of its
// own, in turns.
func (r *ScaleResult) besideLanes(ctx context.Context, o Options) error {
	var err error
	if r.LaneProcesses, err = processesFor(r.Size); err != nil {
		return err
	}
	p, err := newPair(ctx, o, r.LaneProcesses)
	if err != nil {
		return err
	}
	defer p.stop()
	for _, at := range []struct {
		name string
		of   []int
		into *BesideLanes
	}{
		{"the server", []int{atServer}, &r.ServerLanes},
		{"the client", []int{atClient}, &r.ClientLanes},
		{"both", []int{atServer, atClient}, &r.BothLanes},
	} {
		var alone, idle, used []turn
		for round := range turnRounds {
			o.Progress(fmt.Sprintf("scale, %d processes: calls beside lanes of %s, round %d of %d", r.Size, at.name, round+1, turnRounds))
			t, err := p.turnsBesideLanes(ctx, r.Size, at.of)
			if err != nil {
				return err
			}
			alone, idle, used = append(alone, t[0]), append(idle, t[1]), append(used, t[2])
		}
		*at.into = BesideLanes{compareTurns(alone, alone), compareTurns(idle, alone), compareTurns(used, alone)}
	}
	return nil
}

// memoryOfOne is more than an idle process takes, with a lane, page tables and threads.
const memoryOfOne = 8 << 20

// processesFor is how many processes of the operating system n connections are spread over: as many, if there is memory
// for them.
func processesFor(n int) (int, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, err
	}
	free := uint64(info.Freeram+info.Bufferram) * uint64(info.Unit)
	return max(1, min(n, int(free/memoryOfOne))), nil
}

// turnsBesideLanes measures calls alone, beside idle lanes and beside such as are used.
func (p *pair) turnsBesideLanes(ctx context.Context, lanes int, of []int) (t [3]turn, err error) {
	if t[0], err = p.take(ctx, nil); err != nil {
		return t, err
	}
	if _, err = each(ctx, p.others, func(i int) order { return order{Do: doVisit, N: share(lanes, len(p.others), i), Of: of} }); err != nil {
		return t, err
	}
	if t[1], err = p.take(ctx, nil); err != nil {
		return t, err
	}
	if t[2], err = p.take(ctx, func() error { return p.useLanes(ctx, of) }); err != nil {
		return t, err
	}
	if _, err = each(ctx, p.others, same(order{Do: doLeave})); err != nil {
		return t, err
	}
	_, err = each(ctx, []*worker{p.server, p.client}, same(order{Do: doPart}))
	return t, err
}

// useLanes has each of the others call the server, and the client each of the others.
func (p *pair) useLanes(ctx context.Context, of []int) (err error) {
	for _, at := range of {
		if at == atClient {
			_, err = p.client.do(ctx, order{Do: doGreet})
		} else {
			_, err = each(ctx, p.others, same(order{Do: doUse, Of: []int{at}}))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
