package gen

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// resolve finds the service that a name means in a file, as protobuf resolves types: in the file's
// package first, then in those around it; a leading dot makes a name absolute. Services count that
// the file declares or imports. Of a name that means none it returns where it was looked for.
func (r *reader) resolve(file protoreflect.FileDescriptor, name string) (found protoreflect.FullName, looked []string) {
	for _, candidate := range candidates(string(file.Package()), name) {
		full := protoreflect.FullName(candidate)
		if s := r.services[full]; s != nil && visible(file, s.Desc.ParentFile().Path()) {
			return full, nil
		}
		looked = append(looked, candidate)
	}
	return "", looked
}

func candidates(scope, name string) []string {
	if absolute, ok := strings.CutPrefix(name, "."); ok {
		return []string{absolute}
	}
	var list []string
	for scope != "" {
		list = append(list, scope+"."+name)
		scope = scope[:max(strings.LastIndexByte(scope, '.'), 0)]
	}
	return append(list, name)
}

// visible reports whether a file may use what another declares: its own, what it imports, and what
// that imports publicly.
func visible(file protoreflect.FileDescriptor, path string) bool {
	if file.Path() == path {
		return true
	}
	imports := file.Imports()
	for i := range imports.Len() {
		if in := imports.Get(i); in.Path() == path || publishes(in, path) {
			return true
		}
	}
	return false
}

func publishes(file protoreflect.FileDescriptor, path string) bool {
	imports := file.Imports()
	for i := range imports.Len() {
		if in := imports.Get(i); in.IsPublic && (in.Path() == path || publishes(in, path)) {
			return true
		}
	}
	return false
}

func joined(names []string) string { return strings.Join(names, ", ") }
