package daemon_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ubinder/cmd/internal/daemon"
	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
	"ubinder/servicemanager"
)

const managerArgument = "be-the-service-manager"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == managerArgument {
		if err := daemon.ServeManager(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// running is a bus under test.
type running struct {
	daemon.Bus
	logged chan string
	stop   func() error
}

func run(t *testing.T, manager daemon.Manager) *running {
	dir, err := os.MkdirTemp("", "ub")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan daemon.Bus, 1), make(chan error, 1)
	r := &running{logged: make(chan string, 100)}
	r.stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { r.stop() })
	go func() {
		ended <- daemon.Run(ctx, daemon.Config{
			Path: filepath.Join(dir, "bus"), Manager: manager, ManagerArgs: []string{managerArgument},
			Ready: func(b daemon.Bus) { ready <- b },
			Log:   func(format string, args ...any) { r.logged <- fmt.Sprintf(format, args...) },
		})
	}()
	select {
	case r.Bus = <-ready:
	case err := <-ended:
		require.Fail(t, "the bus did not come up", "%v", err)
	}
	return r
}

func (r *running) client(t *testing.T) (*servicemanager.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	p, err := connect.Open(ctx, r.Path)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return servicemanager.Connect(ctx, p)
}

func (r *running) awaitLog(t *testing.T, part string) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case line := <-r.logged:
			if strings.Contains(line, part) {
				return
			}
		case <-timeout:
			require.Fail(t, "not logged", part)
		}
	}
}

func TestManagerIsStartedAgain(t *testing.T) {
	r := run(t, daemon.Beside)
	c, err := r.client(t)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	node := c.Process().NewNode(nil)
	require.NoError(t, c.AddService(ctx, "kept", node))
	died := make(chan struct{})
	_, err = c.LinkToDeath(ctx, func() { close(died) })
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(r.ManagerPID, syscall.SIGKILL))
	<-died
	r.awaitLog(t, "runs again")
	other, err := r.client(t)
	require.NoError(t, err)
	o, err := other.WaitService(ctx, "kept")
	require.NoError(t, err)
	_, err = binder.Call(ctx, o, binder.PingTransaction, nil)
	require.NoError(t, err, "the new service manager knows what the old one knew")
	require.NoError(t, r.stop())
	require.NoFileExists(t, r.Path)
}

func TestStopEndsTheManager(t *testing.T) {
	r := run(t, daemon.Beside)
	require.NoError(t, syscall.Kill(r.ManagerPID, 0))
	require.NoError(t, r.stop())
	require.ErrorIs(t, syscall.Kill(r.ManagerPID, 0), syscall.ESRCH)
}

func TestManagerInside(t *testing.T) {
	r := run(t, daemon.Inside)
	require.Equal(t, os.Getpid(), r.ManagerPID)
	_, err := r.client(t)
	require.NoError(t, err)
}

func TestNoManager(t *testing.T) {
	_, err := run(t, daemon.Nowhere).client(t)
	require.ErrorIs(t, err, status.UnknownTarget)
}
