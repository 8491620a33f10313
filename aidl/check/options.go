package check

// Options are what AOSP's compiler can be told about the files.
type Options struct {
	Structured bool     // the interface is declared in AIDL alone
	VINTF      bool     // --stability=vintf: every type is frozen
	Language   Language // the language that code is to be made for
	MinSDK     int      // the oldest Android that the code is to run on; 0 for any language's default
	NoForeign  bool     // unstructured parcelables are refused
	Deep       bool     // names that the files it needs cannot resolve are errors of the file, too
	Version    int      // of the interfaces in the files given; 0 when it is not said
	Hash       string   // of their frozen definition; "" when it is not said
	Warnings   Warnings
}

// Language is one that AOSP's compiler makes code for. What one cannot have is refused for it alone.
type Language int

// The languages.
const (
	AnyLanguage Language = iota
	Java
	Cpp
	Ndk
	Rust
)

// Languages are the languages by name.
var Languages = map[string]Language{"java": Java, "cpp": Cpp, "ndk": Ndk, "rust": Rust}

// SDK versions by name, as --min_sdk_version takes them.
var SDKs = map[string]int{
	"S": 31, "Tiramisu": 33, "UpsideDownCake": 34, "VanillaIceCream": 35, "Baklava": 36, "current": 10000, "platform_apis": 10001,
}
