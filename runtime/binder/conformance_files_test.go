package binder_test

import (
	"io"
	"os"
	"syscall"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

var libFiles = []conformance{
	{name: "PassFile", checks: "a server writes to the pipe that it was passed, and its copy is closed when it is done", run: func(s *stage) { passPipe(s, "{") }},
	{name: "PassParcelFileDescriptor", checks: "the same beside a larger payload", run: func(s *stage) { passPipe(s, string(make([]byte, 123))) }},
	{name: "RecvOwnedFileDescriptors", checks: "two files that a server made for the caller arrive, and none is left behind", run: func(s *stage) {
		receiveFiles(s, opNewFiles, func(r *binder.Reply) { requireFiles(s, r, 2) })
	}},
	{name: "RecvOwnedFileDescriptorsAndWriteInt", checks: "the same when the reply's payload is written to before they are taken", run: func(s *stage) {
		receiveFiles(s, opNewFiles, func(r *binder.Reply) { writeThenTake(s, r) })
	}},
	{name: "RecvOwnedFileDescriptorsAndTruncate", checks: "the file that the caller does not take is closed with the reply", run: func(s *stage) {
		receiveFiles(s, opNewFiles, func(r *binder.Reply) { requireFiles(s, r, 1) })
	}},
	{name: "RecvUnownedFileDescriptors", checks: "two files that the server goes on using arrive", run: func(s *stage) {
		receiveFiles(s, opOwnFiles, func(r *binder.Reply) { requireFiles(s, r, 2) })
	}},
	{name: "RecvUnownedFileDescriptorsAndWriteInt", checks: "the same when the reply's payload is written to before they are taken", run: func(s *stage) {
		receiveFiles(s, opOwnFiles, func(r *binder.Reply) { writeThenTake(s, r) })
	}},
	{name: "RecvUnownedFileDescriptorsAndTruncate", checks: "the file that the caller does not take is closed with the reply", run: func(s *stage) {
		receiveFiles(s, opOwnFiles, func(r *binder.Reply) { requireFiles(s, r, 1) })
	}},
	{name: "FileDescriptorRemainsNonBlocking", checks: "a socket that does not block does not block at the receiver (a stream socket: packet sockets are the bus's own, and not passed)", run: func(s *stage) {
		f := s.do(s.server(), opNonBlocking, "").TakeFile(0)
		require.NotNil(s, f)
		defer f.Close()
		conn, err := f.SyscallConn()
		require.NoError(s, err)
		require.NoError(s, conn.Control(func(fd uintptr) {
			flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
			assert.Zero(s, errno)
			assert.NotZero(s, flags&syscall.O_NONBLOCK)
		}))
	}},
	{name: "TooManyFdsFlattenable", checks: "128 files are passed in a message, 129 are too many; a receiver that may open no more fails that call alone", run: tooManyFiles},
}

func passPipe(s *stage, text string) {
	r, w, err := os.Pipe()
	require.NoError(s, err)
	defer r.Close()
	s.do(s.server(), opWrite, text, binder.Attachment{File: w})
	require.NoError(s, w.Close())
	got, err := io.ReadAll(r) // ends when the last writer is closed
	require.NoError(s, err)
	assert.Equal(s, text, string(got))
}

// receiveFiles checks that what a reply brought is closed afterwards, and that the server can answer
// so again.
func receiveFiles(s *stage, op uint32, take func(*binder.Reply)) {
	server := s.server()
	for range 2 {
		s.do(server, opNop, "")
		before := s.openFiles()
		r := s.do(server, op, "")
		require.Len(s, r.Attachments, 2)
		take(r)
		r.Release()
		for s.openFiles() > before {
			require.NoError(s, s.ctx.Err(), "files are left open")
		}
	}
}

// requireFiles takes n open files and closes them.
func requireFiles(s *stage, r *binder.Reply, n int) {
	for range n {
		f := r.TakeFile(0)
		require.NotNil(s, f)
		_, err := f.Stat()
		require.NoError(s, err)
		require.NoError(s, f.Close())
	}
}

func writeThenTake(s *stage, r *binder.Reply) {
	r.Payload = append(r.Payload, 0, 0, 0, 0)
	requireFiles(s, r, 2)
}

func tooManyFiles(s *stage) {
	server := s.server()
	r, w, err := os.Pipe()
	require.NoError(s, err)
	defer r.Close()
	defer w.Close()
	var list []binder.Attachment
	for range 129 {
		list = append(list, binder.Attachment{File: w})
	}
	_, err = s.try(server, opNop, "", list...)
	require.ErrorIs(s, err, status.TooBig)
	s.do(server, opNop, "", list[:128]...)
	s.do(server, opFewFiles, "64")
	_, err = s.try(server, opNop, "", list[:128]...)
	require.Error(s, err)
	s.do(server, opNop, "", list[:8]...)
}
