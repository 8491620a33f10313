package stacks

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"ubinder/bench/stack"
)

// dbusBroker is dbusStack through dbus-broker, the other daemon.
type dbusBroker struct{ dbusStack }

const brokerProgram = "dbus-broker"

func (dbusBroker) Name() string { return "dbus-broker" }

// Prepare installs the daemon where that can be done.
func (dbusBroker) Prepare() error { return install(brokerProgram) }

// Daemon becomes a dbus-broker. It takes its configuration, a listening socket and a policy, from a
// controller, over D-Bus on a socket pair. systemd is usually that; here this process, before it becomes
// the broker, has written to the socket what a controller says, and keeps its end open.
func (dbusBroker) Daemon(env stack.Env, ready func()) error {
	program, err := exec.LookPath(brokerProgram)
	if err != nil {
		return err
	}
	listener, err := listen(env.BusSocket())
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	for _, fd := range pair {
		if err := unix.SetNonblock(fd, true); err != nil {
			return err
		}
	}
	if err := control(pair[0], listener); err != nil {
		return fmt.Errorf("configuring dbus-broker: %w", err)
	}
	ready() // clients wait in the socket's queue
	return unix.Exec(program, []string{brokerProgram, fmt.Sprintf("--controller=%d", pair[1]),
		"--machine-id=0123456789abcdef0123456789abcdef", "--max-bytes=1000000000", "--max-objects=100000"}, os.Environ())
}

// listen returns the descriptor of a socket that survives this program.
func listen(path string) (int, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return 0, err
	}
	f, err := l.File()
	if err != nil {
		return 0, err
	}
	l.SetUnlinkOnClose(false)
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		return 0, err
	}
	return fd, unix.SetNonblock(fd, true) // Fd has taken that away
}

// control writes what a controller says: it authenticates, and adds a listener.
func control(fd, listener int) error {
	auth := fmt.Sprintf("\x00AUTH EXTERNAL %x\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n", fmt.Sprint(os.Getuid()))
	add := &dbus.Message{
		Type: dbus.TypeMethodCall,
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath:      dbus.MakeVariant(dbus.ObjectPath("/org/bus1/DBus/Broker")),
			dbus.FieldInterface: dbus.MakeVariant("org.bus1.DBus.Broker"),
			dbus.FieldMember:    dbus.MakeVariant("AddListener"),
			dbus.FieldUnixFDs:   dbus.MakeVariant(uint32(1)),
		},
		Body: []any{dbus.ObjectPath("/org/bus1/DBus/Listener/0"), dbus.UnixFDIndex(0), dbus.MakeVariant(allowAll())},
	}
	add.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(add.Body...))
	var message bytes.Buffer
	if err := add.EncodeTo(&message, binary.LittleEndian); err != nil {
		return err
	}
	// A message has a serial number, which only a connection of godbus gives it.
	binary.LittleEndian.PutUint32(message.Bytes()[8:], 1)
	if _, err := unix.Write(fd, []byte(auth)); err != nil {
		return err
	}
	return unix.Sendmsg(fd, message.Bytes(), unix.UnixRights(listener), nil, 0)
}

// The policy of a listener as dbus-broker's controller interface has it: rules for users, for ranges of
// groups, SELinux's, whether AppArmor counts, and the type of bus. Its launcher sends the same.
type (
	brokerPolicy struct {
		Users    []brokerUser
		Groups   []brokerGroups
		SELinux  []struct{ Name, Label string }
		AppArmor bool
		Type     string
	}
	brokerUser struct {
		UID   uint32
		Rules brokerRules
	}
	brokerGroups struct {
		Group       bool
		First, Last uint32
		Rules       brokerRules
	}
	brokerRules struct {
		Connect  bool
		Priority uint64
		Own      []brokerOwn
		Send     []brokerXmit
		Receive  []brokerXmit
	}
	brokerOwn struct {
		Allow    bool
		Priority uint64
		Prefix   bool
		Name     string
	}
	brokerXmit struct {
		Allow                         bool
		Priority                      uint64
		Name, Path, Interface, Member string
		MessageType, Broadcast        uint32
		MinFDs, MaxFDs                uint64
	}
)

// allowAll lets every user do everything.
func allowAll() brokerPolicy {
	xmit := []brokerXmit{{Allow: true, Priority: 1, MaxFDs: math.MaxUint64}}
	return brokerPolicy{
		Users: []brokerUser{{UID: math.MaxUint32, Rules: brokerRules{ // the user for all that have none of their own
			Connect: true, Priority: 1,
			Own:  []brokerOwn{{Allow: true, Priority: 1, Prefix: true}},
			Send: xmit, Receive: xmit,
		}}},
		Type: "session",
	}
}
