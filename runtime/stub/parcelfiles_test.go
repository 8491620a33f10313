package stub

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/internal/leaktest"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// countFiles fails the test if it ends with more open files than it began with, none of which the garbage
// collector has closed.
func countFiles(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	leaktest.Check(t)
}

func openNull() *os.File {
	f, err := os.Open(os.DevNull)
	if err != nil {
		panic(err)
	}
	return f
}

// extra is a parcelable with a file, for holders.
type extra struct{ file *os.File }

func (e *extra) WriteToParcel(w *parcel.Writer)  { WriteParcelFile(w, e.file) }
func (e *extra) ReadFromParcel(r *parcel.Reader) { e.file = ReadParcelFile(r) }

// incomparable cannot be exported.
type incomparable []int

// replies are ways in which a handler's reply with files can end. One that succeeds begins with a file.
var replies = []struct {
	name string
	ends func(c *IncomingParcel) error
	want error // of the call
}{
	{"sent", func(c *IncomingParcel) error { WriteFile(c.Reply(), openNull()); return nil }, nil},
	{"begun twice", func(c *IncomingParcel) error {
		WriteFile(c.Reply(), openNull())
		WriteFile(c.Reply(), openNull())
		return nil
	}, nil},
	{"fails half-way", func(c *IncomingParcel) error {
		w := c.Reply()
		WriteFile(w, openNull())
		WriteNonNullObject(w, nil)
		parcel.WriteArray(w, []*os.File{openNull(), openNull()}, WriteParcelFile)
		w.WriteParcelable(&extra{openNull()})
		return nil
	}, status.BadValue},
	{"an object cannot be exported", func(c *IncomingParcel) error {
		w := c.Reply()
		WriteFile(w, openNull())
		WriteInterface(w, filesInterface, incomparable{})
		WriteFile(w, openNull())
		return nil
	}, status.BadValue},
	{"the handler fails", func(c *IncomingParcel) error {
		WriteFile(c.Reply(), openNull())
		return status.Errorf(status.Full, "full")
	}, status.Full},
	{"the handler throws", func(c *IncomingParcel) error {
		WriteFile(c.Reply(), openNull())
		return &parcel.Exception{Code: parcel.ExSecurity}
	}, status.Denied},
	{"the handler panics", func(c *IncomingParcel) error {
		WriteFile(c.Reply(), openNull())
		panic("on purpose")
	}, status.Internal},
	{"in a holder", func(c *IncomingParcel) error {
		var h parcel.ParcelableHolder
		h.Set("extra", &extra{openNull()})
		w := c.Reply()
		h.WriteToParcel(w)
		WriteFile(w, openNull())
		WriteNonNullObject(w, nil)
		return nil
	}, status.BadValue},
}

// requests are ways in which a handler can read a request that has a file, a holder with a file, and the
// number 1.
var requests = []struct {
	name string
	read func(c *IncomingParcel) error
	want error
}{
	{"whole", func(c *IncomingParcel) error {
		r := c.Request()
		f, h := ReadFile(r), new(parcel.ParcelableHolder)
		h.ReadFromParcel(r)
		r.ReadInt32()
		if err := r.Finish(); err != nil {
			return err
		}
		defer f.Close()
		var e extra
		if _, err := h.Get("extra", &e); err != nil {
			return err
		}
		defer e.file.Close()
		c.Reply()
		_, err := f.Stat()
		return err
	}, nil},
	{"not to the end", func(c *IncomingParcel) error {
		ReadFile(c.Request())
		new(parcel.ParcelableHolder).ReadFromParcel(c.Request())
		return c.Request().Finish()
	}, status.Encoding},
	{"beyond the end", func(c *IncomingParcel) error {
		ReadFile(c.Request())
		new(parcel.ParcelableHolder).ReadFromParcel(c.Request())
		c.Request().ReadInt32()
		c.Request().ReadString()
		return c.Request().Finish()
	}, status.Encoding},
	{"not at all", func(c *IncomingParcel) error { return status.Errorf(status.Denied, "not for you") }, status.Denied},
	{"with a panic", func(c *IncomingParcel) error {
		ReadFile(c.Request())
		panic("on purpose")
	}, status.Internal},
	{"whole, and passed on", func(c *IncomingParcel) error {
		r := c.Request()
		f, h := ReadFile(r), new(parcel.ParcelableHolder)
		h.ReadFromParcel(r)
		r.ReadInt32()
		if err := r.Finish(); err != nil {
			return err
		}
		w := c.Reply()
		WriteFile(w, f)
		h.WriteToParcel(w)
		return nil
	}, nil},
}

var filesInterface = NewAIDL("stub.test.IFiles", 0, "", false)

func init() {
	var methods []Method
	add := func(name string, oneway bool, handle func(*IncomingParcel) error) {
		methods = append(methods, Method{
			Name: name, Code: uint32(len(methods)) + 1, Oneway: oneway,
			HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error { return handle(c) },
		})
	}
	for _, m := range replies {
		add(m.name, false, m.ends)
	}
	for _, m := range requests {
		add(m.name, false, m.read)
	}
	add("open", false, func(c *IncomingParcel) error {
		n, err := os.ReadDir("/proc/self/fd")
		c.Reply().WriteInt32(int32(len(n)))
		return err
	})
	filesInterface.Define(ClientOf[counterClient], methods...)
}

// callWithFiles makes a call, oneway or not, with a file of the caller's, a holder with another, and the
// number 1.
func callWithFiles(t *testing.T, c Client, code uint32, oneway bool) (*ParcelCall, *parcel.Reader, error) {
	call := BeginParcel(c)
	t.Cleanup(call.End)
	f, inside := openNull(), openNull()
	defer f.Close()
	defer inside.Close()
	var h parcel.ParcelableHolder
	h.Set("extra", &extra{inside})
	WriteFile(call.Request(), f)
	h.WriteToParcel(call.Request())
	call.Request().WriteInt32(1)
	if oneway {
		return call, nil, call.Oneway(t.Context(), code)
	}
	r, err := call.Transact(t.Context(), code)
	_, statErr := f.Stat()
	assert.NoError(t, statErr, "the caller's file is the caller's")
	return call, r, err
}

// exerciseFiles makes every call that ends somehow, in both ways.
func exerciseFiles(t *testing.T, c Client) {
	try := func(code int, name string, want error) {
		_, r, err := callWithFiles(t, c, uint32(code), false)
		if want != nil {
			assert.ErrorIs(t, err, want, name)
		} else if assert.NoError(t, err, name) && r.Remaining() > 0 {
			f := ReadFile(r)
			_, err := f.Stat()
			assert.NoError(t, err, name)
			assert.NoError(t, f.Close(), name)
		}
		_, _, err = callWithFiles(t, c, uint32(code), true)
		assert.NoError(t, err, name)
	}
	for i, m := range replies {
		try(i+1, m.name, m.want)
	}
	for i, m := range requests {
		try(len(replies)+i+1, m.name, m.want)
	}
}

func TestFilesInsideAProcess(t *testing.T) {
	countFiles(t)
	n := newProcess().NewNode(&server{iface: filesInterface})
	exerciseFiles(t, NewClient(n, filesInterface))
}

// A client that cannot read a result to its end gives back what it has read of it.
func TestAResultThatIsReadHalfWay(t *testing.T) {
	countFiles(t)
	n := newProcess().NewNode(&server{iface: filesInterface})
	_, r, err := callWithFiles(t, NewClient(n, filesInterface), 1, false)
	require.NoError(t, err)
	f := ReadFile(r)
	require.NotNil(t, f)
	r.ReadString()
	require.Error(t, r.Err())
}

func TestAHandlerOwnsWhatItWasGiven(t *testing.T) {
	var kept *os.File
	i := NewAIDL("stub.test.IKeep", 0, "", false)
	i.Define(nil, Method{Name: "keep", Code: 1, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
		kept = ReadFile(c.Request())
		if err := c.Request().Finish(); err != nil {
			return err
		}
		return errors.New("it fails, but has the file")
	}})
	call := BeginParcel(NewClient(newProcess().NewNode(&server{iface: i}), i))
	defer call.End()
	f := openNull()
	defer f.Close()
	WriteFile(call.Request(), f)
	_, err := call.Transact(t.Context(), 1)
	require.Error(t, err)
	assert.NoError(t, kept.Close())
}

// The same implementation of a service speaks to a client of its own process in the process's format.
func TestParcelFormatOfAProcess(t *testing.T) {
	var got parcel.Format
	var head []byte
	i := NewAIDL("stub.test.IFormat", 0, "", true)
	i.Define(ClientOf[counterClient], Method{Name: "tell", Code: 1, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
		got, head = c.Request().Format(), append([]byte(nil), c.call.Payload...)
		WriteInterface(c.Reply(), filesInterface, &counter{})
		return c.Request().Finish()
	}})
	for release, token := range map[parcel.Release]int{9: 4, 10: 8, 11: 12, 0: 12} {
		f := parcel.Format{Release: release, Partition: parcel.Vendor}
		p := binder.NewProcess(lonely{}, binder.WithParcelFormat(f))
		call := BeginParcel(NewClient(p.NewNode(&server{iface: i}), i))
		r, err := call.Transact(t.Context(), 1)
		require.NoError(t, err)
		assert.Equal(t, f, got)
		assert.NotNil(t, ReadObject(r))
		assert.NoError(t, r.Finish(), "with a stability, or without")
		q := parcel.NewReader(f, head, nil)
		q.ReadInterfaceToken(i.Descriptor())
		assert.NoError(t, q.Finish())
		assert.Equal(t, byte(len(i.Descriptor())), head[token])
		call.End()
	}
}
