package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Replayer makes recorded transactions again, one after the other, and compares what comes back. Its
// functions may be nil.
type Replayer struct {
	// Object returns what to pass in the place of an object. It stays the Replayer's caller's. Without
	// it, and for nil, a null object is passed.
	Object func(t *Transaction, a Attachment) binder.Object
	// File returns what to pass in the place of a file, which is closed when it was. Without it, and
	// for nil, the null device is passed.
	File func(t *Transaction, a Attachment) (*os.File, error)
	// Skip says which transactions are not made. Without it, those of recording itself are not.
	Skip func(t *Transaction) bool
	// Done hears of each transaction: in what the answer differs from the recorded one, "" when in
	// nothing.
	Done func(t *Transaction, difference string)
}

// Summary is how a replay went.
type Summary struct {
	Sent    int `json:"sent"`
	Differ  int `json:"differ"`
	Skipped int `json:"skipped"`
}

// Replay sends the transactions of a file to an object. It stops with an error when the file is
// damaged, when ctx ends, and when the object dies; what the object answers is no error.
func (p *Replayer) Replay(ctx context.Context, r *Reader, o binder.Object) (Summary, error) {
	var sum Summary
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		if p.skips(t) {
			sum.Skipped++
			continue
		}
		difference, err := p.replay(ctx, t, o)
		if err != nil {
			return sum, err
		}
		sum.Sent++
		if difference != "" {
			sum.Differ++
		}
		if p.Done != nil {
			p.Done(t, difference)
		}
	}
}

func (p *Replayer) skips(t *Transaction) bool {
	if p.Skip != nil {
		return p.Skip(t)
	}
	return t.Code == binder.StartRecordingTransaction || t.Code == binder.StopRecordingTransaction
}

func (p *Replayer) replay(ctx context.Context, t *Transaction, o binder.Object) (difference string, err error) {
	attachments, err := p.supply(t)
	defer func() {
		for _, a := range attachments {
			if a.File != nil {
				a.File.Close()
			}
		}
	}()
	if err != nil {
		return "", err
	}
	call := binder.Transaction{Code: t.Code, Flags: t.Flags, Interface: t.Interface,
		Data: binder.Data{Payload: t.Payload, Encoding: t.Encoding, Attachments: attachments}}
	var r binder.Reply
	defer r.Release()
	err = o.Transact(ctx, &call, &r)
	var e *status.Error
	if errors.Is(err, status.Dead) || ctx.Err() != nil || errors.As(err, &e) && e.Code == status.Protocol {
		return "", err
	}
	return t.compare(&r, err), nil
}

// supply makes what the recording has only the places of.
func (p *Replayer) supply(t *Transaction) ([]binder.Attachment, error) {
	var list []binder.Attachment
	for _, a := range t.Passed {
		out := binder.Attachment{Field: a.Field, Weak: a.Weak}
		var err error
		switch {
		case a.Kind == Object && p.Object != nil:
			out.Object = p.Object(t, a)
		case a.Kind == File && p.File != nil:
			out.File, err = p.File(t, a)
		}
		if err == nil && a.Kind == File && out.File == nil {
			out.File, err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
		}
		if err != nil {
			return list, err
		}
		list = append(list, out)
	}
	return list, nil
}

// compare says in what an answer differs from the recorded one. That of a oneway call is not known to
// who made it.
func (t *Transaction) compare(r *binder.Reply, err error) string {
	if t.Oneway() {
		return ""
	}
	var found []string
	differ := func(what string, is, was any) { found = append(found, fmt.Sprintf("%s %v, was %v", what, is, was)) }
	code, service := status.OK, int32(0)
	if err != nil {
		code, service, _ = binder.ErrorText(err)
	}
	returned := placesOf(r.Attachments)
	switch {
	case code != t.Status:
		differ("status", code, t.Status)
	case service != t.Service:
		differ("service error", service, t.Service)
	case err != nil:
	case r.Encoding != t.ReplyEncoding:
		differ("encoding", r.Encoding, t.ReplyEncoding)
	case len(r.Payload) != len(t.Reply):
		differ("bytes of reply", len(r.Payload), len(t.Reply))
	case !bytes.Equal(r.Payload, t.Reply):
		found = append(found, "the reply's bytes")
	case !slices.Equal(returned, t.Returned):
		differ("objects and files", len(returned), len(t.Returned))
	}
	return strings.Join(found, ", ")
}
