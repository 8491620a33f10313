package gen

import "ubinder/aidl/model"

// functions writes what a program does with an interface as a whole: make it of an object, serve
// it, register it and find it.
func (g emitter) functions(i *model.Interface) {
	g.as(i)
	g.export(i)
	g.register(i)
	g.lookup(i, checkFunc(i.Go), "Check", "looks up a "+i.Go.Ident+" that is registered now; status.UnknownTarget means that none is.")
	g.lookup(i, waitFunc(i.Go), "Wait", "looks up a "+i.Go.Ident+" and waits for it until ctx ends.")
}

func (g emitter) as(i *model.Interface) {
	g.P("// ", asFunc(i.Go), " makes a ", i.Go.Ident, " of an object: nil of nil, the implementation itself when this")
	g.P("// process exported it, and a *", clientType(i.Go), " otherwise.")
	g.P("func ", asFunc(i.Go), "(o ", g.object(), ") ", i.Go.Ident, " {")
	g.P("return ", g.stub("As"), "(o, ", interfaceVar(i.Go), ", func(c ", g.stub("Client"), ") ", i.Go.Ident, " { return &", clientType(i.Go), "{c} })")
	g.P("}")
	g.P()
}

func (g emitter) export(i *model.Interface) {
	g.P("// ", exportFunc(i.Go), " returns the node of p that impl is served as, the same for the same impl;")
	g.P("// options are for one that is not a node yet.")
	g.P("func ", exportFunc(i.Go), "(p *", g.binder("Process"), ", impl ", i.Go.Ident, ", options ...", g.binder("NodeOption"), ") (*", g.binder("Node"), ", error) {")
	g.P("return ", g.stub("Export"), "(p, ", interfaceVar(i.Go), ", impl, options...)")
	g.P("}")
	g.P()
}

func (g emitter) register(i *model.Interface) {
	g.P("// ", registerFunc(i.Go), " exports impl and registers it under name.")
	g.P("func ", registerFunc(i.Go), "(ctx ", g.QualifiedGoIdent(contextPackage.Ident("Context")), ", r ", g.stub("Registrar"), ", name string, impl ", i.Go.Ident, ", options ...", g.binder("NodeOption"), ") (*", g.binder("Node"), ", error) {")
	g.P("return ", g.stub("AddService"), "(ctx, r, name, ", interfaceVar(i.Go), ", impl, options...)")
	g.P("}")
	g.P()
}

func (g emitter) lookup(i *model.Interface, name, how, doc string) {
	g.P("// ", name, " ", doc)
	g.P("func ", name, "(ctx ", g.QualifiedGoIdent(contextPackage.Ident("Context")), ", r ", g.stub("Resolver"), ", name string) (", i.Go.Ident, ", error) {")
	g.P("return ", g.stub(how), "(ctx, r, name, ", asFunc(i.Go), ")")
	g.P("}")
	g.P()
}

func (g emitter) binder(name string) string {
	return g.QualifiedGoIdent(binderPackage.Ident(name))
}
