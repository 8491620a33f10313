package stacks

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"

	"ubinder/bench/stack"
)

// uds is plain Go over a Unix stream socket: frames of a length and a payload, one connection
// for each caller.
type uds struct{}

const (
	frameHead   = 4
	frameOneway = 1 << 31
	// A payload up to this size is cheaper to copy behind its length than to write by writev.
	frameJoin = 16 << 10
	// What one read takes from the socket ahead of being asked.
	frameAhead = 64 << 10
	// What the socket should hold, so that a large payload needs few switches to its reader.
	frameBuffer = 4 << 20
)

func (uds) Name() string { return "uds" }

func (uds) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	l, err := net.ListenUnix("unix", env.Addr())
	if err != nil {
		return err
	}
	ready()
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		f, err := newFrames(conn, env.Size)
		if err != nil {
			return err
		}
		go f.serve(h)
	}
}

func (uds) Dial(env stack.Env) ([]stack.Caller, error) {
	return dialEach(env, func() (stack.Caller, error) {
		conn, err := net.DialUnix("unix", nil, env.Addr())
		if err != nil {
			return nil, err
		}
		return newFrames(conn, env.Size)
	})
}

// frames reads and writes the frames of one connection.
type frames struct {
	conn    *net.UnixConn
	in      *bufio.Reader
	payload []byte
	out     []byte
}

func newFrames(conn *net.UnixConn, size int) (*frames, error) {
	// The kernel caps it, and gives more than its default all the same.
	if err := conn.SetWriteBuffer(frameBuffer); err != nil {
		return nil, err
	}
	return &frames{
		conn:    conn,
		in:      bufio.NewReaderSize(conn, frameAhead),
		payload: make([]byte, size),
		out:     make([]byte, frameHead, frameHead+min(size, frameJoin)),
	}, nil
}

func (f *frames) serve(h *stack.Handler) {
	defer f.conn.Close()
	for {
		req, oneway, err := f.read()
		if err != nil {
			return
		}
		if oneway {
			h.Count(req)
			continue
		}
		if f.write(h.Echo(req), 0) != nil {
			return
		}
	}
}

func (f *frames) Call(req []byte) ([]byte, error) {
	if err := f.write(req, 0); err != nil {
		return nil, err
	}
	answer, _, err := f.read()
	return answer, err
}

func (f *frames) Send(req []byte) error { return f.write(req, frameOneway) }

func (f *frames) write(p []byte, flag uint32) error {
	binary.LittleEndian.PutUint32(f.out[:frameHead], uint32(len(p))|flag)
	if len(p) <= frameJoin {
		_, err := f.conn.Write(append(f.out[:frameHead], p...))
		return err
	}
	parts := net.Buffers{f.out[:frameHead], p}
	_, err := parts.WriteTo(f.conn)
	return err
}

func (f *frames) read() (p []byte, oneway bool, err error) {
	head, err := f.in.Peek(frameHead)
	if err != nil {
		return nil, false, err
	}
	word := binary.LittleEndian.Uint32(head)
	f.in.Discard(frameHead)
	p = f.payload[:min(int(word&^frameOneway), len(f.payload))]
	_, err = io.ReadFull(f.in, p)
	return p, word&frameOneway != 0, err
}
