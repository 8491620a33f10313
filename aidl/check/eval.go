package check

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
)

// value is what an expression is worth, before it is made fit for a type.
type value struct {
	rank     rank
	int      int64  // of a boolean or an integer
	text     string // a string without quotes, a character with them, a number with a fraction as written
	elements []value
	expr     ast.Expr
	named    *cell // what the whole expression refers to; nil when it is no reference
}

// result is what a constant is worth; with wrong, it is worth nothing.
type result struct {
	value value
	wrong *diag.Diagnostic
}

// reported stands for something wrong that another diagnostic says already.
var reported = new(diag.Diagnostic)

// evaluator works out constants. It belongs to one goroutine.
type evaluator struct {
	*Program
	stack []*cell       // being worked out
	depth map[*cell]int // where it is in the stack
	steps int
}

// cell is what a constant or an enumerator is worth. Where it is wrong, the diagnostic is for the
// document that declares it to report.
func (e *evaluator) cell(c *cell) *result {
	if r := c.result.Load(); r != nil {
		return r
	}
	if e.depth == nil {
		e.depth = make(map[*cell]int)
	}
	e.depth[c] = len(e.stack)
	e.stack = append(e.stack, c)
	r := new(result)
	switch {
	case c.expr != nil:
		r.value, r.wrong = e.expr(c.expr, c.owner)
	case c.before != nil:
		r.value, r.wrong = e.after(c)
	default:
		r.value = value{rank: rankInt8}
	}
	r.value.expr = c.expr
	e.stack = e.stack[:len(e.stack)-1]
	delete(e.depth, c)
	c.result.Store(r)
	return r
}

// after is one more than the enumerator before.
func (e *evaluator) after(c *cell) (value, *diag.Diagnostic) {
	before := e.cell(c.before)
	if before.wrong != nil {
		return value{}, reported
	}
	one := &ast.Literal{Span: c.at, Kind: ast.Int, Text: "1"}
	return e.apply(&ast.Binary{Span: c.at, Op: '+', X: one, Y: one}, before.value, value{rank: rankInt8, int: 1}, c.owner)
}

func (e *evaluator) errorf(s *symbol, at diag.Span, format string, args ...any) *diag.Diagnostic {
	var l diag.List
	return l.Errorf(s.doc.source(), at, format, args...)
}

// expr works an expression out in the scope of a type.
func (e *evaluator) expr(x ast.Expr, scope *symbol) (value, *diag.Diagnostic) {
	e.steps++
	switch x := x.(type) {
	case *ast.Literal:
		return e.literal(x, scope)
	case *ast.Reference:
		return e.reference(x, scope)
	case *ast.List:
		return e.list(x, scope)
	case *ast.Unary:
		return e.unary(x, scope)
	}
	return e.binary(x.(*ast.Binary), scope)
}

func (e *evaluator) literal(x *ast.Literal, scope *symbol) (value, *diag.Diagnostic) {
	v := value{expr: x}
	switch x.Kind {
	case ast.KeyTrue, ast.KeyFalse:
		v.rank, v.int = rankBool, truth(x.Kind == ast.KeyTrue)
	case ast.Int, ast.Hex:
		var ok bool
		if v.int, v.rank, ok = integer(x.Text); !ok {
			return v, e.errorf(scope, x.Span, "%s is no integer that AIDL knows", x.Text).
				Helped("an integer has at most 64 bits, single underscores between digits, and at most one of the suffixes L, u8, u32 and u64")
		}
	case ast.Float:
		v.rank, v.text = rankFloat, x.Text
	case ast.Char:
		v.rank, v.text = rankChar, x.Text
		return v, e.plain(x, x.Text[1:len(x.Text)-1], "a character", scope)
	case ast.String:
		v.rank, v.text = rankString, x.Text[1:len(x.Text)-1]
		return v, e.plain(x, v.text, "a string", scope)
	}
	return v, nil
}

// plain reports what a text must not have: all but printable ASCII, and the backslash.
func (e *evaluator) plain(x *ast.Literal, text, what string, scope *symbol) *diag.Diagnostic {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f || c == '\\' {
			return e.errorf(scope, diag.Span{Start: x.Span.Start + 1 + int32(i), End: x.Span.Start + 2 + int32(i)},
				"%s has printable ASCII characters only, and no backslash", what)
		}
	}
	return nil
}

func (e *evaluator) reference(x *ast.Reference, scope *symbol) (value, *diag.Diagnostic) {
	name := x.Name.Text
	owner := scope
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		if owner = scope.doc.prefixes[x]; owner == nil {
			if isBuiltin(name[:dot]) {
				return value{}, e.errorf(scope, x.Name.Span, "%s has no constants", name[:dot])
			}
			return value{}, reported
		}
		name = name[dot+1:]
	}
	c := owner.members[name]
	if c == nil {
		return value{}, e.unknown(x, name, owner, scope)
	}
	return e.refer(x, c, scope)
}

func (e *evaluator) unknown(x *ast.Reference, name string, owner, scope *symbol) *diag.Diagnostic {
	d := e.errorf(scope, x.Name.Span, "%s has no constant %s", owner.name, name)
	var names []string
	for i, c := range owner.order {
		if i < helpful {
			names = append(names, c.name)
		}
	}
	if near := diag.Near(name, names); near != "" {
		return d.Helped("did you mean %s?", near)
	}
	if owner != scope {
		return d
	}
	for s := scope.parent; s != nil; s = s.parent {
		if s.members[name] != nil {
			return d.Helped("a constant of a type around this one needs the type's name: %s.%s", s.name, name)
		}
	}
	return d
}

// refer is what a constant is worth where it is used.
func (e *evaluator) refer(x *ast.Reference, c *cell, scope *symbol) (value, *diag.Diagnostic) {
	if i, waiting := e.depth[c]; waiting {
		return value{}, e.errorf(scope, x.Name.Span, "%s is worth what it is worth itself: %s", c.name, e.circle(i))
	}
	e.resolved(c.owner.doc.file)
	r := e.cell(c)
	if r.wrong != nil {
		if c.owner.doc == scope.doc {
			return value{}, reported
		}
		return value{}, e.errorf(scope, x.Name.Span, "%s has no value", x.Name.Text).See(c.owner.doc.source(), c.at, "it is declared here")
	}
	v := r.value
	v.expr, v.named = x, c
	if v.rank == rankArray {
		return v, e.errorf(scope, x.Name.Span, "a constant cannot be an array, so there is none to refer to")
	}
	if v.rank == rankFloat { // AOSP's compiler takes the name for the number
		return v, e.errorf(scope, x.Name.Span, "a constant with a fraction cannot be referred to").Helped("write the number")
	}
	return v, nil
}

func (e *evaluator) circle(from int) string {
	var names []string
	for _, c := range e.stack[from:] {
		if len(names) == 8 {
			names = append(names, "...")
			break
		}
		names = append(names, c.name)
	}
	return strings.Join(append(names, e.stack[from].name), " -> ")
}

func (e *evaluator) list(x *ast.List, scope *symbol) (value, *diag.Diagnostic) {
	v := value{rank: rankArray, expr: x}
	for i, element := range x.Elements {
		one, wrong := e.expr(element, scope)
		if wrong != nil {
			return v, wrong
		}
		if i > 0 && !sameKind(v.elements[0].rank, one.rank) {
			if one.rank == v.elements[0].rank {
				return v, e.errorf(scope, element.At(), "an array can have one of these, and no second: %s", one.rank)
			}
			return v, e.errorf(scope, element.At(), "an array cannot have both %s and %s", v.elements[0].rank, one.rank)
		}
		v.elements = append(v.elements, one)
	}
	return v, nil
}

func sameKind(a, b rank) bool {
	if a == rankFloat || b == rankFloat {
		return a == b
	}
	return operands(a, b)
}

// operands reports whether an operator can stand between values.
func operands(a, b rank) bool {
	return a == b && (a == rankArray || a == rankString) || a.isInteger() && b.isInteger()
}

func (e *evaluator) unary(x *ast.Unary, scope *symbol) (value, *diag.Diagnostic) {
	v, wrong := e.expr(x.X, scope)
	if wrong != nil {
		return v, wrong
	}
	v.expr, v.named = x, nil
	op := string(rune(x.Op))
	switch {
	case v.rank == rankFloat && (x.Op == '+' || x.Op == '-'):
		v.text = op + v.text
		return v, nil
	case !v.rank.isInteger():
		return v, e.errorf(scope, x.Span, "%s cannot stand before %s", op, v.rank)
	case v.rank == rankBool && x.Op == '~':
		return v, e.errorf(scope, x.Span, "~ of a boolean is always true").Helped("! is the opposite of a boolean")
	}
	var ok bool
	if v.int, ok = unaryInteger(x.Op, v.int, v.rank); !ok {
		return v, e.overflow(x, v.rank, scope)
	}
	return v, nil
}

func (e *evaluator) overflow(x ast.Expr, r rank, scope *symbol) *diag.Diagnostic {
	return e.errorf(scope, x.At(), "this has no value, reckoned with %d bits", r.bits()).
		Noted("it overflows, divides by zero, or shifts too far or what is negative")
}

// binary works out a chain of operators from the left, without a call for each.
func (e *evaluator) binary(x *ast.Binary, scope *symbol) (value, *diag.Diagnostic) {
	first, chain := x.Chain()
	left, wrong := e.expr(first, scope)
	var parts []string // of a string that is being joined
	for i := len(chain) - 1; i >= 0 && wrong == nil; i-- {
		var right value
		if right, wrong = e.expr(chain[i].Y, scope); wrong != nil {
			break
		}
		if left.rank == rankString && right.rank == rankString && chain[i].Op == '+' {
			if parts == nil {
				parts = []string{left.text}
			}
			parts = append(parts, right.text)
			left = value{rank: rankString, expr: chain[i]}
			continue
		}
		left, wrong = e.apply(chain[i], left, right, scope)
	}
	if wrong == nil && parts != nil {
		left.text, wrong = e.join(parts, x, scope)
	}
	return left, wrong
}

// longestString is what Java can have as a constant. Without a limit, a few lines could double a
// string until memory is full.
const longestString = 65535

func (e *evaluator) join(parts []string, x ast.Expr, scope *symbol) (string, *diag.Diagnostic) {
	total := 0
	for _, part := range parts {
		total += len(part)
	}
	if total > longestString {
		return "", e.errorf(scope, x.At(), "this string has %d characters; a constant has at most %d", total, longestString)
	}
	return strings.Join(parts, ""), nil
}

func (e *evaluator) apply(x *ast.Binary, a, b value, scope *symbol) (value, *diag.Diagnostic) {
	e.steps++
	v := value{expr: x}
	if !operands(a.rank, b.rank) {
		return v, e.errorf(scope, x.Span, "%s cannot stand between %s and %s", operator(x.Op), a.rank, b.rank)
	}
	switch {
	case a.rank == rankString:
		return v, e.errorf(scope, x.Span, "strings can be joined with +, and nothing else")
	case a.rank == rankArray:
		return v, e.errorf(scope, x.Span, "there are no operators for arrays")
	}
	wide := max(a.rank, b.rank, rankInt32)
	ok := true
	switch x.Op {
	case ast.AndAnd:
		v.rank, v.int = rankBool, truth(a.int != 0 && b.int != 0)
	case ast.OrOr:
		v.rank, v.int = rankBool, truth(a.int != 0 || b.int != 0)
	case ast.ShiftLeft, ast.ShiftRight:
		v.rank = wide
		v.int, ok = shift(x.Op == ast.ShiftLeft, a.int, b.int, wide)
	default:
		v.rank = wide
		if compares(x.Op) {
			v.rank = rankBool
		}
		v.int, ok = binaryInteger(x.Op, a.int, b.int, wide)
	}
	if !ok {
		return v, e.overflow(x, wide, scope)
	}
	return v, nil
}

func compares(op ast.TokenKind) bool {
	switch op {
	case '<', '>', ast.LessEqual, ast.GreaterEqual, ast.EqualEqual, ast.NotEqual:
		return true
	}
	return false
}

func operator(op ast.TokenKind) string {
	switch op {
	case ast.ShiftLeft:
		return "<<"
	case ast.ShiftRight:
		return ">>"
	case ast.AndAnd:
		return "&&"
	case ast.OrOr:
		return "||"
	case ast.LessEqual:
		return "<="
	case ast.GreaterEqual:
		return ">="
	case ast.EqualEqual:
		return "=="
	case ast.NotEqual:
		return "!="
	}
	return string(rune(op))
}
