package reftab_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"
)

// This file copies a process with all that it points to, and writes it as bytes so that equal
// processes give equal bytes. Both work on whatever fields there are, unexported ones too: nothing of
// a reference table can be forgotten.

// field is one that holds pointers.
type field struct {
	offset uintptr
	typ    reflect.Type
}

// fieldsOf caches what is known of a struct: its fields, and which of them hold pointers.
type structInfo struct{ all, pointing []field }

var structs sync.Map // *structInfo by reflect.Type

func infoOf(t reflect.Type) *structInfo {
	if info, ok := structs.Load(t); ok {
		return info.(*structInfo)
	}
	info := &structInfo{}
	for i := range t.NumField() {
		f := field{t.Field(i).Offset, t.Field(i).Type}
		info.all = append(info.all, f)
		if !isPlain(f.typ) {
			info.pointing = append(info.pointing, f)
		}
	}
	structs.Store(t, info)
	return info
}

// at is v's field, without the mark by which reflect protects unexported ones.
func (f field) at(v reflect.Value) reflect.Value {
	return reflect.NewAt(f.typ, unsafe.Add(v.Addr().UnsafePointer(), f.offset)).Elem()
}

// isPlain reports whether assigning a value of the type copies all of it.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return false
	case reflect.Array:
		return isPlain(t.Elem())
	case reflect.Struct:
		return len(infoOf(t).pointing) == 0
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		panic(fmt.Sprintf("a %s cannot be copied", t))
	}
	return true
}

// copier copies pointers to one thing as pointers to one copy.
type copier map[unsafe.Pointer]reflect.Value

func deepCopy[T any](p *T) *T {
	c := copier{}
	return c.pointer(reflect.ValueOf(p)).Interface().(*T)
}

func (c copier) pointer(src reflect.Value) reflect.Value {
	if src.IsNil() {
		return src
	}
	if dst, ok := c[src.UnsafePointer()]; ok {
		return dst
	}
	dst := reflect.New(src.Type().Elem())
	c[src.UnsafePointer()] = dst
	dst.Elem().Set(src.Elem())
	c.repair(dst.Elem())
	return dst
}

// repair makes v, a shallow copy, a deep one.
func (c copier) repair(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(c.pointer(v))
	case reflect.Interface:
		if e := v.Elem(); e.Kind() == reflect.Pointer {
			v.Set(c.pointer(e))
		} else if v.Elem().IsValid() && !isPlain(e.Type()) {
			panic(fmt.Sprintf("a %s in an interface is not copied", e.Type()))
		}
	case reflect.Struct:
		for _, f := range infoOf(v.Type()).pointing {
			c.repair(f.at(v))
		}
	case reflect.Array:
		for i := range v.Len() {
			c.repair(v.Index(i))
		}
	case reflect.Slice:
		c.repairSlice(v)
	case reflect.Map:
		c.repairMap(v)
	}
}

func (c copier) repairSlice(v reflect.Value) {
	if v.IsNil() {
		return
	}
	dst := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(dst, v)
	v.Set(dst)
	if isPlain(v.Type().Elem()) {
		return
	}
	for i := range v.Len() {
		c.repair(v.Index(i))
	}
}

func (c copier) repairMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	dst := reflect.MakeMapWithSize(v.Type(), v.Len())
	if v.Len() > 0 {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		for it := v.MapRange(); it.Next(); {
			key.SetIterKey(it)
			value.SetIterValue(it)
			c.repair(key)
			c.repair(value)
			dst.SetMapIndex(key, value)
		}
	}
	v.Set(dst)
}

// encoder writes values. What is pointed to is written where it is first met, and numbered.
type encoder struct {
	out  []byte
	seen map[unsafe.Pointer]int
}

func encode[T any](p *T) []byte {
	e := encoder{seen: make(map[unsafe.Pointer]int)}
	e.value(reflect.ValueOf(p))
	return e.out
}

func (e *encoder) number(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

func (e *encoder) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			e.number(1)
		} else {
			e.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.number(v.Uint())
	case reflect.Pointer:
		e.pointer(v)
	case reflect.Interface:
		if v.IsNil() {
			e.number(0)
		} else {
			e.number(1)
			e.value(v.Elem())
		}
	case reflect.Struct:
		e.fields(v, infoOf(v.Type()).all)
	case reflect.Array, reflect.Slice:
		e.number(uint64(v.Len()))
		for i := range v.Len() {
			e.value(v.Index(i))
		}
	case reflect.Map:
		e.mapping(v)
	default:
		panic(fmt.Sprintf("a %s cannot be encoded", v.Type()))
	}
}

func (e *encoder) pointer(v reflect.Value) {
	if v.IsNil() {
		e.number(0)
		return
	}
	p := v.UnsafePointer()
	if n, ok := e.seen[p]; ok {
		e.number(uint64(n) + 2)
		return
	}
	e.seen[p] = len(e.seen)
	e.number(1)
	e.value(v.Elem())
}

func (e *encoder) fields(v reflect.Value, list []field) {
	if !v.CanAddr() {
		addressable := reflect.New(v.Type()).Elem()
		addressable.Set(v)
		v = addressable
	}
	for _, f := range list {
		e.value(f.at(v))
	}
}

// mapping writes a map in the order of its keys: numbers by value, pointers by number if they were
// met, else by what is in the thing itself.
func (e *encoder) mapping(v reflect.Value) {
	e.number(uint64(v.Len()))
	if v.Len() == 0 {
		return
	}
	type pair struct {
		order      []byte
		key, value reflect.Value
	}
	pairs := make([]pair, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		key.SetIterKey(it)
		value.SetIterValue(it)
		pairs = append(pairs, pair{e.order(key), key, value})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.order, b.order) })
	for _, p := range pairs {
		e.value(p.key)
		e.value(p.value)
	}
}

func (e *encoder) order(key reflect.Value) []byte {
	if key.Kind() != reflect.Pointer {
		part := encoder{}
		part.value(key)
		return append([]byte{byte(len(part.out))}, part.out...)
	}
	if n, ok := e.seen[key.UnsafePointer()]; ok {
		return []byte{0, byte(n >> 8), byte(n)}
	}
	part := encoder{out: []byte{1}}
	for _, f := range infoOf(key.Type().Elem()).all {
		if isPlain(f.typ) {
			part.value(f.at(key.Elem()))
		}
	}
	return part.out
}
