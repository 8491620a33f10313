package gen

import (
	"strings"

	"ubinder/aidl/model"
)

// signature returns a method's parameters and results. Results are named where a reader sees them
// and has to tell them apart.
func (g emitter) signature(m *model.Method, s scope, named bool) string {
	params := []string{"ctx " + g.QualifiedGoIdent(contextPackage.Ident("Context"))}
	if !m.Request.Type.IsZero() {
		params = append(params, "in *"+g.name(m.Request.Type))
	}
	for n, name := range s.name(m.Request.Attachments) {
		params = append(params, name+" "+g.attachmentType(m.Request.Attachments[n]))
	}
	return "(" + strings.Join(params, ", ") + ") " + g.results(m, s, named)
}

func (g emitter) results(m *model.Method, s scope, named bool) string {
	var names, types []string
	if !m.Reply.Type.IsZero() {
		names, types = append(names, "out"), append(types, "*"+g.name(m.Reply.Type))
	}
	names = append(names, s.name(m.Reply.Attachments)...)
	for _, a := range m.Reply.Attachments {
		types = append(types, g.attachmentType(a))
	}
	names, types = append(names, "err"), append(types, "error")
	if len(types) == 1 {
		return "error"
	}
	if named && len(m.Reply.Attachments) > 0 {
		for n := range types {
			types[n] = names[n] + " " + types[n]
		}
	}
	return "(" + strings.Join(types, ", ") + ")"
}

func (g emitter) attachmentType(a model.Attachment) string {
	prefix := ""
	if a.Repeated {
		prefix = "[]"
	}
	switch {
	case a.Kind == model.OpenFile:
		return prefix + "*" + g.QualifiedGoIdent(osPackage.Ident("File"))
	case a.Interface.IsZero():
		return prefix + g.object()
	}
	return prefix + g.name(a.Interface)
}

// nils are the results of a method that failed, before the error.
func nils(m *model.Method) string {
	n := len(m.Reply.Attachments)
	if !m.Reply.Type.IsZero() {
		n++
	}
	return strings.Repeat("nil, ", n)
}

// take returns the expression that takes an attachment out of the receiver.
func (g emitter) take(from string, a model.Attachment) string {
	what := "Object"
	if a.Kind == model.OpenFile {
		what = "File"
	}
	if a.Repeated {
		what += "s"
	}
	taken := g.expr(from, ".Take", what, "(", a.Field, ")")
	if a.Kind != model.Object || a.Interface.IsZero() {
		return taken
	}
	as := g.related(a.Interface, asFunc)
	if a.Repeated {
		return g.expr(g.stub("AsAll"), "(", taken, ", ", as, ")")
	}
	return g.expr(as, "(", taken, ")")
}

// put writes the statements that attach values; failed is what to return before the error. What cannot
// fail comes first: a handler's files are given away also when an object cannot be passed.
func (g emitter) put(to string, list []model.Attachment, names []string, failed string) {
	typed := func(a model.Attachment) bool { return a.Kind == model.Object && !a.Interface.IsZero() }
	for n, a := range list {
		if typed(a) {
			continue
		}
		what := "Object"
		if a.Kind == model.OpenFile {
			what = "File"
		}
		if a.Repeated {
			what += "s"
		}
		g.P(to, ".Put", what, "(", a.Field, ", ", names[n], ")")
	}
	for n, a := range list {
		if typed(a) {
			g.putTyped(to, a, names[n], failed)
		}
	}
}

func (g emitter) putTyped(to string, a model.Attachment, name, failed string) {
	iface := g.related(a.Interface, interfaceVar)
	if a.Repeated {
		g.P("if err := ", g.stub("PutImpls"), "(&", to, ".Attachments, ", a.Field, ", ", iface, ", ", name, "); err != nil {")
	} else {
		g.P("if err := ", to, ".PutImpl(", a.Field, ", ", iface, ", ", name, "); err != nil {")
	}
	g.P("return ", failed, "err")
	g.P("}")
}
