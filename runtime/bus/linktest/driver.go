package linktest

import (
	"bytes"
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"ubinder/runtime/bus"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// Driver is an End in this process. It is the bus.Events of its link.
type Driver struct {
	link *bus.Link

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when the fields below have changed
	readable int
	ended    bool
	hangup   error

	receiving sync.Mutex
	taken     map[uint64]bus.Descriptor

	sending sync.Mutex
	last    int
	slots   map[int]reserved

	sleeping sync.Mutex
	bells    map[Waiter]bell
	callers  sync.Map // *wait.Waiter by Waiter
}

type reserved struct {
	slot bus.Slot
	seed uint64
}

type bell struct {
	word  *atomic.Uint32
	value uint32
}

// NewDriver makes a driver; Attach follows before it is used.
func NewDriver() *Driver {
	return &Driver{changed: make(chan struct{}), taken: make(map[uint64]bus.Descriptor),
		slots: make(map[int]reserved), bells: make(map[Waiter]bell)}
}

// Attach gives the driver its link, before its events begin.
func (d *Driver) Attach(l *bus.Link) { d.link = l }

// Readable implements bus.Events.
func (d *Driver) Readable(*bus.Link) { d.change(func() { d.readable++ }) }

// Hangup implements bus.Events. The driver keeps a hold until it is told to drop it.
func (d *Driver) Hangup(_ *bus.Link, err error) {
	d.change(func() { d.ended, d.hangup = true, err })
}

func (d *Driver) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	close(d.changed)
	d.changed = make(chan struct{})
}

// await waits until cond, which is called with the lock held, is true.
func (d *Driver) await(cond func() bool) {
	d.mu.Lock()
	for !cond() {
		changed := d.changed
		d.mu.Unlock()
		<-changed
		d.mu.Lock()
	}
	d.mu.Unlock()
}

// Do implements End.
func (d *Driver) Do(op Op) Result {
	r, err := verbs[op.Do](d, op)
	r.Err = errorOf(err)
	return r
}

var verbs = map[Verb]func(*Driver, Op) (Result, error){
	Reserve: (*Driver).reserve, Post: (*Driver).post, Abandon: (*Driver).abandon, Control: (*Driver).control,
	Room: (*Driver).room, Next: (*Driver).next, Poll: (*Driver).poll, Take: (*Driver).take,
	Files: (*Driver).files, Free: (*Driver).free, Arm: (*Driver).arm, Sleep: (*Driver).sleep,
	Armed: (*Driver).armed, Readable: (*Driver).awaitReadable,
	Drained:    func(d *Driver, _ Op) (Result, error) { d.link.Drained(); return Result{}, nil },
	RingLooper: (*Driver).ringLooper,
	RingCaller: (*Driver).ringCaller,
	Present:    func(d *Driver, op Op) (Result, error) { d.waiter(op.Waiter).Present(); return Result{}, nil },
	Leave:      func(d *Driver, op Op) (Result, error) { d.waiter(op.Waiter).Leave(); return Result{}, nil },
	Count:      func(d *Driver, _ Op) (Result, error) { return Result{Count: d.count()}, nil },
	Published:  func(d *Driver, _ Op) (Result, error) { return Result{Position: d.link.Published()}, nil },
	Hold:       func(d *Driver, _ Op) (Result, error) { return Result{OK: d.link.Hold()}, nil },
	Drop:       func(d *Driver, _ Op) (Result, error) { d.link.Drop(); return Result{}, nil },
	Close:      func(d *Driver, _ Op) (Result, error) { d.link.Close(); return Result{}, nil },
	Err:        func(d *Driver, _ Op) (Result, error) { return Result{}, d.link.Err() },
	Hangup:     func(d *Driver, _ Op) (Result, error) { return Result{}, d.awaitHangup() },
	CloseOwn:   func(d *Driver, _ Op) (Result, error) { d.link.Close(); return Result{}, d.awaitHangup() },
	Fail: func(d *Driver, _ Op) (Result, error) {
		d.link.Fail(status.Errorf(status.Protocol, "failed by the test"))
		return Result{}, nil
	},
}

func (d *Driver) reserve(op Op) (Result, error) {
	slot, err := d.link.Reserve(bus.Need{Class: op.Class, Size: op.Size, Bulk: op.Bulk, Files: min(op.Bulk, 1)})
	if err != nil {
		return Result{}, err
	}
	if op.Bulk > 0 {
		if err := slot.Bulk.Fill(Pattern(op.Seed, op.Bulk)); err != nil {
			d.link.Abandon(slot)
			return Result{}, err
		}
	}
	copy(slot.Bytes, Pattern(op.Seed, len(slot.Bytes)))
	d.sending.Lock()
	defer d.sending.Unlock()
	d.last++
	d.slots[d.last] = reserved{slot, op.Seed}
	return Result{Slot: d.last}, nil
}

func (d *Driver) takeSlot(n int) reserved {
	d.sending.Lock()
	defer d.sending.Unlock()
	r := d.slots[n]
	delete(d.slots, n)
	return r
}

// post fills the slot anew when the message has entries; else what Reserve filled in is what is sent.
func (d *Driver) post(op Op) (Result, error) {
	r, m := d.takeSlot(op.Slot), &op.Message
	if !bytes.Equal(r.slot.Bytes, Pattern(r.seed, len(r.slot.Bytes))) {
		d.link.Abandon(r.slot)
		return Result{}, status.Errorf(status.Internal, "the slot was overwritten by another")
	}
	n := len(r.slot.Bytes)
	if len(m.Entries) > 0 {
		n = len(m.Payload)
		copy(r.slot.Bytes, m.Payload)
		bus.PutEntries(r.slot.Bytes, n, m.Entries)
	}
	desc := bus.Descriptor{Kind: m.Kind, Flags: m.Flags, Node: m.Node, Index: m.Index, Length: uint32(n), Entries: uint16(len(m.Entries))}
	files, err := openFiles(m.Files)
	defer closeFiles(files)
	if err != nil {
		d.link.Abandon(r.slot)
		return Result{}, err
	}
	pos, err := d.link.Post(&desc, r.slot, numbers(files))
	return Result{Position: pos, Offset: int(desc.Offset) * 64, Number: desc.Slot}, err
}

func (d *Driver) abandon(op Op) (Result, error) {
	d.link.Abandon(d.takeSlot(op.Slot).slot)
	return Result{}, nil
}

func (d *Driver) control(op Op) (Result, error) {
	pos, err := d.link.PostControl(&bus.Descriptor{Kind: op.Message.Kind, Node: op.Message.Node})
	return Result{Position: pos}, err
}

func (d *Driver) room(op Op) (Result, error) {
	ctx := context.Background()
	if op.Patience != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, op.Patience)
		defer cancel()
	}
	return Result{}, d.link.AwaitRoom(ctx, bus.Need{Class: op.Class, Size: op.Size})
}

func (d *Driver) poll(Op) (Result, error) {
	d.receiving.Lock()
	defer d.receiving.Unlock()
	var desc bus.Descriptor
	pos := d.link.Position()
	ok, err := d.link.Next(&desc)
	if err != nil || !ok {
		return Result{}, err
	}
	d.taken[pos] = desc
	m := Message{Kind: desc.Kind, Flags: desc.Flags, Node: desc.Node, Index: desc.Index}
	return Result{OK: true, Position: pos, Message: m, NumFiles: int(desc.Files), Offset: int(desc.Offset) * 64}, nil
}

// next rests on the events: it looks again only after Readable or Hangup.
func (d *Driver) next(op Op) (Result, error) {
	for {
		d.mu.Lock()
		seen, ended := d.readable, d.ended
		d.mu.Unlock()
		r, err := d.poll(op)
		if r.OK || err != nil {
			return r, err
		}
		if ended {
			return Result{}, status.Errorf(status.Dead, "hang-up instead of a message")
		}
		d.await(func() bool { return d.readable != seen || d.ended })
	}
}

func (d *Driver) descriptor(pos uint64) *bus.Descriptor {
	d.receiving.Lock()
	defer d.receiving.Unlock()
	desc := d.taken[pos]
	return &desc
}

func (d *Driver) take(op Op) (Result, error) {
	desc := d.descriptor(op.Position)
	m := Message{Kind: desc.Kind, Flags: desc.Flags, Node: desc.Node, Index: desc.Index}
	m.Payload = make([]byte, desc.Length)
	d.link.Payload(m.Payload, desc)
	m.Entries = d.link.Entries(nil, desc)
	return Result{Message: m}, nil
}

func (d *Driver) files(op Op) (Result, error) {
	fds, err := d.link.Files(op.Position, int(d.descriptor(op.Position).Files))
	if err != nil {
		return Result{}, err
	}
	if op.Bulk > 0 {
		defer sys.CloseAll(fds)
		m := Message{Payload: make([]byte, op.Bulk)}
		err := d.link.ReadBulk(fds[0], len(m.Payload), func(int) ([]byte, bool, error) { return m.Payload, false, nil })
		return Result{Message: m}, err
	}
	contents, err := readFiles(fds)
	return Result{Files: contents}, err
}

func (d *Driver) free(op Op) (Result, error) {
	d.link.Free(d.descriptor(op.Position))
	d.receiving.Lock()
	defer d.receiving.Unlock()
	delete(d.taken, op.Position)
	return Result{}, nil
}

func (d *Driver) waiter(w Waiter) *wait.Waiter {
	if !w.Caller {
		return d.link.Looper(w.Index)
	}
	caller := d.link.Caller(uint32(w.Index))
	kept, _ := d.callers.LoadOrStore(w, &caller)
	return kept.(*wait.Waiter)
}

func (d *Driver) arm(op Op) (Result, error) {
	d.sleeping.Lock()
	defer d.sleeping.Unlock()
	word, value := d.waiter(op.Waiter).Arm(wait.Mode(op.Mode))
	d.bells[op.Waiter] = bell{word, value}
	return Result{}, nil
}

func (d *Driver) sleep(op Op) (Result, error) {
	d.sleeping.Lock()
	b := d.bells[op.Waiter]
	d.sleeping.Unlock()
	var poked atomic.Uint32
	for b.word.Load() == b.value {
		d.link.Parker().Wait(b.word, b.value, &poked, 0)
	}
	return Result{}, nil
}

func (d *Driver) armed(op Op) (Result, error) {
	return Result{OK: d.waiter(op.Waiter).Armed()}, nil
}

func (d *Driver) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.readable
}

func (d *Driver) awaitReadable(op Op) (r Result, err error) {
	d.await(func() bool { r.Count = d.readable; return d.readable > op.Count || d.ended })
	return r, err
}

func (d *Driver) awaitHangup() (err error) {
	d.await(func() bool { err = d.hangup; return d.ended })
	return err
}

// openFiles makes a file for each of contents, one for those that are the same.
func openFiles(contents []string) (list []*os.File, err error) {
	made := make(map[string]*os.File)
	for _, c := range contents {
		if made[c] == nil {
			if made[c], err = memoryFile(c); err != nil {
				return list, err
			}
		}
		list = append(list, made[c])
	}
	return list, nil
}

// busSocket as a content stands for a socket of the kind that lanes use.
const busSocket = "\x00socket"

func memoryFile(content string) (*os.File, error) {
	if content == busSocket {
		a, b, err := sys.Socketpair()
		b.Close()
		return a.File(content), err
	}
	f, err := os.CreateTemp("", "linktest")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	if _, err := f.WriteString(content); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func closeFiles(list []*os.File) {
	for _, f := range list {
		f.Close()
	}
}

func numbers(list []*os.File) []int {
	var n []int
	for _, f := range list {
		n = append(n, int(f.Fd()))
	}
	return n
}

func readFiles(fds []sys.FD) (contents []string, err error) {
	for _, fd := range fds {
		f := fd.File("received")
		b, readErr := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
		f.Close()
		if readErr != nil {
			err = readErr
		}
		contents = append(contents, string(b))
	}
	return contents, err
}

func (d *Driver) ringLooper(Op) (Result, error) {
	if d.link.Hold() {
		d.link.RingLooper()
		d.link.Drop()
	}
	return Result{}, nil
}

func (d *Driver) ringCaller(op Op) (Result, error) {
	if !d.link.Hold() {
		return Result{}, nil
	}
	defer d.link.Drop()
	return Result{OK: d.link.RingCaller(op.Index) != wait.Absent}, nil
}
