// Package model describes interfaces the way code generators need them: checked, with every name
// resolved and every number given. Front ends build it and never change it afterwards; generators
// see nothing else of where it came from.
//
// It covers what services declared in .proto files need. Their messages are not in it, because
// protoc-gen-go generates those; a front end whose types have no such generator adds them here.
package model

// Name is a Go identifier and the import path of the package that declares it.
type Name struct {
	Package string
	Ident   string
}

// IsZero reports whether there is no such name.
func (n Name) IsZero() bool { return n == Name{} }

// File is what one source file declares.
type File struct {
	Source     string // its path, as other files import it
	Interfaces []*Interface
}

// Interface is a set of methods that an object has.
type Interface struct {
	Descriptor string // its name on the bus
	Go         Name
	Doc        string // as written, without comment marks; every line ends in a newline
	Deprecated bool
	Methods    []*Method // in the order of declaration
}

// Method is one transaction.
type Method struct {
	Name       string // in Go
	Code       uint32 // unlike that of every other method of the interface
	Oneway     bool   // then Reply is empty
	Doc        string
	Deprecated bool
	Request    Message
	Reply      Message
}

// Message is what a transaction carries in one direction.
type Message struct {
	Type        Name // of the encoded part; zero when nothing is encoded
	Attachments []Attachment
}

// Attachment is what travels beside the encoded part, in the order of the fields' declaration.
type Attachment struct {
	Field     uint32
	Name      string // as declared
	Kind      Kind
	Repeated  bool
	Interface Name // of a typed object, in Go
}

// Kind says what an attachment is.
type Kind int

// The kinds.
const (
	Object Kind = iota
	OpenFile
)
