package guest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"ubinder/bench/benchpb"
	"ubinder/bench/benchpb/echopb"
	"ubinder/runtime/binder"
	"ubinder/runtime/broker"
	"ubinder/runtime/connect"
)

const (
	clientRole = "client"
	serverRole = "server"
)

const busPath = "/tmp/bus"

// Main is one end: ROLE STACK SIZE.
func Main(args []string) {
	size, err := strconv.Atoi(args[2])
	if err == nil && args[0] == serverRole {
		err = serve(args[1])
	} else if err == nil {
		err = measure(args[1], size)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}

// serve runs the broker and the service until its standard input ends. It says when it is ready.
func serve(stack string) error {
	os.Remove(busPath)
	b, err := broker.Listen(broker.Config{Path: busPath})
	if err != nil {
		return err
	}
	go b.Serve()
	ctx := context.Background()
	p, err := connect.Open(ctx, "bus:"+busPath)
	if err != nil {
		return err
	}
	n, err := service(p, stack)
	if err == nil {
		err = p.BecomeContextManager(ctx, n)
	}
	if err != nil {
		return err
	}
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
	return nil
}

func service(p *binder.Process, stack string) (*binder.Node, error) {
	if stack == "ubinder" {
		return echopb.ExportEchoService(p, typed{})
	}
	return p.NewNode(binder.HandlerFunc(raw)), nil
}

// sum is the answer to a request: what shows that all of it came.
func sum(p []byte) uint64 {
	if len(p) == 0 {
		return 0
	}
	return uint64(p[0]) + uint64(p[len(p)-1])
}

type typed struct {
	echopb.UnimplementedEchoService
}

func (typed) Call(_ context.Context, in *benchpb.Echo) (*benchpb.Echo, error) {
	return &benchpb.Echo{N: sum(in.Data)}, nil
}

func raw(_ context.Context, c *binder.IncomingCall) error {
	answer := sum(c.Payload)
	c.Reply.Payload = binary.LittleEndian.AppendUint64(c.Payload[:0], answer) // in the request's memory: nothing is allocated
	return nil
}

// measure starts the server, makes the round trips and prints the median.
func measure(stack string, size int) error {
	server := exec.Command("/init", Command, serverRole, stack, strconv.Itoa(size))
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Wait()
	defer in.Close()
	if _, err := out.Read(make([]byte, len("ready"))); err != nil {
		return err
	}
	ctx := context.Background()
	p, err := connect.Open(ctx, "bus:"+busPath)
	if err != nil {
		return err
	}
	defer p.Close()
	h, err := p.ContextManager(ctx)
	if err != nil {
		return err
	}
	payload := make([]byte, size)
	for i := range payload {
		payload[i] = byte(i*7 + 3)
	}
	call := rawCall(h, payload)
	if stack == "ubinder" {
		call = typedCall(h, payload)
	}
	median, err := medianOf(call, sum(payload), roundTrips(size))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(Count{stack, size, median})
}

func medianOf(call func() (uint64, error), want uint64, n int) (int64, error) {
	times := make([]int64, 0, n)
	for i := range warmUp + n {
		start := time.Now()
		got, err := call()
		took := time.Since(start)
		if err != nil {
			return 0, err
		}
		if got != want {
			return 0, fmt.Errorf("reply %d, not %d", got, want)
		}
		if i >= warmUp {
			times = append(times, int64(took))
		}
	}
	slices.Sort(times)
	return times[n/2], nil
}

func typedCall(h *binder.Handle, payload []byte) func() (uint64, error) {
	client := echopb.NewEchoServiceClient(h)
	ctx := context.Background()
	return func() (uint64, error) {
		r, err := client.Call(ctx, &benchpb.Echo{Data: payload})
		return r.GetN(), err
	}
}

func rawCall(h *binder.Handle, payload []byte) func() (uint64, error) {
	t := binder.Transaction{Code: 1, Data: binder.Data{Payload: payload}}
	var r binder.Reply
	ctx := context.Background()
	return func() (uint64, error) {
		if err := h.Transact(ctx, &t, &r); err != nil {
			return 0, err
		}
		defer r.Release()
		return binary.LittleEndian.Uint64(r.Payload), nil
	}
}
