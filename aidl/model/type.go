package model

// Type is a use of a type: of an argument, a result, a field or a constant.
type Type struct {
	Kind     TypeKind
	Nullable bool // the value may be absent. On an array or a list it holds for the elements too, where they can be absent; then Elem is Nullable as well
	Heap     bool // marked @nullable(heap=true): the type may contain itself this way
	UTF8     bool // marked @utf8InCpp; the wire is the same

	Elem   *Type // of KindArray, KindFixedArray and KindList, and the value of KindMap; nil for a List or Map that says no type
	Key    *Type // of KindMap, a String; nil as Elem is
	Length int   // of KindFixedArray. int[2][3] is an array of 2 arrays of 3

	Interface  *Interface // of KindInterface, and so on
	Parcelable *Parcelable
	Union      *Union
	Enum       *Enum
	Foreign    *Foreign
	Arguments  []*Type // of a parcelable with type parameters
}

// TypeKind says which kind of type is meant.
type TypeKind int

// The kinds of type, with AIDL's names for them.
const (
	KindBool           TypeKind = iota + 1 // boolean
	KindByte                               // 8 bits, signed
	KindChar                               // 16 bits: a UTF-16 code unit
	KindInt                                // 32 bits, signed
	KindLong                               // 64 bits, signed
	KindFloat                              // 32 bits
	KindDouble                             // 64 bits
	KindString                             // String
	KindCharSequence                       // text that may have marks; Java alone has it
	KindBinder                             // IBinder: an object of no declared interface
	KindFileDescriptor                     // an open file, without the wrapper of KindParcelFile
	KindParcelFile                         // ParcelFileDescriptor
	KindHolder                             // ParcelableHolder: any one parcelable
	KindArray                              // T[]
	KindFixedArray                         // T[N]
	KindList                               // List
	KindMap                                // Map; Java alone has it
	KindInterface
	KindParcelable
	KindUnion
	KindEnum
	KindForeign
)

// Value is a constant, worked out and fit for its type. Which field holds it follows from the type:
// Int for a byte, a char, an int, a long and an enum, Elements for arrays and lists of annotations.
type Value struct {
	Bool       bool
	Int        int64
	Float      float64
	String     string
	Elements   []*Value
	Enumerator *Enumerator // of an enum; its value is in Int too
}
