package run

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"ubinder/bench/stack"
)

// wakeupsAddr is where the process pid of a team tells its count.
func wakeupsAddr(env stack.Env, pid int) *net.UnixAddr {
	return &net.UnixAddr{Name: filepath.Join(env.Dir, fmt.Sprintf("%d.wakeups", pid)), Net: "unix"}
}

// serveWakeups tells the client what count returns, for each byte that it writes: aside from the
// stack, so that asking wakes nobody that is counted.
func serveWakeups(env stack.Env, count func() uint64) error {
	l, err := net.ListenUnix("unix", wakeupsAddr(env, os.Getpid()))
	if err != nil {
		return err
	}
	go func() {
		defer l.Close()
		conn, err := l.Accept()
		for err == nil {
			var b [8]byte
			if _, err = io.ReadFull(conn, b[:1]); err == nil {
				binary.NativeEndian.PutUint64(b[:], count())
				_, err = conn.Write(b[:])
			}
		}
	}()
	return nil
}

// sumWakeups connects the client to the others of its team; the result sums their counts and its own.
func sumWakeups(t task, own func() uint64) (func() (uint64, error), error) {
	var others []net.Conn
	for _, pid := range t.Peers {
		conn, err := net.DialUnix("unix", nil, wakeupsAddr(t.Env, pid))
		if err != nil {
			return nil, err
		}
		others = append(others, conn)
	}
	return func() (uint64, error) {
		sum := own()
		for _, conn := range others {
			n, err := askWakeups(conn)
			if err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	}, nil
}

func askWakeups(conn net.Conn) (uint64, error) {
	var b [8]byte
	if _, err := conn.Write(b[:1]); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return 0, fmt.Errorf("counting wake-ups: %w", err)
	}
	return binary.NativeEndian.Uint64(b[:]), nil
}
