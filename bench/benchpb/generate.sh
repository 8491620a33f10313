#!/bin/sh
# Regenerates the Go code. Needs protoc (Debian: protobuf-compiler); the plugins are those that go.mod pins.
set -eu
plugins=$(mktemp -d)
trap 'rm -rf "$plugins"' EXIT
GOBIN=$plugins go install tool
PATH=$plugins:$PATH protoc \
  --go_out=. --go_opt=paths=source_relative \
  --go-grpc_out=. --go-grpc_opt=paths=source_relative \
  --go-ttrpc_out=. --go-ttrpc_opt=paths=source_relative,prefix=Ttrpc \
  bench.proto
