package stacks

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"ubinder/bench/stack"
)

// dbusStack is godbus, the client library, through a dbus-daemon of its own.
type dbusStack struct{}

const (
	dbusInterface = "ubinder.bench"
	dbusPath      = dbus.ObjectPath("/ubinder/bench")

	// The daemon drops one-way messages that a slow receiver has not read, so the sender waits
	// now and then. And godbus
	// starts a goroutine for each.
	dbusWindow = 1 << 20

	dbusMost = 1 << 20
)

// dbusName is the name of a server on the bus.
func dbusName(env stack.Env) string { return fmt.Sprintf("%s.server%d", dbusInterface, env.Server) }

//go:embed dbus-daemon.conf
var dbusConfig string

func (dbusStack) Name() string { return "dbus" }

// Prepare installs the daemon where that can be done.
func (dbusStack) Prepare() error { return install("dbus-daemon") }

// install installs a program that Debian has in a package of its name, unless it is there.
func install(program string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%s is not installed, and only root can install it", program)
	}
	apt := exec.Command("apt-get", "install", "-y", "--no-install-recommends", program)
	apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := apt.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s is not installed, and apt-get failed: %w: %s", program, err, lines[len(lines)-1])
	}
	return nil
}

// Refuse leaves out what would take minutes.
func (dbusStack) Refuse(env stack.Env) error {
	if env.Size*env.Conc > dbusMost {
		return errors.New("godbus encodes byte arrays byte by byte, which takes it half a second for the call of a MiB")
	}
	return nil
}

// Daemon becomes a dbus-daemon that knows nothing of the machine's configuration.
func (dbusStack) Daemon(env stack.Env, _ func()) error {
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		return err
	}
	config := filepath.Join(env.Dir, "dbus-daemon.conf")
	text := strings.ReplaceAll(dbusConfig, "@SOCKET@", env.BusSocket())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	return unix.Exec(program, []string{"dbus-daemon", "--config-file=" + config, "--nofork", "--nopidfile",
		"--nosyslog", fmt.Sprintf("--print-address=%d", stack.ReadyFD)}, os.Environ())
}

func (dbusStack) Serve(env stack.Env, h *stack.Handler, ready func()) error {
	conn, err := dialDaemon(env)
	if err != nil {
		return err
	}
	if err := conn.Export(&dbusBench{h}, dbusPath, dbusInterface); err != nil {
		return err
	}
	name := dbusName(env)
	reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue)
	if err != nil {
		return err
	}
	if reply != dbus.RequestNameReplyPrimaryOwner {
		return fmt.Errorf("name %s: reply %d", name, reply)
	}
	ready()
	<-conn.Context().Done()
	return errors.New("the daemon closed the connection")
}

type dbusBench struct{ h *stack.Handler }

// Call answers with what it was given.
func (b *dbusBench) Call(data []byte, n uint64) ([]byte, uint64, *dbus.Error) {
	return b.h.Echo(data), n, nil
}

// Pour takes a message without an answer.
func (b *dbusBench) Pour(data []byte, _ uint64) *dbus.Error {
	b.h.Count(data)
	return nil
}

func (dbusStack) Dial(env stack.Env) ([]stack.Caller, error) {
	conn, err := dbusClient(env)
	if err != nil {
		return nil, err
	}
	return dialEach(env, func() (stack.Caller, error) {
		return &dbusCaller{
			service: conn.Object(dbusName(env), dbusPath),
			window:  stack.NewWindow(dbusWindow / env.Conc),
			ping:    make([]byte, stack.MinSize),
		}, nil
	})
}

// dbusConnection is the client's, to all servers.
var dbusConnection *dbus.Conn

func dbusClient(env stack.Env) (conn *dbus.Conn, err error) {
	if env.Server == 0 {
		dbusConnection, err = dialDaemon(env)
	}
	return dbusConnection, err
}

func dialDaemon(env stack.Env) (*dbus.Conn, error) {
	conn, err := dbus.Dial("unix:path=" + env.BusSocket())
	if err != nil {
		return nil, err
	}
	if err := conn.Auth(nil); err != nil {
		return nil, err
	}
	return conn, conn.Hello()
}

type dbusCaller struct {
	service dbus.BusObject
	window  stack.Window
	ping    []byte
	n       uint64
}

func (c *dbusCaller) Call(req []byte) ([]byte, error) {
	c.n++
	var answer []byte
	var n uint64
	if err := c.service.Call(dbusInterface+".Call", 0, req, c.n).Store(&answer, &n); err != nil {
		return nil, err
	}
	return answer, checkN(n, c.n)
}

func (c *dbusCaller) Send(req []byte) error {
	if err := c.window.Charge(req, c.catchUp); err != nil {
		return err
	}
	c.n++
	return c.service.Call(dbusInterface+".Pour", dbus.FlagNoReplyExpected, req, c.n).Err
}

func (c *dbusCaller) catchUp() error {
	_, err := c.Call(c.ping)
	return err
}
