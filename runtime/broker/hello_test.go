package broker_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/broker"
	"ubinder/runtime/bus"
	"ubinder/runtime/internal/brokerwire"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

func TestAHelloThatIsNoneIsRefusedWithTheReason(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	for name, c := range map[string]struct {
		packet []byte
		want   string
	}{
		"version": {(&brokerwire.Packet{Kind: brokerwire.Hello, Value: brokerwire.Magic, Code: 99}).Append(nil), "speaks version 1 of the protocol, the process version 99: start an ubinderd"},
		"magic":   {(&brokerwire.Packet{Kind: brokerwire.Hello, Value: 1, Code: brokerwire.Version}).Append(nil), "no hello"},
		"kind":    {(&brokerwire.Packet{Kind: brokerwire.Find}).Append(nil), "no hello"},
		"garbage": {[]byte("GET / HTTP/1.1\r\n\r\n"), "malformed"},
		"long":    {make([]byte, 20000), "longer than the protocol allows"},
	} {
		t.Run(name, func(t *testing.T) {
			r := dialRaw(t, path)
			require.NoError(t, r.conn.SendWait(c.packet))
			answer, err := r.receive()
			require.NoError(t, err)
			require.Equal(t, brokerwire.Error, answer.Kind)
			require.EqualValues(t, status.Protocol, answer.Code)
			require.Contains(t, answer.Text, c.want)
			_, err = r.receive()
			require.ErrorIs(t, err, io.EOF)
		})
	}
	join(t, path)
}

func TestSilenceHoldsUpNobodyAndEndsWithTheBroker(t *testing.T) {
	path := busPath(t)
	b := serve(t, broker.Config{Path: path})
	silent := dialRaw(t, path)
	join(t, path)
	require.NoError(t, b.Close())
	_, err := silent.receive()
	require.ErrorIs(t, err, io.EOF)
}

func TestGarbageAfterHelloCutsTheProcessOff(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	r := dialRaw(t, path)
	r.send(hello())
	_, err := r.receive()
	require.NoError(t, err)
	r.send(&brokerwire.Packet{Kind: 77, Cookie: 5})
	answer, err := r.receive()
	require.NoError(t, err)
	require.EqualValues(t, 5, answer.Cookie)
	require.Contains(t, answer.Text, "unknown kind 77")
	require.NoError(t, r.conn.SendWait([]byte{1, 2, 3}))
	answer, err = r.receive()
	require.NoError(t, err)
	require.Equal(t, brokerwire.Error, answer.Kind)
	require.Contains(t, answer.Text, "broke the protocol")
	_, err = r.receive()
	require.ErrorIs(t, err, io.EOF)
}

func TestFilesSentToTheBrokerAreClosed(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	r := dialRaw(t, path)
	require.NoError(t, r.conn.SendWait(hello().Append(nil), 0, 1, 2))
	answer, err := r.receive()
	require.NoError(t, err)
	require.Equal(t, brokerwire.Welcome, answer.Kind)
}

func TestConnectionsOfAUserAreLimited(t *testing.T) {
	path := busPath(t)
	b := serve(t, broker.Config{Path: path, MaxPerUser: 3})
	join(t, path)
	second, _ := join(t, path)
	dialRaw(t, path) // silent ones count
	require.Eventually(t, func() bool { return b.Usage().Greeting == 1 }, patience, tick)
	_, err := bus.Dial(t.Context(), path, "", newMember())
	require.ErrorIs(t, err, status.Quota)
	require.ErrorContains(t, err, "limit is 3")
	second.Close()
	require.Eventually(t, func() bool {
		c, err := bus.Dial(t.Context(), path, "", newMember())
		if err == nil {
			c.Close()
		}
		return err == nil
	}, patience, tick)
}

func TestDialSaysWhatToStart(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	dial := func(path string) error {
		_, err := bus.Dial(t.Context(), path, "", newMember())
		require.Error(t, err)
		return err
	}
	err := dial(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, status.UnknownTarget)
	require.ErrorContains(t, err, "there is no bus at")
	require.ErrorContains(t, err, "ubinder up")

	stale := filepath.Join(dir, "stale")
	n, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Bind(n, &syscall.SockaddrUnix{Name: stale}))
	syscall.Close(n)
	err = dial(stale)
	require.ErrorIs(t, err, status.UnknownTarget)
	require.ErrorContains(t, err, "nobody serves the bus at")
	require.ErrorContains(t, err, "ubinder up")

	stream := filepath.Join(dir, "stream")
	l, err := net.Listen("unix", stream)
	require.NoError(t, err)
	defer l.Close()
	err = dial(stream)
	require.ErrorIs(t, err, status.UnknownTarget)
	require.ErrorContains(t, err, "not of a bus")
}

func TestDialToAnotherVersionSaysSo(t *testing.T) {
	leaktest.Check(t)
	path := busPath(t)
	for name, c := range map[string]struct {
		answer []byte
		code   status.Code
		want   string
	}{
		"refused":    {(&brokerwire.Packet{Kind: brokerwire.Error, Code: uint32(status.Protocol), Text: "start an ubinderd of"}).Append(nil), status.Protocol, "start an ubinderd of"},
		"other":      {[]byte("what?"), status.Protocol, "ubinder up"},
		"no welcome": {(&brokerwire.Packet{Kind: brokerwire.Done}).Append(nil), status.Protocol, "answered hello with packet 68"},
		"hang-up":    {nil, status.Protocol, "ubinder up"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := sys.Listen(path, 0o600)
			require.NoError(t, err)
			defer l.Close()
			go func() {
				conn, err := l.Accept()
				if err == nil {
					conn.Receive(make([]byte, brokerwire.MaxSize))
					if c.answer != nil {
						conn.Send(c.answer)
					}
					conn.Close()
				}
			}()
			_, err = bus.Dial(t.Context(), path, "", newMember())
			require.ErrorIs(t, err, c.code)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestABusThatRunsIsNotReplaced(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	_, err := broker.Listen(broker.Config{Path: path})
	require.ErrorIs(t, err, status.BadValue)
	require.ErrorContains(t, err, "a bus runs at")
	join(t, path)
}

func TestAFileThatIsNoSocketIsNotRemoved(t *testing.T) {
	path := busPath(t)
	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err := broker.Listen(broker.Config{Path: path})
	require.ErrorContains(t, err, "no socket")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "precious", string(b))
}

func TestTheFolderOfTheSocketIsMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "bus")
	serve(t, broker.Config{Path: path})
	join(t, path)
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
}

// FuzzBroker sends packets by hand: their lengths are the fuzzer's, too.
func FuzzBroker(f *testing.F) {
	path := filepath.Join(f.TempDir(), "bus")
	b, err := broker.Listen(broker.Config{Path: path})
	require.NoError(f, err)
	served := make(chan error, 1)
	go func() { served <- b.Serve() }()
	f.Cleanup(func() {
		b.Close()
		<-served
	})
	request := (&brokerwire.Packet{Kind: brokerwire.Introduce, Value: 1, Cookie: 3}).Append(nil)
	f.Add(hello().Append(nil), request, request)
	f.Add([]byte{}, []byte{0}, []byte("x"))
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		r := dialRaw(t, path)
		r.conn.Send(first)
		r.conn.Send(second)
		r.conn.Send(third)
		c, err := bus.Dial(t.Context(), path, "", newMember())
		require.NoError(t, err)
		settle(t, c)
		c.Close()
	})
}

// TestWhoIsSilentHasToGo, each in its time.
func TestWhoIsSilentHasToGo(t *testing.T) {
	broker.SetHelloTimeout(t, 50*time.Millisecond)
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	for range 3 { // the wait for one must not end that for the next
		silent := dialRaw(t, path)
		last, err := silent.receive()
		require.NoError(t, err)
		require.Equal(t, brokerwire.Error, last.Kind)
		require.Equal(t, status.Protocol, status.Code(last.Code))
		_, err = silent.receive()
		require.ErrorIs(t, err, io.EOF)
	}
}

// TestAHelloThatComesLate is as good as another.
func TestAHelloThatComesLate(t *testing.T) {
	path := busPath(t)
	serve(t, broker.Config{Path: path})
	late := dialRaw(t, path)
	join(t, path)
	late.send(hello())
	welcome, err := late.receive()
	require.NoError(t, err)
	require.Equal(t, brokerwire.Welcome, welcome.Kind)
}
