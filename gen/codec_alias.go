package gen

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/protobuf/compiler/protogen"
)

// aliases are what packages are called in a file of codecs whose own name is that of a variable there.
type aliases map[protogen.GoImportPath]string

// newAliases finds them for the types in messages of f. No other package of the file will be called so.
func newAliases(plugin *protogen.Plugin, f *protogen.File, messages []*protogen.Message) aliases {
	taken := make(map[string]bool)
	for _, file := range plugin.Files {
		taken[packageName(file.GoImportPath)] = true
	}
	all := make(aliases)
	for _, used := range slices.Sorted(maps.Keys(packagesOf(messages))) {
		name := packageName(used)
		if used == f.GoImportPath || !slices.Contains(codecLocals, name) {
			continue
		}
		for name += "pb"; taken[name]; {
			name += "_"
		}
		taken[name] = true
		all[used] = name
	}
	return all
}

// packagesOf returns those of the types of all fields.
func packagesOf(messages []*protogen.Message) map[protogen.GoImportPath]bool {
	all := make(map[protogen.GoImportPath]bool)
	add := func(f *protogen.Field) {
		if f.Message != nil {
			all[f.Message.GoIdent.GoImportPath] = true
		}
		if f.Enum != nil {
			all[f.Enum.GoIdent.GoImportPath] = true
		}
	}
	for _, m := range messages {
		for _, f := range m.Fields {
			if f.Desc.IsMap() {
				f = f.Message.Fields[1]
			}
			add(f)
		}
	}
	return all
}

// packageName is what protogen calls a package if nothing else is called so.
func packageName(p protogen.GoImportPath) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, path.Base(string(p)))
}

// imports writes the imports that protogen does not.
func (g codecEmitter) imports() {
	for _, p := range slices.Sorted(maps.Keys(g.aliases)) {
		g.P("import ", g.aliases[p], " ", strconv.Quote(string(p)))
	}
}

// QualifiedGoIdent names what a package declares.
func (g codecEmitter) QualifiedGoIdent(id protogen.GoIdent) string {
	if alias := g.aliases[id.GoImportPath]; alias != "" {
		return alias + "." + id.GoName
	}
	return g.emitter.QualifiedGoIdent(id)
}
