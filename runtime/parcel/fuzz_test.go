package parcel

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// reads is every read there is; a fuzzed program chooses among them.
var reads = func() []func(r *Reader) any {
	all := []func(r *Reader) any{
		func(r *Reader) any { return r.ReadNull() },
		func(r *Reader) any { return r.ReadCString() },
		func(r *Reader) any { return r.ReadException() },
		func(r *Reader) any { return r.ReadInterfaceToken("tok") },
		func(r *Reader) any { return ReadOutArray[int64](r) },
		func(r *Reader) any { data, _, _ := r.ReadBlob(40); return data },
		func(r *Reader) any { return r.ReadValueMap() },
		func(r *Reader) any { return r.ReadList() },
		func(r *Reader) any { var b Bundle; b.ReadFromParcel(r); return b },
		func(r *Reader) any { var b PersistableBundle; b.ReadFromParcel(r); return b },
		func(r *Reader) any { return ReadNullable[nest](r) },
		func(r *Reader) any { return ReadNullable[shape](r) },
		func(r *Reader) any { return r.SkipString("tok") },
	}
	for _, f := range fields {
		all = append(all, f.read)
	}
	return all
}()

// FuzzReader runs programs of reads over arbitrary bytes and tables. It never panics; an error stays; each
// entry is given out at most once; the position never goes back or beyond the end.
func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 97, 0, 0, 0}, []byte{7}, []byte{}, byte(16))
	f.Add(make([]byte, 64), []byte{39, 40, 41, 42}, []byte{0, 1, 7, 2}, byte(12))
	f.Fuzz(func(t *testing.T, data, program, places []byte, release byte) {
		if len(data) > 1<<16 || len(program) > 1<<8 {
			t.Skip()
		}
		var table []Entry
		for ; len(places) >= 2; places = places[2:] {
			table = append(table, Entry{uint32(places[0]) * 4, Kind(places[1] & 3), len(table)})
		}
		r := NewReader(Format{Release: Release(release % 20)}, data, table)
		r.SetClasses(func(name string) Parcelable { return new(point) })
		for _, op := range program {
			before, failed := r.Offset(), r.Err()
			v := reads[int(op)%len(reads)](r)
			assert.LessOrEqual(t, before, r.Offset()+4, "a null length is put back")
			assert.LessOrEqual(t, r.Offset(), len(data))
			if failed != nil {
				assert.Equal(t, failed, r.Err())
				assert.Equal(t, before, r.Offset(), "%T", v)
			}
		}
		assert.LessOrEqual(t, r.Remaining(), len(data))
	})
}

// FuzzRoundTrip reads a parcel by a program, and writes what it read: read and written again, the
// bytes are the same.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 97, 0, 0, 0}, []byte{7})
	f.Fuzz(func(t *testing.T, data, program []byte) {
		if len(data) > 1<<16 || len(program) > 1<<8 {
			t.Skip()
		}
		first, second := new(Writer), new(Writer)
		n := copyFields(NewReader(Format{}, data, nil), first, program)
		if first.Err() != nil {
			t.Skip(first.Err()) // values that Java alone has
		}
		r := NewReader(Format{}, first.Bytes(), first.Table())
		assert.Equal(t, n, copyFields(r, second, program[:n]))
		assert.NoError(t, r.Finish())
		assert.NoError(t, second.Err())
		assert.Equal(t, first.Bytes(), second.Bytes())
	})
}

// copyFields writes what the program reads, as far as that goes, and returns how far.
func copyFields(r *Reader, w *Writer, program []byte) int {
	for n, op := range program {
		fd := fields[int(op)%len(fields)]
		v := fd.read(r)
		if r.Err() != nil {
			return n
		}
		fd.write(w, v)
	}
	return len(program)
}
