package check

import (
	"math"
	"strconv"
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/model"
)

// shape is a type with some of its dimensions taken off: of int[2][3], int[3] and then int.
type shape struct {
	*use
	dimensions []ast.Dimension
}

func (u *use) shape() shape { return shape{u, u.node.Dimensions} }

func (s shape) element() shape { return shape{s.use, s.dimensions[1:]} }

// fit makes a value fit for a type.
func (e *evaluator) fit(v value, to shape, scope *symbol) (*model.Value, *diag.Diagnostic) {
	switch {
	case to.isGeneric():
		return nil, e.errorf(scope, v.expr.At(), "a %s cannot have a constant as its value", to.name())
	case v.rank == rankArray:
		return e.fitList(v, to, scope)
	case len(to.dimensions) > 0:
		return nil, e.misfit(v, to, scope)
	case to.symbol != nil:
		return e.fitEnum(v, to, scope)
	}
	return e.fitBuiltin(v, to, scope)
}

func (e *evaluator) misfit(v value, to shape, scope *symbol) *diag.Diagnostic {
	return e.errorf(scope, v.expr.At(), "%s is no %s", v.rank, to.text())
}

// text is the type for messages.
func (s shape) text() string {
	text := s.name()
	for _, d := range s.dimensions {
		if d.Size == nil {
			text += "[]"
		} else {
			text += "[N]"
		}
	}
	return text
}

func (e *evaluator) fitList(v value, to shape, scope *symbol) (*model.Value, *diag.Diagnostic) {
	if len(to.dimensions) == 0 {
		return nil, e.misfit(v, to, scope)
	}
	list := &model.Value{Elements: make([]*model.Value, 0, len(v.elements))}
	for _, element := range v.elements {
		one, wrong := e.fit(element, to.element(), scope)
		if wrong != nil {
			return nil, wrong
		}
		list.Elements = append(list.Elements, one)
	}
	if to.dimensions[0].Size != nil {
		if n, wrong := e.length(to.dimensions[0], scope); wrong != nil || n != len(v.elements) {
			if wrong == nil {
				wrong = e.errorf(scope, v.expr.At(), "the array has %d elements, and these are %d", n, len(v.elements))
			}
			return nil, wrong
		}
	}
	return list, nil
}

// length is the number of elements that a dimension says.
func (e *evaluator) length(d ast.Dimension, scope *symbol) (int, *diag.Diagnostic) {
	v, wrong := e.expr(d.Size, scope)
	switch {
	case wrong != nil:
		return 0, wrong
	case v.rank > rankInt32 || v.int < 0:
		return 0, e.errorf(scope, d.Size.At(), "an array's size is an int, and not negative")
	}
	return int(v.int), nil
}

func (e *evaluator) fitEnum(v value, to shape, scope *symbol) (*model.Value, *diag.Diagnostic) {
	if to.symbol.decl.Kind != ast.Enum {
		return nil, e.errorf(scope, v.expr.At(), "a value of type %s cannot be written here", to.symbol.name)
	}
	if v.named == nil || v.named.owner != to.symbol {
		d := e.errorf(scope, v.expr.At(), "this is no enumerator of %s", to.symbol.name)
		if len(to.symbol.order) > 0 {
			d.Helped("name one, such as %s.%s", to.symbol.name, to.symbol.order[0].name)
		}
		return nil, d
	}
	return &model.Value{Int: v.int, Enumerator: &model.Enumerator{Name: v.named.name, Value: v.int}}, nil
}

func (e *evaluator) fitBuiltin(v value, to shape, scope *symbol) (*model.Value, *diag.Diagnostic) {
	switch to.builtin {
	case "boolean":
		if v.rank.isInteger() {
			return &model.Value{Bool: v.int != 0}, nil
		}
	case "byte", "int", "long":
		if v.rank.isInteger() {
			return e.fitInteger(v, to, scope)
		}
	case "char":
		if v.rank == rankChar {
			return &model.Value{Int: int64(v.text[1])}, nil
		}
	case "String":
		if v.rank == rankString {
			return &model.Value{String: v.text}, nil
		}
	case "float", "double":
		if v.rank == rankFloat {
			return e.fitFloat(v, to, scope)
		}
	}
	return nil, e.misfit(v, to, scope)
}

func (e *evaluator) fitInteger(v value, to shape, scope *symbol) (*model.Value, *diag.Diagnostic) {
	r := map[string]rank{"byte": rankInt8, "int": rankInt32, "long": rankInt64}[to.builtin]
	if r.fits(v.int) {
		return &model.Value{Int: v.int}, nil
	}
	d := e.errorf(scope, v.expr.At(), "%d is no %s: that has %d bits, one for the sign", v.int, to.builtin, r.bits())
	if lit, ok := v.expr.(*ast.Literal); ok && v.int > 0 {
		switch {
		case r == rankInt8 && v.int <= math.MaxUint8:
			d.Helped("to set the sign bit, write %su8", lit.Text)
		case r == rankInt32 && v.int <= math.MaxUint32:
			d.Helped("to set the sign bit, write %su32", lit.Text)
		}
	}
	return nil, d
}

// fitFloat reads a number as C does: it must not be too large, nor so small that it has fewer digits.
func (e *evaluator) fitFloat(v value, to shape, scope *symbol) (*model.Value, *diag.Diagnostic) {
	digits, marked := strings.CutSuffix(v.text, "f")
	bits, least := 64, 0x1p-1022
	if to.builtin == "float" {
		bits, least = 32, 0x1p-126
		if !marked {
			return nil, e.errorf(scope, v.expr.At(), "a float ends in f").Helped("write %sf", v.text)
		}
	}
	f, err := strconv.ParseFloat(digits, bits)
	if err != nil || f != 0 && math.Abs(f) < least {
		return nil, e.errorf(scope, v.expr.At(), "%s is no %s", v.text, to.builtin)
	}
	return &model.Value{Float: f}, nil
}
