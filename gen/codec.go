package gen

import (
	"fmt"
	"path"
	"slices"
	"strconv"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/gofeaturespb"

	"ubinder/runtime/stub/wire"
)

// CodecSuffix ends the names of files with codecs: methods that encode and parse messages as
// runtime/stub/wire says, several times faster than package proto, which walks a table of the fields.
const CodecSuffix = ".codec.go"

const (
	wirePackage      = protogen.GoImportPath("ubinder/runtime/stub/wire")
	protowirePackage = protogen.GoImportPath("google.golang.org/protobuf/encoding/protowire")
	atomicPackage    = protogen.GoImportPath("sync/atomic")
	mathPackage      = protogen.GoImportPath("math")
)

// What every codec's methods are called, and their parameters and variables.
var (
	codecMethods = []string{"WireSize", "AppendWire", "ParseWire"}
	codecLocals  = []string{"m", "b", "n", "v", "x", "k", "e", "o", "s", "err", "depth", "tag", "from"}
)

// codecs are the messages of a run that get a codec.
type codecs map[protogen.GoIdent]bool

// newCodecs chooses the messages that get one; the others are left to package proto, which all can do:
// those whose fields are hidden or named as a codec's methods, that have extensions or required fields
// at any depth, groups, or enums that are closed. A codec
// needs stack for each field, and time to compile: messages with very many have none, nor those with many that can
// be nested in themselves, as deep as a peer likes.
func newCodecs(plugin *protogen.Plugin) codecs {
	all := make(codecs)
	for _, f := range plugin.Files {
		if f.Generate {
			all.add(f.Messages)
		}
	}
	return all
}

func (c codecs) add(messages []*protogen.Message) {
	for _, m := range messages {
		if !m.Desc.IsMapEntry() && plain(m) && whole(m) {
			c[m.GoIdent] = true
		}
		c.add(m.Messages)
	}
}

func plain(m *protogen.Message) bool {
	if m.APILevel != gofeaturespb.GoFeatures_API_OPEN || m.Desc.Options().(*descriptorpb.MessageOptions).GetMessageSetWireFormat() {
		return false
	}
	for _, o := range m.Oneofs {
		if slices.Contains(codecMethods, o.GoName) {
			return false
		}
	}
	return !slices.ContainsFunc(m.Fields, func(f *protogen.Field) bool { return !plainField(f) })
}

// whole reports whether a codec does for m with all that it can hold.
func whole(m *protogen.Message) bool {
	all := wire.Within(m.Desc)
	recursive := all[m.Desc.FullName()] != nil
	if n := len(m.Fields); n > 500 || n > 100 && recursive || wire.Partial(m.Desc) {
		return false
	}
	for _, d := range all {
		if wire.Partial(d) {
			return false
		}
	}
	return true
}

func plainField(f *protogen.Field) bool {
	switch {
	case slices.Contains(codecMethods, f.GoName), f.Desc.Kind() == protoreflect.GroupKind:
		return false
	case f.Desc.IsMap():
		return plainField(f.Message.Fields[0]) && plainField(f.Message.Fields[1])
	case f.Enum != nil:
		return !f.Enum.Desc.IsClosed()
	}
	return true
}

// codecEmitter writes one file of codecs.
type codecEmitter struct {
	emitter
	codecs  codecs
	aliases aliases
}

func (c codecs) files(plugin *protogen.Plugin) {
	for _, f := range plugin.Files {
		if f.Generate {
			c.file(plugin, f)
		}
	}
}

// file writes the codecs of a file's messages.
func (c codecs) file(plugin *protogen.Plugin, f *protogen.File) {
	if len(f.Messages) == 0 {
		return
	}
	messages := c.of(f.Messages)
	g := codecEmitter{emitter{plugin.NewGeneratedFile(f.GeneratedFilenamePrefix+CodecSuffix, f.GoImportPath), string(f.GoImportPath), nil}, c, newAliases(plugin, f, messages)}
	g.P(Header)
	g.P("// source: ", f.Desc.Path())
	g.P()
	if len(messages) > 0 {
		g.P("// These are methods of the messages in ", path.Base(f.GeneratedFilenamePrefix), ".pb.go. If they do not compile, or a program panics because")
		g.P("// of them, the two files were not generated from the same .proto file: ubinder gen writes both.")
	} else { // the file is written all the same: in place of one from before that changed
		g.P("// Package proto encodes all messages of this file.")
	}
	g.P()
	g.P("package ", f.GoPackageName)
	g.P()
	g.imports()
	g.register(f, messages)
	for _, m := range messages {
		g.size(m)
		g.append(m)
		g.parse(m)
	}
}

// register writes what finds out that the messages of the program are others: methods go on to compile when
// fields are added, and leave them out.
func (g codecEmitter) register(f *protogen.File, messages []*protogen.Message) {
	if len(messages) == 0 {
		return
	}
	var all []protoreflect.MessageDescriptor
	for _, m := range messages {
		all = append(all, m.Desc)
	}
	g.P("func init() {")
	g.P(g.wire("Register"), "(", strconv.Quote(f.Desc.Path()), ", ", fmt.Sprintf("%#x", wire.Checksum(all...)), ",")
	for _, m := range messages {
		g.P("(*", m.GoIdent.GoName, ")(nil),")
	}
	g.P(")")
	g.P("}")
	g.P()
}

func (c codecs) of(messages []*protogen.Message) []*protogen.Message {
	var all []*protogen.Message
	for _, m := range messages {
		if c[m.GoIdent] {
			all = append(all, m)
		}
		all = append(all, c.of(m.Messages)...)
	}
	return all
}

func (g codecEmitter) wire(name string) string { return g.QualifiedGoIdent(wirePackage.Ident(name)) }

func (g codecEmitter) protowire(name string) string {
	return g.QualifiedGoIdent(protowirePackage.Ident(name))
}

func (g codecEmitter) math(name string) string { return g.QualifiedGoIdent(mathPackage.Ident(name)) }

func (g codecEmitter) atomic(name string) string {
	return g.QualifiedGoIdent(atomicPackage.Ident(name))
}

// here reports whether a message has a codec in the package that is written.
func (g codecEmitter) here(m *protogen.Message) bool {
	return g.codecs[m.GoIdent] && string(m.GoIdent.GoImportPath) == g.importPath
}

// byNumber returns a message's fields in the order in which they are written.
func byNumber(m *protogen.Message) []*protogen.Field {
	return slices.SortedFunc(slices.Values(m.Fields), func(a, b *protogen.Field) int {
		return int(a.Desc.Number()) - int(b.Desc.Number())
	})
}

// inOneof reports whether a field is one of several of which a message has at most one.
func inOneof(f *protogen.Field) bool { return f.Oneof != nil && !f.Oneof.Desc.IsSynthetic() }

// pointer reports whether a field is a pointer to a value that is not a message.
func pointer(f *protogen.Field) bool {
	return f.Desc.HasPresence() && !inOneof(f) && f.Message == nil && f.Desc.Kind() != protoreflect.BytesKind
}

// fieldName is what an error calls a field: as the .proto file does.
func fieldName(f *protogen.Field) string { return string(f.Desc.Name()) }
