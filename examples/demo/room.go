package demo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/runtime/stub"
)

// ChatRoom implements Room.
type ChatRoom struct {
	UnimplementedRoom

	mu     sync.Mutex
	guests []*present // in the order of entering
}

type present struct {
	name  string
	guest Guest
}

// Enter implements Room.
func (r *ChatRoom) Enter(ctx context.Context, in *EnterRequest, guest Guest) (*EnterReply, error) {
	p := &present{in.GetName(), guest}
	if err := r.admit(p); err != nil {
		stub.Release(guest)
		return nil, err
	}
	if c, ok := guest.(*GuestClient); ok { // a guest of this process stays as long as the room
		if _, err := c.LinkToDeath(ctx, func() { r.leave(p) }); err != nil {
			r.leave(p)
			return nil, err
		}
	}
	return &EnterReply{Present: r.names()}, nil
}

func (r *ChatRoom) admit(p *present) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case p.name == "" || p.guest == nil:
		return status.Errorf(status.BadValue, "a guest has a name and an object")
	case r.find(p.name) != nil:
		return status.Errorf(status.BadValue, "%s is here already", p.name)
	}
	r.guests = append(r.guests, p)
	return nil
}

// find returns a guest by name, nil when it is not here. The caller has the lock.
func (r *ChatRoom) find(name string) Guest {
	for _, p := range r.guests {
		if p.name == name {
			return p.guest
		}
	}
	return nil
}

// leave drops a guest. Its reference may be on its way to somebody who meets it, so that it is left
// to the garbage collector.
func (r *ChatRoom) leave(p *present) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.guests = slices.DeleteFunc(r.guests, func(q *present) bool { return q == p })
}

func (r *ChatRoom) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, p := range r.guests {
		names = append(names, p.name)
	}
	return names
}

// Say implements Room.
func (r *ChatRoom) Say(ctx context.Context, in *Line) error {
	r.mu.Lock()
	guests := slices.Clone(r.guests)
	r.mu.Unlock()
	var failed []error
	for _, p := range guests {
		if err := p.guest.Hear(ctx, in); !errors.Is(err, status.Dead) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Meet implements Room.
func (r *ChatRoom) Meet(_ context.Context, in *MeetRequest) (Guest, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(in.GetName()), nil
}

// Show implements Room.
func (r *ChatRoom) Show(_ context.Context, _ *ShowRequest, file *os.File) (*ShowReply, error) {
	if file == nil {
		return nil, status.Errorf(status.BadValue, "there is no file to show")
	}
	defer file.Close()
	in := bufio.NewReader(file)
	line, err := in.ReadString('\n')
	if err != nil && err != io.EOF {
		return nil, status.Errorf(status.BadValue, "reading the file: %w", err)
	}
	rest, err := io.Copy(io.Discard, in)
	if err != nil {
		return nil, status.Errorf(status.BadValue, "reading the file: %w", err)
	}
	return &ShowReply{Bytes: uint64(len(line)) + uint64(rest), FirstLine: strings.TrimSuffix(line, "\n")}, nil
}

// Pid implements Room.
func (r *ChatRoom) Pid(context.Context) (*PidReply, error) {
	return &PidReply{Pid: uint32(os.Getpid())}, nil
}

// Visitor implements Guest by telling what it hears, and who really said it: what the kernel says of
// the caller, not what the line says.
type Visitor struct {
	UnimplementedGuest
	OnHear    func(caller *binder.Identity, in *Line)
	OnWhisper func(caller *binder.Identity, in *Line) *Line
}

// Hear implements Guest.
func (v *Visitor) Hear(ctx context.Context, in *Line) error {
	caller, _ := binder.CallerFrom(ctx)
	v.OnHear(caller, in)
	return nil
}

// Whisper implements Guest.
func (v *Visitor) Whisper(ctx context.Context, in *Line) (*Line, error) {
	caller, _ := binder.CallerFrom(ctx)
	return v.OnWhisper(caller, in), nil
}
