package gen

import (
	"strings"

	"ubinder/aidl/model"
)

func (g emitter) unimplemented(i *model.Interface) {
	name := unimplementedType(i.Go)
	g.P("// ", name, " is for embedding: its methods answer status.UnknownMethod, so that an")
	g.P("// implementation still compiles when the interface gets more of them.")
	g.P("type ", name, " struct{}")
	g.P()
	for _, m := range i.Methods {
		if i.Encoding == model.Parcel {
			g.parcelUnimplemented(i, m)
			continue
		}
		g.P("// ", m.Name, " implements ", i.Go.Ident, ".")
		g.P("func (", name, ") ", m.Name, g.signature(m, g.newBodyScope(m), false), " {")
		g.P("return ", nils(m), g.stub("Unimplemented"), "(", descriptorConst(i.Go), `, "`, m.Name, `")`)
		g.P("}")
		g.P()
	}
}

// handler writes the function that serves one transaction.
func (g emitter) handler(i *model.Interface, m *model.Method) {
	g.P("func ", g.handlerOf(i, m), "(ctx ", g.QualifiedGoIdent(contextPackage.Ident("Context")), ", impl any, c *", g.stub("Incoming"), ") error {")
	g.decode(m)
	g.invoke(i, m)
	g.P("}")
	g.P()
}

func (g emitter) decode(m *model.Method) {
	in := "nil"
	if !m.Request.Type.IsZero() {
		in = "in"
		g.P("in := new(", g.name(m.Request.Type), ")")
	}
	g.P("if err := c.Decode(", in, "); err != nil {")
	g.P("return err")
	g.P("}")
}

func (g emitter) invoke(i *model.Interface, m *model.Method) {
	args := []string{"ctx"}
	if !m.Request.Type.IsZero() {
		args = append(args, "in")
	}
	for _, a := range m.Request.Attachments {
		args = append(args, g.take("c", a))
	}
	call := g.expr("impl.(", i.Go.Ident, ").", m.Name, "(", strings.Join(args, ", "), ")")
	if m.Oneway {
		g.P("return ", call)
		return
	}
	reply := "nil"
	var results []string
	if !m.Reply.Type.IsZero() {
		reply = "out"
		results = append(results, "out")
	}
	names := g.newBodyScope(m).name(m.Reply.Attachments)
	results = append(results, names...)
	g.invoked(call, results)
	g.put("c", m.Reply.Attachments, names, "")
	g.P("c.Reply(", reply, ")")
	g.P("return nil")
}

// invoked writes a call of the implementation, whose error ends the handler.
func (g emitter) invoked(call string, results []string) {
	if len(results) == 0 {
		g.P("if err := ", call, "; err != nil {")
	} else {
		g.P(strings.Join(results, ", "), ", err := ", call)
		g.P("if err != nil {")
	}
	g.P("return err")
	g.P("}")
}
