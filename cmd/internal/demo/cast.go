package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"ubinder/runtime/connect"
	"ubinder/runtime/record"
	"ubinder/servicemanager"
)

// roomName is the service's name on the demo's bus.
const roomName = "demo.room"

// Play is the body of one of the demo's processes: the room, or a guest of that name. The bus is
// $UBINDER_BUS, orders come from standard input, reports go to standard output.
func Play(ctx context.Context, name string) error {
	p, err := connect.Open(ctx, "bus:"+connect.DefaultPath(), record.AllowAll(nil))
	if err != nil {
		return err
	}
	defer p.Close()
	names, err := servicemanager.Connect(ctx, p)
	if err != nil {
		return err
	}
	defer names.Release()
	out := &reporter{out: json.NewEncoder(os.Stdout)}
	if name == "room" {
		return playRoom(ctx, names, out)
	}
	return playGuest(ctx, name, names, out)
}

// reporter writes reports; handlers and the process's own goroutine share it.
type reporter struct {
	mu  sync.Mutex
	out *json.Encoder
}

func (r *reporter) report(kind string, rep report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rep.Kind = kind
	if rep.At.IsZero() {
		rep.At = time.Now()
	}
	r.out.Encode(rep) // when the demo is gone, the kernel ends this process too
}

// obey carries out orders until there are no more, or ctx ends.
func (r *reporter) obey(ctx context.Context, do func(order) (report, error)) error {
	orders := make(chan order)
	go func() {
		defer close(orders)
		in := json.NewDecoder(bufio.NewReader(os.Stdin))
		for o := (order{}); in.Decode(&o) == nil; o = (order{}) {
			orders <- o
		}
	}()
	for {
		select {
		case o, ok := <-orders:
			if !ok {
				return nil
			}
			rep, err := do(o)
			if err != nil {
				rep.Error = err.Error()
			}
			r.report(kindDone, rep)
		case <-ctx.Done():
			return nil
		}
	}
}

func unknown(o order) error { return fmt.Errorf("nobody here knows how to %q", o.Do) }
