package gen

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"ubinder/aidl/model"
)

// The identifiers that are generated for an interface.
func descriptorConst(i model.Name) string          { return i.Ident + "Descriptor" }
func interfaceVar(i model.Name) string             { return i.Ident + "Interface" }
func clientType(i model.Name) string               { return i.Ident + "Client" }
func newClientFunc(i model.Name) string            { return "New" + i.Ident + "Client" }
func asFunc(i model.Name) string                   { return "As" + i.Ident }
func exportFunc(i model.Name) string               { return "Export" + i.Ident }
func registerFunc(i model.Name) string             { return "Register" + i.Ident }
func checkFunc(i model.Name) string                { return "Check" + i.Ident }
func waitFunc(i model.Name) string                 { return "Wait" + i.Ident }
func unimplementedType(i model.Name) string        { return "Unimplemented" + i.Ident }
func codeConst(i model.Name, method string) string { return i.Ident + method + "Code" }

// handlerFunc is unique where codeConst is.
func handlerFunc(i model.Name, method string) string { return "handle" + i.Ident + method }

var generatedNames = []func(model.Name) string{
	descriptorConst, interfaceVar, clientType, newClientFunc, asFunc, exportFunc, registerFunc, checkFunc, waitFunc, unimplementedType,
}

func identifiers(s *protogen.Service) []string {
	i := model.Name{Ident: s.GoName}
	list := []string{i.Ident}
	for _, name := range generatedNames {
		list = append(list, name(i))
	}
	for _, m := range s.Methods {
		list = append(list, codeConst(i, m.GoName))
	}
	return list
}

// goScope is what one Go package declares.
type goScope map[string]protoreflect.Descriptor

// checkNames refuses what would declare an identifier of its Go package a second time: services and
// what is generated for them, and the messages, enums and extensions of protoc-gen-go.
func (r *reader) checkNames(files []*protogen.File) {
	scopes := make(map[protogen.GoImportPath]goScope)
	for _, f := range files {
		if scopes[f.GoImportPath] == nil {
			scopes[f.GoImportPath] = make(goScope)
		}
		r.declareTypes(scopes[f.GoImportPath], f)
	}
	for _, f := range files {
		for _, s := range f.Services {
			for _, name := range identifiers(s) {
				r.declare(scopes[f.GoImportPath], name, s.Desc, f.Generate)
			}
			if f.Generate {
				r.checkMethodNames(s)
			}
		}
	}
}

func (r *reader) declare(scope goScope, name string, d protoreflect.Descriptor, report bool) {
	other := scope[name]
	scope[name] = d
	if report && other != nil && other != d {
		r.fail(d, "%s needs the Go identifier %s, which %s (%s) has already; rename one of them, or give one another go_package", d.FullName(), name, other.FullName(), other.ParentFile().Path())
	}
}

func (r *reader) checkMethodNames(s *protogen.Service) {
	methods := make(map[string]*protogen.Method)
	for _, m := range s.Methods {
		if first := methods[m.GoName]; first != nil {
			r.fail(m.Desc, "rpc %s is %s in Go, and so is rpc %s; rename one of them", m.Desc.Name(), m.GoName, first.Desc.Name())
		}
		if m.GoName == "Client" {
			r.fail(m.Desc, "rpc %s: generated clients embed stub.Client, which has the same name in Go; rename the rpc", m.Desc.Name())
		}
		methods[m.GoName] = m
	}
}

func (r *reader) declareTypes(scope goScope, f *protogen.File) {
	declare := func(name string, d protoreflect.Descriptor) { r.declare(scope, name, d, f.Generate) }
	for _, m := range f.Messages {
		declareMessage(declare, m)
	}
	for _, e := range f.Enums {
		declareEnum(declare, e)
	}
	for _, x := range f.Extensions {
		declare("E_"+x.GoName, x.Desc)
	}
}

func declareMessage(declare func(string, protoreflect.Descriptor), m *protogen.Message) {
	if m.Desc.IsMapEntry() {
		return
	}
	declare(m.GoIdent.GoName, m.Desc)
	for _, o := range m.Oneofs {
		for _, f := range o.Fields {
			if !o.Desc.IsSynthetic() {
				declare(f.GoIdent.GoName, f.Desc)
			}
		}
	}
	for _, nested := range m.Messages {
		declareMessage(declare, nested)
	}
	for _, e := range m.Enums {
		declareEnum(declare, e)
	}
	for _, x := range m.Extensions {
		declare("E_"+m.GoIdent.GoName+"_"+x.GoName, x.Desc)
	}
}

func declareEnum(declare func(string, protoreflect.Descriptor), e *protogen.Enum) {
	declare(e.GoIdent.GoName, e.Desc)
	for _, v := range e.Values {
		declare(v.GoIdent.GoName, v.Desc)
	}
}
