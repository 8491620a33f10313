// Package ubinder has no code: it holds the tests of rules that concern the whole repository. Who may
// import whom stands in rules_test.go, as a table that shows the architecture.
//
// Programs begin with runtime/connect and runtime/binder, or with the code that `ubinder gen` makes
// of a .proto file and servicemanager.
package ubinder
