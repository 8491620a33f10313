package demo

import (
	"context"
	"sync/atomic"

	"ubinder/examples/demo"
	"ubinder/servicemanager"
)

// countingRoom is the example's room, and counts the calls that it answers.
type countingRoom struct {
	demo.ChatRoom
	answered atomic.Int64
}

// Pid implements demo.Room.
func (r *countingRoom) Pid(ctx context.Context) (*demo.PidReply, error) {
	r.answered.Add(1)
	return r.ChatRoom.Pid(ctx)
}

func playRoom(ctx context.Context, names *servicemanager.Client, out *reporter) error {
	room := new(countingRoom)
	if _, err := demo.RegisterRoom(ctx, names, roomName, room); err != nil {
		return err
	}
	out.report(kindReady, report{})
	return out.obey(ctx, func(o order) (report, error) {
		switch o.Do {
		case "count":
			return report{Count: int(room.answered.Load())}, nil
		}
		return report{}, unknown(o)
	})
}
