package transporttest

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// What a puppet says of itself.
const (
	puppetDescriptor = "transporttest.Puppet"
	puppetVersion    = 7
	puppetHash       = "0123abcd"
)

func (s *puppet) metaAnswers() []binder.NodeOption {
	extension := s.process.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Payload = append([]byte("extension:"), c.Payload...)
		return nil
	}))
	return []binder.NodeOption{
		binder.WithDescriptor(puppetDescriptor), binder.WithVersion(puppetVersion, puppetHash),
		binder.WithExtension(extension), binder.WithDump(s.dump), binder.WithShellCommand(s.shell),
	}
}

func (s *puppet) dump(_ context.Context, out *os.File, args []string) error {
	_, err := out.WriteString("puppet " + strings.Join(args, "|"))
	return err
}

// shell copies its input to its output, writes its arguments to its errors, and exits with the first.
func (s *puppet) shell(_ context.Context, files binder.Stdio, args []string) (int32, error) {
	if _, err := io.Copy(files.Out, files.In); err != nil {
		return 0, err
	}
	if _, err := files.Err.WriteString(strings.Join(args, "|")); err != nil {
		return 0, err
	}
	exit, err := strconv.Atoi(args[0])
	return int32(exit), err
}

// pipe returns a pipe; read returns all that was written to it.
func pipe(s *Stage) (w *os.File, read func() string) {
	r, w, err := os.Pipe()
	require.NoError(s, err)
	s.Cleanup(func() { r.Close(); w.Close() })
	return w, func() string {
		w.Close()
		b, err := io.ReadAll(r)
		require.NoError(s, err)
		return string(b)
	}
}

var meta = []Case{
	{"MetaAnswersOfTheRuntime", func(s *Stage) {
		p := s.Puppet()
		require.NoError(s, binder.Ping(s.Ctx, p))
		descriptor, err := binder.InterfaceDescriptor(s.Ctx, p)
		require.NoError(s, err)
		assert.Equal(s, puppetDescriptor, descriptor)
		pid, err := binder.DebugPID(s.Ctx, p)
		require.NoError(s, err)
		assert.Equal(s, s.Forks, int(pid) != os.Getpid())
	}},
	{"MetaAnswersOfTheService", func(s *Stage) {
		p := s.Puppet()
		version, err := binder.InterfaceVersion(s.Ctx, p)
		require.NoError(s, err)
		assert.EqualValues(s, puppetVersion, version)
		hash, err := binder.InterfaceHash(s.Ctx, p)
		require.NoError(s, err)
		assert.Equal(s, puppetHash, hash)
		extension, err := binder.Extension(s.Ctx, p)
		require.NoError(s, err)
		defer binder.Release(extension)
		b, err := binder.Call(s.Ctx, extension, 1, []byte("x"))
		require.NoError(s, err)
		assert.Equal(s, "extension:x", string(b))
		other, err := binder.Extension(s.Ctx, extension)
		require.NoError(s, err)
		assert.Nil(s, other)
	}},
	{"Dump", func(s *Stage) {
		w, read := pipe(s)
		require.NoError(s, binder.Dump(s.Ctx, s.Puppet(), w, "-a", "", "b c"))
		assert.Equal(s, "puppet -a||b c", read())
	}},
	{"DumpWithoutAFile", func(s *Stage) {
		require.ErrorIs(s, binder.Dump(s.Ctx, s.Puppet(), nil), status.BadValue)
	}},
	{"ShellCommand", func(s *Stage) {
		p := s.Puppet()
		in, err := os.CreateTemp(s.TempDir(), "in")
		require.NoError(s, err)
		defer in.Close()
		in.WriteString("input")
		in.Seek(0, io.SeekStart)
		out, output := pipe(s)
		errs, errors := pipe(s)
		exit, err := binder.ShellCommand(s.Ctx, p, binder.Stdio{In: in, Out: out, Err: errs}, "-42", "x")
		require.NoError(s, err)
		assert.EqualValues(s, -42, exit)
		assert.Equal(s, "input", output())
		assert.Equal(s, "-42|x", errors())
		exit, err = binder.ShellCommand(s.Ctx, p, binder.Stdio{}, "0")
		require.NoError(s, err, "files that are left out are the null device")
		assert.Zero(s, exit)
		_, err = binder.ShellCommand(s.Ctx, p, binder.Stdio{}, "no number")
		require.ErrorIs(s, err, status.Internal)
	}},
	{"MetaArgumentsCutShort", func(s *Stage) {
		_, err := s.Try(s.Ctx, s.Puppet(), binder.ShellCommandTransaction, []byte{9, 0, 0, 0, 'x'})
		require.ErrorIs(s, err, status.Encoding)
	}},
}
