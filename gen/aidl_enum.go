package gen

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"ubinder/aidl/model"
)

func (g emitter) enum(e *model.Enum) {
	name := g.aidl.goName(&e.Declared).Ident
	g.comment(&e.Comment, name+" is the enum "+e.FullName()+". A value that comes in may be none of its names.")
	g.P("type ", name, " ", scalars[e.Backing].goType)
	g.P()
	if len(e.Enumerators) == 0 {
		return
	}
	g.P("// The names of ", name, ".")
	g.P("const (")
	for _, v := range e.Enumerators {
		g.comment(&v.Comment, "")
		g.P(g.aidl.memberName(&e.Declared, enumerator, v.Name), " ", name, " = ", v.Value)
	}
	g.P(")")
	g.P()
	g.enumString(e, name)
}

func (g emitter) enumString(e *model.Enum, name string) {
	g.P("// String returns the first name that a value has, or its number.")
	g.P("func (v ", name, ") String() string {")
	g.P("switch v {")
	seen := make(map[int64]bool)
	for _, v := range e.Enumerators {
		if !seen[v.Value] {
			g.P("case ", g.aidl.memberName(&e.Declared, enumerator, v.Name), ":")
			g.P("return ", strconv.Quote(v.Name))
		}
		seen[v.Value] = true
	}
	g.P("}")
	g.P("return ", g.QualifiedGoIdent(protogen.GoImportPath("strconv").Ident("FormatInt")), "(int64(v), 10)")
	g.P("}")
	g.P()
}

// constantsOf writes the constants that a type declares, with its name before theirs.
func (g emitter) constantsOf(d *model.Declared, list []*model.Constant) {
	if len(list) == 0 {
		return
	}
	name := g.aidl.goName(d).Ident
	g.P("// The constants of ", name, ".")
	g.P("const (")
	for _, c := range list {
		g.comment(&c.Comment, "")
		g.P(g.aidl.memberName(d, constant, c.Name), " ", g.typeName(c.Type), " = ", g.constant(c))
	}
	g.P(")")
	g.P()
}

// constant is the value of one: marked @nullable or not, it is there.
func (g emitter) constant(c *model.Constant) string {
	t := *c.Type
	t.Nullable = false
	return g.literal(&t, c.Value)
}

// comment writes what the source says of a declaration, or instead when it says nothing, and remarks.
func (g emitter) comment(c *model.Comment, instead string, remarks ...string) {
	var text []string
	for _, line := range strings.Split(strings.TrimRight(printable(c.Doc), "\n"), "\n") {
		if line = strings.TrimRight(line, " \t"); line != "" || len(text) > 0 {
			text = append(text, " "+strings.TrimLeft(line, " "))
		}
	}
	source := ""
	if len(text) > 0 {
		source = strings.Join(text, "\n") + "\n"
	}
	g.doc(source, false, instead, append(remarks, deprecation(c)...)...)
}

// printable is a text without what no Go file may have: .aidl files may be in any encoding.
func printable(s string) string {
	return strings.NewReplacer("\x00", "", "\ufeff", "").Replace(strings.ToValidUTF8(s, "\ufffd"))
}

func deprecation(c *model.Comment) []string {
	switch {
	case !c.Deprecated:
		return nil
	case c.Reason == "":
		return []string{"Deprecated: marked so in the source."}
	}
	return []string{"Deprecated: " + strings.ReplaceAll(strings.TrimSpace(printable(c.Reason)), "\n", " ")}
}
