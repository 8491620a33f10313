package check

import (
	"slices"
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/model"
)

// place is what an annotation can stand before.
type place uint16

const (
	onInterface place = 1 << iota
	onEnum
	onParcelable
	onUnion
	onForeign
	onConstant
	onField
	onMethod
	onType

	onAnyDecl   = onInterface | onEnum | onParcelable | onUnion | onForeign
	onAnyMember = onConstant | onField | onMethod
)

var placeNames = []string{"an interface", "an enum", "a parcelable", "a union", "an unstructured parcelable",
	"a constant", "a field", "a method", "a type"}

func (p place) String() string {
	var names []string
	for i, name := range placeNames {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// parameter is what an annotation can be given.
type parameter struct {
	name     string
	kind     *use
	required bool
}

// rule says where an annotation can stand and what it takes.
type rule struct {
	places     place
	parameters []parameter
	repeatable bool
}

func builtinUse(name string, array bool) *use {
	t := &ast.Type{Name: &ast.Name{Text: name}}
	if array {
		t.Dimensions = []ast.Dimension{{}}
	}
	return &use{node: t, builtin: name}
}

var (
	aString     = builtinUse("String", false)
	aBoolean    = builtinUse("boolean", false)
	anInt       = builtinUse("int", false)
	aLong       = builtinUse("long", false)
	someStrings = builtinUse("String", true)
)

func booleans(names ...string) []parameter {
	var list []parameter
	for _, n := range names {
		list = append(list, parameter{name: n, kind: aBoolean})
	}
	return list
}

func must(name string, kind *use) []parameter { return []parameter{{name, kind, true}} }

// rules are all annotations there are: those of AOSP's aidl_language.cpp.
var rules = map[string]rule{
	"nullable":       {places: onType, parameters: booleans("heap")},
	"utf8InCpp":      {places: onType},
	"SensitiveData":  {places: onInterface},
	"VintfStability": {places: onAnyDecl},
	"UnsupportedAppUsage": {places: onAnyDecl | onAnyMember, parameters: []parameter{
		{"expectedSignature", aString, false}, {"implicitMember", aString, false}, {"maxTargetSdk", anInt, false},
		{"publicAlternatives", aString, false}, {"trackingBug", aLong, false}}},
	"JavaOnlyStableParcelable": {places: onForeign},
	"NdkOnlyStableParcelable":  {places: onForeign},
	"RustOnlyStableParcelable": {places: onForeign},
	"Backing":                  {places: onEnum, parameters: must("type", aString)},
	"JavaPassthrough":          {places: onAnyDecl | onAnyMember | onType, parameters: must("annotation", aString), repeatable: true},
	"JavaDerive":               {places: onParcelable | onUnion | onEnum, parameters: booleans("toString", "equals")},
	"JavaDefault":              {places: onInterface},
	"JavaDelegator":            {places: onInterface},
	"JavaOnlyImmutable":        {places: onParcelable | onUnion | onForeign},
	"JavaSuppressLint":         {places: onAnyDecl | onAnyMember | onType, parameters: must("value", someStrings)},
	"FixedSize":                {places: onParcelable | onUnion},
	"Descriptor":               {places: onInterface, parameters: must("value", aString)},
	"RustDerive": {places: onParcelable | onUnion,
		parameters: booleans("Copy", "Clone", "PartialOrd", "Ord", "PartialEq", "Eq", "Hash")},
	"SuppressWarnings": {places: onAnyDecl | onAnyMember, parameters: must("value", someStrings)},
	"EnforcePermission": {places: onInterface | onMethod, parameters: []parameter{
		{"value", aString, false}, {"anyOf", someStrings, false}, {"allOf", someStrings, false}}},
	"PermissionManuallyEnforced": {places: onInterface | onMethod},
	"RequiresNoPermission":       {places: onInterface | onMethod},
	"PropagateAllowBlocking":     {places: onMethod},
	"VersionSupport":             {places: onInterface, parameters: must("version", anInt)},
}

func annotationNames() []string {
	var names []string
	for n := range rules {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// annotations checks all that stand before something.
func (c *checker) annotations(list []*ast.Annotation, at place, scope *symbol) {
	if len(list) == 0 { // as most often
		return
	}
	first := make(map[string]*ast.Annotation)
	for _, a := range list {
		r, known := rules[a.Name]
		if !known {
			c.unknownAnnotation(a)
			continue
		}
		if r.places&at == 0 {
			c.errorf(a.Span, "@%s cannot stand before %s", a.Name, describePlace(at)).Noted("it can stand before %s", r.places)
		}
		if other := first[a.Name]; other != nil && !r.repeatable {
			c.errorf(a.Span, "@%s stands here twice", a.Name).See(c.doc.source(), other.Span, "it stands here first")
		}
		first[a.Name] = a
		c.parameters(a, r, scope)
	}
}

// describePlace names the one place that is meant where an annotation could belong to a member or to
// its type.
func describePlace(at place) string {
	if at != onType {
		at &^= onType
	}
	return at.String()
}

func (c *checker) unknownAnnotation(a *ast.Annotation) {
	d := c.errorf(a.Span, "there is no annotation @%s", a.Name)
	if near := diag.Near(a.Name, annotationNames()); near != "" {
		d.Helped("did you mean @%s?", near)
	} else {
		d.Helped("there are %s", strings.Join(annotationNames(), ", "))
	}
}

func (c *checker) parameters(a *ast.Annotation, r rule, scope *symbol) {
	given := make(map[string]bool)
	for _, p := range a.Parameters {
		given[p.Name] = true
		i := slices.IndexFunc(r.parameters, func(known parameter) bool { return known.name == p.Name })
		if i < 0 {
			c.unknownParameter(a, p, r)
			continue
		}
		if ref := firstReference(p.Value); ref != nil {
			c.errorf(ref.Name.Span, "an annotation's parameter cannot refer to a constant").Helped("write the value")
			continue
		}
		if v := c.annotationValue(p.Value, r.parameters[i].kind, scope); v != nil {
			c.values[p] = v
		}
	}
	for _, p := range r.parameters {
		if p.required && !given[p.name] {
			c.errorf(a.Span, "@%s needs the parameter %s", a.Name, p.name)
		}
	}
	if a.Name == "EnforcePermission" && !given["value"] && !given["anyOf"] && !given["allOf"] {
		c.errorf(a.Span, "@EnforcePermission names no permission").
			Helped(`write @EnforcePermission("NAME"), or anyOf={"NAME", "OTHER"} or allOf={...} between the parentheses`)
	}
}

func (c *checker) unknownParameter(a *ast.Annotation, p *ast.Parameter, r rule) {
	d := c.errorf(p.Span, "@%s has no parameter %s", a.Name, p.Name)
	var names []string
	for _, known := range r.parameters {
		names = append(names, known.name)
	}
	if len(names) == 0 {
		d.Helped("it has none at all")
	} else {
		d.Helped("it has %s", strings.Join(names, ", "))
	}
}

func (c *checker) annotationValue(x ast.Expr, kind *use, scope *symbol) *model.Value {
	v, wrong := c.eval.expr(x, scope)
	if wrong == nil {
		var fit *model.Value
		if fit, wrong = c.eval.fit(v, kind.shape(), scope); wrong == nil {
			return fit
		}
	}
	c.report(wrong)
	return nil
}

// firstReference finds a reference in an expression.
func firstReference(x ast.Expr) *ast.Reference {
	for {
		switch e := x.(type) {
		case *ast.Reference:
			return e
		case *ast.List:
			for _, element := range e.Elements {
				if ref := firstReference(element); ref != nil {
					return ref
				}
			}
		case *ast.Unary:
			x = e.X
			continue
		case *ast.Binary:
			if ref := firstReference(e.Y); ref != nil {
				return ref
			}
			x = e.X
			continue
		}
		return nil
	}
}
