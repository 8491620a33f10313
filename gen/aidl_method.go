package gen

import (
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"ubinder/aidl/model"
)

// parameter is an argument or a result of a method in Go.
type parameter struct {
	name string
	out  string // its name as a result: another, when it is a parameter too
	*model.Argument
}

// parcelMethod is a method of AIDL with the names that its arguments have in Go.
type parcelMethod struct {
	*model.Method
	arguments []parameter
	result    string // name of the result; "" when there is none
}

// reservedInParcels are names that generated bodies use.
var reservedInParcels = []string{
	"ctx", "c", "r", "w", "e", "o", "p", "v", "call", "err", "held", "impl", "size", "tag", "any", "append", "bool", "byte", "cap", "clear", "copy", "delete", "error", "false", "float32",
	"float64", "int8", "int16", "int32", "int64", "iota", "len", "make", "max", "min", "new", "nil", "panic", "string", "true", "uint16", "uint32",
	"binder", "context", "os", "parcel", "strconv", "stub",
}

func reservedName(s string) bool {
	return token.IsKeyword(s) || slices.Contains(reservedInParcels, s)
}

func (g emitter) parcelMethod(m *model.Method) parcelMethod {
	used := make(map[string]bool)
	name := func(s string) string {
		for reservedName(s) || g.aidl.imported(s) || used[s] {
			s += "_"
		}
		used[s] = true
		return s
	}
	pm := parcelMethod{Method: m}
	for _, a := range m.Arguments {
		n := name(lowerCamel(a.Name))
		pm.arguments = append(pm.arguments, parameter{n, n, a})
	}
	if m.Return != nil {
		pm.result = name("result")
	}
	for i, a := range pm.arguments {
		if a.sent() && a.returned() {
			pm.arguments[i].out = name(a.name + "Out")
		}
	}
	return pm
}

// sent reports whether an argument is a parameter in Go: what goes in, and an array whose length does.
func (p parameter) sent() bool { return p.Direction != model.Out || p.Type.Kind == model.KindArray }

// returned reports whether an argument is a result in Go.
func (p parameter) returned() bool { return p.Direction != model.In }

// parcelSignature is a method's parameters and results, which are named.
func (g emitter) parcelSignature(m parcelMethod) string {
	params := []string{"ctx " + g.QualifiedGoIdent(contextPackage.Ident("Context"))}
	var results []string
	if m.result != "" {
		results = append(results, m.result+" "+g.argumentType(m.Return))
	}
	for _, a := range m.arguments {
		if a.sent() {
			params = append(params, a.name+" "+g.argumentType(a.Type))
		}
		if a.returned() {
			results = append(results, a.out+" "+g.argumentType(a.Type))
		}
	}
	if len(results) == 0 {
		return "(" + strings.Join(params, ", ") + ") error"
	}
	return "(" + strings.Join(params, ", ") + ") (" + strings.Join(append(results, "err error"), ", ") + ")"
}

// resultNames are those of what a method returns before the error.
func (m parcelMethod) resultNames() (names []string) {
	if m.result != "" {
		names = append(names, m.result)
	}
	for _, a := range m.arguments {
		if a.returned() {
			names = append(names, a.out)
		}
	}
	return names
}

// remarks are what the users of a method must know and its source need not say.
func (m parcelMethod) remarks() []string {
	seen := make(map[*model.Type]bool)
	if m.result != "" && hasFiles(m.Return, seen) || slices.ContainsFunc(m.arguments, func(p parameter) bool { return p.returned() && hasFiles(p.Type, seen) }) {
		return []string{filesGivenAway}
	}
	return nil
}

// hasFiles reports whether a value of type t can hold open files, as far as its declaration tells.
func hasFiles(t *model.Type, seen map[*model.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	var fields []*model.Field
	switch t.Kind {
	case model.KindFileDescriptor, model.KindParcelFile, model.KindHolder:
		return true
	case model.KindParcelable:
		fields = t.Parcelable.Fields
	case model.KindUnion:
		fields = t.Union.Fields
	}
	return hasFiles(t.Elem, seen) || slices.ContainsFunc(fields, func(f *model.Field) bool { return hasFiles(f.Type, seen) })
}

// returning is a return statement with an error.
func (m parcelMethod) returning(err string) string {
	return "return " + strings.Join(append(m.resultNames(), err), ", ")
}

func (g emitter) parcelClientMethod(i *model.Interface, method *model.Method) {
	m := g.parcelMethod(method)
	g.P("// ", m.Name, " implements ", i.Go.Ident, ".")
	g.P("func (c *", clientType(i.Go), ") ", m.Name, g.parcelSignature(m), " {")
	g.P("call := ", g.stub("BeginParcel"), "(c.Client)")
	g.P("defer call.End()")
	g.sendArguments(i, m)
	if m.Oneway {
		g.P("return call.Oneway(ctx, ", g.code(i, m.Method), ")")
		g.P("}")
		g.P()
		return
	}
	reads := len(m.resultNames()) > 0
	reader := "r, err :="
	if !reads {
		reader = "_, err :="
	}
	g.P(reader, " call.Transact(ctx, ", g.code(i, m.Method), ")")
	if !reads {
		g.P("return err")
		g.P("}")
		g.P()
		return
	}
	g.P("if err != nil {")
	g.P(m.returning("err"))
	g.P("}")
	if m.result != "" {
		g.P(g.readResult(m.Return, m.result))
	}
	for _, a := range m.arguments {
		if a.returned() {
			g.P(g.readResult(a.Type, a.out))
		}
	}
	g.P(m.returning("r.Err()"))
	g.P("}")
	g.P()
}

func (g emitter) sendArguments(i *model.Interface, m parcelMethod) {
	if i.Sensitive {
		g.P("call.Request().MarkSensitive()")
	}
	if !slices.ContainsFunc(m.arguments, parameter.sent) {
		return
	}
	g.P("w := call.Request()")
	for _, a := range m.arguments {
		switch {
		case a.Direction != model.Out:
			g.P(g.writeArgument(a.Type, a.name))
		case a.sent():
			g.P("w.WriteOutLength(len(", a.name, "))")
		}
	}
}

// parcelHandler writes the function that serves one transaction.
func (g emitter) parcelHandler(i *model.Interface, method *model.Method) {
	m := g.parcelMethod(method)
	g.P("func ", g.handlerOf(i, m.Method), "(ctx ", g.QualifiedGoIdent(contextPackage.Ident("Context")), ", impl any, c *", g.stub("IncomingParcel"), ") error {")
	g.enforce(i, m)
	g.P("r := c.Request()")
	args := []string{"ctx"}
	for _, a := range m.arguments {
		switch {
		case a.Direction != model.Out:
			g.P(g.readArgument(a.Type, a.name))
		case a.sent():
			g.P(a.name, " := ", g.readOutArray(a.Type))
		}
		if a.sent() {
			args = append(args, a.name)
		}
	}
	g.P("if err := r.Finish(); err != nil {")
	g.P("return err")
	g.P("}")
	g.answer(i, m, fmt.Sprintf("impl.(%s).%s(%s)", i.Go.Ident, m.Name, strings.Join(args, ", ")))
	g.P("}")
	g.P()
}

func (g emitter) readOutArray(t *model.Type) string {
	goType := g.fieldType(t)[len("[]"):]
	if t.Elem.Kind == model.KindByte {
		goType = "byte"
	}
	return fmt.Sprintf("%s[%s](r)", g.parcel("ReadOutArray"), goType)
}

func (g emitter) answer(i *model.Interface, m parcelMethod, call string) {
	if m.Oneway {
		g.P("return ", call)
		return
	}
	results := m.resultNames()
	g.invoked(call, results)
	writer := "w :="
	if len(results) == 0 {
		writer = "_ ="
	}
	g.P(writer, " c.Reply()")
	if i.Sensitive {
		g.P("c.MarkSensitive()")
	}
	if m.result != "" {
		g.P(g.writeArgument(m.Return, m.result))
	}
	for _, a := range m.arguments {
		if a.returned() {
			g.P(g.writeArgument(a.Type, a.out))
		}
	}
	g.P("return nil")
}

// enforce asks for the permissions that the method, or else its interface, demands.
func (g emitter) enforce(i *model.Interface, m parcelMethod) {
	p := m.Permission
	if p == nil {
		p = i.Permission
	}
	if p == nil || p.Rule != model.AllOf && p.Rule != model.AnyOf {
		return
	}
	which := "RequireAll"
	if p.Rule == model.AnyOf {
		which = "RequireAny"
	}
	var names []string
	for _, n := range p.Names {
		names = append(names, strconv.Quote(n))
	}
	g.P("if err := ", g.stub(which), "(ctx, ", strings.Join(names, ", "), "); err != nil {")
	g.P("return err")
	g.P("}")
}

func (g emitter) parcelUnimplemented(i *model.Interface, method *model.Method) {
	m := g.parcelMethod(method)
	g.P("// ", m.Name, " implements ", i.Go.Ident, ".")
	g.P("func (", unimplementedType(i.Go), ") ", m.Name, g.parcelSignature(m), " {")
	g.P(m.returning(fmt.Sprintf(`%s(%s, "%s")`, g.stub("Unimplemented"), descriptorConst(i.Go), m.Name)))
	g.P("}")
	g.P()
}
