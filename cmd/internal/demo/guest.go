package demo

import (
	"context"
	"errors"
	"os"
	"time"

	"ubinder/examples/demo"
	"ubinder/runtime/binder"
	"ubinder/runtime/stub"
	"ubinder/servicemanager"
)

// guest is one client process.
type guest struct {
	name string
	room demo.Room
	out  *reporter
}

func playGuest(ctx context.Context, name string, names *servicemanager.Client, out *reporter) error {
	room, err := demo.WaitRoom(ctx, names, roomName) // it may come up later than this process
	if err != nil {
		return err
	}
	g := &guest{name: name, room: room, out: out}
	if err := g.watch(ctx, names); err != nil {
		return err
	}
	out.report(kindReady, report{})
	return out.obey(ctx, func(o order) (report, error) { return g.obey(ctx, o) })
}

// watch reports the room's death as the two see it who must: this process, and the service manager.
func (g *guest) watch(ctx context.Context, names *servicemanager.Client) error {
	link := g.room.(*demo.RoomClient).LinkToDeath
	if _, err := link(ctx, func() { g.out.report(kindDied, report{}) }); err != nil {
		return err
	}
	_, err := names.RegisterForNotifications(ctx, roomName, func(_ string, service binder.Object) {
		if service == nil {
			g.out.report(kindForgotten, report{})
		}
		binder.Release(service)
	})
	return err
}

func (g *guest) obey(ctx context.Context, o order) (report, error) {
	switch o.Do {
	case "enter":
		return g.enter(ctx)
	case "ask":
		return g.ask(ctx)
	case "say":
		return g.say(ctx, o.Text)
	case "whisper":
		return g.whisper(ctx, o.Name, o.Text)
	case "show":
		return g.show(ctx, o.Text)
	case "measure":
		return g.measure(ctx, o.Count)
	}
	return report{}, unknown(o)
}

func (g *guest) enter(ctx context.Context) (report, error) {
	visitor := &demo.Visitor{
		OnHear: func(caller *binder.Identity, in *demo.Line) {
			g.out.report(kindHeard, report{From: in.GetFrom(), Text: in.GetText(), Caller: int(caller.PID)})
		},
		OnWhisper: func(caller *binder.Identity, in *demo.Line) *demo.Line {
			g.out.report(kindWhispered, report{From: in.GetFrom(), Text: in.GetText(), Caller: int(caller.PID)})
			return &demo.Line{From: g.name, Text: in.GetText() + "!"}
		},
	}
	out, err := g.room.Enter(ctx, &demo.EnterRequest{Name: g.name}, visitor)
	return report{Names: out.GetPresent()}, err
}

func (g *guest) ask(ctx context.Context) (report, error) {
	since := time.Now()
	out, err := g.room.Pid(ctx)
	return report{PID: int(out.GetPid()), Took: time.Since(since)}, err
}

func (g *guest) say(ctx context.Context, text string) (report, error) {
	since := time.Now()
	err := g.room.Say(ctx, &demo.Line{From: g.name, Text: text})
	return report{Took: time.Since(since), At: since}, err
}

func (g *guest) whisper(ctx context.Context, name, text string) (report, error) {
	other, err := g.room.Meet(ctx, &demo.MeetRequest{Name: name})
	if err != nil {
		return report{}, err
	}
	if other == nil {
		return report{}, errors.New(name + " is not here")
	}
	defer stub.Release(other)
	since := time.Now()
	out, err := other.Whisper(ctx, &demo.Line{From: g.name, Text: text})
	return report{From: out.GetFrom(), Text: out.GetText(), Took: time.Since(since)}, err
}

// show passes a file that has no name any more: nobody could open it by a path.
func (g *guest) show(ctx context.Context, text string) (report, error) {
	f, err := os.CreateTemp("", "ubinder-demo")
	if err != nil {
		return report{}, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return report{}, err
	}
	if _, err := f.WriteString(text); err != nil {
		return report{}, err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return report{}, err
	}
	out, err := g.room.Show(ctx, &demo.ShowRequest{From: g.name}, f)
	return report{Bytes: out.GetBytes(), Text: out.GetFirstLine()}, err
}

func (g *guest) measure(ctx context.Context, count int) (report, error) {
	samples := make([]time.Duration, 0, count)
	for range count {
		since := time.Now()
		if _, err := g.room.Pid(ctx); err != nil {
			return report{}, err
		}
		samples = append(samples, time.Since(since))
	}
	return report{Samples: samples}, nil
}
