package gen_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/aidl/model"
	"ubinder/gen"
)

func TestTypesDeclaredTwiceAreRefused(t *testing.T) {
	file := func(source string) *model.File {
		d := model.Declared{Name: "P", Package: "a", Position: model.Position{File: source, Line: 3, Column: 1}}
		return &model.File{Source: source, Package: "a", Types: model.Types{Parcelables: []*model.Parcelable{{Declared: d}}}}
	}
	_, err := gen.GenerateAIDL(gen.AIDL{Files: []*model.File{file("x/a/P.aidl"), file("y/a/P.aidl")}, Base: "example.com/x"})
	require.EqualError(t, err, "y/a/P.aidl:3:1: a.P is declared in x/a/P.aidl too; generate code for one of them at a time")
}
