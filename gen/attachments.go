package gen

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"ubinder/aidl/model"
	"ubinder/runtime/stub/options"
)

func isObject(d protoreflect.MessageDescriptor) bool { return d.FullName() == "ubinder.Object" }
func isFile(d protoreflect.MessageDescriptor) bool   { return d.FullName() == "ubinder.File" }

// travelsBeside reports whether a field stands for something that is not in the payload.
func travelsBeside(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && (isObject(f.Message()) || isFile(f.Message()))
}

func (r *reader) attachments(msg *protogen.Message) []model.Attachment {
	var list []model.Attachment
	for _, f := range msg.Fields {
		if travelsBeside(f.Desc) {
			list = append(list, r.attachment(f))
		}
	}
	return list
}

func (r *reader) attachment(f *protogen.Field) model.Attachment {
	a := model.Attachment{
		Field:    uint32(f.Desc.Number()),
		Name:     string(f.Desc.Name()),
		Kind:     model.Object,
		Repeated: f.Desc.IsList(),
	}
	if isFile(f.Desc.Message()) {
		a.Kind = model.OpenFile
	}
	if s := r.services[r.interfaceOf(f.Desc)]; s != nil {
		a.Interface = serviceName(r.files, s)
	}
	return a
}

// interfaceOf returns the service that a field's option names; "" when it has none, or a wrong one.
func (r *reader) interfaceOf(f protoreflect.FieldDescriptor) protoreflect.FullName {
	if !proto.HasExtension(f.Options(), options.E_Interface) {
		return ""
	}
	name := proto.GetExtension(f.Options(), options.E_Interface).(string)
	full, _ := r.resolve(f.ParentFile(), name)
	return full
}

// checkFields looks at every field of a file, wherever it is declared.
func (r *reader) checkFields(f *protogen.File) {
	r.checkExtensions(f.Extensions)
	for _, m := range f.Messages {
		r.checkMessage(m, len(f.Services) > 0)
	}
}

// checkMessage checks a message and those inside it. Where a file declares services, its messages
// with objects are theirs; other files' may serve files that this run does not see.
func (r *reader) checkMessage(m *protogen.Message, withServices bool) {
	r.checkExtensions(m.Extensions)
	for _, f := range m.Fields {
		r.checkField(f.Desc)
		if travelsBeside(f.Desc) && withServices && !r.carriers[m.Desc.FullName()] {
			r.fail(f.Desc, "field %s: only a request or a reply can carry a %s, and no rpc has %s as either", f.Desc.Name(), f.Desc.Message().FullName(), m.Desc.FullName())
		}
	}
	for _, nested := range m.Messages {
		if !nested.Desc.IsMapEntry() { // its field was checked as the map's
			r.checkMessage(nested, withServices)
		}
	}
}

func (r *reader) checkExtensions(extensions []*protogen.Extension) {
	for _, x := range extensions {
		if travelsBeside(x.Desc) {
			r.fail(x.Desc, "extension %s: a %s must be a direct field of a request or reply", x.Desc.Name(), x.Desc.Message().FullName())
		}
		r.checkInterface(x.Desc)
	}
}

func (r *reader) checkField(f protoreflect.FieldDescriptor) {
	r.checkInterface(f)
	if f.Message() == nil {
		return
	}
	if f.IsMap() {
		if v := f.MapValue(); travelsBeside(v) {
			r.fail(f, "field %s: a %s cannot be the value of a map; use a repeated field and a repeated field of keys", f.Name(), v.Message().FullName())
		} else if v.Message() != nil {
			r.checkNested(f, v.Message())
		}
		return
	}
	if !travelsBeside(f) {
		r.checkNested(f, f.Message())
		return
	}
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		r.fail(f, "field %s: a %s cannot be in a oneof, because it is not in the payload; put it beside oneof %s", f.Name(), f.Message().FullName(), o.Name())
	}
	if f.Cardinality() == protoreflect.Required {
		r.fail(f, "field %s: a %s cannot be required, because it is not in the payload; a field left out is a null object, or no file", f.Name(), f.Message().FullName())
	}
}

// checkNested refuses messages with objects as fields of other messages: a field number would not
// say which object is meant.
func (r *reader) checkNested(f protoreflect.FieldDescriptor, m protoreflect.MessageDescriptor) {
	fields := m.Fields()
	for i := range fields.Len() {
		if inner := fields.Get(i); travelsBeside(inner) {
			r.fail(f, "field %s: %s has the %s %s, which must be a direct field of the request or reply; move it there", f.Name(), m.FullName(), inner.Message().FullName(), inner.Name())
		}
	}
}

func (r *reader) checkInterface(f protoreflect.FieldDescriptor) {
	if !proto.HasExtension(f.Options(), options.E_Interface) {
		return
	}
	name := proto.GetExtension(f.Options(), options.E_Interface).(string)
	if f.Message() == nil || !isObject(f.Message()) {
		r.fail(f, "field %s: (ubinder.interface) is for fields of type ubinder.Object", f.Name())
		return
	}
	if _, looked := r.resolve(f.ParentFile(), name); looked != nil {
		r.fail(f, "field %s: there is no service %q here (looked for %s); import the file that declares it", f.Name(), name, joined(looked))
	}
}
