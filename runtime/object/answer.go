package object

import (
	"context"
	"errors"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/killpoint"
	"ubinder/runtime/internal/wait"
	"ubinder/runtime/status"
)

// answer posts the reply of a call: its data, or the error that the handler or the runtime found.
func (t *Transport) answer(c *incoming, err error) {
	d := &c.answer
	d.Kind, d.Flags, d.Code, d.Interface = bus.KindReply, c.desc.Flags&bus.FlagClearBuf, 0, 0
	d.Node, d.By, d.Chain, d.Index, d.Timeout = c.position, 0, 0, c.desc.Index, 0
	if err == nil {
		err = t.answerData(c, d)
	}
	if err != nil {
		t.answerError(c, d, err)
	}
}

// answerData posts c's reply. An error means that nothing was posted and the caller is to be told.
func (t *Transport) answerData(c *incoming, d *bus.Descriptor) error {
	l := c.lane
	if l.behind.Load() && t.owesDeath(l) {
		return t.owe(c, d)
	}
	if err := t.sendAnswer(c, d); err != nil {
		return t.notPosted(c, d, err)
	}
	l.ringReply(d.Index)
	killpoint.At("reply: rung")
	return nil
}

// notPosted tells what of err the caller is to be told, when a reply could not be posted.
func (t *Transport) notPosted(c *incoming, d *bus.Descriptor, err error) error {
	switch {
	case errors.Is(err, status.Full):
		return t.owe(c, d)
	case c.lane.link.Err() != nil:
		return nil // nobody is there to tell
	}
	return err
}

func (t *Transport) sendAnswer(c *incoming, d *bus.Descriptor) error {
	payload, size, small, err := c.scratch.small(&c.call.Reply, d)
	if !small || err != nil {
		return t.sendLargeAnswer(c, d, size, err)
	}
	c.beforeAnswer()
	if _, _, err = c.lane.link.PostSmall(bus.ClassReply, d, payload); err != nil {
		return status.At(status.StepReserve, err)
	}
	killpoint.At("reply: posted")
	return nil
}

// sendLargeAnswer posts what is not small; err tells that it could not be encoded.
func (t *Transport) sendLargeAnswer(c *incoming, d *bus.Descriptor, size int, err error) error {
	if err != nil {
		return status.At(status.StepMarshal, err)
	}
	ctx := context.Background()
	if len(c.call.Reply.Attachments) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, bus.RoomTimeout)
		defer cancel()
	}
	o, err := t.write(ctx, c.lane, bus.ClassReply, &c.call.Reply, d, size, false)
	if err != nil {
		return err
	}
	killpoint.At("reply: written")
	c.beforeAnswer()
	_, err = o.post(c.lane, d)
	killpoint.At("reply: posted")
	return err
}

// beforeAnswer does what has to be seen by a caller that calls again at once.
func (c *incoming) beforeAnswer() {
	c.answered.Store(true)
	if c.looper != nil {
		c.looper.present(c.lane)
	}
}

func (t *Transport) answerError(c *incoming, d *bus.Descriptor, err error) {
	code, service, text := binder.ErrorText(err)
	c.call.Reply = binder.Data{Payload: []byte(text[:min(len(text), maxErrorText)])}
	d.Code, d.Interface = uint32(code), uint32(service)
	if c.lane.behind.Load() && t.owesDeath(c.lane) || t.sendAnswer(c, d) != nil {
		t.owe(c, d)
		return
	}
	c.lane.ringReply(d.Index)
}

const maxErrorText = 4096

// ringReply wakes whoever is to take a reply. The lane is held.
func (l *lane) ringReply(index uint32) {
	switch l.link.RingCaller(index) {
	case wait.Absent:
		l.link.RingLooper()
	case wait.OnPoll:
		l.t.pool.patient.Add(1)
	}
}

// owedReply is a reply for which the outbox had no room. It keeps its own copy of the payload; its
// attachments stay prepared.
type owedReply struct {
	desc    bus.Descriptor
	payload []byte
	content *content
}

// wipe clears the copy of a secret.
func (r *owedReply) wipe() {
	if r.desc.Flags&bus.FlagClearBuf != 0 {
		clear(r.payload)
	}
}

// maxOwed bounds the bytes of replies that wait for room towards one peer.
const maxOwed = bus.BulkBytes

// owe keeps a reply until the peer has made room, and lets a goroutine of the lane post it: a looper
// never waits for that.
func (t *Transport) owe(c *incoming, d *bus.Descriptor) error {
	r := &owedReply{desc: *d}
	r.desc.Encoding = uint8(c.call.Reply.Encoding)
	if err := r.copy(t, c.lane, &c.call.Reply); err != nil {
		return err
	}
	c.answered.Store(true)
	l := c.lane
	t.mu.Lock()
	defer t.unlock()
	switch {
	case !l.writable || t.closed:
		r.dropLater(t)
		return nil
	case d.Code == 0 && l.owedLen+len(r.payload) > maxOwed: // an error is always told
		r.dropLater(t)
		return status.Exceeded(status.Full, "bytes of replies that the caller made no room for", uint64(l.owedLen+len(r.payload)), maxOwed)
	}
	l.owedLen += len(r.payload)
	l.owed = append(l.owed, r)
	if !l.owing {
		l.owing = true
		t.routines.Go(func() { t.routineOwed(l) })
	}
	return nil
}

func (r *owedReply) copy(t *Transport, l *lane, data *binder.Data) error {
	r.payload = append([]byte(nil), data.Payload...)
	if data.Body != nil {
		b, err := data.Body.AppendTo(make([]byte, 0, data.Body.Size()))
		if err != nil {
			return status.Errorf(status.Encoding, "reply: %w", err)
		}
		r.payload = b
	}
	if n := len(r.payload); n > bus.MaxPayload {
		return status.Exceeded(status.TooBig, "bytes of payload in one message", uint64(n), bus.MaxPayload)
	}
	if len(data.Attachments) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), bus.RoomTimeout)
	defer cancel()
	var err error
	r.content, err = t.prepare(ctx, l, data, true)
	return err
}

func (r *owedReply) dropLater(t *Transport) {
	r.wipe()
	if r.content != nil {
		t.after.call(r.content.undo)
	}
}

// routineOwed posts the owed replies of a lane in order, and ends with the last. A peer that makes
// no room in time is cut off.
func (t *Transport) routineOwed(l *lane) {
	for {
		t.mu.Lock()
		if len(l.owed) == 0 {
			l.owing = false
			t.unlock()
			return
		}
		r := l.owed[0]
		t.unlock()
		if err := r.post(l); err != nil {
			l.link.Fail(err)
			t.mu.Lock()
			l.dropOwed()
			l.owing = false
			t.unlock()
			return
		}
		t.mu.Lock()
		if len(l.owed) > 0 { // else the lane has died
			l.owed = l.owed[1:]
			l.owedLen -= len(r.payload)
		}
		t.unlock()
	}
}

func (r *owedReply) post(l *lane) error {
	ctx, cancel := context.WithTimeout(context.Background(), bus.RoomTimeout)
	defer cancel()
	data := binder.Data{Payload: r.payload, Encoding: binder.Encoding(r.desc.Encoding)}
	o := outgoing{content: r.content}
	err := l.t.awaitDeathsTold(ctx, l)
	if err == nil {
		err = o.reserve(ctx, l, bus.ClassReply, len(r.payload), r.desc.Node, true)
	}
	if errors.Is(err, status.Deadline) {
		return status.Errorf(status.Protocol, "the peer broke the protocol: it made no room for replies in %v", bus.RoomTimeout)
	}
	if err != nil {
		return err
	}
	if err := o.fill(l, &data, &r.desc, len(r.payload)); err != nil {
		return err
	}
	r.wipe()
	r.content = nil // posting settles it
	if !l.link.Hold() {
		return l.link.Err()
	}
	defer l.link.Drop()
	if _, err := o.post(l, &r.desc); err != nil {
		return err
	}
	l.ringReply(r.desc.Index)
	return nil
}

func (l *lane) dropOwed() {
	for _, r := range l.owed {
		r.dropLater(l.t)
	}
	l.owed, l.owedLen = nil, 0
}
