package parcel

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sameAsOneByOne checks that an array lies in a parcel as its elements do, one after the other, and is read so.
func sameAsOneByOne[T any](t *rapid.T, g *rapid.Generator[T], write func(*Writer, []T), one func(*Writer, T), read func(*Reader) []T) {
	s := rapid.SliceOfN(g, 0, 40).Draw(t, "array")
	var whole, parts Writer
	write(&whole, s)
	parts.WriteInt32(int32(len(s)))
	for _, v := range s {
		one(&parts, v)
	}
	require.Equal(t, parts.Bytes(), whole.Bytes())
	r := NewReader(Format{}, whole.Bytes(), nil)
	assert.Equal(t, append([]T{}, s...), read(r))
	assert.NoError(t, r.Finish())
}

func TestArraysLieAsTheirElements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sameAsOneByOne(t, rapid.Int32(), WriteInt32s[int32], (*Writer).WriteInt32, ReadInt32s[int32])
		sameAsOneByOne(t, rapid.Uint32(), WriteInt32s[uint32], (*Writer).WriteUint32, ReadInt32s[uint32])
		sameAsOneByOne(t, rapid.Int64(), WriteInt64s[int64], (*Writer).WriteInt64, ReadInt64s[int64])
		sameAsOneByOne(t, floats, WriteFloats, (*Writer).WriteFloat, ReadFloats)
		sameAsOneByOne(t, doubles, WriteDoubles, (*Writer).WriteDouble, ReadDoubles)
		sameAsOneByOne(t, rapid.Bool(), WriteBools, (*Writer).WriteBool, ReadBools)
		sameAsOneByOne(t, rapid.Uint16(), WriteChars, (*Writer).WriteChar, ReadChars)
	})
}

func TestPackedArrays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SliceOfN(rapid.Int8(), 0, 40).Draw(t, "bytes")
		var w, bytes Writer
		WriteInt8s(&w, s)
		b := make([]byte, len(s))
		for i, v := range s {
			b[i] = byte(v)
		}
		WriteBytes(&bytes, b)
		require.Equal(t, bytes.Bytes(), w.Bytes())
		assert.Equal(t, append([]int8{}, s...), ReadInt8s[int8](NewReader(Format{}, w.Bytes(), nil)))
	})
}

// Both directions of text against package utf16, at every mix of what is taken by the word and what is not.
func TestTextAgainstTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.SliceOfN(rapid.OneOf(rapid.Uint16Range(0, 0x7f), rapid.Uint16Range('a', 'z'), rapid.Uint16Range(0xd700, 0xe000), rapid.Uint16()), 0, 600).Draw(t, "units")
		var w Writer
		w.WriteUTF16(u)
		for i, unit := range u {
			require.Equal(t, unit, binary.LittleEndian.Uint16(w.Bytes()[4+2*i:]))
		}
		want := string(utf16.Decode(u))
		require.Equal(t, want, NewReader(Format{}, w.Bytes(), nil).ReadString())
		exact := make([]byte, 0, len(want))
		assert.Equal(t, want, string(NewReader(Format{}, w.Bytes(), nil).AppendString(exact)))
		assert.Equal(t, append([]uint16{}, u...), NewReader(Format{}, w.Bytes(), nil).ReadUTF16())

		w.Reset(Format{})
		w.WriteString(want)
		assert.Equal(t, utf16.Encode([]rune(want)), NewReader(Format{}, w.Bytes(), nil).ReadUTF16())
	})
}

// What a Writer's memory held before is in none of the parcels that it writes later.
func TestOldMemoryDoesNotShow(t *testing.T) {
	old := make([]byte, 1<<16)
	for i := range old {
		old[i] = 0xa5
	}
	rapid.Check(t, func(t *rapid.T) {
		var clean, used Writer
		WriteBytes(&used, old)
		used.Reset(Format{})
		for range rapid.IntRange(1, 5).Draw(t, "fields") {
			f := rapid.SampledFrom(fields).Draw(t, "field")
			v := f.draw(t)
			f.write(&clean, v)
			f.write(&used, v)
		}
		assert.Equal(t, clean.Bytes(), used.Bytes())
	})
}
