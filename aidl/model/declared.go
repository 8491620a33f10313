package model

// Constant is a named value of an interface, a parcelable or a union.
type Constant struct {
	Name  string
	Type  *Type // String, or one of byte, int, long, float, double
	Value *Value
	Comment
	Position Position
}

// Parcelable is a structure whose fields are declared. On the wire it begins with its size, so that
// fields may be added at its end.
type Parcelable struct {
	Declared
	Types
	Fields         []*Field // in the order of declaration, which is that of the wire
	Constants      []*Constant
	FixedSize      bool     // it never gets another field
	Immutable      bool     // marked @JavaOnlyImmutable: a value is never changed once it is made
	TypeParameters []string // they name no field's type
}

// Field is one of a parcelable's or a union's fields.
type Field struct {
	Name    string
	Type    *Type
	Default *Value // as declared; nil for null, empty or zero
	Comment
	Annotations []Annotation
	Position    Position
}

// Union is a type that holds one of its fields at a time. A new one holds the first field's default.
type Union struct {
	Declared
	Types                   // its tag is not among them
	Fields         []*Field // in the order of declaration
	Constants      []*Constant
	Tag            *Enum // says which field is set: enumerator n, with value n, is Fields[n]
	FixedSize      bool
	Immutable      bool
	TypeParameters []string
}

// Enum is a set of named integers. A value on the wire may be none of them.
type Enum struct {
	Declared
	Backing     TypeKind // KindByte, KindInt or KindLong
	Enumerators []*Enumerator
	TagOf       *Union // whose tag it is; nil for one that is declared
}

// Enumerator is one of an enum's names. Two of them may have one value.
type Enumerator struct {
	Name  string
	Value int64 // within the range of the backing type
	Comment
	Position Position
}

// Foreign is a parcelable that AIDL only names: each language has its own code for it.
type Foreign struct {
	Declared
	CppHeader, NdkHeader, RustType string // where other languages have it; "" when not said
	TypeParameters                 []string
}
