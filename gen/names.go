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

func identifiers(s *protogen.Service) []string {
	i := model.Name{Ident: s.GoName}
	list := []string{i.Ident}
	for _, name := range []func(model.Name) string{
		descriptorConst, interfaceVar, clientType, newClientFunc, asFunc, exportFunc, registerFunc, checkFunc, waitFunc, unimplementedType,
	} {
		list = append(list, name(i))
	}
	for _, m := range s.Methods {
		list = append(list, codeConst(i, m.GoName))
	}
	return list
}

// goScope is what one Go package declares.
type goScope map[string]protoreflect.Descriptor

// checkNames refuses services whose generated identifiers are taken in their Go package: by what
// protoc-gen-go makes of messages and enums, or by another service.
func (r *reader) checkNames(files []*protogen.File) {
	scopes := make(map[protogen.GoImportPath]goScope)
	for _, f := range files {
		if scopes[f.GoImportPath] == nil {
			scopes[f.GoImportPath] = make(goScope)
		}
		scopes[f.GoImportPath].addFile(f)
	}
	for _, f := range files {
		for _, s := range f.Services {
			r.declare(scopes[f.GoImportPath], s, f.Generate)
		}
	}
}

func (r *reader) declare(scope goScope, s *protogen.Service, report bool) {
	for _, name := range identifiers(s) {
		other := scope[name]
		scope[name] = s.Desc
		if report && other != nil && other != s.Desc {
			r.fail(s.Desc, "service %s needs the Go identifier %s, which %s (%s) has already; rename one of them, or give one another go_package", s.Desc.Name(), name, other.FullName(), other.ParentFile().Path())
		}
	}
	if report {
		r.checkMethodNames(s)
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

func (g goScope) addFile(f *protogen.File) {
	for _, m := range f.Messages {
		g.addMessage(m)
	}
	for _, e := range f.Enums {
		g.addEnum(e)
	}
	for _, x := range f.Extensions {
		g["E_"+x.GoName] = x.Desc
	}
}

func (g goScope) addMessage(m *protogen.Message) {
	if m.Desc.IsMapEntry() {
		return
	}
	g[m.GoIdent.GoName] = m.Desc
	for _, o := range m.Oneofs {
		for _, f := range o.Fields {
			g[f.GoIdent.GoName] = f.Desc
		}
	}
	for _, nested := range m.Messages {
		g.addMessage(nested)
	}
	for _, e := range m.Enums {
		g.addEnum(e)
	}
	for _, x := range m.Extensions {
		g["E_"+m.GoIdent.GoName+"_"+x.GoName] = x.Desc
	}
}

func (g goScope) addEnum(e *protogen.Enum) {
	g[e.GoIdent.GoName] = e.Desc
	for _, v := range e.Values {
		g[v.GoIdent.GoName] = v.Desc
	}
}
