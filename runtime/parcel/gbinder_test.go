package parcel

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// protocols names libgbinder's protocols by the release that has them.
var protocols = map[Release]string{9: "aidl", 10: "aidl2", 11: "aidl3", 12: "aidl4"}

func startGbinder(t *testing.T, protocol string) *oracle { return startOracle(t, "gbinder", protocol) }

var letters = rapid.Map(texts, func(s string) string { return hex.EncodeToString([]byte(strings.ReplaceAll(s, "\x00", ""))) })

var gbinderOps = []op{
	{"bool", rapid.Map(rapid.IntRange(0, 1), number[int]),
		func(w *Writer, v string) { w.WriteBool(v == "1") },
		func(r *Reader) string {
			if r.ReadBool() {
				return "1"
			}
			return "0"
		}},
	{"int", rapid.Map(rapid.Int32(), number[int32]),
		func(w *Writer, v string) { n, _ := strconv.ParseInt(v, 10, 32); w.WriteInt32(int32(n)) },
		func(r *Reader) string { return number(r.ReadInt32()) }},
	{"long", rapid.Map(rapid.Int64(), number[int64]),
		func(w *Writer, v string) { n, _ := strconv.ParseInt(v, 10, 64); w.WriteInt64(n) },
		func(r *Reader) string { return number(r.ReadInt64()) }},
	{"float", rapid.Map(floats, func(f float32) string { return fmt.Sprintf("%.9g", f) }),
		func(w *Writer, v string) { f, _ := strconv.ParseFloat(v, 32); w.WriteFloat(float32(f)) },
		func(r *Reader) string { return fmt.Sprintf("%.9g", r.ReadFloat()) }},
	{"double", rapid.Map(doubles, func(f float64) string { return fmt.Sprintf("%.17g", f) }),
		func(w *Writer, v string) { f, _ := strconv.ParseFloat(v, 64); w.WriteDouble(f) },
		func(r *Reader) string { return fmt.Sprintf("%.17g", r.ReadDouble()) }},
	{"text", letters,
		func(w *Writer, v string) { w.WriteString(string(bytesOf(v))) },
		func(r *Reader) string { return hex.EncodeToString([]byte(r.ReadString())) }},
	{"notext", nil, func(w *Writer, _ string) { w.WriteNull() }, func(r *Reader) string { r.ReadNull(); return "" }},
	{"bytes", rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 30), hex.EncodeToString),
		func(w *Writer, v string) { WriteBytes(w, bytesOf(v)) },
		func(r *Reader) string { return hex.EncodeToString(ReadBytes(r)) }},
	{"parcelable", rapid.Map(rapid.SliceOfN(rapid.Uint32(), 1, 8), func(words []uint32) string {
		var b []byte
		for _, word := range words {
			b = binary.LittleEndian.AppendUint32(b, word)
		}
		return hex.EncodeToString(b)
	}),
		func(w *Writer, v string) { w.WriteParcelable(&rawFields{bytesOf(v)}) },
		func(r *Reader) string { var f rawFields; r.ReadParcelable(&f); return hex.EncodeToString(f.bytes) }},
	{"noparcelable", nil, func(w *Writer, _ string) { w.WritePresent(false) }, func(r *Reader) string { r.ReadPresent(); return "" }},
	{"object", nil, func(w *Writer, _ string) { w.WriteBinder("o", SystemStability) }, func(r *Reader) string { r.ReadBinder(); return "" }},
	{"noobject", nil, func(w *Writer, _ string) { w.WriteBinder(nil, Undeclared) }, func(r *Reader) string { r.ReadNullableBinder(); return "" }},
	{"file", nil, func(w *Writer, _ string) { w.WriteFile("f") }, func(r *Reader) string { r.ReadFile(); return "" }},
}

// rawFields is a structured parcelable of any fields.
type rawFields struct{ bytes []byte }

func (f *rawFields) WriteToParcel(w *Writer) {
	start := w.BeginSized()
	copy(w.extend(len(f.bytes)), f.bytes)
	w.EndSized(start)
}

func (f *rawFields) ReadFromParcel(r *Reader) {
	outer := r.BeginSized()
	f.bytes = r.take(r.Remaining())
	r.EndSized(outer)
}

func TestLibgbinderWritesAndReadsTheSame(t *testing.T) {
	for release, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			o, f := startGbinder(t, protocol), Format{Release: release}
			rapid.Check(t, func(t *rapid.T) { compare(t, o, f) })
		})
	}
}

func compare(t *rapid.T, o *oracle, f Format) {
	p := drawProgram(t, gbinderOps, f)
	theirs := strings.Fields(o.ask(t, "write %s", strings.Join(p.told, " ")))
	bytes, table := bytesOf(theirs[0]), tableOf(t, theirs[0], theirs[1:])
	assert.Equal(t, kindsOf(p.w.Table()), kindsOf(table))
	p.readBack(t, NewReader(f, slices.Clone(bytes), slices.Clone(table)))
	for _, at := range p.padding() {
		bytes[at] = 0 // libbinder pads with zeros, libgbinder with anything
	}
	assert.Equal(t, hex.EncodeToString(masked(p.w.Bytes(), p.w.Table())), hex.EncodeToString(masked(bytes, table)))
	if slices.Contains(p.told, "noobject") {
		return // they can read none: they look for it in the table
	}
	assert.Equal(t, "read "+strings.Join(p.told, " "), o.ask(t, "read %s", asSent(p.w, p.used)))
}

// padding returns where the bytes are that pad text and bytes.
func (p *program) padding() (at []int) {
	b := p.w.Bytes()
	for i, u := range p.used {
		start, end := p.starts[i], len(b)
		if i+1 < len(p.starts) {
			end = p.starts[i+1]
		}
		n := int(binary.LittleEndian.Uint32(b[start:]))
		switch u.name {
		case "text":
			n = 2*n + 2
		case "bytes":
		default:
			continue
		}
		for i := start + 4 + n; i < end; i++ {
			at = append(at, i)
		}
	}
	return at
}

// tableOf reads the kinds from the places that libgbinder filled in, as the kernel's driver does.
func tableOf(t *rapid.T, bytes string, offsets []string) (table []Entry) {
	for _, s := range offsets {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		kind := Binder
		if strings.HasPrefix(bytes[2*n:], "852a6466") { // BINDER_TYPE_FD
			kind = File
		}
		table = append(table, Entry{uint32(n), kind, n})
	}
	return table
}

func kindsOf(table []Entry) (list []string) {
	for _, e := range table {
		list = append(list, fmt.Sprint(e.Offset, e.Kind))
	}
	return list
}

// masked zeroes the places of objects, and the flags of null ones.
func masked(b []byte, table []Entry) []byte {
	b = slices.Clone(b)
	for _, e := range table {
		clear(b[e.Offset:][:objectSize])
	}
	for i := 0; i+8 <= len(b); i += 4 {
		if binary.LittleEndian.Uint32(b[i:]) == typeBinder {
			clear(b[i+4 : i+8])
		}
	}
	return b
}

// asSent fills the places in as the driver would, with handles of other processes, and returns what
// the oracle is to read.
func asSent(w *Writer, used []*op) string {
	b := slices.Clone(w.Bytes())
	offsets := "-"
	for i, e := range w.Table() {
		word, handle := uint32('s'<<24|'h'<<16|'*'<<8|0x85), uint32(7)
		if e.Kind == File {
			word, handle = 'f'<<24|'d'<<16|'*'<<8|0x85, 9999
		}
		binary.LittleEndian.PutUint32(b[e.Offset:], word)
		binary.LittleEndian.PutUint32(b[e.Offset+8:], handle)
		if i == 0 {
			offsets = ""
		} else {
			offsets += ","
		}
		offsets += fmt.Sprint(e.Offset)
	}
	var names []string
	for _, u := range used {
		names = append(names, strings.TrimPrefix(u.name, "no"))
	}
	return fmt.Sprintf("%x %s %s", b, offsets, strings.Join(names, " "))
}

func TestLibgbinderHasTheSameHead(t *testing.T) {
	for release, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			var w Writer
			w.Reset(Format{Release: release})
			w.WriteInterfaceToken("tok")
			theirs := startGbinder(t, protocol).ask(t, "head")
			assert.Equal(t, hex.EncodeToString(w.Bytes()[4:]), theirs[8:], "but strict mode's bit, which is always the old one there")
		})
	}
}

// What this package reads of any bytes, libgbinder reads too, and as the same.
func TestLibgbinderReadsAnyBytesAsTheSame(t *testing.T) {
	o := startGbinder(t, "aidl3")
	plain := []int{0, 1, 2, 5, 7}
	rapid.Check(t, func(t *rapid.T) {
		b := drawWords(t)
		r := NewReader(Format{Release: 11}, b, nil)
		var names, want []string
		for _, n := range rapid.SliceOfN(rapid.SampledFrom(plain), 1, 6).Draw(t, "program") {
			u := &gbinderOps[n]
			value := u.read(r)
			if r.Err() != nil || strings.Contains(value, "efbfbd") || u.name == "text" && strings.Contains(value, "00") {
				break // it fails, or is no text that C has
			}
			names, want = append(names, u.name), append(want, u.said(value))
		}
		if len(names) > 0 {
			assert.Contains(t, o.ask(t, "read %x - %s", b, strings.Join(names, " ")), "read "+strings.Join(want, " "))
		}
	})
}
