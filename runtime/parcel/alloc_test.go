package parcel

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestScalarsAndStringsDoNotAllocate(t *testing.T) {
	long := strings.Repeat("é", 300)
	var w Writer
	var r Reader
	text := make([]byte, 0, 1000)
	numbers := make([]int32, 3)
	table := make([]Entry, 0, 4)
	o := &struct{ int }{}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		w.Reset(Format{})
		w.WriteInterfaceToken("android.os.IServiceManager")
		w.WriteInt32(1)
		w.WriteInt64(2)
		w.WriteBool(true)
		w.WriteDouble(3)
		w.WriteString("short")
		w.WriteString(long)
		WriteInt32s(&w, numbers)
		w.WriteBinder(o, VINTF)
		w.WriteParcelFileDescriptor(o)

		table = append(table[:0], w.Table()...)
		r.Reset(Format{}, w.Bytes(), table)
		r.ReadInterfaceToken("android.os.IServiceManager")
		r.ReadInt32()
		r.ReadInt64()
		r.ReadBool()
		r.ReadDouble()
		text = r.AppendString(text[:0])
		text = r.AppendString(text[:0])
		ReadFixedInt32s(&r, numbers)
		r.ReadBinder()
		r.ReadParcelFileDescriptor()
		if r.Finish() != nil {
			t.Error(r.Err())
		}
	}))
	assert.Equal(t, long, string(text))
}

func TestAStringIsOneAllocation(t *testing.T) {
	for _, s := range []string{"ab", strings.Repeat("a", 256), strings.Repeat("é", 1000)} {
		var w Writer
		w.WriteString(s)
		var r Reader
		assert.Equal(t, 1.0, testing.AllocsPerRun(100, func() {
			r.Reset(Format{}, w.Bytes(), nil)
			if r.ReadString() != s {
				t.Error("another string")
			}
		}), len(s))
	}
}
