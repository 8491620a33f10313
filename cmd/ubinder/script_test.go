package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ubinder/cmd/internal/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ubinder": main})
}

func TestScripts(t *testing.T) { scripttest.Run(t) }
