package gen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"ubinder/aidl/model"
)

// hash sums up an interface's definition: its descriptor, version and methods, and every message and
// enum that these lead to. Two definitions with one hash understand each other; comments, the order of
// declarations, options of other generators and Go's names have no part in it.
func (r *reader) hash(i *model.Interface, s *protogen.Service) string {
	d := &definition{reader: r, types: make(map[protoreflect.FullName]string)}
	d.line("interface %s version %d", i.Descriptor, i.Version)
	methods := make(map[uint32]string)
	for n, m := range i.Methods {
		in, out := s.Methods[n].Input.Desc, s.Methods[n].Output.Desc
		methods[m.Code] = fmt.Sprintf("method %d %s oneway %v %s %s", m.Code, s.Methods[n].Desc.Name(), m.Oneway, in.FullName(), out.FullName())
		d.message(in)
		d.message(out)
	}
	for _, code := range slices.Sorted(maps.Keys(methods)) {
		d.line("%s", methods[code])
	}
	for _, name := range slices.Sorted(maps.Keys(d.types)) {
		d.line("%s", d.types[name])
	}
	sum := sha256.Sum256([]byte(d.text.String()))
	return hex.EncodeToString(sum[:])
}

// definition is an interface in a form that says nothing twice and everything in one order.
type definition struct {
	reader *reader
	text   strings.Builder
	types  map[protoreflect.FullName]string
}

func (d *definition) line(format string, args ...any) { fmt.Fprintf(&d.text, format+"\n", args...) }

func (d *definition) message(m protoreflect.MessageDescriptor) {
	if _, seen := d.types[m.FullName()]; seen {
		return
	}
	d.types[m.FullName()] = "" // it may lead to itself
	fields := make(map[protoreflect.FieldNumber]string)
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		fields[f.Number()] = d.field(f)
	}
	lines := []string{fmt.Sprintf("message %s", m.FullName())}
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		lines = append(lines, fields[n])
	}
	d.types[m.FullName()] = strings.Join(lines, "\n")
}

func (d *definition) field(f protoreflect.FieldDescriptor) string {
	text := fmt.Sprintf("field %d %s %s %s", f.Number(), f.Name(), f.Cardinality(), f.Kind())
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		text += fmt.Sprintf(" oneof %s", o.Name())
	}
	switch {
	case f.Message() != nil:
		d.message(f.Message())
		text += fmt.Sprintf(" %s %s", f.Message().FullName(), d.reader.interfaceOf(f))
	case f.Enum() != nil:
		d.enum(f.Enum())
		text += fmt.Sprintf(" %s", f.Enum().FullName())
	}
	return text
}

func (d *definition) enum(e protoreflect.EnumDescriptor) {
	var values []string
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		values = append(values, fmt.Sprintf("value %d %s", v.Number(), v.Name()))
	}
	slices.Sort(values)
	d.types[e.FullName()] = fmt.Sprintf("enum %s\n%s", e.FullName(), strings.Join(values, "\n"))
}
