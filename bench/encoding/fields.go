package encoding

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"ubinder/bench/encoding/fieldspb"
	"ubinder/runtime/parcel"
)

// repeats is how many values one write or read of a scalar is of, so that a parcel has more than its
// beginning.
const repeats = 16

// point is a structured parcelable with the fields of fieldspb.Point.
type point struct {
	x    int32
	name string
}

func (p *point) WriteToParcel(w *parcel.Writer) {
	start := w.BeginSized()
	w.WriteInt32(p.x)
	w.WriteString(p.name)
	w.EndSized(start)
}

func (p *point) ReadFromParcel(r *parcel.Reader) {
	outer := r.BeginSized()
	if r.More() {
		p.x = r.ReadInt32()
	}
	if r.More() {
		p.name = r.ReadString()
	}
	r.EndSized(outer)
}

// fields lists the kinds of field, each with all that is measured of it. Protobuf has no objects.
func fields(l *libbinder) [][]task {
	short, long := "a short name", strings.Repeat("some longer text ", 64)
	blob := make([]byte, 4096)
	ints := make([]int32, 256)
	for i := range ints {
		ints[i] = int32(i * 1000)
	}
	texts := slicesOf(short, 16)
	p := &point{1, short}
	pp := &fieldspb.Point{X: 1, Name: short}
	object := new(int)
	list := [][]task{
		field("int32", func(w *parcel.Writer) { w.WriteInt32(70000) }, func(r *parcel.Reader) { r.ReadInt32() }, &fieldspb.Int{Value: 70000}),
		field("int32 x 16", times(func(w *parcel.Writer) { w.WriteInt32(70000) }), times(func(r *parcel.Reader) { r.ReadInt32() }), nil),
		field("int64", func(w *parcel.Writer) { w.WriteInt64(1 << 40) }, func(r *parcel.Reader) { r.ReadInt64() }, &fieldspb.Long{Value: 1 << 40}),
		field("string, 12", func(w *parcel.Writer) { w.WriteString(short) }, func(r *parcel.Reader) { r.ReadString() }, &fieldspb.Text{Value: short}),
		field("string, 1088", func(w *parcel.Writer) { w.WriteString(long) }, func(r *parcel.Reader) { r.ReadString() }, &fieldspb.Text{Value: long}),
		field("nullable, null", func(w *parcel.Writer) { w.WriteNullableString(nil) }, func(r *parcel.Reader) { r.ReadNullableString() }, &fieldspb.NullableText{}),
		field("nullable, 12", func(w *parcel.Writer) { w.WriteNullableString(&short) }, func(r *parcel.Reader) { r.ReadNullableString() }, &fieldspb.NullableText{Value: &short}),
		field("byte[4096]", func(w *parcel.Writer) { parcel.WriteBytes(w, blob) }, func(r *parcel.Reader) { parcel.ReadBytes(r) }, &fieldspb.Bytes{Value: blob}),
		field("int[256]", func(w *parcel.Writer) { parcel.WriteInt32s(w, ints) }, func(r *parcel.Reader) { parcel.ReadInt32s[int32](r) }, &fieldspb.Ints{Values: ints}),
		field("String[16]", func(w *parcel.Writer) { parcel.WriteStrings(w, texts) }, func(r *parcel.Reader) { parcel.ReadStrings(r) }, &fieldspb.Texts{Values: texts}),
		field("parcelable", func(w *parcel.Writer) { w.WriteParcelable(p) }, func(r *parcel.Reader) { r.ReadParcelable(new(point)) }, &fieldspb.Holder{Point: pp}),
		field("object", func(w *parcel.Writer) { w.WriteBinder(object, parcel.VINTF) }, func(r *parcel.Reader) { r.ReadBinder() }, nil),
		field("interface token", func(w *parcel.Writer) { w.WriteInterfaceToken("tok") }, func(r *parcel.Reader) { r.ReadInterfaceToken("tok") }, nil),
	}
	if l != nil {
		l.add(list, map[string]string{
			"int32": "int=70000", "int64": "long=1099511627776", "string, 12": "text=" + l.text(short), "string, 1088": "text=" + l.text(long),
			"nullable, null": "optext=null", "nullable, 12": "optext=" + l.text(short), "byte[4096]": "bytes=[" + repeated("0", len(blob)),
			"int[256]": "ints=[" + repeated("70000", len(ints)), "String[16]": "texts=[" + repeated(l.text(short), len(texts)),
			"parcelable": "point=1/" + l.text(short), "object": "object", "interface token": "token",
		})
	}
	return list
}

func repeated(s string, n int) string { return strings.Join(slicesOf(s, n), ",") }

func slicesOf(s string, n int) []string { return strings.Split(strings.Repeat(s+",", n-1)+s, ",") }

func times[T any](do func(T)) func(T) {
	return func(t T) {
		for range repeats {
			do(t)
		}
	}
}

// field makes the tasks of one kind: m is the same as protobuf, nil where that has none.
func field(name string, write func(*parcel.Writer), read func(*parcel.Reader), m proto.Message) []task {
	tasks := parcelTasks(name, write, read)
	if m != nil {
		tasks = append(tasks, protobufTasks(name, m)...)
	}
	return tasks
}

func parcelTasks(name string, write func(*parcel.Writer), read func(*parcel.Reader)) []task {
	w, sent := new(parcel.Writer), new(parcel.Writer)
	write(sent)
	r := new(parcel.Reader)
	table := make([]parcel.Entry, len(sent.Table()))
	return []task{
		{field: name, encoding: "parcel", op: "write", bytes: sent.Size(), do: func() error {
			w.Reset(parcel.Format{})
			write(w)
			return w.Err()
		}},
		{field: name, encoding: "parcel", op: "read", bytes: sent.Size(), do: func() error {
			copy(table, sent.Table())
			r.Reset(parcel.Format{}, sent.Bytes(), table)
			read(r)
			return r.Finish()
		}},
	}
}

func protobufTasks(name string, m proto.Message) []task {
	memory := make([]byte, 0, 2*proto.Size(m)+64)
	sent, err := proto.Marshal(m)
	empty := m.ProtoReflect().Type()
	return []task{
		{field: name, encoding: "protobuf", op: "write", bytes: len(sent), do: func() error {
			if err == nil {
				_, err = proto.MarshalOptions{}.MarshalAppend(memory, m)
			}
			return err
		}},
		{field: name, encoding: "protobuf", op: "read", bytes: len(sent), do: func() error {
			return proto.Unmarshal(sent, empty.New().Interface())
		}},
	}
}
