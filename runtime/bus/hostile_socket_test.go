package bus

import (
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/lingertest"
	"ubinder/runtime/internal/sys"
	"ubinder/runtime/status"
)

// memfd makes a memory file of a size, with flags and seals.
func memfd(t testing.TB, flags, size, seals int) int {
	fd, err := unix.MemfdCreate("hostile", flags|unix.MFD_CLOEXEC)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Ftruncate(fd, int64(size)))
	if seals != 0 {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
		require.NoError(t, err)
	}
	return fd
}

func openFile(t testing.TB, path string) int {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return int(f.Fd())
}

func pipeEnd(t testing.TB) int {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { r.Close(); w.Close() })
	return int(r.Fd())
}

const allSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_FUTURE_WRITE | unix.F_SEAL_SEAL

// sealed makes memory.
func sealed(size, seals int) func(t testing.TB) int {
	return func(t testing.TB) int { return memfd(t, unix.MFD_ALLOW_SEALING, size, seals) }
}

func TestOutboxesThatAreNotSafeToMapAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		outbox func(t testing.TB) int
		want   string
	}{
		"no seals":       {sealed(outboxSize, 0), "not sealed"},
		"not sealable":   {func(t testing.TB) int { return memfd(t, 0, outboxSize, 0) }, "not sealed"},
		"may shrink":     {sealed(outboxSize, allSeals&^unix.F_SEAL_SHRINK), "not sealed"},
		"may grow":       {sealed(outboxSize, allSeals&^unix.F_SEAL_GROW), "not sealed"},
		"may be written": {sealed(outboxSize, allSeals&^unix.F_SEAL_FUTURE_WRITE), "not sealed"},
		"too short":      {sealed(outboxSize-4096, allSeals), "not the size agreed on"},
		"empty":          {sealed(0, allSeals), "not the size agreed on"},
		"too long":       {sealed(2*outboxSize, allSeals), "not the size agreed on"},
		"no header":      {sealed(outboxSize, allSeals), "magic 0x0"},
		"a pipe":         {pipeEnd, "not anonymous shared memory"},
		"a file":         {func(t testing.TB) int { return openFile(t, t.TempDir()+"/file") }, "cannot be mapped"},
		"/dev/zero":      {func(t testing.TB) int { return openFile(t, "/dev/zero") }, "not anonymous shared memory"},
		"/dev/null":      {func(t testing.TB) int { return openFile(t, "/dev/null") }, "not anonymous shared memory"},
	} {
		t.Run(name, func(t *testing.T) {
			s := standBy(t)
			h, v := attack(t)
			h.send([]byte{packetOutbox}, c.outbox(t), h.bell.Int())
			blames(t, <-v.opened, c.want)
			s.talk(t)
			_, v = attackByAsking(t, func(*hostile) int { return c.outbox(t) })
			blames(t, <-v.opened, c.want)
			s.talk(t)
		})
	}
}

func TestHugePagesAreRefused(t *testing.T) {
	fd, err := unix.MemfdCreate("huge", unix.MFD_HUGETLB|unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	if err != nil {
		t.Skip("no huge pages:", err)
	}
	defer unix.Close(fd)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, allSeals)
	require.NoError(t, err)
	h, v := attack(t)
	h.send([]byte{packetOutbox}, fd, h.bell.Int())
	blames(t, <-v.opened, "not anonymous shared memory")
}

func TestBellsThatCannotBeTrustedAreRefused(t *testing.T) {
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	for name, c := range map[string]struct {
		bells func(t testing.TB) int
		want  string
	}{
		"no seals":           {sealed(bellsSize, 0), "not sealed"},
		"may shrink":         {sealed(bellsSize, seals&^unix.F_SEAL_SHRINK), "not sealed"},
		"may grow":           {sealed(bellsSize, seals&^unix.F_SEAL_GROW), "not sealed"},
		"may not be written": {sealed(bellsSize, allSeals), "cannot be mapped"},
		"empty":              {sealed(0, seals), "not the size agreed on"},
		"too long":           {sealed(2*bellsSize, seals), "not the size agreed on"},
		"a pipe":             {pipeEnd, "not anonymous shared memory"},
	} {
		t.Run(name, func(t *testing.T) {
			s := standBy(t)
			h, v := attack(t)
			h.send([]byte{packetOutbox}, h.fd.Int(), c.bells(t))
			blames(t, <-v.opened, "its bells")
			s.talk(t)
			h, v = attack(t)
			h.send([]byte{packetOutbox}, h.fd.Int(), c.bells(t))
			blames(t, <-v.opened, c.want)
		})
	}
}

func TestOutboxesOfAnotherShapeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		off   int
		value uint32
	}{
		"magic": {offMagic, 1}, "version": {offVersion, Version + 1}, "ring size": {offRingSize, 1 << 31},
		"message credit": {offCredit, 0}, "callers": {offCallers, 1 << 20}, "segment size": {offSegmentSize, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			h.out.Uint32(c.off).Store(c.value)
			h.outbox()
			blames(t, <-v.opened, "its outbox has "+name)
			_, v = attackByAsking(t, func(h *hostile) int {
				h.out.Uint32(c.off).Store(c.value)
				return h.fd.Int()
			})
			blames(t, <-v.opened, "its outbox has "+name)
		})
	}
}

func TestPacketsOutOfOrderDuringTheHandshake(t *testing.T) {
	for name, packets := range map[string]func(h *hostile){
		"ready":             func(h *hostile) { h.send([]byte{packetReady}) },
		"ring":              func(h *hostile) { h.ring() },
		"no files":          func(h *hostile) { h.send([]byte{packetOutbox}) },
		"one file":          func(h *hostile) { h.send([]byte{packetOutbox}, h.fd.Int()) },
		"three files":       func(h *hostile) { h.send([]byte{packetOutbox}, h.fd.Int(), h.bell.Int(), h.bell.Int()) },
		"most files":        func(h *hostile) { h.send([]byte{packetOutbox}, many(h.fd.Int(), sys.MaxFDs)...) },
		"a byte more":       func(h *hostile) { h.send([]byte{packetOutbox, 0}, h.fd.Int(), h.bell.Int()) },
		"a long packet":     func(h *hostile) { h.send(make([]byte, 1000), h.fd.Int()) },
		"empty, with files": func(h *hostile) { h.sendEmpty(h.fd.Int()) },
	} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			packets(h)
			blames(t, <-v.opened, "packet")
			require.Nil(t, v.link)
		})
	}
	for name, packets := range map[string]func(h *hostile){
		"an outbox once more":  func(h *hostile) { h.outbox() },
		"ring":                 func(h *hostile) { h.ring() },
		"files before ready":   func(h *hostile) { h.sendFiles(0, h.fd.Int()) },
		"ready with a file":    func(h *hostile) { h.send([]byte{packetReady}, h.fd.Int()) },
		"long packet as ready": func(h *hostile) { h.send(make([]byte, 100)) },
		"a byte more":          func(h *hostile) { h.send([]byte{packetReady, 0}) },
	} {
		t.Run("who asks/"+name, func(t *testing.T) {
			h, v := attackByAsking(t, func(h *hostile) int { return h.fd.Int() })
			packets(h)
			blames(t, <-v.opened, "packet")
			blames(t, <-v.hangup, "packet")
		})
	}
}

// outbox answers who has asked for the lane.
func (h *hostile) outbox() { h.send([]byte{packetOutbox}, h.fd.Int(), h.bell.Int()) }

func (h *hostile) sendFiles(pos uint64, files ...int) {
	h.send(binary.NativeEndian.AppendUint64([]byte{packetFiles}, pos), files...)
}

func many(fd, n int) (list []int) {
	for range n {
		list = append(list, fd)
	}
	return list
}

func TestAPeerThatIsNeverReadyHoldsUpNobodyElse(t *testing.T) {
	s := standBy(t)
	h, v := attackByAsking(t, func(h *hostile) int { return h.fd.Int() })
	s.talk(t)
	h.hangUp()
	require.ErrorIs(t, <-v.opened, status.Dead)
	require.ErrorIs(t, <-v.hangup, status.Dead)
	h, v = attack(t)
	s.talk(t)
	h.hangUp()
	require.ErrorIs(t, <-v.opened, status.Dead)
}

func TestPacketsThatNoPeerSendsCutItOff(t *testing.T) {
	for name, packets := range map[string]func(h *hostile){
		"unknown kind":          func(h *hostile) { h.send([]byte{'?'}) },
		"a second outbox":       func(h *hostile) { h.outbox() },
		"a second ready":        func(h *hostile) { h.send([]byte{packetReady}) },
		"a ring with a file":    func(h *hostile) { h.send([]byte{packetRing}, h.fd.Int()) },
		"a long ring":           func(h *hostile) { h.send([]byte{packetRing, 0}) },
		"a packet too long":     func(h *hostile) { h.send(make([]byte, 17)) },
		"a huge packet":         func(h *hostile) { h.send(make([]byte, 100000)) },
		"empty, with files":     func(h *hostile) { h.sendEmpty(h.fd.Int()) },
		"files, cut short":      func(h *hostile) { h.send([]byte{packetFiles, 1, 2}, h.fd.Int()) },
		"too many files":        func(h *hostile) { h.sendFiles(0, many(h.fd.Int(), MaxFiles+1)...) },
		"files of all messages": func(h *hostile) { h.flood() },
		"files twice":           func(h *hostile) { h.sendFiles(5, h.fd.Int()); h.sendFiles(5, h.fd.Int()) },
		"files backwards":       func(h *hostile) { h.sendFiles(5, h.fd.Int()); h.sendFiles(4, h.fd.Int()) },
		"files of no position":  func(h *hostile) { h.sendFiles(1<<64-1, h.fd.Int()) },
	} {
		t.Run(name, func(t *testing.T) {
			h, v := attack(t)
			s := standBy(t)
			h.shake(v)
			packets(h)
			h.ring()
			blames(t, <-v.hangup, "it sent")
			s.talk(t)
		})
	}
}

// flood sends more files than any receiver keeps.
func (h *hostile) flood() {
	for pos := range uint64(maxEarlyFiles/MaxFiles + 1) {
		h.sendFiles(pos, many(h.fd.Int(), MaxFiles)...)
	}
}

func TestFilesThatDoNotComeFailTheirMessageAlone(t *testing.T) {
	h, v := attack(t)
	v.keepAll()
	h.shake(v)
	h.sendFiles(1, h.fd.Int())
	h.sendFiles(2, h.fd.Int(), h.fd.Int())
	h.publish(repeat(3, Descriptor{Kind: KindCall, Files: 1})...)
	require.Eventually(t, func() bool { return v.count() == 3 }, patience, tick)
	for pos, ok := range []bool{false, true, false} {
		fds, err := v.link.Files(uint64(pos), 1)
		require.Equal(t, ok, err == nil)
		if !ok {
			require.ErrorIs(t, err, status.Protocol)
			require.ErrorContains(t, err, "announces 1 files")
		}
		sys.CloseAll(fds)
	}
	require.NoError(t, v.link.Err())
	h.hangUp()
	require.ErrorIs(t, <-v.hangup, status.Dead)
}

// TestUnwantedFilesThatAreSlowToCloseHoldUpNobody: who takes the files of a message may have a lock of its process.
func TestUnwantedFilesThatAreSlowToCloseHoldUpNobody(t *testing.T) {
	slow, end := lingertest.Socket(t)
	h, v := attack(t)
	v.keepAll()
	h.shake(v)
	h.sendFiles(0, h.fd.Int(), slow) // one more than announced
	require.NoError(t, unix.Close(slow))
	h.publish(Descriptor{Kind: KindCall, Files: 1})
	require.Eventually(t, func() bool { return v.count() == 1 }, patience, tick)
	taken := make(chan error, 1)
	go func() {
		_, err := v.link.Files(0, 1)
		taken <- err
	}()
	var err error
	select {
	case err = <-taken:
	case <-time.After(patience):
	}
	end()
	require.ErrorContains(t, err, "announces 1 files")
}

// TestFilesThatThereIsNoRoomForHoldUpNobody: the kernel closes them, and who receives has locks, of which that of the
// lane is only one. A peer whose files keep too many threads so is cut off.
func TestFilesThatThereIsNoRoomForHoldUpNobody(t *testing.T) {
	h, v := attack(t)
	v.keepAll()
	h.shake(v)
	h.publish(Descriptor{Kind: KindCall, Files: 1})
	require.Eventually(t, func() bool { return v.count() == 1 }, patience, tick)
	port := v.link.socket
	port.mu.Lock() // until all packets are there, or it would not be the last who closes
	const most = 16
	for pos := range uint64(most + 1) {
		slow, end := lingertest.Socket(t)
		defer end()
		h.sendFiles(pos, slow)
		require.NoError(t, unix.Close(slow))
	}
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}))
	port.mu.Unlock()
	var err error
	select {
	case err = <-v.hangup:
	case <-time.After(patience):
	}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	blames(t, err, "no room for")
	_, err = v.link.Files(0, 1)
	require.ErrorContains(t, err, "announces 1 files, 0 came")
}

func TestDroppedFilesAreKeptUntilTheyAreClosed(t *testing.T) {
	h, v := attack(t)
	v.keepAll()
	h.shake(v)
	slow, end := lingertest.Socket(t)
	h.sendFiles(0, slow)
	require.NoError(t, unix.Close(slow))
	h.publish(Descriptor{Kind: KindCall, Files: 1})
	require.Eventually(t, func() bool { return v.count() == 1 }, patience, tick)
	v.link.DropFiles(0)
	require.Equal(t, 1, v.link.port.kept())
	end()
	require.Eventually(t, func() bool { return v.link.port.kept() == 0 }, patience, tick)
}

// TestASocketThatIsSlowToCloseHoldsUpNobody: who finds what the peer has done wrong may have a lock of its process. What
// the peer has sent and nobody has read is closed with the socket.
func TestASocketThatIsSlowToCloseHoldsUpNobody(t *testing.T) {
	h, v := attack(t)
	h.shake(v)
	slow, end := lingertest.Socket(t)
	v.mu.Lock() // until both packets are there: it looks when it has read the first
	h.ring()
	h.writer.Put(&Descriptor{Kind: 255})
	h.sendFiles(0, slow)
	closed := make(chan struct{})
	go func() {
		unix.Close(slow)
		close(closed)
	}()
	v.mu.Unlock()
	var err error
	select {
	case err = <-v.hangup:
	case <-time.After(patience):
	}
	end()
	<-closed
	blames(t, err, "of unknown kind")
}
