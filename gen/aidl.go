package gen

import (
	"path"
	"slices"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/pluginpb"

	"ubinder/aidl/model"
)

// AIDL is a run of the generator over what .aidl files declare.
type AIDL struct {
	// Files are those that code is wanted for. That of types of other files which they use is made by
	// another run, with the same Base. A circle of packages must be made in one run.
	Files []*model.File
	// Base is the Go import path below which packages lie: a.b.c is Base/a/b/c.
	Base string
}

// Output is one generated file.
type Output struct {
	Path    string // below Base, with slashes
	Content []byte
}

// GenerateAIDL returns the Go code of a run, in a fixed order: a file for each .aidl file. Types map as
//
//	boolean bool, byte int8, char uint16, int int32, long int64, float float32, double float64,
//	byte[] []byte, T[] and List<T> []T, T[N] [N]T, Map<String, V> map[string]V, String string,
//	IBinder binder.Object, an interface its Go interface, a file *os.File
//
// and what is nullable as a pointer, except what is nil by nature. Parcelables, unions and holders are
// values in fields and pointers as arguments and results. A method is
//
//	Method(ctx, <in and inout arguments>) (<result>, <out and inout arguments>, error)
//
// and an out array is an argument too, of which only the length travels.
func GenerateAIDL(a AIDL) ([]Output, error) {
	plugin, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{})
	if err != nil {
		return nil, err
	}
	if err := endless(a.Files).Err(); err != nil {
		return nil, err
	}
	names, err := nameAll(a)
	if err != nil {
		return nil, err
	}
	for _, f := range a.Files {
		g := newAIDLEmitter(plugin, names, f)
		g.aidlFile(f)
	}
	return outputs(plugin)
}

func outputs(plugin *protogen.Plugin) ([]Output, error) {
	response := plugin.Response()
	if response.Error != nil {
		return nil, Diagnostics{{Message: response.GetError()}}
	}
	var list []Output
	for _, f := range response.File {
		list = append(list, Output{Path: f.GetName(), Content: []byte(f.GetContent())})
	}
	slices.SortFunc(list, func(x, y Output) int { return slices.Compare([]byte(x.Path), []byte(y.Path)) })
	return list, nil
}

func newAIDLEmitter(plugin *protogen.Plugin, names *aidlNames, f *model.File) emitter {
	p := names.packages[f.Package]
	file := path.Join(p.dir, names.fileNames[f]+Suffix)
	return emitter{plugin.NewGeneratedFile(file, protogen.GoImportPath(p.importPath)), p.importPath, names}
}

func (g emitter) aidlFile(f *model.File) {
	g.P(Header)
	g.P("// source: ", f.Source)
	g.P()
	g.P("package ", g.aidl.packages[f.Package].name)
	g.P()
	g.versionCheck()
	g.declareTypes(&f.Types)
}

// declareTypes writes the types of a scope, each followed by those nested in it.
func (g emitter) declareTypes(t *model.Types) {
	for _, i := range t.Interfaces {
		g.iface(g.named(i))
		g.constantsOf(&i.Declared, i.Constants)
		g.declareTypes(&i.Types)
	}
	for _, p := range t.Parcelables {
		g.parcelable(p)
		g.constantsOf(&p.Declared, p.Constants)
		g.declareTypes(&p.Types)
	}
	for _, u := range t.Unions {
		g.union(u)
		g.constantsOf(&u.Declared, u.Constants)
		g.declareTypes(&u.Types)
	}
	for _, e := range t.Enums {
		g.enum(e)
	}
	for _, x := range t.Foreign {
		if g.aidl.home[x.FullName()] == &x.Declared {
			g.foreign(x)
		}
	}
}

// named is i as the emitter wants it: with the names that its Go code has.
func (g emitter) named(i *model.Interface) *model.Interface {
	n := *i
	n.Go = g.aidl.goName(&i.Declared)
	n.Methods = nil
	names := methodNames(i)
	for k, m := range i.Methods {
		copied := *m
		copied.Name = names[k]
		n.Methods = append(n.Methods, &copied)
	}
	return &n
}
