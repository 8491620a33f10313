package parcel

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// golden is bytes that another implementation's sources or tests give, and the calls that write and
// read them. read is nil where that has a test of its own.
type golden struct {
	name  string
	bytes string // hex
	write func(w *Writer)
	read  func(r *Reader) any
	want  any
}

func (g *golden) check(t *testing.T, f Format) {
	t.Run(g.name, func(t *testing.T) {
		var w Writer
		w.Reset(f)
		g.write(&w)
		require.NoError(t, w.Err())
		assert.Equal(t, g.bytes, hex.EncodeToString(w.Bytes()))
		if g.read == nil {
			return
		}
		r := NewReader(f, w.Bytes(), w.Table())
		assert.Equal(t, g.want, g.read(r))
		assert.NoError(t, r.Finish())
	})
}

// of makes a golden of a pair of functions and a value; reading must give what was written.
func of[T any](name, bytes string, write func(*Writer, T), read func(*Reader) T, v T) golden {
	return golden{name, bytes, func(w *Writer) { write(w, v) }, func(r *Reader) any { return read(r) }, v}
}

// nullOr asks first whether null comes.
func nullOr[T any](read func(*Reader) T) func(*Reader) *T {
	return func(r *Reader) *T {
		if r.ReadNull() {
			return nil
		}
		v := read(r)
		return &v
	}
}

func orWriteNull[T any](write func(*Writer, T)) func(*Writer, *T) {
	return func(w *Writer, v *T) {
		if v == nil {
			w.WriteNull()
			return
		}
		write(w, *v)
	}
}

// nullable makes a golden of a value that may be null.
func nullable[T any](name, bytes string, write func(*Writer, T), read func(*Reader) T, v *T) golden {
	return of(name, bytes, orWriteNull(write), nullOr(read), v)
}

type (
	enum8  int8
	enum32 int32
	enum64 int64
)

// thirtySeven is the parcelable of libbinder's test: it has no size.
type thirtySeven struct{}

func (*thirtySeven) WriteToParcel(w *Writer) { w.WriteInt32(37) }
func (*thirtySeven) ReadFromParcel(r *Reader) {
	if r.ReadInt32() != 37 {
		panic("not 37")
	}
}

// wireProtocol has the encodings that libbinder's test fixes: FN libs/binder/tests/
// binderRpcWireProtocolTest.cpp, kCurrentRepr, for the wire versions 0 and 1. What RPC binder and the
// kernel's binder write differently, interface token and objects, is left out.
var wireProtocol = []golden{
	of("int32 -1", "ffffffff", (*Writer).WriteInt32, (*Reader).ReadInt32, -1),
	of("int32 0", "00000000", (*Writer).WriteInt32, (*Reader).ReadInt32, 0),
	of("int32 17", "11000000", (*Writer).WriteInt32, (*Reader).ReadInt32, 17),
	of("uint32 0", "00000000", (*Writer).WriteUint32, (*Reader).ReadUint32, 0),
	of("uint32 1", "01000000", (*Writer).WriteUint32, (*Reader).ReadUint32, 1),
	of("uint32 10003", "13270000", (*Writer).WriteUint32, (*Reader).ReadUint32, 10003),
	of("int64 -1", "ffffffffffffffff", (*Writer).WriteInt64, (*Reader).ReadInt64, -1),
	of("int64 0", "0000000000000000", (*Writer).WriteInt64, (*Reader).ReadInt64, 0),
	of("int64 17", "1100000000000000", (*Writer).WriteInt64, (*Reader).ReadInt64, 17),
	of("uint64 0", "0000000000000000", (*Writer).WriteUint64, (*Reader).ReadUint64, 0),
	of("uint64 1", "0100000000000000", (*Writer).WriteUint64, (*Reader).ReadUint64, 1),
	of("uint64 10003", "1327000000000000", (*Writer).WriteUint64, (*Reader).ReadUint64, 10003),
	of("float 0", "00000000", (*Writer).WriteFloat, (*Reader).ReadFloat, 0),
	of("float 0.1", "cdcccc3d", (*Writer).WriteFloat, (*Reader).ReadFloat, 0.1),
	of("float 9.1", "9a991141", (*Writer).WriteFloat, (*Reader).ReadFloat, 9.1),
	of("double 0", "0000000000000000", (*Writer).WriteDouble, (*Reader).ReadDouble, 0),
	of("double 0.1", "9a9999999999b93f", (*Writer).WriteDouble, (*Reader).ReadDouble, 0.1),
	of("double 9.1", "3333333333332240", (*Writer).WriteDouble, (*Reader).ReadDouble, 9.1),
	of("C string empty", "00000000", (*Writer).WriteCString, (*Reader).ReadCString, ""),
	of("C string a", "61000000", (*Writer).WriteCString, (*Reader).ReadCString, "a"),
	of("C string baba", "6261626100000000", (*Writer).WriteCString, (*Reader).ReadCString, "baba"),
	of("string8 empty", "0000000000000000", (*Writer).WriteString8, (*Reader).ReadString8, ""),
	of("string8 a", "0100000061000000", (*Writer).WriteString8, (*Reader).ReadString8, "a"),
	of("string8 baba", "040000006261626100000000", (*Writer).WriteString8, (*Reader).ReadString8, "baba"),
	of("string16 empty", "0000000000000000", (*Writer).WriteUTF16, (*Reader).ReadUTF16, []uint16{}),
	of("string16 a", "0100000061000000", (*Writer).WriteUTF16, (*Reader).ReadUTF16, []uint16{'a'}),
	of("string16 baba", "04000000620061006200610000000000", (*Writer).WriteUTF16, (*Reader).ReadUTF16, []uint16{'b', 'a', 'b', 'a'}),
	of("int32 array", "03000000ffffffff0000000011000000", WriteInt32s[int32], ReadInt32s[int32], []int32{-1, 0, 17}),
	of("byte array", "030000000011ff00", WriteBytes, ReadBytes, []byte{0, 17, 255}),
	of("bool true", "01000000", (*Writer).WriteBool, (*Reader).ReadBool, true),
	of("bool false", "00000000", (*Writer).WriteBool, (*Reader).ReadBool, false),
	of("char a", "61000000", (*Writer).WriteChar, (*Reader).ReadChar, 'a'),
	of("char ?", "3f000000", (*Writer).WriteChar, (*Reader).ReadChar, '?'),
	of("char 0", "00000000", (*Writer).WriteChar, (*Reader).ReadChar, 0),
	of("byte -128", "80ffffff", (*Writer).WriteInt8, (*Reader).ReadInt8, -128),
	of("byte 0", "00000000", (*Writer).WriteInt8, (*Reader).ReadInt8, 0),
	of("byte 127", "7f000000", (*Writer).WriteInt8, (*Reader).ReadInt8, 127),
	of("utf8 as utf16 empty", "0000000000000000", (*Writer).WriteString, (*Reader).ReadString, ""),
	of("utf8 as utf16 a", "0100000061000000", (*Writer).WriteString, (*Reader).ReadString, "a"),
	of("utf8 as utf16 abab", "04000000610062006100620000000000", (*Writer).WriteString, (*Reader).ReadString, "abab"),
	of("nullable string null", "ffffffff", (*Writer).WriteNullableString, (*Reader).ReadNullableString, nil),
	of("nullable string empty", "0000000000000000", (*Writer).WriteNullableString, (*Reader).ReadNullableString, new("")),
	of("nullable string a", "0100000061000000", (*Writer).WriteNullableString, (*Reader).ReadNullableString, new("a")),
	of("nullable string abab", "04000000610062006100620000000000", (*Writer).WriteNullableString, (*Reader).ReadNullableString, new("abab")),
	nullable("nullable int8 vector null", "ffffffff", WriteInt8s[int8], ReadInt8s[int8], nil),
	nullable("nullable int8 vector", "03000000ff001100", WriteInt8s[int8], ReadInt8s[int8], &[]int8{-1, 0, 17}),
	of("int8 vector empty", "00000000", WriteInt8s[int8], ReadInt8s[int8], []int8{}),
	of("int8 vector", "03000000ff001100", WriteInt8s[int8], ReadInt8s[int8], []int8{-1, 0, 17}),
	nullable("nullable uint8 vector null", "ffffffff", WriteBytes, ReadBytes, nil),
	nullable("nullable uint8 vector", "0300000000011100", WriteBytes, ReadBytes, &[]byte{0, 1, 17}),
	of("uint8 vector empty", "00000000", WriteBytes, ReadBytes, []byte{}),
	of("uint8 vector", "0300000000011100", WriteBytes, ReadBytes, []byte{0, 1, 17}),
	nullable("nullable int32 vector null", "ffffffff", WriteInt32s[int32], ReadInt32s[int32], nil),
	nullable("nullable int32 vector", "03000000ffffffff0000000011000000", WriteInt32s[int32], ReadInt32s[int32], &[]int32{-1, 0, 17}),
	of("int32 vector empty", "00000000", WriteInt32s[int32], ReadInt32s[int32], []int32{}),
	nullable("nullable int64 vector null", "ffffffff", WriteInt64s[int64], ReadInt64s[int64], nil),
	nullable("nullable int64 vector", "03000000ffffffffffffffff00000000000000001100000000000000", WriteInt64s[int64], ReadInt64s[int64], &[]int64{-1, 0, 17}),
	of("int64 vector empty", "00000000", WriteInt64s[int64], ReadInt64s[int64], []int64{}),
	of("int64 vector", "03000000ffffffffffffffff00000000000000001100000000000000", WriteInt64s[int64], ReadInt64s[int64], []int64{-1, 0, 17}),
	nullable("nullable uint64 vector null", "ffffffff", WriteInt64s[uint64], ReadInt64s[uint64], nil),
	nullable("nullable uint64 vector", "03000000000000000000000001000000000000001100000000000000", WriteInt64s[uint64], ReadInt64s[uint64], &[]uint64{0, 1, 17}),
	of("uint64 vector empty", "00000000", WriteInt64s[uint64], ReadInt64s[uint64], []uint64{}),
	nullable("nullable float vector null", "ffffffff", WriteFloats, ReadFloats, nil),
	nullable("nullable float vector", "0300000000000000cdcccc3d9a991141", WriteFloats, ReadFloats, &[]float32{0, 0.1, 9.1}),
	of("float vector empty", "00000000", WriteFloats, ReadFloats, []float32{}),
	nullable("nullable double vector null", "ffffffff", WriteDoubles, ReadDoubles, nil),
	nullable("nullable double vector", "0300000000000000000000009a9999999999b93f3333333333332240", WriteDoubles, ReadDoubles, &[]float64{0, 0.1, 9.1}),
	of("double vector empty", "00000000", WriteDoubles, ReadDoubles, []float64{}),
	nullable("nullable bool vector null", "ffffffff", WriteBools, ReadBools, nil),
	nullable("nullable bool vector", "020000000100000000000000", WriteBools, ReadBools, &[]bool{true, false}),
	of("bool vector empty", "00000000", WriteBools, ReadBools, []bool{}),
	nullable("nullable char vector null", "ffffffff", WriteChars, ReadChars, nil),
	nullable("nullable char vector", "0300000061000000000000003f000000", WriteChars, ReadChars, &[]uint16{'a', 0, '?'}),
	of("char vector empty", "00000000", WriteChars, ReadChars, []uint16{}),
	nullable("nullable string vector null", "ffffffff", WriteStrings, ReadStrings, nil),
	of("vector of nullable strings", "03000000ffffffff00000000000000000100000061000000", writeNullableStrings, readNullableStrings, []*string{nil, new(""), new("a")}),
	of("string vector empty", "00000000", WriteStrings, ReadStrings, []string{}),
	nullable("nullable byte enum vector null", "ffffffff", WriteInt8s[enum8], ReadInt8s[enum8], nil),
	of("byte enum vector", "0200000000010000", WriteInt8s[enum8], ReadInt8s[enum8], []enum8{0, 1}),
	of("int enum vector", "020000000000000001000000", WriteInt32s[enum32], ReadInt32s[enum32], []enum32{0, 1}),
	of("long enum vector", "0200000000000000000000000100000000000000", WriteInt64s[enum64], ReadInt64s[enum64], []enum64{0, 1}),
	nullable("nullable parcelable vector null", "ffffffff", WriteParcelables[thirtySeven], ReadParcelables[thirtySeven], nil),
	of("vector of nullable parcelables", "010000000100000025000000", writeNullables, readNullables, []*thirtySeven{{}}),
	of("parcelable vector", "010000000100000025000000", WriteParcelables[thirtySeven], ReadParcelables[thirtySeven], []thirtySeven{{}}),
	of("nullable parcelable null", "00000000", WriteNullable[thirtySeven], ReadNullable[thirtySeven], nil),
	of("nullable parcelable", "0100000025000000", WriteNullable[thirtySeven], ReadNullable[thirtySeven], &thirtySeven{}),
	{"vector size", "03000000", func(w *Writer) { w.WriteOutLength(3) }, func(r *Reader) any { return ReadOutArray[int32](r) }, []int32{0, 0, 0}},
	{"vector size null", "ffffffff", (*Writer).WriteNull, func(r *Reader) any { return r.ReadNull() }, true},
	{"no exception", "00000000", (*Writer).WriteNoException, func(r *Reader) any { return r.ReadException() }, (*Exception)(nil)},
	of("exception", "07000000020000003a0044000000000000000000", (*Writer).WriteException, (*Reader).ReadException, &Exception{Code: 7, Message: ":D"}),
	of("service-specific error", "f8ffffff020000003a002f00000000000000000008000000", (*Writer).WriteException, (*Reader).ReadException,
		&Exception{Code: ExServiceSpecific, Message: ":/", Service: 8}),
}

func writeNullableStrings(w *Writer, s []*string) { WriteArray(w, s, (*Writer).WriteNullableString) }
func readNullableStrings(r *Reader) []*string     { return ReadArray(r, (*Reader).ReadNullableString) }

func writeNullables(w *Writer, s []*thirtySeven) { WriteArray(w, s, WriteNullable[thirtySeven]) }
func readNullables(r *Reader) []*thirtySeven     { return ReadArray(r, ReadNullable[thirtySeven]) }

func TestBytesAreThoseOfLibbindersTest(t *testing.T) {
	for i := range wireProtocol {
		wireProtocol[i].check(t, Format{})
	}
}
