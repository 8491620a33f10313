package gen

import (
	"fmt"
	"strings"

	"ubinder/aidl/model"
)

func (g emitter) client(i *model.Interface) {
	g.P("// ", clientType(i.Go), " calls a ", i.Go.Ident, " of another process. It is safe for concurrent use.")
	g.P("type ", clientType(i.Go), " struct{ ", g.stub("Client"), " }")
	g.P()
	g.P("// ", newClientFunc(i.Go), " makes a client of an object, wherever that lives.")
	g.P("func ", newClientFunc(i.Go), "(o ", g.object(), ") *", clientType(i.Go), " {")
	g.P("return &", clientType(i.Go), "{", g.stub("NewClient"), "(o, ", interfaceVar(i.Go), ")}")
	g.P("}")
	g.P()
	for _, m := range i.Methods {
		if i.Encoding == model.Parcel {
			g.parcelClientMethod(i, m)
		} else {
			g.clientMethod(i, m)
		}
	}
}

func (g emitter) object() string { return g.QualifiedGoIdent(binderPackage.Ident("Object")) }

func (g emitter) clientMethod(i *model.Interface, m *model.Method) {
	g.P("// ", m.Name, " implements ", i.Go.Ident, ".")
	g.P("func (c *", clientType(i.Go), ") ", m.Name, g.signature(m, g.newBodyScope(m), false), " {")
	extras := "nil"
	if len(m.Request.Attachments)+len(m.Reply.Attachments) > 0 {
		extras = "x"
		g.P("x := ", g.stub("NewExtras"), "(c.Client)")
		g.P("defer x.Release()")
		g.put("x", m.Request.Attachments, g.newBodyScope(m).name(m.Request.Attachments), nils(m))
	}
	g.call(i, m, extras)
	g.P("}")
	g.P()
}

func (g emitter) call(i *model.Interface, m *model.Method, extras string) {
	in := "nil"
	if !m.Request.Type.IsZero() {
		in = "in"
	}
	args := fmt.Sprintf("(ctx, c.Client, %s, %s, ", g.code(i, m), in)
	if m.Oneway {
		g.P("return ", g.stub("Oneway"), args, extras, ")")
		return
	}
	results := g.takenResults(m)
	if len(results) == 0 {
		g.P("return ", g.stub("Call"), args, "nil, ", extras, ")")
		return
	}
	out := "nil"
	if !m.Reply.Type.IsZero() {
		out = "out"
		g.P("out := new(", g.name(m.Reply.Type), ")")
	}
	g.P("if err := ", g.stub("Call"), args, out, ", ", extras, "); err != nil {")
	g.P("return ", nils(m), "err")
	g.P("}")
	g.P("return ", strings.Join(results, ", "), ", nil")
}

func (g emitter) takenResults(m *model.Method) []string {
	var results []string
	if !m.Reply.Type.IsZero() {
		results = append(results, "out")
	}
	for _, a := range m.Reply.Attachments {
		results = append(results, g.take("x", a))
	}
	return results
}

// expr writes what P would, without the line.
func (g emitter) expr(v ...any) string {
	var b strings.Builder
	for _, x := range v {
		fmt.Fprint(&b, x)
	}
	return b.String()
}
