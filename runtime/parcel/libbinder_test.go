package parcel

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// libbinder is that of Android 14, as AOSP has it.
var libbinderFormat = Format{Release: 14}

// typed makes an op of a type whose values have a form as text.
func typed[T any](name string, g *rapid.Generator[T], show func(T) string, parse func(string) T, write func(*Writer, T), read func(*Reader) T) op {
	return op{name, rapid.Map(g, show),
		func(w *Writer, s string) { write(w, parse(s)) },
		func(r *Reader) string { return show(read(r)) }}
}

func integer[T int8 | int32 | int64 | uint8 | uint16](s string) T {
	n, _ := strconv.ParseInt(s, 10, 64)
	return T(n)
}

func showBool(b bool) string  { return number(map[bool]int{true: 1}[b]) }
func parseBool(s string) bool { return s == "1" }

func showFloat(f float32) string  { return fmt.Sprintf("%.9g", f) }
func parseFloat(s string) float32 { f, _ := strconv.ParseFloat(s, 32); return float32(f) }

func showDouble(f float64) string  { return fmt.Sprintf("%.17g", f) }
func parseDouble(s string) float64 { f, _ := strconv.ParseFloat(s, 64); return f }

func showText(s string) string  { return "x" + hex.EncodeToString([]byte(s)) }
func parseText(s string) string { return string(bytesOf(s[1:])) }

func showNullable(s *string) string {
	if s == nil {
		return "null"
	}
	return showText(*s)
}

func parseNullable(s string) *string {
	if s == "null" {
		return nil
	}
	return new(parseText(s))
}

func showList[T any](show func(T) string) func([]T) string {
	return func(s []T) string {
		var parts []string
		for _, v := range s {
			parts = append(parts, show(v))
		}
		return "[" + strings.Join(parts, ",")
	}
}

func parseList[T any](parse func(string) T) func(string) []T {
	return func(s string) []T {
		list := []T{}
		for part := range strings.SplitSeq(s[1:], ",") {
			if part != "" {
				list = append(list, parse(part))
			}
		}
		return list
	}
}

// listed makes an op of an array.
func listed[T any](name string, g *rapid.Generator[T], show func(T) string, parse func(string) T, write func(*Writer, []T), read func(*Reader) []T) op {
	return typed(name, sliceOf(g), showList(show), parseList(parse), write, read)
}

// named is the parcelable that the oracle has: an int and a String.
type named struct {
	x    int32
	name string
}

func (p *named) WriteToParcel(w *Writer) {
	start := w.BeginSized()
	w.WriteInt32(p.x)
	w.WriteString(p.name)
	w.EndSized(start)
}

func (p *named) ReadFromParcel(r *Reader) {
	outer := r.BeginSized()
	if r.More() {
		p.x = r.ReadInt32()
	}
	if r.More() {
		p.name = r.ReadString()
	}
	r.EndSized(outer)
}

// plainTexts has no zero in it, which ends some of libbinder's texts.
var plainTexts = rapid.Map(texts, func(s string) string { return strings.ReplaceAll(s, "\x00", "") })

var nameds = rapid.Custom(func(t *rapid.T) named { return named{rapid.Int32().Draw(t, "x"), plainTexts.Draw(t, "name")} })

func showNamed(p named) string { return number(p.x) + "/" + showText(p.name) }

func parseNamed(s string) named {
	x, name, _ := strings.Cut(s, "/")
	return named{integer[int32](x), parseText(name)}
}

func writeNamed(w *Writer, p named) { w.WriteParcelable(&p) }
func readNamed(r *Reader) (p named) { r.ReadParcelable(&p); return p }
func writeHeldNamed(w *Writer, p named) {
	var h ParcelableHolder
	h.Set("Point", &p)
	w.WriteParcelable(&h)
}
func writeBundled(w *Writer, p named) {
	w.WriteParcelable(&PersistableBundle{"int": p.x, "text": p.name})
}
func writeSizedBlob(w *Writer, s string) { w.WriteInt32(int32(len(s))); w.WriteBlob([]byte(s), nil) }
func readSizedBlob(r *Reader) string     { b, _, _ := r.ReadBlob(int(r.ReadInt32())); return string(b) }

func readHeldNamed(r *Reader) (p named) {
	var h ParcelableHolder
	r.ReadParcelable(&h)
	if ok, err := h.Get("Point", &p); !ok || err != nil {
		r.Fail(fmt.Errorf("another parcelable is held: %w", err))
	}
	return p
}

func readBundled(r *Reader) named {
	var b PersistableBundle
	r.ReadParcelable(&b)
	x, _ := b["int"].(int32)
	name, _ := b["text"].(string)
	return named{x, name}
}

var thrown = rapid.Custom(func(t *rapid.T) Exception {
	e := Exception{Code: ExceptionCode(rapid.IntRange(-8, -1).Draw(t, "code")), Message: plainTexts.Draw(t, "message")}
	if e.Code == ExServiceSpecific {
		e.Service = rapid.Int32().Draw(t, "service")
	}
	return e
})

func showException(e Exception) string {
	return fmt.Sprintf("%d/%d/%s", e.Code, e.Service, showText(e.Message))
}

func parseException(s string) Exception {
	parts := strings.Split(s, "/")
	return Exception{Code: ExceptionCode(integer[int32](parts[0])), Service: integer[int32](parts[1]), Message: parseText(parts[2])}
}

func readThrown(r *Reader) Exception {
	if e := r.ReadException(); e != nil {
		return *e
	}
	return Exception{}
}

var matrices = rapid.SliceOfN(rapid.Int32(), 6, 6)

func writeMatrix(w *Writer, s []int32) {
	writeRows(w, [2][3]int32{[3]int32(s[:3]), [3]int32(s[3:])})
}

func readMatrix(r *Reader) []int32 {
	m := readRows(r)
	return append(slices.Clone(m[0][:]), m[1][:]...)
}

func plain(name string, write func(w *Writer), read func(r *Reader)) op {
	return op{name, nil, func(w *Writer, _ string) { write(w) }, func(r *Reader) string { read(r); return "" }}
}

var libbinderOps = []op{
	typed("bool", rapid.Bool(), showBool, parseBool, (*Writer).WriteBool, (*Reader).ReadBool),
	typed("byte", rapid.Int8(), number[int8], integer[int8], (*Writer).WriteInt8, (*Reader).ReadInt8),
	typed("char", rapid.Uint16(), number[uint16], integer[uint16], (*Writer).WriteChar, (*Reader).ReadChar),
	typed("int", rapid.Int32(), number[int32], integer[int32], (*Writer).WriteInt32, (*Reader).ReadInt32),
	typed("long", rapid.Int64(), number[int64], integer[int64], (*Writer).WriteInt64, (*Reader).ReadInt64),
	typed("float", floats, showFloat, parseFloat, (*Writer).WriteFloat, (*Reader).ReadFloat),
	typed("double", doubles, showDouble, parseDouble, (*Writer).WriteDouble, (*Reader).ReadDouble),
	typed("text", texts, showText, parseText, (*Writer).WriteString, (*Reader).ReadString),
	typed("optext", rapid.Ptr(texts, true), showNullable, parseNullable, (*Writer).WriteNullableString, (*Reader).ReadNullableString),
	typed("string8", plainTexts, showText, parseText, (*Writer).WriteString8, (*Reader).ReadString8),
	listed("bytes", rapid.Byte(), number[uint8], integer[uint8], WriteBytes, ReadBytes),
	listed("bools", rapid.Bool(), showBool, parseBool, WriteBools, ReadBools),
	listed("chars", rapid.Uint16(), number[uint16], integer[uint16], WriteChars, ReadChars),
	listed("ints", rapid.Int32(), number[int32], integer[int32], WriteInt32s[int32], ReadInt32s[int32]),
	listed("longs", rapid.Int64(), number[int64], integer[int64], WriteInt64s[int64], ReadInt64s[int64]),
	listed("floats", floats, showFloat, parseFloat, WriteFloats, ReadFloats),
	listed("doubles", doubles, showDouble, parseDouble, WriteDoubles, ReadDoubles),
	listed("texts", rapid.Ptr(texts, true), showNullable, parseNullable, writeNullableStrings, readNullableStrings),
	listed("smallenums", rapid.Int8(), number[int8], integer[int8], WriteInt8s[int8], ReadInt8s[int8]),
	listed("largeenums", rapid.Int64(), number[int64], integer[int64], WriteInt64s[int64], ReadInt64s[int64]),
	typed("matrix", matrices, showList(number[int32]), parseList(integer[int32]), writeMatrix, readMatrix),
	typed("point", nameds, showNamed, parseNamed, writeNamed, readNamed),
	typed("holder", nameds, showNamed, parseNamed, writeHeldNamed, readHeldNamed),
	typed("bundle", nameds, showNamed, parseNamed, writeBundled, readBundled),
	typed("blob", plainTexts, showText, parseText, writeSizedBlob, readSizedBlob),
	typed("exception", thrown, showException, parseException, func(w *Writer, e Exception) { w.WriteException(&e) }, readThrown),
	plain("noexception", (*Writer).WriteNoException, func(r *Reader) { r.ReadException() }),
	plain("noints", (*Writer).WriteNull, func(r *Reader) { r.ReadNull() }),
	plain("nopoint", func(w *Writer) { w.WritePresent(false) }, func(r *Reader) { r.ReadPresent() }),
	plain("token", func(w *Writer) { w.WriteInterfaceToken("tok") }, func(r *Reader) { r.ReadInterfaceToken("tok") }),
	plain("object", func(w *Writer) { w.WriteBinder("o", SystemStability) }, func(r *Reader) { r.ReadBinder() }),
	plain("noobject", func(w *Writer) { w.WriteBinder(nil, Undeclared) }, func(r *Reader) { r.ReadNullableBinder() }),
	plain("file", func(w *Writer) { w.WriteFile("f") }, func(r *Reader) { r.ReadFile() }),
	plain("parcelfile", func(w *Writer) { w.WriteParcelFileDescriptor("f") }, func(r *Reader) { r.ReadParcelFileDescriptor() }),
}

func TestLibbinderWritesAndReadsTheSame(t *testing.T) {
	o := startOracle(t, "libbinder")
	rapid.Check(t, func(t *rapid.T) {
		p := drawProgram(t, libbinderOps, libbinderFormat)
		theirs := strings.Fields(o.ask(t, "write %s", strings.Join(p.told, " ")))
		bytes, table := bytesOf(theirs[0]), tableOf(t, theirs[0], theirs[1:])
		assert.Equal(t, kindsOf(p.w.Table()), kindsOf(table))
		assert.Equal(t, hex.EncodeToString(masked(p.w.Bytes(), p.w.Table())), hex.EncodeToString(masked(bytes, table)))
		p.readBack(t, NewReader(libbinderFormat, bytes, table))

		var names, places []string
		for _, u := range p.used {
			names = append(names, u.name)
		}
		for _, e := range p.w.Table() {
			places = append(places, fmt.Sprintf("%d%c", e.Offset, e.Kind.String()[0]))
		}
		if places == nil {
			places = []string{"-"}
		}
		assert.Equal(t, "read "+strings.Join(p.told, " "), o.ask(t, "read %x %s %s", p.w.Bytes(), strings.Join(places, ","), strings.Join(names, " ")))
	})
}

// Where this package reads something of any bytes, libbinder reads the same.
func TestLibbinderReadsAnyBytesAsTheSame(t *testing.T) {
	o := startOracle(t, "libbinder")
	var plain []*op
	for i := range libbinderOps {
		if u := &libbinderOps[i]; u.value != nil && u.name != "holder" && u.name != "bundle" && u.name != "exception" {
			plain = append(plain, u)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := drawWords(t)
		r := NewReader(libbinderFormat, b, nil)
		var names, want []string
		for _, u := range rapid.SliceOfN(rapid.SampledFrom(plain), 1, 6).Draw(t, "program") {
			value := u.read(r)
			if r.Err() != nil || strings.Contains(value, "efbfbd") || strings.Contains(value, "NaN") || u.name == "string8" && strings.Contains(value, "00") {
				break // it fails, or is no text
			}
			names, want = append(names, u.name), append(want, u.said(value))
		}
		if len(names) > 0 {
			assert.Contains(t, o.ask(t, "read %x - %s", b, strings.Join(names, " "))+" ", "read "+strings.Join(want, " ")+" ")
		}
	})
}
