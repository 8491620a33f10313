package stacks

import (
	"encoding/binary"
	"errors"

	"github.com/cloudwego/shmipc-go"

	"ubinder/bench/stack"
)

// shmipcStack is shmipc-go: payloads in shared memory, wake-ups over a Unix socket. One session
// with a stream for each caller, which is what its documentation advises for Go on few cores.
type shmipcStack struct{}

const (
	shmipcHead   = 4
	shmipcOneway = 1 << 31
	// Past its buffers shmipc falls back to the socket and stays there, so a caller has enough of
	// them for what it may have under way, and few enough to stay in a cache.
	shmipcCallerBytes = 1 << 20
	shmipcMinBuffers  = 8
	shmipcMaxBuffers  = 256
	shmipcQuiet       = 5 // its level for no output
)

func (shmipcStack) Name() string { return "shmipc" }

func (shmipcStack) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	config := shmipc.NewDefaultListenerConfig(env.Socket(), "unix")
	config.Config = shmipcConfig(env)
	l, err := shmipc.NewListener(shmipcListener{h}, config)
	if err != nil {
		return err
	}
	ready()
	return l.Run()
}

func (shmipcStack) Dial(env stack.Env) ([]stack.Caller, error) {
	config := shmipc.DefaultSessionManagerConfig()
	config.Config = shmipcConfig(env)
	config.Network, config.Address = "unix", env.Socket()
	sessions, err := shmipc.NewSessionManager(config)
	if err != nil {
		return nil, err
	}
	return dialEach(env, func() (stack.Caller, error) {
		s, err := sessions.GetStream()
		if err != nil {
			return nil, err
		}
		window := stack.NewWindow(shmipcBuffers(env.Size) / 2 * env.Size)
		return &shmipcCaller{stream: s, window: window, ping: make([]byte, stack.MinSize)}, nil
	})
}

// shmipcConfig gives each message one buffer, so that no payload is split.
func shmipcConfig(env stack.Env) *shmipc.Config {
	shmipc.SetLogLevel(shmipcQuiet)
	config := shmipc.DefaultConfig()
	config.MemMapType = shmipc.MemMapTypeMemFd
	config.ShareMemoryBufferCap = uint32(max(2<<20, (1+env.Conc)*shmipcBuffers(env.Size)*(shmipcBuffer(env.Size)+64)))
	config.BufferSliceSizes = []*shmipc.SizePercentPair{{Size: uint32(shmipcBuffer(env.Size)), Percent: 100}}
	return config
}

// shmipcBuffer is the size of a buffer, shmipcBuffers how many a caller may count on.
func shmipcBuffer(size int) int { return (size + shmipcHead + 63) &^ 63 }

func shmipcBuffers(size int) int {
	return min(max(shmipcCallerBytes/shmipcBuffer(size), shmipcMinBuffers), shmipcMaxBuffers)
}

// shmipcListener and shmipcServer are the asynchronous interface; the other is as fast.
type shmipcListener struct{ h *stack.Handler }

func (l shmipcListener) OnNewStream(s *shmipc.Stream) { s.SetCallbacks(&shmipcServer{s, l.h}) }
func (shmipcListener) OnShutdown(string)              {}

type shmipcServer struct {
	stream *shmipc.Stream
	h      *stack.Handler
}

func (*shmipcServer) OnLocalClose()  {}
func (*shmipcServer) OnRemoteClose() {}

func (s *shmipcServer) OnData(in shmipc.BufferReader) {
	req, oneway, err := shmipcRead(in)
	if err != nil {
		s.stream.Close()
		return
	}
	if oneway {
		s.h.Count(req)
		in.ReleasePreviousRead()
		return
	}
	if shmipcWrite(s.stream, s.h.Echo(req), 0) != nil {
		s.stream.Close()
		return
	}
	s.stream.ReleaseReadAndReuse()
}

type shmipcCaller struct {
	stream *shmipc.Stream
	window stack.Window
	ping   []byte
}

func (c *shmipcCaller) Call(req []byte) ([]byte, error) {
	c.stream.ReleaseReadAndReuse()
	if err := shmipcWrite(c.stream, req, 0); err != nil {
		return nil, err
	}
	answer, _, err := shmipcRead(c.stream.BufferReader())
	return answer, err
}

func (c *shmipcCaller) Send(req []byte) error {
	if err := c.window.Charge(req, c.catchUp); err != nil {
		return err
	}
	return shmipcWrite(c.stream, req, shmipcOneway)
}

func (c *shmipcCaller) catchUp() error {
	_, err := c.Call(c.ping)
	return err
}

func shmipcWrite(s *shmipc.Stream, p []byte, flag uint32) error {
	m, err := s.BufferWriter().Reserve(shmipcHead + len(p))
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(m, uint32(len(p))|flag)
	copy(m[shmipcHead:], p)
	return s.Flush(false)
}

func shmipcRead(in shmipc.BufferReader) (p []byte, oneway bool, err error) {
	head, err := in.ReadBytes(shmipcHead)
	if err != nil {
		return nil, false, err
	}
	word := binary.LittleEndian.Uint32(head)
	size := int(word &^ shmipcOneway)
	if size == 0 {
		return nil, false, errors.New("empty message")
	}
	p, err = in.ReadBytes(size)
	return p, word&shmipcOneway != 0, err
}
