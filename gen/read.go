package gen

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"ubinder/aidl/model"
	"ubinder/runtime/stub/options"
)

const emptyName = "google.protobuf.Empty"

// reader makes the model of the files of one run, and collects what is wrong in them. It is the
// front end for .proto files, and stands here because their Go names are protogen's; what it makes
// is all that the emitter sees.
type reader struct {
	files    map[string]*protogen.File // by path
	services map[protoreflect.FullName]*protogen.Service
	carriers map[protoreflect.FullName]bool // messages that are a request or a reply
	wrong    Diagnostics
}

func newReader(plugin *protogen.Plugin) *reader {
	r := &reader{
		files:    make(map[string]*protogen.File),
		services: make(map[protoreflect.FullName]*protogen.Service),
		carriers: make(map[protoreflect.FullName]bool),
	}
	for _, f := range plugin.Files {
		r.files[f.Desc.Path()] = f
		for _, s := range f.Services {
			r.services[s.Desc.FullName()] = s
			for _, m := range s.Methods {
				r.carriers[m.Input.Desc.FullName()] = true
				r.carriers[m.Output.Desc.FullName()] = true
			}
		}
	}
	r.checkNames(plugin.Files)
	return r
}

func (r *reader) fail(d protoreflect.Descriptor, format string, args ...any) {
	r.wrong = append(r.wrong, at(d, format, args...))
}

func (r *reader) file(f *protogen.File) *model.File {
	r.checkFields(f)
	file := &model.File{Source: f.Desc.Path(), Package: string(f.Desc.Package())}
	for _, s := range f.Services {
		file.Interfaces = append(file.Interfaces, r.service(s))
	}
	return file
}

func (r *reader) service(s *protogen.Service) *model.Interface {
	codes := r.codes(s)
	i := &model.Interface{
		Descriptor: r.descriptor(s),
		Declared: model.Declared{
			Name:    string(s.Desc.Name()),
			Package: string(s.Desc.ParentFile().Package()),
			Go:      serviceName(r.files, s),
			Comment: model.Comment{
				Doc:        string(s.Comments.Leading),
				Deprecated: s.Desc.Options().(*descriptorpb.ServiceOptions).GetDeprecated(),
			},
		},
		Version: r.version(s),
	}
	for n, m := range s.Methods {
		method := r.method(m)
		method.Code = codes[n]
		i.Methods = append(i.Methods, method)
	}
	i.Hash = r.hash(i, s)
	return i
}

func (r *reader) version(s *protogen.Service) int {
	if !proto.HasExtension(s.Desc.Options(), options.E_Version) {
		return 1
	}
	v := proto.GetExtension(s.Desc.Options(), options.E_Version).(int32)
	if v < 1 {
		r.fail(s.Desc, "service %s: version %d; versions are counted from 1", s.Desc.Name(), v)
	}
	return int(v)
}

func (r *reader) descriptor(s *protogen.Service) string {
	if !proto.HasExtension(s.Desc.Options(), options.E_Descriptor) {
		return string(s.Desc.FullName())
	}
	d := proto.GetExtension(s.Desc.Options(), options.E_Descriptor).(string)
	if d == "" {
		r.fail(s.Desc, "service %s: an empty (ubinder.descriptor) names no interface; leave it out to use %s", s.Desc.Name(), s.Desc.FullName())
	}
	return d
}

func (r *reader) method(m *protogen.Method) *model.Method {
	if m.Desc.IsStreamingClient() || m.Desc.IsStreamingServer() {
		r.fail(m.Desc, "rpc %s: streams are not supported yet; pass a callback object, or a file such as a pipe", m.Desc.Name())
	}
	method := &model.Method{
		Name:   m.GoName,
		Oneway: proto.GetExtension(m.Desc.Options(), options.E_Oneway).(bool),
		Comment: model.Comment{
			Doc:        methodDoc(m),
			Deprecated: m.Desc.Options().(*descriptorpb.MethodOptions).GetDeprecated(),
		},
		Request: r.message(m, m.Input),
		Reply:   r.message(m, m.Output),
	}
	if method.Oneway && m.Output.Desc.FullName() != emptyName {
		r.fail(m.Desc, "rpc %s is oneway, so it has no reply; it must return %s, not %s", m.Desc.Name(), emptyName, m.Output.Desc.FullName())
	}
	return method
}

func methodDoc(m *protogen.Method) string {
	if m.Comments.Leading != "" {
		return string(m.Comments.Leading)
	}
	return string(m.Comments.Trailing)
}

func (r *reader) message(m *protogen.Method, msg *protogen.Message) model.Message {
	if isObject(msg.Desc) || isFile(msg.Desc) {
		r.fail(m.Desc, "rpc %s: %s cannot be a request or a reply itself; make it a field of a message", m.Desc.Name(), msg.Desc.FullName())
	}
	out := model.Message{Attachments: r.attachments(msg)}
	fields := len(msg.Fields)
	if msg.Desc.FullName() != emptyName && (fields == 0 || fields > len(out.Attachments)) {
		out.Type = modelName(msg.GoIdent)
	}
	return out
}

func modelName(id protogen.GoIdent) model.Name {
	return model.Name{Package: string(id.GoImportPath), Ident: id.GoName}
}

func serviceName(files map[string]*protogen.File, s *protogen.Service) model.Name {
	return model.Name{
		Package: string(files[s.Desc.ParentFile().Path()].GoImportPath),
		Ident:   s.GoName,
	}
}
