package all

import (
	"context"
	"fmt"
	"os"
	"slices"

	"ubinder/gen/internal/golden/aidl/golden/callback"
	"ubinder/runtime/binder"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
	"ubinder/runtime/stub"
)

// service answers with what it is given.
type service struct{ UnimplementedIEverything }

func reversed[T any](v []T) ([]T, []T, error) {
	r := slices.Clone(v)
	slices.Reverse(r)
	return r, v, nil
}

func (service) RepeatBoolean(_ context.Context, v bool) (bool, error)              { return v, nil }
func (service) RepeatByte(_ context.Context, v int8) (int8, error)                 { return v, nil }
func (service) RepeatChar(_ context.Context, v uint16) (uint16, error)             { return v, nil }
func (service) RepeatInt(_ context.Context, v int32) (int32, error)                { return v, nil }
func (service) RepeatLong(_ context.Context, v int64) (int64, error)               { return v, nil }
func (service) RepeatFloat(_ context.Context, v float32) (float32, error)          { return v, nil }
func (service) RepeatDouble(_ context.Context, v float64) (float64, error)         { return v, nil }
func (service) RepeatString(_ context.Context, v string) (string, error)           { return v, nil }
func (service) RepeatNullableString(_ context.Context, v *string) (*string, error) { return v, nil }
func (service) RepeatUtf8(_ context.Context, v string) (string, error)             { return v, nil }
func (service) Tags(_ context.Context, shapes []Shape, first Shape_Tag) ([]Shape_Tag, error) {
	tags := []Shape_Tag{first}
	for i := range shapes {
		tags = append(tags, shapes[i].Tag())
	}
	return tags, nil
}
func (service) RepeatColor(_ context.Context, v Color) (Color, error)                { return v, nil }
func (service) RepeatSize(_ context.Context, v Size) (Size, error)                   { return v, nil }
func (service) RepeatDistance(_ context.Context, v Distance) (Distance, error)       { return v, nil }
func (service) RepeatNullableInts(_ context.Context, v []int32) ([]int32, error)     { return v, nil }
func (service) RepeatNullableList(_ context.Context, v []*string) ([]*string, error) { return v, nil }
func (service) RepeatNullableStrings(_ context.Context, v []*string) ([]*string, error) {
	return v, nil
}

func (service) ReverseBoolean(_ context.Context, v, _ []bool) ([]bool, []bool, error) {
	return reversed(v)
}
func (service) ReverseByte(_ context.Context, v, _ []byte) ([]byte, []byte, error) {
	return reversed(v)
}
func (service) ReverseChar(_ context.Context, v, _ []uint16) ([]uint16, []uint16, error) {
	return reversed(v)
}

// ReverseInt fills the array whose length the caller gave, as a service in Java does.
func (service) ReverseInt(_ context.Context, v, repeated []int32) ([]int32, []int32, error) {
	copy(repeated, v)
	r, _, err := reversed(v)
	return r, repeated, err
}
func (service) ReverseLong(_ context.Context, v, _ []int64) ([]int64, []int64, error) {
	return reversed(v)
}
func (service) ReverseFloat(_ context.Context, v, _ []float32) ([]float32, []float32, error) {
	return reversed(v)
}
func (service) ReverseDouble(_ context.Context, v, _ []float64) ([]float64, []float64, error) {
	return reversed(v)
}
func (service) ReverseString(_ context.Context, v, _ []string) ([]string, []string, error) {
	return reversed(v)
}
func (service) ReverseColor(_ context.Context, v, _ []Color) ([]Color, []Color, error) {
	return reversed(v)
}
func (service) ReverseDistance(_ context.Context, v, _ []Distance) ([]Distance, []Distance, error) {
	return reversed(v)
}
func (service) ReverseList(_ context.Context, v []string) ([]string, []string, error) {
	return reversed(v)
}
func (service) ReversePoints(_ context.Context, v, _ []Point) ([]Point, []Point, error) {
	return reversed(v)
}
func (service) RepeatMatrix(_ context.Context, v [2][3]int32) ([2][3]int32, [2][3]int32, error) {
	return v, v, nil
}

func (service) RepeatPoint(_ context.Context, v *Point) (*Point, error)            { return v, nil }
func (service) RepeatNullablePoint(_ context.Context, v *Point) (*Point, error)    { return v, nil }
func (service) RepeatShape(_ context.Context, v *Shape) (*Shape, error)            { return v, nil }
func (service) RepeatTree(_ context.Context, v *Tree) (*Tree, error)               { return v, nil }
func (service) RepeatValues(_ context.Context, v *Values) (*Values, error)         { return v, nil }
func (service) RepeatNullableValues(_ context.Context, v *Values) (*Values, error) { return v, nil }
func (service) RepeatMap(_ context.Context, v map[string]string) (map[string]string, error) {
	return v, nil
}
func (service) MovePoint(_ context.Context, p *Point, dx int32) (*Point, error) {
	p.X += dx
	return p, nil
}
func (service) FillPoint(context.Context) (*Point, error) {
	return &Point{X: 1, Y: 2, Label: "filled"}, nil
}

func (service) RepeatCallback(_ context.Context, c callback.ICallback) (callback.ICallback, error) {
	return c, nil
}
func (service) RepeatNullableCallback(_ context.Context, c callback.ICallback) (callback.ICallback, error) {
	return c, nil
}
func (service) RepeatObject(_ context.Context, o binder.Object) (binder.Object, error) { return o, nil }
func (service) IsSame(ctx context.Context, a, b binder.Object) (bool, error) {
	return binder.Same(ctx, a, b), nil
}
func (service) AskThrough(ctx context.Context, c callback.ICallback, number int32) (int32, error) {
	defer stub.Release(c)
	return c.Ask(ctx, number)
}
func (service) Tell(ctx context.Context, c callback.ICallback, what string) error {
	defer stub.Release(c)
	return c.Heard(ctx, what)
}
func (service) RepeatFile(_ context.Context, f *os.File) (*os.File, error)      { return f, nil }
func (service) RepeatPlainFile(_ context.Context, f *os.File) (*os.File, error) { return f, nil }
func (service) ReverseFiles(_ context.Context, v, _ []*os.File) ([]*os.File, []*os.File, error) {
	return reversed(v)
}

func (service) ThrowServiceError(_ context.Context, code int32) error {
	return &parcel.Exception{Code: parcel.ExServiceSpecific, Service: code, Message: "thrown"}
}
func (service) ThrowException(_ context.Context, code int32) error {
	return fmt.Errorf("wrapped: %w", &parcel.Exception{Code: parcel.ExceptionCode(code), Message: "thrown"})
}
func (service) ThrowStatus(_ context.Context, code int32) error {
	return status.Errorf(status.Code(code), "thrown")
}

func (service) NewToOld(_ context.Context, v *Newer) (*Older, error) {
	return &Older{First: v.First, Second: v.Second}, nil
}
func (service) OldToNew(_ context.Context, v *Older) (*Newer, error) {
	n := NewNewer()
	n.First, n.Second = v.First, v.Second
	return n, nil
}

func (service) Granted(context.Context) (int32, error) { return 1, nil }
func (service) Denied(context.Context) (int32, error)  { return 2, nil }
func (service) Either(context.Context) (int32, error)  { return 3, nil }

func (service) Func(_ context.Context, a, b, c, d, e, f, g, h, i int32) (int32, error) {
	return a + b + c + d + e + f + g + h + i, nil
}
