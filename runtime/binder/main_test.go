package binder_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"ubinder/runtime/connect"
	"ubinder/runtime/internal/leaktest"
	"ubinder/servicemanager"
)

// What this program is when a test starts it again; the bus is in $UBINDER_BUS.
const (
	beManager = "CONFORMANCE_MANAGER" // the service manager
	beServer  = "CONFORMANCE_SERVER"  // a server, registered under the value
	beIdle    = "CONFORMANCE_IDLE"    // a process that does nothing
)

func TestMain(m *testing.M) {
	var err error
	switch {
	case os.Getenv(beIdle) != "":
		select {}
	case os.Getenv(beManager) != "":
		err = runManager()
	case os.Getenv(beServer) != "":
		err = runServer(os.Getenv(beServer))
	default:
		leaktest.Main(m)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// runManager serves names until it is killed.
func runManager() error {
	p, err := connect.Open(context.Background(), "")
	if err != nil {
		return err
	}
	return servicemanager.Serve(context.Background(), p, servicemanager.Config{})
}

// runServer serves an object under a name until it is killed or told to exit.
func runServer(name string) error {
	p, err := connect.Open(context.Background(), "")
	if err != nil {
		return err
	}
	names, err := servicemanager.Connect(context.Background(), p)
	if err != nil {
		return err
	}
	if err := names.AddService(context.Background(), name, newServer(name, p).node); err != nil {
		return err
	}
	select {}
}
