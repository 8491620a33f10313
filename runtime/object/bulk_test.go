package object_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/object"
)

// largestInSlotVariable has a puppet send what is larger than its value as bulk memory.
const largestInSlotVariable = "UBINDER_TEST_LARGEST_IN_SLOT"

func setLargestInSlot() {
	if n, err := strconv.Atoi(os.Getenv(largestInSlotVariable)); err == nil {
		object.SetLargestInSlot(n)
	}
}

// free is how many bytes this machine has to give.
func freeMemory(t testing.TB) (kib int) {
	b, err := os.ReadFile("/proc/meminfo")
	require.NoError(t, err)
	_, rest, _ := bytes.Cut(b, []byte("MemAvailable:"))
	_, err = fmt.Sscan(string(rest), &kib)
	require.NoError(t, err)
	return kib
}

// The largest payload there is goes to another process and comes back.
func TestAPayloadOfAGiB(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 2 GiB")
	}
	if kib := freeMemory(t); kib < 8<<20 {
		t.Skipf("%d KiB of memory are free; it takes 8 GiB", kib)
	}
	leaktest.Check(t)
	transporttest.Huge(transporttest.NewStage(t, forkDomain(t)), 1<<30)
}

// Bulk memory is kept for the next payload, and given back when there is none, also when nothing else
// happens on the lane.
func TestBulkMemoryIsKeptForAWhile(t *testing.T) {
	p := transporttest.NewStage(t, forkDomain(t)).Puppet()
	payload := make([]byte, 5<<20)
	send := func(flags binder.Flags) {
		var r binder.Reply
		require.NoError(t, p.Transact(t.Context(), &binder.Transaction{Code: transporttest.Echo, Flags: flags, Data: binder.Data{Payload: payload}}, &r))
		require.Len(t, r.Payload, len(payload)*(1-int(flags&binder.Oneway)))
		r.Release()
	}
	fds, maps := sys.Open()
	for range 20 {
		send(0)
	}
	kept, _ := sys.Open()
	require.Greater(t, kept, fds, "it is used again")
	require.LessOrEqual(t, kept, fds+2)
	leaktest.Settled(t, fds, maps)
	send(binder.Oneway)
	leaktest.Settled(t, fds, maps)
}

var curve = flag.Bool("curve", false, "measure slots against bulk memory, which takes minutes, and print a table")

// TestCurve measures calls with payloads of many sizes, and no reply: through a slot, through bulk memory,
// and what memory allows, in turns. It prints medians.
func TestCurve(t *testing.T) {
	if !*curve {
		t.Skip("without -curve")
	}
	defer object.SetLargestInSlot(2 << 20)
	fmt.Printf("%10s %12s %12s %12s %9s %9s %9s\n", "bytes", "copy ns", "slot ns", "bulk ns", "copy GB/s", "slot GB/s", "bulk GB/s")
	for size := 16 << 10; size <= 1<<30; size *= 4 {
		measureCurve(t, transporttest.NewStage(t, forkDomain(t)).Puppet(), size)
		if size == 1<<20 {
			measureCurve(t, transporttest.NewStage(t, forkDomain(t)).Puppet(), 2<<20)
		}
	}
}

func measureCurve(t *testing.T, p *transporttest.Puppet, size int) {
	src, dst := make([]byte, size), make([]byte, size)
	for i := range src {
		src[i], dst[i] = 1, 2
	}
	call := func(largest int) func() {
		return func() {
			object.SetLargestInSlot(largest)
			var r binder.Reply
			tr := binder.Transaction{Code: transporttest.Nothing, Data: binder.Data{Payload: src}}
			require.NoError(t, p.Transact(context.Background(), &tr, &r))
			r.Release()
		}
	}
	ways := []func(){func() { copy(dst, src) }, call(2 << 20), call(0)}
	if size > 2<<20 {
		ways[1] = nil
	}
	times := make([][]time.Duration, len(ways))
	budget := time.Now().Add(5 * time.Second)
	for round := 0; round < 7 || time.Now().Before(budget); round++ {
		for i, way := range ways {
			n := max(1, min(20, 4<<20/size))
			if way == nil {
				continue
			}
			if way(); round == 0 {
				continue
			}
			start := time.Now()
			for range n {
				way()
			}
			times[i] = append(times[i], time.Since(start)/time.Duration(n))
		}
	}
	var ns, rate [3]string
	for i, list := range times {
		ns[i], rate[i] = "-", "-"
		if len(list) > 0 {
			slices.Sort(list)
			median := list[len(list)/2]
			ns[i], rate[i] = fmt.Sprint(median.Nanoseconds()), fmt.Sprintf("%.1f", float64(size)/float64(median.Nanoseconds()))
		}
	}
	fmt.Printf("%10d %12s %12s %12s %9s %9s %9s\n", size, ns[0], ns[1], ns[2], rate[0], rate[1], rate[2])
}
