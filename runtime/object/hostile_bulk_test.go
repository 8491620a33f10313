package object_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

const bulkLength = 5 << 20

// sayFiles is say with files.
func (s *scene) sayFiles(d bus.Descriptor, files []int, entries ...bus.Entry) {
	slot, err := s.link.Reserve(bus.Need{Class: bus.ClassCall, Size: bus.SlotSize(int(d.Length), len(entries)), Files: len(files)})
	require.NoError(s.T, err)
	d.Entries = uint16(len(entries))
	bus.PutEntries(slot.Bytes, int(d.Length), entries)
	_, err = s.link.Post(&d, slot, files)
	require.NoError(s.T, err)
	s.settle(s.link)
}

// memory makes a memfd of a length.
func (s *scene) memory(length int) int { return s.memoryOf(nil, length) }

// memoryOf makes one that begins with some content, and has no page behind that.
func (s *scene) memoryOf(content []byte, length int) int {
	f, err := sys.CreateBulkFile("hostile", length)
	require.NoError(s.T, err)
	s.T.Cleanup(f.Close)
	require.NoError(s.T, f.Fill(content))
	fd, err := f.Seal()
	require.NoError(s.T, err)
	return fd
}

func (s *scene) open(path string, flags int) int {
	fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC, 0)
	require.NoError(s.T, err)
	s.T.Cleanup(func() { syscall.Close(fd) })
	return fd
}

func bulkEntry(n uint64) bus.Entry { return bus.Entry{Kind: bus.EntryBulk, Node: n} }

var toRoot = bus.Descriptor{Kind: bus.KindCall, Code: rootTake, Node: 1}

// Each of these no honest process sends: whoever does is cut off, and leaves nothing open.
func TestHostileBulkMemoryCutsOff(t *testing.T) {
	cases := map[string]func(*scene){
		"shorter than it says": func(s *scene) {
			s.sayFiles(toRoot, []int{s.memory(bulkLength - 1)}, bulkEntry(bulkLength))
		},
		"truncated afterwards": func(s *scene) {
			f, err := os.CreateTemp("/dev/shm", "hostile")
			require.NoError(s.T, err)
			s.T.Cleanup(func() { f.Close(); os.Remove(f.Name()) })
			require.NoError(s.T, f.Truncate(bulkLength))
			require.NoError(s.T, f.Truncate(bulkLength/2))
			s.sayFiles(toRoot, []int{int(f.Fd())}, bulkEntry(bulkLength))
		},
		"not sealed": func(s *scene) {
			f, err := os.CreateTemp("/dev/shm", "hostile")
			require.NoError(s.T, err)
			s.T.Cleanup(func() { f.Close(); os.Remove(f.Name()) })
			require.NoError(s.T, f.Truncate(bulkLength))
			s.sayFiles(toRoot, []int{int(f.Fd())}, bulkEntry(bulkLength))
		},
		"with a hole": func(s *scene) {
			s.sayFiles(toRoot, []int{s.memoryOf(make([]byte, bulkLength-4096), bulkLength)}, bulkEntry(bulkLength))
		},
		"a pipe": func(s *scene) {
			var pipe [2]int
			require.NoError(s.T, syscall.Pipe2(pipe[:], syscall.O_CLOEXEC))
			s.T.Cleanup(func() { syscall.Close(pipe[0]); syscall.Close(pipe[1]) })
			s.sayFiles(toRoot, pipe[:1], bulkEntry(bulkLength))
		},
		"a device": func(s *scene) {
			s.sayFiles(toRoot, []int{s.open("/dev/zero", syscall.O_RDONLY)}, bulkEntry(bulkLength))
		},
		"a folder":    func(s *scene) { s.sayFiles(toRoot, []int{s.open("/dev/shm", syscall.O_RDONLY)}, bulkEntry(bulkLength)) },
		"only a path": func(s *scene) { s.sayFiles(toRoot, []int{s.open("/dev/shm", 0x200000)}, bulkEntry(bulkLength)) },
		"no file":     func(s *scene) { s.sayFiles(toRoot, nil, bulkEntry(bulkLength)) },
		"of no bytes": func(s *scene) { s.sayFiles(toRoot, []int{s.memory(bulkLength)}, bulkEntry(0)) },
		"of too many": func(s *scene) { s.sayFiles(toRoot, []int{s.memory(bulkLength)}, bulkEntry(bus.MaxPayload+1)) },
		"of far more": func(s *scene) { s.sayFiles(toRoot, []int{s.memory(bulkLength)}, bulkEntry(1<<63+5)) },
		"twice": func(s *scene) {
			fd := s.memory(bulkLength)
			s.sayFiles(toRoot, []int{fd, fd}, bulkEntry(bulkLength), bulkEntry(bulkLength))
		},
		"beside a payload": func(s *scene) {
			d := toRoot
			d.Length = 8
			s.sayFiles(d, []int{s.memory(bulkLength)}, bulkEntry(bulkLength))
		},
		"oneway, of a device": func(s *scene) {
			d := toRoot
			d.Flags = bus.FlagOneway
			s.sayFiles(d, []int{s.open("/dev/zero", syscall.O_RDONLY)}, bulkEntry(bulkLength))
		},
		"more than may be under way": func(s *scene) {
			fd := s.memory(bus.MaxPayload) // no page of it exists
			s.owner.SetLoopers(0)          // nobody begins them
			d := toRoot
			d.Flags = bus.FlagOneway
			for range 3 {
				s.sayFiles(d, []int{fd}, bulkEntry(bus.MaxPayload))
			}
		},
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				run(s)
				s.cutOff()
				s.owner.SetLoopers(2)
				s.honestGoOn()
			})
		})
	}
}

// A message has one entry and one file more than programs may send, for a payload that travels as bulk memory. A peer
// that uses that room for something else is cut off, and whoever waits for it learns which limit that was.
func TestMoreIsAttachedThanProgramsMaySend(t *testing.T) {
	file := bus.Entry{Kind: bus.EntryFile}
	for name, c := range map[string]struct {
		entry    bus.Entry
		n, limit int
		also     []bus.Entry // with a file each
	}{
		"objects":            {bus.Entry{}, bus.MaxAttached + 1, bus.MaxAttached, nil},
		"objects and a file": {bus.Entry{}, bus.MaxAttached, bus.MaxAttached, []bus.Entry{file}},
		"notes":              {bus.Entry{Kind: bus.EntryNote}, bus.MaxAttached + 1, bus.MaxAttached, nil},
		"objects it may own": {bus.Entry{Kind: bus.EntrySend, Node: 99}, bus.MaxAttached + 1, bus.MaxAttached, nil},
		"files":              {file, bus.MaxAttachedFiles + 1, bus.MaxAttachedFiles, nil},
		"all that may be":    {bus.Entry{}, bus.MaxAttached, 0, []bus.Entry{bulkEntry(bulkLength)}},
		"all files":          {file, bus.MaxAttachedFiles, 0, []bus.Entry{bulkEntry(bulkLength)}},
	} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				d := toRoot
				d.Code = rootLeave
				s.say(s.link, d, bus.Entry{Kind: bus.EntrySend, Node: 77})
				waiting := make(chan error, 1)
				go func() { waiting <- s.left.Transact(t.Context(), &binder.Transaction{Code: 1}, new(binder.Reply)) }()
				synctest.Wait()

				entries, files := c.also, []int(nil)
				for range c.n {
					entries = append(entries, c.entry)
				}
				for _, e := range entries {
					switch e.Kind {
					case bus.EntryFile:
						files = append(files, s.open("/dev/null", syscall.O_RDONLY))
					case bus.EntryBulk:
						files = append(files, s.memoryOf(make([]byte, bulkLength), bulkLength))
					}
				}
				d = toRoot
				d.Index = 1
				s.sayFiles(d, files, entries...)
				if c.limit > 0 {
					s.cutOff()
					err := <-waiting
					require.ErrorContains(t, err, fmt.Sprintf("limit is %d", c.limit))
				} else {
					synctest.Wait()
					require.NoError(t, s.link.Err())
				}
				s.honestGoOn()
			})
		})
	}
}

// A handler that ends its goroutine gives its payload's memory back.
func TestBulkMemoryOfAHandlerThatExits(t *testing.T) {
	leaktest.Check(t)
	hub := bus.NewHub()
	a, b := openHub(t, hub), openHub(t, hub)
	n := a.NewNode(binder.HandlerFunc(func(context.Context, *binder.IncomingCall) error { runtime.Goexit(); return nil }))
	require.NoError(t, a.BecomeContextManager(t.Context(), n))
	h, err := b.ContextManager(t.Context())
	require.NoError(t, err)
	for range 3 {
		err := h.Transact(t.Context(), &binder.Transaction{Code: 1, Data: binder.Data{Payload: make([]byte, bulkLength)}}, new(binder.Reply))
		require.ErrorIs(t, err, status.Internal)
	}
}

// reader looks at a payload when its call has ended, as what serves an interface may.
type reader struct {
	call *binder.IncomingCall
	read chan any
}

func (r *reader) End() {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { r.read <- recover() }()
	if r.call.Payload[0] != 7 {
		panic("another payload")
	}
}

// A payload is there until its call has ended, also if the handler ends its goroutine.
func TestPayloadOfAHandlerThatExits(t *testing.T) {
	leaktest.Check(t)
	hub := bus.NewHub()
	a, b := openHub(t, hub), openHub(t, hub)
	read := make(chan any, 1)
	n := a.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Scratch = &reader{c, read}
		runtime.Goexit()
		return nil
	}))
	require.NoError(t, a.BecomeContextManager(t.Context(), n))
	h, err := b.ContextManager(t.Context())
	require.NoError(t, err)
	for _, size := range []int{1, 100 << 10, 3 << 20} {
		payload := make([]byte, size)
		payload[0] = 7
		for _, flags := range []binder.Flags{0, binder.Oneway, binder.ClearBuf} {
			h.Transact(t.Context(), &binder.Transaction{Code: 1, Flags: flags, Data: binder.Data{Payload: payload}}, new(binder.Reply))
			require.Nil(t, <-read, "%d bytes, flags %#x", size, flags)
		}
	}
}
