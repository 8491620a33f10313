package compile

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/pluginpb"

	"ubinder/gen"
)

// goPackages says, sooner and shorter than protogen, which files to generate have no Go package.
func goPackages(r *pluginpb.CodeGeneratorRequest) error {
	var wrong gen.Diagnostics
	for _, f := range r.ProtoFile {
		name := f.GetName()
		if f.GetOptions().GetGoPackage() != "" || !slices.Contains(r.FileToGenerate, name) || mapped(r, name) {
			continue
		}
		wrong = append(wrong, &gen.Diagnostic{File: name, Line: 1, Column: 1, Message: `the Go package is not known; add a line such as  option go_package = "example.com/module/folder";`})
	}
	return wrong.Err()
}

// mapped reports whether an option gives a file its package.
func mapped(r *pluginpb.CodeGeneratorRequest, name string) bool {
	return slices.ContainsFunc(strings.Split(r.GetParameter(), ","), func(option string) bool {
		return strings.HasPrefix(option, "M"+name+"=")
	})
}
