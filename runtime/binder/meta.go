package binder

import (
	"context"
	"encoding/binary"
	"os"
	"strconv"

	"ubinder/runtime/status"
)

// The transaction codes that interfaces may use. Android's are FIRST_CALL_TRANSACTION to
// LAST_CALL_TRANSACTION (libbinder's IBinder.h) without the last hundred, which the AIDL compiler
// keeps for methods that every interface has (aidl's transaction_ids.h).
const (
	FirstCode uint32 = 0x00000001
	LastCode  uint32 = 0x00ffff9b
)

// The meta transactions: what every node answers, or its options do, before its handler. Names and
// values are Android's (IBinder.h, transaction_ids.h); what goes in them is in PROTOCOL.md, section 5.
// A node that cannot answer one, and one in the encoding Parcel except a ping, goes to the handler:
// what an AIDL compiler generates answers these in Android's own bytes.
const (
	PingTransaction             uint32 = '_'<<24 | 'P'<<16 | 'N'<<8 | 'G'
	InterfaceTransaction        uint32 = '_'<<24 | 'N'<<16 | 'T'<<8 | 'F'
	DumpTransaction             uint32 = '_'<<24 | 'D'<<16 | 'M'<<8 | 'P'
	ShellCommandTransaction     uint32 = '_'<<24 | 'C'<<16 | 'M'<<8 | 'D'
	ExtensionTransaction        uint32 = '_'<<24 | 'E'<<16 | 'X'<<8 | 'T'
	DebugPIDTransaction         uint32 = '_'<<24 | 'P'<<16 | 'I'<<8 | 'D'
	StartRecordingTransaction   uint32 = '_'<<24 | 'S'<<16 | 'R'<<8 | 'D'
	StopRecordingTransaction    uint32 = '_'<<24 | 'E'<<16 | 'R'<<8 | 'D'
	InterfaceVersionTransaction uint32 = 0x00ffffff // FIRST_CALL_TRANSACTION + 16777214
	InterfaceHashTransaction    uint32 = 0x00fffffe // FIRST_CALL_TRANSACTION + 16777213
)

// Stdio is the open files of a dump or a shell command; Field numbers them as programs do.
type Stdio struct{ In, Out, Err *os.File }

const (
	fieldIn uint32 = iota
	fieldOut
	fieldErr
)

// metaAnswers is what a node says in answer to meta transactions.
type metaAnswers struct {
	dump      func(ctx context.Context, out *os.File, args []string) error
	shell     func(ctx context.Context, files Stdio, args []string) (int32, error)
	extension Object
	version   int32
	hash      string
}

func (n *Node) metaAnswers() *metaAnswers {
	if n.meta == nil {
		n.meta = new(metaAnswers)
	}
	return n.meta
}

// WithDump has fn write what a person wants to know of the object's state to out, for
// DumpTransaction. out is closed afterwards. Who dumps may be slow to read, or never: fn blocks then.
func WithDump(fn func(ctx context.Context, out *os.File, args []string) error) NodeOption {
	return func(n *Node) { n.metaAnswers().dump = fn }
}

// WithShellCommand has fn run a command line for ShellCommandTransaction; what it returns is the exit
// status. No file is nil: one that the caller left out is the null device. They are closed afterwards.
func WithShellCommand(fn func(ctx context.Context, files Stdio, args []string) (int32, error)) NodeOption {
	return func(n *Node) { n.metaAnswers().shell = fn }
}

// WithExtension gives out another object with this one: what a vendor adds to an interface that is not
// his. The reference stays the caller's, and must last as long as the node.
func WithExtension(o Object) NodeOption {
	return func(n *Node) { n.metaAnswers().extension = o }
}

// WithVersion says which version of its interface the node implements, from 1, and the hash of the
// definition. Generated code does this.
func WithVersion(version int32, hash string) NodeOption {
	return func(n *Node) { m := n.metaAnswers(); m.version, m.hash = version, hash }
}

// serveMeta answers a meta transaction; false leaves it to the handler.
func (n *Node) serveMeta(ctx context.Context, c *IncomingCall) (answered bool, err error) {
	if c.Code == PingTransaction {
		return true, nil
	}
	if c.Encoding == Parcel {
		return false, nil
	}
	switch c.Code {
	case InterfaceTransaction:
		c.Reply.Payload = []byte(n.descriptor)
		return true, nil
	case DebugPIDTransaction:
		c.Reply.Payload = binary.NativeEndian.AppendUint32(nil, uint32(os.Getpid()))
		return true, nil
	case ExtensionTransaction:
		var o Object
		if n.meta != nil {
			o = n.meta.extension
		}
		c.Reply.Attachments = []Attachment{{Object: o}}
		return true, nil
	}
	if n.meta == nil {
		return false, nil
	}
	return n.meta.serve(ctx, c)
}

func (m *metaAnswers) serve(ctx context.Context, c *IncomingCall) (answered bool, err error) {
	switch {
	case c.Code == DumpTransaction && m.dump != nil:
		return true, m.serveDump(ctx, c)
	case c.Code == ShellCommandTransaction && m.shell != nil:
		return true, m.serveShell(ctx, c)
	case c.Code == InterfaceVersionTransaction && m.version > 0:
		c.Reply.Payload = binary.NativeEndian.AppendUint32(nil, uint32(m.version))
		return true, nil
	case c.Code == InterfaceHashTransaction && m.hash != "":
		c.Reply.Payload = []byte(m.hash)
		return true, nil
	}
	return false, nil
}

func (m *metaAnswers) serveDump(ctx context.Context, c *IncomingCall) error {
	args, err := parseArguments(c.Payload)
	if err != nil {
		return err
	}
	out := c.TakeFile(fieldOut)
	if out == nil {
		return status.Errorf(status.BadValue, "a dump takes the file to write to along, as field %d", fieldOut)
	}
	defer out.Close()
	return m.dump(ctx, out, args)
}

func (m *metaAnswers) serveShell(ctx context.Context, c *IncomingCall) error {
	args, err := parseArguments(c.Payload)
	if err != nil {
		return err
	}
	var files Stdio
	for field, f := range map[uint32]**os.File{fieldIn: &files.In, fieldOut: &files.Out, fieldErr: &files.Err} {
		if *f, err = takeOrNull(c, field); err != nil {
			return err
		}
		defer (*f).Close()
	}
	exit, err := m.shell(ctx, files, args)
	c.Reply.Payload = binary.NativeEndian.AppendUint32(nil, uint32(exit))
	return err
}

func takeOrNull(c *IncomingCall, field uint32) (*os.File, error) {
	if f := c.TakeFile(field); f != nil {
		return f, nil
	}
	return os.OpenFile(os.DevNull, os.O_RDWR, 0)
}

// appendArguments writes strings as a meta transaction carries them: for each the number of its bytes,
// in four, and they.
func appendArguments(b []byte, args []string) []byte {
	for _, a := range args {
		b = binary.NativeEndian.AppendUint32(b, uint32(len(a)))
		b = append(b, a...)
	}
	return b
}

func parseArguments(b []byte) ([]string, error) {
	var args []string
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errArguments
		}
		n := binary.NativeEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			return nil, errArguments
		}
		args = append(args, string(b[:n]))
		b = b[n:]
	}
	return args, nil
}

var errArguments = status.Errorf(status.Encoding, "the arguments are cut short")

var metaNames = map[uint32]string{
	PingTransaction: "ping", InterfaceTransaction: "interface", DumpTransaction: "dump", ShellCommandTransaction: "shell",
	ExtensionTransaction: "extension", DebugPIDTransaction: "pid", StartRecordingTransaction: "start-recording",
	StopRecordingTransaction: "stop-recording", InterfaceVersionTransaction: "version", InterfaceHashTransaction: "hash",
}

// CodeName writes a transaction code for people: the name of a meta transaction, else the number.
func CodeName(code uint32) string {
	if name := metaNames[code]; name != "" {
		return name
	}
	return strconv.FormatUint(uint64(code), 10)
}
