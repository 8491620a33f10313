// Package connect opens a process on a bus by its address; it is what programs call first.
package connect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"ubinder/runtime/binder"
	"ubinder/runtime/bus"
	"ubinder/runtime/object"
	"ubinder/runtime/status"
)

// DefaultPath is where a bus is when nobody says otherwise: $UBINDER_BUS, else
// $XDG_RUNTIME_DIR/ubinder/bus, else /run/ubinder/bus.
func DefaultPath() string {
	if p := os.Getenv("UBINDER_BUS"); p != "" {
		return p
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "ubinder", "bus")
	}
	return "/run/ubinder/bus"
}

// Open connects to a bus and returns the connection, a process of the bus. The address is
//
//	""            the bus at DefaultPath
//	"bus:PATH"    the bus whose broker listens at PATH; a plain path means the same
//	"inproc:NAME" the bus NAME inside this program, made when it is first named; for tests
//
// The caller closes it. ctx bounds connecting only.
func Open(ctx context.Context, address string, options ...binder.ProcessOption) (*binder.Process, error) {
	kind, rest, found := strings.Cut(address, ":")
	switch {
	case address == "":
		return openBus(ctx, DefaultPath(), options)
	case strings.HasPrefix(address, "/") || strings.HasPrefix(address, "."):
		return openBus(ctx, address, options)
	case found && kind == "bus":
		return openBus(ctx, rest, options)
	case found && kind == "inproc":
		return openHub(rest, options)
	}
	return nil, status.Errorf(status.BadValue, "bus address %q: it is a path, bus:PATH or inproc:NAME", address)
}

func openBus(ctx context.Context, path string, options []binder.ProcessOption) (*binder.Process, error) {
	dial := object.Dial
	if binder.AsksForContextManager(options...) {
		dial = object.DialAndAsk
	}
	t, err := dial(ctx, path, filepath.Base(os.Args[0]))
	if err != nil {
		return nil, err
	}
	return binder.NewProcess(t, options...), nil
}

var hubs sync.Map // of *bus.Hub by name

func openHub(name string, options []binder.ProcessOption) (*binder.Process, error) {
	hub, _ := hubs.LoadOrStore(name, bus.NewHub())
	self := bus.Peer{PID: int32(os.Getpid()), UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	t, err := object.Join(hub.(*bus.Hub), self)
	if err != nil {
		return nil, err
	}
	return binder.NewProcess(t, options...), nil
}
