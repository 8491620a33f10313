package stub

// Version is what this package offers, and MinVersion the oldest generator whose output it still
// serves. Generated code checks both when it is compiled:
//
//	const (
//		_ = stub.EnforceVersion(GENERATED - stub.MinVersion) // the generated code is not too old
//		_ = stub.EnforceVersion(stub.Version - GENERATED)    // this package is not too old
//	)
//
// A difference below zero does not fit an unsigned constant, so the compiler stops there.
const (
	Version    = 2
	MinVersion = 2
)

// EnforceVersion is used by generated code only.
type EnforceVersion uint
