package all

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/gen/internal/golden/aidl/golden/callback"
	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/parcel"
)

// message is a request or a reply as it travels. Of each place the bytes are: its offset in words, two
// bytes, and what stands there.
type message struct {
	code    uint32
	payload []byte
	places  []byte
}

// What stands at a place.
const (
	placeNull = iota
	placeFile
	placeCallback
	placeObject
	placeWeak
	placeKinds
)

// quiet is a callback that does nothing.
type quiet struct {
	callback.UnimplementedICallback
}

func (*quiet) Heard(context.Context, string) error { return nil }

// bench is what hostile messages are tried on: a service and a client of one process.
type bench struct {
	process  *binder.Process
	callback binder.Object

	served, answered int // how many were good
}

func newBench(t testing.TB) *bench {
	p, err := connect.Open(context.Background(), "inproc:"+t.Name())
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	n, err := callback.ExportICallback(p, new(quiet))
	require.NoError(t, err)
	return &bench{process: p, callback: n}
}

// attachments makes what stands at the places. The files are listed too.
func (b *bench) attachments(places []byte) (list []binder.Attachment, files []*os.File) {
	for ; len(places) >= 3 && len(list) < 100; places = places[3:] {
		a := binder.Attachment{Field: 4 * uint32(binary.LittleEndian.Uint16(places))}
		switch places[2] % placeKinds {
		case placeFile:
			a.File = openNull()
			files = append(files, a.File)
		case placeCallback:
			a.Object = b.callback
		case placeObject:
			a.Object = b.process.NewNode(binder.HandlerFunc(nil))
		case placeWeak:
			a.Object, a.Weak = b.callback, true
		}
		list = append(list, a)
	}
	return list, files
}

func openNull() *os.File {
	f, err := os.Open(os.DevNull)
	if err != nil {
		panic(err)
	}
	return f
}

// places says what list has, where.
func places(list []binder.Attachment) (all []byte) {
	for _, a := range list {
		kind := byte(placeObject)
		switch n, _ := a.Object.(*binder.Node); {
		case a.File != nil:
			kind = placeFile
		case n != nil && n.Descriptor() == callback.ICallbackDescriptor:
			kind = placeCallback
		}
		all = append(binary.LittleEndian.AppendUint16(all, uint16(a.Field/4)), kind)
	}
	return all
}

// outArrays is what the service may be made to allocate by the lengths of out arrays.
const outArrays = 8 << 20

// measured runs f and checks that it allocates no more than some bytes for each of a parcel's.
func measured(t *testing.T, parcel, besides int, f func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	assert.LessOrEqual(t, int(after.TotalAlloc-before.TotalAlloc), 64<<10+64*parcel+besides, "bytes allocated for %d", parcel)
}

// serve has the service handle m: it does not panic, and what files came are closed afterwards, since
// it keeps none.
func (b *bench) serve(t *testing.T, n *binder.Node, m message) {
	list, files := b.attachments(m.places)
	call := &binder.IncomingCall{Code: m.code, Target: n, Received: binder.Received{Payload: m.payload, Encoding: binder.Parcel, Attachments: list}}
	besides := 0
	if m.code >= IEverythingReverseBooleanCode && m.code <= IEverythingReverseFilesCode {
		besides = outArrays
	}
	measured(t, len(m.payload), besides, func() {
		if n.Handler().Transact(context.Background(), call) == nil {
			b.served++
		}
		call.Done()
	})
	for _, f := range files {
		_, err := f.Stat()
		require.ErrorIs(t, err, os.ErrClosed, "a file of %+v", m)
	}
}

// answer has a client be answered with m. It does not panic, and files that it returns without an error are
// all that are open.
func (b *bench) answer(t *testing.T, m message) {
	list, files := b.attachments(m.places)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	node := b.process.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply = binder.Data{Payload: m.payload, Encoding: binder.Parcel, Attachments: list}
		return nil
	}))
	before := countOpen()
	methods := clientMethods(NewIEverythingClient(node))
	method := methods[int(m.code)%len(methods)]
	args := arguments(method, func(reflect.Type) (v reflect.Value) { return v })
	measured(t, len(m.payload), 0, func() {
		results := method.Call(args)
		if last := len(results) - 1; results[last].IsNil() {
			b.answered++
			for _, v := range results[:last] {
				closeAll(v)
			}
		}
	})
	require.LessOrEqual(t, countOpen(), before, "files left open by %+v", m)
}

func countOpen() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// closeAll closes the files in a value.
func closeAll(v reflect.Value) {
	if f, ok := v.Interface().(*os.File); ok {
		if f != nil {
			f.Close()
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			closeAll(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			closeAll(v.Index(i))
		}
	case reflect.Struct:
		if values, ok := v.Interface().(Values); ok {
			closeAll(reflect.ValueOf(values.File))
			closeAll(reflect.ValueOf(values.Files))
			closeHolder(&values.Holder)
		}
	}
}

// closeHolder closes the files in bytes that nobody has read, by sending them to who closes them.
func closeHolder(h *parcel.ParcelableHolder) {
	var w parcel.Writer
	h.WriteToParcel(&w)
	for _, e := range w.Table() {
		if a, ok := e.Value.(*binder.Attachment); ok && a.File != nil {
			a.File.Close()
		}
	}
}

// clientMethods lists the methods that make a call.
func clientMethods(c *IEverythingClient) (list []reflect.Value) {
	v := reflect.ValueOf(c)
	for i := range v.NumMethod() {
		t := v.Method(i).Type()
		if v.Type().Method(i).Name != "LinkToDeath" && t.NumIn() > 0 && t.In(0) == reflect.TypeFor[context.Context]() {
			list = append(list, v.Method(i))
		}
	}
	return list
}

// arguments makes arguments for a method: what sample knows, and else zero, or an empty value where null
// would be refused.
func arguments(method reflect.Value, sample func(reflect.Type) reflect.Value) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(context.Background())}
	for i := 1; i < method.Type().NumIn(); i++ {
		t := method.Type().In(i)
		v := sample(t)
		switch {
		case v.IsValid():
		case t == reflect.TypeFor[callback.ICallback]():
			v = reflect.ValueOf(callback.ICallback(new(quiet)))
		case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && t != reflect.TypeFor[*os.File]():
			v = reflect.New(t.Elem())
		default:
			v = reflect.Zero(t)
		}
		args = append(args, v)
	}
	return args
}

// samples are arguments that are worth being made wrong.
func samples(t testing.TB, b *bench) func(reflect.Type) reflect.Value {
	all := make(map[reflect.Type]any)
	for _, v := range []any{
		fullValues(), openNull(), []*os.File{openNull(), openNull()}, "täxt", new("text"), []string{"a", "b"}, []int32{1, 2, 3}, []byte{1, 2}, []bool{true},
		[]Point{{X: 1}, {Label: "l"}}, &Tree{Name: "t", Left: &Tree{}, Rest: []Tree{{}, {}}}, map[string]string{"k": "v"}, NewShape_Words([]string{"a", "b"}),
		[]*string{nil, new("x")}, []Color{1, 2}, &Point{Label: "label"}, NewNewer(),
	} {
		all[reflect.TypeOf(v)] = v
	}
	t.Cleanup(func() {
		for _, v := range all {
			closeAll(reflect.ValueOf(v))
		}
	})
	return func(t reflect.Type) (v reflect.Value) {
		if t == reflect.TypeFor[binder.Object]() {
			return reflect.ValueOf(b.callback)
		}
		if v, ok := all[t]; ok {
			return reflect.ValueOf(v)
		}
		return v
	}
}

// fullValues has objects and files in every field that takes them.
func fullValues() *Values {
	v := NewValues()
	c := new(quiet)
	v.Callback, v.Callbacks = c, []callback.ICallback{c, nil}
	v.File, v.Files = openNull(), []*os.File{openNull(), openNull()}
	v.Shapes = []Shape{*NewShape_Callback(c), *NewShape_Points([]Point{{}})}
	v.NullablePoints, v.PointList = []*Point{nil, {}}, []Point{{}}
	inner := NewValues()
	inner.Files, v.Holder = []*os.File{openNull()}, parcel.ParcelableHolder{}
	v.Holder.Set("golden.all.Values", inner)
	return v
}

// record returns good requests of every method, and what the service answers: the code of a reply is the
// index of its method among the client's.
func (b *bench) record(t testing.TB) (requests, replies []message) {
	n, err := ExportIEverything(b.process, service{})
	require.NoError(t, err)
	method, heard := 0, make(chan struct{}, 1)
	spy := b.process.NewNode(binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
		requests = append(requests, message{c.Code, append([]byte(nil), c.Payload...), places(c.Attachments)})
		if c.Oneway() {
			heard <- struct{}{}
			return nil
		}
		err := n.Handler().Transact(ctx, c)
		replies = append(replies, message{uint32(method), append([]byte(nil), c.Reply.Payload...), places(c.Reply.Attachments)})
		return errors.Join(err, errors.New("recorded"))
	}))
	sample := samples(t, b)
	for i, m := range clientMethods(NewIEverythingClient(spy)) {
		method = i
		results := m.Call(arguments(m, sample))
		if results[len(results)-1].IsNil() { // oneway; others fail
			<-heard
		}
	}
	require.Greater(t, len(requests), 50)
	return requests, replies
}

// spoil changes m a little, or puts a part of another message into it.
func spoil(r *rand.Rand, m, other message) message {
	p := append([]byte(nil), m.payload...)
	places := append([]byte(nil), m.places...)
	for range 1 + r.IntN(4) {
		switch at := r.IntN(len(p)/4+1) * 4; r.IntN(8) {
		case 0, 1, 2:
			if at < len(p) {
				odd := []uint32{0, 1, 2, 4, 7, 8, 0x7fffffff, 0x80000000, 0xffffffff, uint32(len(p)), uint32(len(p) - at), uint32(r.IntN(64)), r.Uint32()}
				binary.LittleEndian.PutUint32(p[at:], odd[r.IntN(len(odd))])
			}
		case 3:
			p = p[:at]
		case 4:
			p = append(p, make([]byte, 4*r.IntN(8))...)
		case 5:
			from := r.IntN(len(other.payload)/4+1) * 4
			p = append(append([]byte(nil), p[:at]...), other.payload[from:]...)
		case 6:
			if len(places) > 0 {
				places[r.IntN(len(places))] += byte(r.IntN(5) - 2)
			}
		case 7:
			places = append(binary.LittleEndian.AppendUint16(places, uint16(at/4)), byte(r.IntN(placeKinds)))
		}
		if len(p) == 0 {
			break
		}
	}
	return message{m.code, p, places}
}

// TestHostileMessages spoils good messages and gives them to the service, and to a client as replies.
func TestHostileMessages(t *testing.T) {
	b := newBench(t)
	requests, replies := b.record(t)
	n, err := ExportIEverything(b.process, service{})
	require.NoError(t, err)
	for _, m := range requests {
		b.serve(t, n, m)
	}
	for _, m := range replies {
		b.answer(t, m)
	}
	require.Greater(t, b.served, len(requests)/2, "as they are, most are good")
	require.Greater(t, b.answered, len(requests)/2)
	rounds := 4000
	if testing.Short() {
		rounds = 1000
	}
	r := rand.New(rand.NewPCG(1, 2)) // the same every time
	pick := func(list []message) message { return list[r.IntN(len(list))] }
	for range rounds {
		b.serve(t, n, spoil(r, pick(requests), pick(requests)))
		b.answer(t, spoil(r, pick(replies), pick(replies)))
		if t.Failed() {
			return
		}
	}
}

// FuzzService gives the service any bytes at all.
func FuzzService(f *testing.F) {
	b := newBench(f)
	requests, _ := b.record(f)
	for _, m := range requests {
		f.Add(m.code, m.payload, m.places)
	}
	n, err := ExportIEverything(b.process, service{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, code uint32, payload, places []byte) {
		if len(payload) > 1<<16 {
			t.Skip()
		}
		b.serve(t, n, message{code, payload, places})
	})
}

// FuzzClient answers a client with any bytes at all.
func FuzzClient(f *testing.F) {
	b := newBench(f)
	_, replies := b.record(f)
	for _, m := range replies {
		f.Add(m.code, m.payload, m.places)
	}
	f.Fuzz(func(t *testing.T, method uint32, payload, places []byte) {
		if len(payload) > 1<<16 {
			t.Skip()
		}
		b.answer(t, message{method, payload, places})
	})
}
