package model

// Interface is a set of methods that an object has.
type Interface struct {
	Declared
	Types
	Descriptor string // its name on the bus
	Encoding   Encoding
	Methods    []*Method // in the order of declaration
	Constants  []*Constant
	Sensitive  bool        // its messages are to be wiped after use
	Permission *Permission // for all methods; nil when each has its own, or none says any
	Version    int         // what getInterfaceVersion answers; 0 when there is no such method
	Hash       string      // what getInterfaceHash answers; "" when there is no such method
}

// Encoding says what the bytes of an interface's transactions are.
type Encoding int

// The encodings.
const (
	Protobuf Encoding = iota // a method has Request and Reply
	Parcel                   // a method has Arguments and Return
)

// Method is one transaction.
type Method struct {
	Name   string // in Go for Protobuf, as declared for Parcel
	Code   uint32 // unlike that of every other method of the interface
	Oneway bool   // then there is no reply, and no argument that comes back
	Comment
	Request    Message // for Protobuf
	Reply      Message
	Arguments  []*Argument // for Parcel
	Return     *Type       // nil for void
	Permission *Permission
	Blocking   bool // what it returns may make blocking calls where its caller may
	// Annotations are those of the method that no other field speaks for.
	Annotations []Annotation
	Position    Position
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

// Argument is one parameter of a method.
type Argument struct {
	Name      string
	Type      *Type
	Direction Direction
	Position  Position
}

// Direction says which way an argument travels.
type Direction int

// The directions. What comes back stands in the reply after the result, in the order of the
// arguments. Of an Out array only the length travels with the call.
const (
	In Direction = iota
	Out
	InOut
)

// Permission is who may call.
type Permission struct {
	Rule  PermissionRule
	Names []string // for AllOf and AnyOf
}

// PermissionRule says how a permission is enforced.
type PermissionRule int

// The rules. One name alone is AllOf.
const (
	NoPermission PermissionRule = iota // anybody may call
	Manual                             // the implementation looks for itself
	AllOf
	AnyOf
)
