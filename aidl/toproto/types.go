package toproto

import (
	"fmt"
	"math"
	"strings"

	"ubinder/aidl/model"
)

const optionsPath = "ubinder/options.proto"

// place says what a field stands in: only requests and responses can have objects and files.
type place int

const (
	inMessage place = iota
	inUnion
	inCall
)

// field writes a field with the next number. It reports whether it could be written.
func (c *converter) field(number int, fieldName string, used distinct, t *model.Type, where place, at model.Position) {
	label, text, option, why := c.fieldIn(t, where)
	if why != "" {
		c.leave(at, "field %s: %s", fieldName, why)
		return
	}
	c.line("%s%s %s = %d%s;", label, text, used.name(snake(fieldName)), number, option)
}

// fieldIn is how a field of a type is written in a place, or why it cannot be.
func (c *converter) fieldIn(t *model.Type, where place) (label, text, option, why string) {
	label, text, option, why = c.fieldType(t, where)
	if where != inUnion {
		return label, text, option, why
	}
	if why == "" && (label == "repeated " || strings.HasPrefix(text, "map<")) {
		why = "a oneof has no repeated fields"
	}
	return "", text, option, why
}

// fieldType is how a field of a type is written, or why it cannot be.
func (c *converter) fieldType(t *model.Type, where place) (label, text, option, why string) {
	switch t.Kind {
	case model.KindArray, model.KindFixedArray:
		if t.Elem.Kind == model.KindByte {
			return nullable(t), "bytes", "", ""
		}
		text, option, why = c.single(t.Elem, where)
		if isMany(t.Elem) {
			why = "protobuf has no arrays of arrays"
		}
		return "repeated ", text, option, why
	case model.KindList:
		if t.Elem == nil {
			return "", "", "", "protobuf needs to know what a List holds"
		}
		if isMany(t.Elem) {
			return "", "", "", "protobuf has no lists of lists"
		}
		text, option, why = c.single(t.Elem, where)
		return "repeated ", text, option, why
	case model.KindMap:
		return c.mapping(t)
	}
	text, option, why = c.single(t, where)
	label = ""
	if t.Kind == model.KindString {
		label = nullable(t)
	}
	return label, text, option, why
}

func nullable(t *model.Type) string {
	if t.Nullable {
		return "optional "
	}
	return ""
}

func isMany(t *model.Type) bool {
	switch t.Kind {
	case model.KindArray, model.KindFixedArray, model.KindList, model.KindMap:
		return true
	}
	return false
}

func (c *converter) mapping(t *model.Type) (label, text, option, why string) {
	if t.Elem == nil {
		return "", "", "", "protobuf needs to know what a Map holds"
	}
	if isMany(t.Elem) {
		return "", "", "", "protobuf has no maps to lists"
	}
	value, _, why := c.single(t.Elem, inMessage)
	return "", "map<string, " + value + ">", "", why
}

var scalars = map[model.TypeKind]string{
	model.KindBool: "bool", model.KindByte: "int32", model.KindChar: "uint32", model.KindInt: "int32", model.KindLong: "int64",
	model.KindFloat: "float", model.KindDouble: "double", model.KindString: "string", model.KindCharSequence: "string",
}

// single is how one value of a type is written, or why it cannot be.
func (c *converter) single(t *model.Type, where place) (text, option, why string) {
	if scalar := scalars[t.Kind]; scalar != "" {
		return scalar, "", ""
	}
	switch t.Kind {
	case model.KindParcelable:
		return c.refer(&t.Parcelable.Declared), "", ""
	case model.KindUnion:
		return c.refer(&t.Union.Declared), "", ""
	case model.KindEnum:
		if !fitsProto(t.Enum) {
			return "int64", "", ""
		}
		return c.refer(&t.Enum.Declared), "", ""
	case model.KindForeign:
		return "", "", fmt.Sprintf("%s is declared in other languages alone", t.Foreign.Name)
	case model.KindHolder:
		return "", "", "protobuf has no ParcelableHolder"
	}
	return c.beside(t, where)
}

// beside is how objects and open files are written.
func (c *converter) beside(t *model.Type, where place) (text, option, why string) {
	if where != inCall {
		return "", "", "an object or an open file can only be a field of a request or a response"
	}
	c.imports[optionsPath] = true
	switch t.Kind {
	case model.KindParcelFile, model.KindFileDescriptor:
		return c.outer("ubinder") + ".File", "", ""
	case model.KindInterface:
		d := &t.Interface.Declared
		c.refer(d)
		return c.outer("ubinder") + ".Object", fmt.Sprintf(" [(%s.interface) = %q]", c.outer("ubinder"), c.names.full(d)), ""
	}
	return c.outer("ubinder") + ".Object", "", ""
}

// message writes a parcelable or a union.
func (c *converter) message(d *model.Declared, fields []*model.Field, constants []*model.Constant, nested *model.Types, union bool) {
	c.line("")
	c.comment(d.Comment)
	c.block("message "+c.names.of(d), func() {
		c.constants(constants)
		if !union {
			c.fields(fields, make(distinct), inMessage)
			return
		}
		c.oneof(fields)
	})
	c.types(nested)
}

// oneof writes a union's fields; without any that protobuf can have there is none.
func (c *converter) oneof(fields []*model.Field) {
	used, empty := make(distinct), true
	for _, f := range fields {
		used.name(snake(f.Name))
		_, _, _, why := c.fieldIn(f.Type, inUnion)
		empty = empty && why != ""
	}
	if empty {
		c.fields(fields, used, inUnion)
		return
	}
	c.block("oneof "+used.name("value"), func() { c.fields(fields, make(distinct), inUnion) })
}

func (c *converter) fields(fields []*model.Field, used distinct, where place) {
	for i, f := range fields {
		c.comment(f.Comment)
		if f.Default != nil && !isZero(f.Default) {
			c.less(f.Position, "field %s: proto3 has no default values", f.Name)
		}
		c.field(i+1, f.Name, used, f.Type, where, f.Position)
	}
}

func isZero(v *model.Value) bool {
	return !v.Bool && v.Int == 0 && v.Float == 0 && v.String == "" && len(v.Elements) == 0
}

// constants are comments: protobuf has none.
func (c *converter) constants(list []*model.Constant) {
	for _, k := range list {
		c.leave(k.Position, "constant %s = %s", k.Name, valueText(k))
	}
}

func valueText(k *model.Constant) string {
	switch k.Type.Kind {
	case model.KindString:
		return fmt.Sprintf("%q", k.Value.String)
	case model.KindFloat, model.KindDouble:
		return fmt.Sprint(k.Value.Float)
	}
	return fmt.Sprint(k.Value.Int)
}

func fitsProto(e *model.Enum) bool {
	for _, one := range e.Enumerators {
		if one.Value < math.MinInt32 || one.Value > math.MaxInt32 {
			return false
		}
	}
	return true
}

// enum writes an enum. Its first value must be 0, and names are unique in the package.
func (c *converter) enum(e *model.Enum) {
	c.line("")
	if !fitsProto(e) {
		c.leave(e.Position, "enum %s, whose values need 64 bits; fields of it are int64", e.Name)
		return
	}
	c.comment(e.Comment)
	name := c.names.of(&e.Declared)
	c.block("enum "+name, func() {
		used := make(distinct)
		first, seen, alias := -1, make(map[int64]bool), false
		for i, one := range e.Enumerators {
			if one.Value == 0 && first < 0 {
				first = i
			}
			alias = alias || seen[one.Value]
			seen[one.Value] = true
		}
		if alias {
			c.line("option allow_alias = true;")
		}
		if first < 0 {
			c.line("%s = 0;", c.names.claim(c.pkg, screaming(name)+"_"+used.name("UNSPECIFIED")))
		} else {
			c.enumerator(name, used, e.Enumerators[first])
		}
		for i, one := range e.Enumerators {
			if i != first {
				c.enumerator(name, used, one)
			}
		}
	})
}

func (c *converter) enumerator(enum string, used distinct, one *model.Enumerator) {
	c.comment(one.Comment)
	c.line("%s = %d;", c.names.claim(c.pkg, screaming(enum)+"_"+used.name(one.Name)), one.Value)
}
