// Package gen writes the Go code of interfaces: for each, a Go interface, a client, what serves an
// implementation, and how to register and find it. It stands on package runtime/stub, which holds
// whatever repeats.
//
// A method of a service becomes
//
//	Method(ctx, in *Request, <objects and files of the request>) (out *Reply, <those of the reply>, error)
//
// in the order of the fields' declaration. An object is its Go interface, or binder.Object when the
// field names none; a file is an *os.File; a repeated field is a slice. in and out are left out
// when there is nothing to put into them: for google.protobuf.Empty, and for messages that have
// fields but only objects and files. Oneway methods return only an error, which says that the call
// could not be sent.
package gen

import (
	"embed"
	"io/fs"

	"google.golang.org/protobuf/compiler/protogen"
)

// Version is that of the code generated here; stub.Version and stub.MinVersion say what the
// runtime serves.
const Version = 2

// Suffix ends the names of generated files with interfaces.
const Suffix = ".ubinder.go"

//go:embed include
var include embed.FS

// Include holds the .proto files that users import but need not have: ubinder/options.proto.
func Include() fs.FS {
	sub, err := fs.Sub(include, "include")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// Parts says what is generated of a file.
type Parts struct {
	Services bool // interfaces, clients and servers: FILE.ubinder.go
	Codecs   bool // FILE.codec.go, see CodecSuffix
}

// All is everything that there is.
var All = Parts{Services: true, Codecs: true}

// Generate adds to the plugin's response the code of every file that it is asked for. What is wrong
// in these files comes as Diagnostics.
func Generate(plugin *protogen.Plugin, parts Parts) error {
	if parts.Codecs {
		newCodecs(plugin).files(plugin)
	}
	if !parts.Services {
		return nil
	}
	r := newReader(plugin)
	for _, f := range plugin.Files {
		if f.Generate {
			file := r.file(f)
			if len(r.wrong) == 0 && len(file.Interfaces) > 0 {
				newEmitter(plugin, f).file(f.GoPackageName, file)
			}
		}
	}
	return r.wrong.Err()
}
