// Command protoc-gen-ubinder is the plugin by which protoc and buf generate ubinder's Go code. It
// writes FILE.ubinder.go and FILE.codec.go beside what protoc-gen-go writes; `ubinder gen` does all of
// it without protoc.
//
//	protoc -I . -I $UBINDER/gen/include --go_out=. --ubinder_out=. FILE.proto
//
// The options services=false and codecs=false leave one of both out; those of protoc-gen-go that say
// how messages look (default_api_level) must be given here too.
package main

import (
	"flag"
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
	var parts gen.Parts
	options := flag.NewFlagSet("", flag.ContinueOnError)
	options.BoolVar(&parts.Services, "services", true, "")
	options.BoolVar(&parts.Codecs, "codecs", true, "")
	protogen.Options{ParamFunc: options.Set}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = internal_gengo.SupportedFeatures
		plugin.SupportedEditionsMinimum = internal_gengo.SupportedEditionsMinimum
		plugin.SupportedEditionsMaximum = internal_gengo.SupportedEditionsMaximum
		return gen.Generate(plugin, parts)
	})
}
