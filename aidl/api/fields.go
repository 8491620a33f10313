package api

import (
	"strconv"

	"ubinder/aidl/ast"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Types whose later changes came before the rules, or must not come at all, as AOSP's compiler has
// them.
var (
	neverGrows      = map[string]bool{"android.net.UidRangeParcel": true}
	grewWithoutZero = map[string]bool{
		"android.net.DhcpResultsParcelable.serverHostName": true, "android.net.ResolverParamsParcel.resolverOptions": true,
	}
)

// fields compares the fields of parcelables and of unions, whose order is that of the wire.
func (c *comparison) fields(o, n declared) {
	older, newer := o.decl.Fields, n.decl.Fields
	if len(newer) < len(older) {
		c.report(n, n.decl.Name.Span, "%s had %d fields, and has %d", o.name, len(older), len(newer))
		return
	}
	if len(newer) > len(older) && (isFixed(n.decl) || neverGrows[o.name]) {
		c.report(n, n.decl.Name.Span, "%s had %d fields, and has %d, but may never get more", o.name, len(older), len(newer))
		return
	}
	for i, f := range older {
		c.field(o, n, f, newer[i])
	}
	c.order(o, n)
	if o.decl.Kind == ast.Parcelable {
		for _, f := range newer[len(older):] {
			c.added(o, n, f)
		}
	}
}

func isFixed(d *ast.Decl) bool {
	for _, a := range d.Annotations {
		if a.Name == "FixedSize" {
			return true
		}
	}
	return false
}

func (c *comparison) field(o, n declared, older, newer *ast.Field) {
	c.typeUse(o, n, older.Type, newer.Type)
	was, is := o.DefaultValue(older, o.decl), n.DefaultValue(newer, n.decl)
	if was == is || was == "" && n.IsEnum(newer.Type) && len(newer.Type.Dimensions) == 0 && isZero(n, newer) {
		return
	}
	c.report(n, newer.Name.Span, "%s.%s was %s by default, and is %s", o.name, older.Name.Text, or(was, "nothing"), or(is, "nothing"))
}

// isZero reports whether an enum's field has no default, or one of value zero: they are the same.
func isZero(n declared, f *ast.Field) bool { return f.Default == nil || n.IsZero(f.Default, n.decl) }

func (c *comparison) order(o, n declared) {
	place := make(map[string]int)
	for i, f := range o.decl.Fields {
		place[f.Name.Text] = i
	}
	for i, f := range n.decl.Fields {
		if was, found := place[f.Name.Text]; found && was != i {
			c.report(n, f.Name.Span, "%s.%s was field %d, and is field %d", o.name, f.Name.Text, was+1, i+1)
		}
	}
}

// added checks that a new field can be missing from what older programs send.
func (c *comparison) added(o, n declared, f *ast.Field) {
	if n.DefaultValue(f, n.decl) != "" || has(f.Type, "nullable") || grewWithoutZero[o.name+"."+f.Name.Text] {
		return
	}
	if n.IsEnum(f.Type) {
		if !n.HasZero(f.Type) {
			c.report(n, f.Name.Span, "the new field %s is 0 where it is missing, and %s has no enumerator that is 0", f.Name.Text, f.Type.Name.Text)
		}
		return
	}
	c.report(n, f.Name.Span, "the new field %s has no value where it is missing, as it is from what older programs send", f.Name.Text).
		Helped("give it a default value, or mark it @nullable")
}

func has(t *ast.Type, annotation string) bool {
	for _, a := range t.Annotations {
		if a.Name == annotation {
			return true
		}
	}
	return false
}
