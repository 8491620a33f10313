package all

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/gen/internal/golden/aidl/golden/callback"
	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
	"ubinder/runtime/stub"
)

// busOfService makes this program the service on the bus of that path.
const busOfService = "ALL_TEST_BUS"

func TestMain(m *testing.M) {
	if path := os.Getenv(busOfService); path != "" {
		serve(path)
	}
	os.Exit(m.Run())
}

// serve is the service's process. It is ended from outside.
func serve(path string) {
	ctx := context.Background()
	p, err := connect.Open(ctx, "bus:"+path)
	if err != nil {
		panic(err)
	}
	stub.SetPermissionChecker(func(_ context.Context, _ *binder.Identity, permission string) (bool, error) {
		return permission == "golden.permission.GRANTED", nil
	})
	n, err := ExportIEverything(p, service{})
	if err == nil {
		err = p.BecomeContextManager(ctx, n)
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// open starts the service in a process of its own and connects this one.
func open(t *testing.T) (context.Context, *IEverythingClient) {
	path := brokertest.Start(t)
	transporttest.Fork(t, busOfService+"="+path)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	p, err := connect.Open(ctx, "bus:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	h, err := p.ContextManager(ctx)
	for status.CodeOf(err) == status.UnknownTarget {
		h, err = p.ContextManager(ctx)
	}
	require.NoError(t, err)
	t.Cleanup(h.Release)
	return ctx, NewIEverythingClient(h)
}

// repeats checks that a method answers with what it is given.
func repeats[T any](t *testing.T, ctx context.Context, call func(context.Context, T) (T, error), values ...T) {
	t.Helper()
	for _, v := range values {
		got, err := call(ctx, v)
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
}

func TestScalarsAndText(t *testing.T) {
	ctx, c := open(t)
	repeats(t, ctx, c.RepeatBoolean, true, false)
	repeats(t, ctx, c.RepeatByte, -128, 0, 127)
	repeats(t, ctx, c.RepeatChar, 0, 'ß', 0xffff)
	repeats(t, ctx, c.RepeatInt, -1<<31, 0, 1<<31-1)
	repeats(t, ctx, c.RepeatLong, -1<<63, 0, 1<<63-1)
	repeats(t, ctx, c.RepeatFloat, -1.5, 0, 3e38)
	repeats(t, ctx, c.RepeatDouble, -1.5, 0, 1e308)
	repeats(t, ctx, c.RepeatString, "", "a", "täxt 🙂", "zero\x00inside")
	repeats(t, ctx, c.RepeatUtf8, "", "täxt 🙂")
	repeats(t, ctx, c.RepeatNullableString, nil, new(""), new("there"))
	repeats(t, ctx, c.RepeatColor, Color_RED, Color_AZURE, Color(77))
	repeats(t, ctx, c.RepeatSize, Size_SMALL, Size_LARGE)
	repeats(t, ctx, c.RepeatDistance, Distance_FAR)
	assert.Equal(t, "GREEN", Color_GREEN.String())
	assert.Equal(t, "77", Color(77).String())
	assert.EqualValues(t, 42, IEverything_ANSWER)
	assert.Equal(t, "hello", IEverything_GREETING)
	assert.EqualValues(t, 1<<40, IEverything_BIG)
	sum, err := c.Func(ctx, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	require.NoError(t, err)
	assert.EqualValues(t, 45, sum)
}

// reverses checks a method that answers with its argument the other way round, and repeats it.
func reverses[T any](t *testing.T, ctx context.Context, call func(context.Context, []T, []T) ([]T, []T, error), v ...T) {
	t.Helper()
	got, repeated, err := call(ctx, v, make([]T, len(v)))
	require.NoError(t, err)
	require.Len(t, got, len(v))
	for i := range v {
		require.Equal(t, v[len(v)-1-i], got[i])
	}
	require.Equal(t, v, repeated)
}

func TestArrays(t *testing.T) {
	ctx, c := open(t)
	reverses(t, ctx, c.ReverseBoolean, true, false, false)
	reverses(t, ctx, c.ReverseByte, 1, 2, 255)
	reverses(t, ctx, c.ReverseChar, 'a', 'b')
	reverses(t, ctx, c.ReverseInt, 1, 2, 3)
	reverses(t, ctx, c.ReverseLong, 1, 2, 3)
	reverses(t, ctx, c.ReverseFloat, 1, 2, 3)
	reverses(t, ctx, c.ReverseDouble, 1, 2, 3)
	reverses(t, ctx, c.ReverseString, "a", "", "c")
	reverses(t, ctx, c.ReverseColor, Color_RED, Color_BLUE)
	reverses(t, ctx, c.ReverseDistance, Distance_NEAR, Distance_FAR)
	reverses(t, ctx, c.ReversePoints, Point{X: 1}, Point{Y: 2})
	list, again, err := c.ReverseList(ctx, []string{"a", "b"})
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "a"}, list)
	assert.Equal(t, []string{"a", "b"}, again)
	_, short, err := c.ReverseInt(ctx, []int32{1, 2, 3}, make([]int32, 2))
	require.NoError(t, err)
	assert.Equal(t, []int32{1, 2}, short, "the caller gives an out array its length")
	repeats(t, ctx, c.RepeatNullableInts, nil, []int32{}, []int32{1})
	repeats(t, ctx, c.RepeatNullableStrings, nil, []*string{}, []*string{nil, new("x")})
	repeats(t, ctx, c.RepeatNullableList, nil, []*string{new("x"), nil})
	matrix := [2][3]int32{{1, 2, 3}, {4, 5, 6}}
	one, two, err := c.RepeatMatrix(ctx, matrix)
	require.NoError(t, err)
	assert.Equal(t, matrix, one)
	assert.Equal(t, matrix, two)
	repeats(t, ctx, c.RepeatMap, map[string]string{}, map[string]string{"a": "1", "b": ""})
}

func TestParcelables(t *testing.T) {
	ctx, c := open(t)
	repeats(t, ctx, c.RepeatPoint, NewPoint(), &Point{})
	repeats(t, ctx, c.RepeatNullablePoint, nil, NewPoint())
	_, err := c.RepeatPoint(ctx, nil)
	require.ErrorIs(t, err, status.BadValue)
	moved, err := c.MovePoint(ctx, &Point{X: 1}, 10)
	require.NoError(t, err)
	assert.EqualValues(t, 11, moved.X)
	filled, err := c.FillPoint(ctx)
	require.NoError(t, err)
	assert.Equal(t, &Point{X: 1, Y: 2, Label: "filled"}, filled)
	repeats(t, ctx, c.RepeatTree, &Tree{Name: "root", Left: &Tree{Name: "left", Rest: []Tree{}}, Rest: []Tree{{Name: "a", Rest: []Tree{}}}})
}

func TestTagsTravel(t *testing.T) {
	ctx, c := open(t)
	got, err := c.Tags(ctx, []Shape{*NewShape_Point(Point{}), *NewShape_Words(nil)}, Shape_Tag_name)
	require.NoError(t, err)
	assert.Equal(t, []Shape_Tag{Shape_Tag_name, Shape_Tag_point, Shape_Tag_words}, got)
}

func TestDefaults(t *testing.T) {
	v := NewValues()
	assert.True(t, v.Bool_value)
	assert.EqualValues(t, -3, v.ByteValue)
	assert.EqualValues(t, 'Z', v.CharValue)
	assert.EqualValues(t, 1<<31-1, v.IntValue)
	assert.EqualValues(t, 0x1ffffffff, v.LongValue)
	assert.EqualValues(t, 1.5, v.FloatValue)
	assert.Equal(t, -2.25e10, v.DoubleValue)
	assert.Equal(t, Color_GREEN, v.Color)
	assert.Equal(t, []byte{1, 254, 127}, v.Bytes)
	assert.Equal(t, []int32{1, 256, -1}, v.Ints)
	assert.Equal(t, [2][3]int32{{1, 2, 3}, {4, 5, 6}}, v.Matrix)
	assert.EqualValues(t, 42, v.Point.X, "of the field's own type")
	assert.EqualValues(t, 21, v.TwoPoints[1].Y)
	assert.Equal(t, Point_Kind_CORNER, v.Kind)
	assert.Nil(t, v.NoText)
	assert.Equal(t, "some", *v.SomeText)
	ids, held := v.Shape.GetIds()
	assert.True(t, held)
	assert.Equal(t, []int32{1, 2, 3}, ids)
}

// full gives every field of Values something that is not its default.
func full(t *testing.T) *Values {
	v := NewValues()
	v.Text, v.NoText = "other", new("there")
	v.Chars, v.Longs, v.Floats = []uint16{1, 2}, []int64{-1}, []float32{0.5}
	v.NullableTexts = []*string{nil, new("n")}
	v.Sizes, v.Distances = []Size{Size_LARGE}, []Distance{Distance_NEAR, Distance_FAR}
	v.NoPoint = NewPoint()
	v.Points = []Point{{X: 1}, {Label: "l"}}
	v.NullablePoints = []*Point{nil, {Y: 5}}
	v.Pair.Second = &Point{X: 9}
	v.List, v.PointList, v.NullableList = []string{"x"}, []Point{{X: 3}}, []*string{new("y")}
	v.NoPairOfInts = &[2]int32{1, 2}
	v.TwoColors = [2]Color{Color_BLUE, Color_GREEN}
	v.FourBytes = [4]int8{1, 2, 3, -4}
	v.Shape.SetName(new("round"))
	v.NoShape = NewShape_Point(Point{X: 8})
	v.Shapes = []Shape{*NewShape_Words([]string{"a"}), *NewShape_Points([]Point{{X: 1}})}
	v.Tree = Tree{Name: "t", Rest: []Tree{}}
	return v
}

func TestEveryFieldOfAParcelable(t *testing.T) {
	ctx, c := open(t)
	v := full(t)
	v.Files = []*os.File{}
	v.Callbacks = nil
	got, err := c.RepeatValues(ctx, v)
	require.NoError(t, err)
	assert.Equal(t, v, got)
	none, err := c.RepeatNullableValues(ctx, nil)
	require.NoError(t, err)
	assert.Nil(t, none)
}

func TestObjectsAndFilesInAParcelable(t *testing.T) {
	ctx, c := open(t)
	v := full(t)
	heard := newListener()
	v.Callback, v.Callbacks = heard, []callback.ICallback{heard, nil}
	v.Object = c.Object()
	v.File = fileOf(t, "one")
	v.Files = []*os.File{fileOf(t, "two"), fileOf(t, "three")}
	v.Holder.Set("golden.all.Extra", &Extra{A: 1, B: "held"})
	got, err := c.RepeatValues(ctx, v)
	require.NoError(t, err)
	assert.Same(t, heard, got.Callback, "it came home")
	assert.Same(t, heard, got.Callbacks[0])
	assert.Nil(t, got.Callbacks[1])
	assert.True(t, binder.Same(ctx, c.Object(), got.Object))
	binder.Release(got.Object)
	assert.Equal(t, "one", content(t, got.File))
	assert.Equal(t, "two", content(t, got.Files[0]))
	assert.Equal(t, "three", content(t, got.Files[1]))
	var extra Extra
	held, err := got.Holder.Get("golden.all.Extra", &extra)
	require.NoError(t, err)
	assert.True(t, held)
	assert.Equal(t, Extra{A: 1, B: "held"}, extra)
}

func TestUnion(t *testing.T) {
	ctx, c := open(t)
	repeats(t, ctx, c.RepeatShape, NewShape_Ids([]int32{4}), NewShape_Point(*NewPoint()), NewShape_Name(nil),
		NewShape_Points([]Point{{X: 1}}), NewShape_Words([]string{"a", "b"}))
	fresh, err := c.RepeatShape(ctx, new(Shape))
	require.NoError(t, err)
	ids, held := fresh.GetIds()
	assert.True(t, held)
	assert.Equal(t, []int32{1, 2, 3}, ids)
	assert.EqualValues(t, 4, Shape_SIDES)
	heard := newListener()
	with, err := c.RepeatShape(ctx, NewShape_Callback(heard))
	require.NoError(t, err)
	back, _ := with.GetCallback()
	assert.Same(t, heard, back)
	_, held = with.GetPoint()
	assert.False(t, held)
}

func TestVersionsMeet(t *testing.T) {
	ctx, c := open(t)
	var w parcel.Writer
	w.WriteParcelable(&Newer{First: 5, Second: "s", Third: 6})
	var older Older
	r := parcel.NewReader(parcel.Format{}, w.Bytes(), nil)
	r.ReadParcelable(&older)
	require.NoError(t, r.Finish())
	assert.Equal(t, Older{First: 5, Second: "s"}, older)
	w.Reset(parcel.Format{})
	w.WriteParcelable(&older)
	newer := Newer{Third: 99}
	r = parcel.NewReader(parcel.Format{}, w.Bytes(), nil)
	r.ReadParcelable(&newer)
	require.NoError(t, r.Finish())
	assert.EqualValues(t, 3, newer.Third, "the default of what the older version lacks")
	assert.EqualValues(t, 42, newer.Fourth.X)
	back, err := c.OldToNew(ctx, &older)
	require.NoError(t, err)
	assert.Equal(t, newer, *back)
}

// listener is an object of this process.
type listener struct {
	callback.UnimplementedICallback
	heard chan string
}

func newListener() *listener { return &listener{heard: make(chan string, 10)} }

func (l *listener) Heard(_ context.Context, what string) error    { l.heard <- what; return nil }
func (l *listener) Ask(_ context.Context, n int32) (int32, error) { return n + 1, nil }

func TestCallbacks(t *testing.T) {
	ctx, c := open(t)
	l := newListener()
	got, err := c.RepeatCallback(ctx, l)
	require.NoError(t, err)
	assert.Same(t, l, got)
	none, err := c.RepeatNullableCallback(ctx, nil)
	require.NoError(t, err)
	assert.Nil(t, none)
	_, err = c.RepeatCallback(ctx, nil)
	require.ErrorIs(t, err, status.BadValue)
	answer, err := c.AskThrough(ctx, l, 41)
	require.NoError(t, err)
	assert.EqualValues(t, 42, answer)
	require.NoError(t, c.Tell(ctx, l, "said"))
	assert.Equal(t, "said", <-l.heard)
	o, err := c.RepeatObject(ctx, c.Object())
	require.NoError(t, err)
	same, err := c.IsSame(ctx, o, c.Object())
	require.NoError(t, err)
	assert.True(t, same)
	same, err = c.IsSame(ctx, o, nil)
	require.NoError(t, err)
	assert.False(t, same)
	binder.Release(o)
}

func fileOf(t *testing.T, text string) *os.File {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func content(t *testing.T, f *os.File) string {
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 100))
	require.NoError(t, err)
	return string(b)
}

func TestFiles(t *testing.T) {
	ctx, c := open(t)
	f, err := c.RepeatFile(ctx, fileOf(t, "a"))
	require.NoError(t, err)
	assert.Equal(t, "a", content(t, f))
	f, err = c.RepeatPlainFile(ctx, fileOf(t, "b"))
	require.NoError(t, err)
	assert.Equal(t, "b", content(t, f))
	_, err = c.RepeatFile(ctx, nil)
	require.ErrorIs(t, err, status.BadValue)
	in := []*os.File{fileOf(t, "1"), fileOf(t, "2")}
	back, again, err := c.ReverseFiles(ctx, in, nil)
	require.NoError(t, err)
	assert.Equal(t, "2", content(t, back[0]))
	assert.Equal(t, "1", content(t, back[1]))
	assert.Equal(t, "1", content(t, again[0]))
	assert.Equal(t, "2", content(t, again[1]))
}

func TestErrors(t *testing.T) {
	ctx, c := open(t)
	err := c.ThrowServiceError(ctx, 37)
	require.ErrorIs(t, err, status.Service)
	var s *status.Error
	require.ErrorAs(t, err, &s)
	assert.EqualValues(t, 37, s.Service)
	for _, code := range []parcel.ExceptionCode{parcel.ExSecurity, parcel.ExIllegalState, parcel.ExUnsupportedOperation} {
		err := c.ThrowException(ctx, int32(code))
		var e *parcel.Exception
		require.ErrorAs(t, err, &e)
		assert.Equal(t, code, e.Code)
		assert.Equal(t, "thrown", e.Message)
	}
	for _, code := range []status.Code{status.Denied, status.BadValue, status.Full, status.Internal} {
		require.ErrorIs(t, c.ThrowStatus(ctx, int32(code)), code)
	}
	require.ErrorIs(t, c.Release(ctx), status.UnknownMethod, "a method that the service does not have")
}

func TestPermissions(t *testing.T) {
	ctx, c := open(t)
	_, err := c.Granted(ctx)
	require.NoError(t, err)
	_, err = c.Denied(ctx)
	require.ErrorIs(t, err, status.Denied)
	require.ErrorContains(t, err, "golden.permission.DENIED")
	_, err = c.Either(ctx)
	require.NoError(t, err)
}

// TestHostilePayloads sends what no client writes.
func TestHostilePayloads(t *testing.T) {
	ctx, c := open(t)
	for name, payload := range map[string][]byte{"empty": nil, "short": {1, 2, 3}, "no token": make([]byte, 64)} {
		tr := binder.Transaction{Code: IEverythingRepeatValuesCode, Data: binder.Data{Payload: payload, Encoding: binder.Parcel}}
		var r binder.Reply
		require.Error(t, c.Object().Transact(ctx, &tr, &r), name)
	}
	tr := binder.Transaction{Code: IEverythingRepeatValuesCode, Data: binder.Data{Encoding: binder.Protobuf}}
	require.ErrorIs(t, c.Object().Transact(ctx, &tr, new(binder.Reply)), status.Encoding)
	var w parcel.Writer
	w.WriteInterfaceToken(IEverythingDescriptor)
	w.WriteInt32(1)
	w.WriteInt32(2) // too much
	tr = binder.Transaction{Code: IEverythingRepeatIntCode, Data: binder.Data{Payload: w.Bytes(), Encoding: binder.Parcel}}
	require.ErrorIs(t, c.Object().Transact(ctx, &tr, new(binder.Reply)), status.Encoding)
}
