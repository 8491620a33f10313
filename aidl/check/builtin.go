package check

import "ubinder/aidl/model"

// builtins are the types that no file declares; void is 0.
var builtins = map[string]model.TypeKind{
	"void": 0, "boolean": model.KindBool, "byte": model.KindByte, "char": model.KindChar, "int": model.KindInt,
	"long": model.KindLong, "float": model.KindFloat, "double": model.KindDouble, "String": model.KindString,
	"List": model.KindList, "Map": model.KindMap, "IBinder": model.KindBinder,
	"FileDescriptor": model.KindFileDescriptor, "CharSequence": model.KindCharSequence,
	"ParcelFileDescriptor": model.KindParcelFile, "ParcelableHolder": model.KindHolder,
}

// javaNames are other names of builtins, from when there was only Java.
var javaNames = map[string]string{
	"java.util.List": "List", "java.util.Map": "Map", "android.os.ParcelFileDescriptor": "ParcelFileDescriptor",
}

// needlessImports name what need not be declared anywhere.
var needlessImports = map[string]bool{
	"android.os.IInterface": true, "android.os.IBinder": true, "android.os.Parcelable": true,
	"android.os.Parcel": true, "android.content.Context": true, "java.lang.String": true,
	"java.lang.CharSequence": true,
	"java.util.List":         true, "java.util.Map": true, "android.os.ParcelFileDescriptor": true,
}

func isBuiltin(name string) bool {
	_, ok := builtins[name]
	return ok || javaNames[name] != ""
}

func isPrimitive(name string) bool {
	switch name {
	case "void", "boolean", "byte", "char", "int", "long", "float", "double":
		return true
	}
	return false
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// reservedNames can be no part of a type's full name: they mean something in Java or C++.
var reservedNames = set(
	"break", "case", "catch", "char", "class", "continue", "default", "do", "double", "else", "enum", "false",
	"float", "for", "goto", "if", "int", "long", "new", "private", "protected", "public", "return", "short",
	"static", "switch", "this", "throw", "true", "try", "void", "volatile", "while")

// javaKeywords can be no argument's name.
var javaKeywords = set(
	"abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue",
	"default", "do", "double", "else", "enum", "extends", "final", "finally", "float", "for", "goto", "if",
	"implements", "import", "instanceof", "int", "interface", "long", "native", "new", "package", "private",
	"protected", "public", "return", "short", "static", "strictfp", "super", "switch", "synchronized", "this",
	"throw", "throws", "transient", "try", "void", "volatile", "while", "true", "false", "null")

// reservedMethods are those that AIDL adds by itself.
var reservedMethods = set("asBinder()", "getInterfaceHash()", "getInterfaceVersion()", "getTransactionName(int)")
