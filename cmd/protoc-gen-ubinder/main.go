// Command protoc-gen-ubinder is the plugin by which protoc and buf generate ubinder's Go code. It
// writes FILE.ubinder.go beside what protoc-gen-go writes; `ubinder gen` does both without protoc.
//
//	protoc -I . -I $UBINDER/gen/include --go_out=. --ubinder_out=. FILE.proto
package main

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"

	"ubinder/gen"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "protoc-gen-ubinder is called by protoc or buf:\n\n"+
			"\tprotoc -I . -I $UBINDER/gen/include --go_out=. --ubinder_out=. FILE.proto\n\n"+
			"Without them, `ubinder gen` does the same.")
		os.Exit(2)
	}
	protogen.Options{}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = internal_gengo.SupportedFeatures
		plugin.SupportedEditionsMinimum = internal_gengo.SupportedEditionsMinimum
		plugin.SupportedEditionsMaximum = internal_gengo.SupportedEditionsMaximum
		return gen.Generate(plugin)
	})
}
