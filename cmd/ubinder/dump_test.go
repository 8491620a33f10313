package main

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/cmd/internal/console"
	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/servicemanager"
)

// startManager makes a bus inside this program, with a service manager, and two clients of it, each a
// process of its own.
func startManager(t *testing.T) (a, b *servicemanager.Client) {
	ctx := context.Background()
	open := func() *binder.Process {
		p, err := connect.Open(ctx, "inproc:"+t.Name())
		require.NoError(t, err)
		t.Cleanup(func() { p.Close() })
		return p
	}
	s, err := servicemanager.Start(ctx, open(), servicemanager.Config{})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	connect := func() *servicemanager.Client {
		c, err := servicemanager.Connect(ctx, open())
		require.NoError(t, err)
		t.Cleanup(c.Release)
		return c
	}
	return connect(), connect()
}

// A service that never ends its dump, and one that keeps the file: neither holds the others up.
func TestDumpLeavesWhoIsStuckBehind(t *testing.T) {
	ctx := context.Background()
	service, names := startManager(t)
	release := make(chan struct{})
	defer close(release)
	var kept *os.File
	defer func() { kept.Close() }()
	add := func(name string, dump func(ctx context.Context, out *os.File, args []string) error) {
		require.NoError(t, service.AddService(ctx, name, service.Process().NewNode(nil, binder.WithDump(dump))))
	}
	add("a", func(_ context.Context, out *os.File, _ []string) error {
		out.WriteString("begun\n")
		<-release
		return nil
	})
	add("b", func(_ context.Context, out *os.File, _ []string) (err error) {
		out.WriteString("kept\n")
		fd, err := syscall.Dup(int(out.Fd()))
		kept = os.NewFile(uintptr(fd), "kept")
		return err
	})
	add("c", func(_ context.Context, out *os.File, _ []string) error {
		_, err := out.WriteString("fine\n")
		return err
	})
	var text bytes.Buffer
	flags := dumpFlags{timeout: 200 * time.Millisecond, priority: uint32(servicemanager.DumpAll), skip: []string{managerName}}
	require.NoError(t, flags.all(ctx, console.New(&text), names))
	assert.Regexp(t, `^a:\nbegun\nfailed after .*\n\nb:\nkept\nfailed after .*\n\nc:\nfine\n5 bytes in .*\n\n$`, text.String())
}
