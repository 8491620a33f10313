package checktest

import (
	"ubinder/aidl/check"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
)

// Model is the model of files, by path, or the first error in one of them.
func Model(texts map[string]string, o check.Options) ([]*model.File, error) {
	program := check.New(load.Texts(texts))
	for _, f := range program.Files() {
		for _, d := range program.Check(f, o) {
			if d.Severity == diag.Error {
				return nil, d
			}
		}
	}
	return program.Model(program.Files(), o), nil
}
