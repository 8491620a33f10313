// Writes and reads parcels with Android's own libbinder, for libbinderoracle_test.go: its Parcel,
// Status, Stability and Binder as they are, above stand-ins, at the end of this file, for what would
// open the driver.
//
// The lines of input and output are those of testdata/gbinder/oracle.c, but for the offsets of a read:
// behind each stands "o" for an object or "f" for a file, and the place is filled in here. For bench
// there is one command more:
//
//	bench MILLISECONDS OP        the times of a write and a read, a new Parcel each, in ns, how many
//	                             allocations each makes, and how many bytes it is

#include <sstream>
#define private public // a parcel that came in is made by a private function
#include <binder/Parcel.h>
#undef private

#include <binder/Binder.h>
#include <binder/IPCThreadState.h>
#include <binder/ParcelFileDescriptor.h>
#include <binder/Parcelable.h>
#include <binder/ParcelableHolder.h>
#include <binder/PersistableBundle.h>
#include <binder/ProcessState.h>
#include <binder/Stability.h>
#include <binder/Status.h>
#include <inttypes.h>
#include <linux/android/binder.h>

#include <atomic>
#include <ctime>
#include <iostream>

using namespace android;
using std::array;
using std::optional;
using std::string;
using std::vector;

static sp<IBinder> object;

// Values as text.

static string hex(const string& s) {
	string out;
	char two[3];
	for (unsigned char c : s) snprintf(two, 3, "%02x", c), out += two;
	return out;
}

static string unhex(const string& s) {
	string out;
	for (size_t i = 0; i + 1 < s.size(); i += 2) out += (char)std::stoi(s.substr(i, 2), nullptr, 16);
	return out;
}

static vector<string> split(const string& s, char by) {
	vector<string> parts;
	std::stringstream in(s);
	for (string part; std::getline(in, part, by);) parts.push_back(part);
	return parts;
}

static void parse(const string& s, bool* v) { *v = s == "1"; }
static void parse(const string& s, int8_t* v) { *v = std::stoi(s); }
static void parse(const string& s, uint8_t* v) { *v = std::stoi(s); }
static void parse(const string& s, char16_t* v) { *v = std::stoi(s); }
static void parse(const string& s, int32_t* v) { *v = std::stol(s); }
static void parse(const string& s, int64_t* v) { *v = std::stoll(s); }
static void parse(const string& s, float* v) { *v = strtof(s.c_str(), nullptr); }
static void parse(const string& s, double* v) { *v = strtod(s.c_str(), nullptr); }
static void parse(const string& s, string* v) { *v = unhex(s.substr(1)); } // behind an x: it may be empty
static void parse(const string& s, optional<string>* v) {
	if (s == "null") v->reset();
	else v->emplace(), parse(s, &**v);
}

static string show(bool v) { return v ? "1" : "0"; }
static string show(int8_t v) { return std::to_string(v); }
static string show(uint8_t v) { return std::to_string(v); }
static string show(char16_t v) { return std::to_string((int)v); }
static string show(int32_t v) { return std::to_string(v); }
static string show(int64_t v) { return std::to_string(v); }
static string show(const string& v) { return "x" + hex(v); }
static string show(const optional<string>& v) { return v ? show(*v) : "null"; }
static string show(float v) {
	char s[64];
	return snprintf(s, sizeof s, "%.9g", v), s;
}
static string show(double v) {
	char s[64];
	return snprintf(s, sizeof s, "%.17g", v), s;
}

template <typename T>
static string show(const vector<T>& v) {
	string s = "[";
	for (size_t i = 0; i < v.size(); i++) s += (i ? "," : "") + show((T)v[i]);
	return s;
}

template <typename T>
static void parse(const string& s, vector<T>* v) {
	for (const string& part : split(s.substr(1), ',')) {
		T t;
		parse(part, &t);
		v->push_back(t);
	}
}

// What AIDL's compiler makes of: parcelable Point { int x; String name; }
struct Point : Parcelable {
	int32_t x = 0;
	string name;
	status_t writeToParcel(Parcel* p) const override {
		size_t start = p->dataPosition();
		p->writeInt32(0);
		p->writeInt32(x);
		p->writeUtf8AsUtf16(name);
		size_t end = p->dataPosition();
		p->setDataPosition(start);
		p->writeInt32(end - start);
		p->setDataPosition(end);
		return OK;
	}
	status_t readFromParcel(const Parcel* p) override {
		size_t start = p->dataPosition();
		int32_t size = 0;
		if (status_t s = p->readInt32(&size); s != OK) return s;
		if (size < 4) return BAD_VALUE;
		if (p->dataPosition() - start < (size_t)size)
			if (status_t s = p->readInt32(&x); s != OK) return s;
		if (p->dataPosition() - start < (size_t)size)
			if (status_t s = p->readUtf8FromUtf16(&name); s != OK) return s;
		p->setDataPosition(start + size);
		return OK;
	}
	static const String16& getParcelableDescriptor() {
		static const String16 name("Point");
		return name;
	}
};

static void parse(const string& s, Point* p) {
	auto parts = split(s, '/');
	parse(parts[0], &p->x);
	parse(parts[1], &p->name);
}
static string show(const Point& p) { return show(p.x) + "/" + show(p.name); }

static void check(status_t s) {
	if (s != OK) throw s;
}

// The types that are no more than a pair of functions. What is measured has them without the text:
// ready makes a write of a value, and take reads one.
struct Op {
	std::function<void(Parcel*, const string&)> write;
	std::function<string(const Parcel*)> read;
	std::function<std::function<void(Parcel*)>(const string&)> ready;
	std::function<void(const Parcel*)> take;
};

template <typename T, typename A>
static Op op(status_t (Parcel::*write)(A), status_t (Parcel::*read)(T*) const) {
	return {[=](Parcel* p, const string& s) {
		        T t{};
		        parse(s, &t);
		        check((p->*write)(t));
	        },
	        [=](const Parcel* p) {
		        T t{};
		        check((p->*read)(&t));
		        return show(t);
	        },
	        [=](const string& s) {
		        auto t = std::make_shared<T>();
		        parse(s, t.get());
		        return [=](Parcel* p) { check((p->*write)(*t)); };
	        },
	        [=](const Parcel* p) {
		        T t{};
		        check((p->*read)(&t));
	        }};
}

template <typename T>
static Op vectorOp(status_t (Parcel::*write)(const vector<T>&), status_t (Parcel::*read)(vector<T>*) const) {
	return op<vector<T>, const vector<T>&>(write, read);
}

static Op word(std::function<void(Parcel*)> write, std::function<void(const Parcel*)> read) {
	return {[=](Parcel* p, const string&) { write(p); }, [=](const Parcel* p) { return read(p), string(); },
	        [=](const string&) { return write; }, read};
}

static void expect(bool what) {
	if (!what) throw (status_t)UNKNOWN_ERROR;
}

static Op exception() {
	return {[](Parcel* p, const string& s) {
		        auto parts = split(s, '/');
		        int code = std::stoi(parts[0]);
		        String8 message(unhex(parts[2].substr(1)).c_str());
		        auto e = code == binder::Status::EX_SERVICE_SPECIFIC ? binder::Status::fromServiceSpecificError(std::stoi(parts[1]), message)
		                                                             : binder::Status::fromExceptionCode(code, message);
		        check(e.writeToParcel(p));
	        },
	        [](const Parcel* p) {
		        binder::Status e;
		        check(e.readFromParcel(*p));
		        return std::to_string(e.exceptionCode()) + "/" + std::to_string(e.serviceSpecificErrorCode()) + "/" + show(string(e.exceptionMessage().c_str()));
	        }};
}

static Op holder() {
	return {[](Parcel* p, const string& s) {
		        auto point = std::make_shared<Point>();
		        parse(s, point.get());
		        os::ParcelableHolder h(Parcelable::Stability::STABILITY_LOCAL);
		        check(h.setParcelable(point));
		        check(p->writeParcelable(h));
	        },
	        [](const Parcel* p) {
		        os::ParcelableHolder h(Parcelable::Stability::STABILITY_LOCAL);
		        std::shared_ptr<Point> point;
		        check(p->readParcelable(&h));
		        check(h.getParcelable(&point));
		        expect(point != nullptr);
		        return show(*point);
	        }};
}

static Op bundle() {
	return {[](Parcel* p, const string& s) {
		        os::PersistableBundle b;
		        auto parts = split(s, '/');
		        string text;
		        parse(parts[1], &text);
		        b.putInt(String16("int"), std::stol(parts[0]));
		        b.putString(String16("text"), String16(text.c_str(), text.size()));
		        check(p->writeParcelable(b));
	        },
	        [](const Parcel* p) {
		        os::PersistableBundle b;
		        int32_t i;
		        String16 text;
		        check(p->readParcelable(&b));
		        expect(b.size() == 2 && b.getInt(String16("int"), &i) && b.getString(String16("text"), &text));
		        return show(i) + "/" + show(string(String8(text).c_str()));
	        }};
}

static Op blob() {
	return {[](Parcel* p, const string& s) {
		        Parcel::WritableBlob b;
		        string bytes;
		        parse(s, &bytes);
		        check(p->writeInt32(bytes.size()));
		        check(p->writeBlob(bytes.size(), false, &b));
		        memcpy(b.data(), bytes.data(), bytes.size());
		        b.release();
	        },
	        [](const Parcel* p) {
		        Parcel::ReadableBlob b;
		        size_t n = p->readInt32();
		        check(p->readBlob(n, &b));
		        return show(string((const char*)b.data(), n));
	        }};
}

using Matrix = array<array<int32_t, 3>, 2>;

static Op matrix() {
	return {[](Parcel* p, const string& s) {
		        vector<int32_t> v;
		        parse(s, &v);
		        Matrix m{array<int32_t, 3>{v[0], v[1], v[2]}, array<int32_t, 3>{v[3], v[4], v[5]}};
		        check(p->writeFixedArray(m));
	        },
	        [](const Parcel* p) {
		        Matrix m;
		        check(p->readFixedArray(&m));
		        return show(vector<int32_t>{m[0][0], m[0][1], m[0][2], m[1][0], m[1][1], m[1][2]});
	        }};
}

enum class Small : int8_t {};
enum class Large : int64_t {};

template <typename E, typename T>
static Op enums() {
	return {[](Parcel* p, const string& s) {
		        vector<T> v;
		        parse(s, &v);
		        check(p->writeEnumVector(vector<E>((E*)v.data(), (E*)(v.data() + v.size()))));
	        },
	        [](const Parcel* p) {
		        vector<E> v;
		        check(p->readEnumVector(&v));
		        return show(vector<T>((T*)v.data(), (T*)(v.data() + v.size())));
	        }};
}

static Op string8() {
	return {[](Parcel* p, const string& s) {
		        string t;
		        parse(s, &t);
		        check(p->writeString8(String8(t.c_str(), t.size())));
	        },
	        [](const Parcel* p) {
		        String8 s;
		        check(p->readString8(&s));
		        return show(string(s.c_str(), s.size()));
	        }};
}

static Op texts() {
	using V = optional<vector<optional<string>>>;
	return {[](Parcel* p, const string& s) {
		        V v(std::in_place);
		        parse(s, &*v);
		        check(p->writeUtf8VectorAsUtf16Vector(v));
	        },
	        [](const Parcel* p) {
		        V v;
		        check(p->readUtf8VectorFromUtf16Vector(&v));
		        return show(*v);
	        },
	        [](const string& s) {
		        auto v = std::make_shared<V>(std::in_place);
		        parse(s, &**v);
		        return [=](Parcel* p) { check(p->writeUtf8VectorAsUtf16Vector(*v)); };
	        },
	        [](const Parcel* p) {
		        V v;
		        check(p->readUtf8VectorFromUtf16Vector(&v));
	        }};
}

static Op point() {
	return {[](Parcel* p, const string& s) {
		        Point point;
		        parse(s, &point);
		        check(p->writeParcelable(point));
	        },
	        [](const Parcel* p) {
		        Point point;
		        check(p->readParcelable(&point));
		        return show(point);
	        },
	        [](const string& s) {
		        auto point = std::make_shared<Point>();
		        parse(s, point.get());
		        return [=](Parcel* p) { check(p->writeParcelable(*point)); };
	        },
	        [](const Parcel* p) {
		        Point point;
		        check(p->readParcelable(&point));
	        }};
}

static void readFile(const Parcel* p) { expect(p->readFileDescriptor() >= 0); }
static void readParcelFile(const Parcel* p) {
	os::ParcelFileDescriptor f;
	check(p->readParcelable(&f));
	expect(f.get() >= 0);
}

static std::map<string, Op> ops() {
	optional<vector<int32_t>> none;
	return {
	        {"bool", op<bool>(&Parcel::writeBool, &Parcel::readBool)},
	        {"byte", op<int8_t>(&Parcel::writeByte, &Parcel::readByte)},
	        {"char", op<char16_t>(&Parcel::writeChar, &Parcel::readChar)},
	        {"int", op<int32_t>(&Parcel::writeInt32, &Parcel::readInt32)},
	        {"long", op<int64_t>(&Parcel::writeInt64, &Parcel::readInt64)},
	        {"float", op<float>(&Parcel::writeFloat, &Parcel::readFloat)},
	        {"double", op<double>(&Parcel::writeDouble, &Parcel::readDouble)},
	        {"text", op<string, const string&>(&Parcel::writeUtf8AsUtf16, &Parcel::readUtf8FromUtf16)},
	        {"optext", op<optional<string>, const optional<string>&>(&Parcel::writeUtf8AsUtf16, &Parcel::readUtf8FromUtf16)},
	        {"string8", string8()},
	        {"bytes", vectorOp<uint8_t>(&Parcel::writeByteVector, &Parcel::readByteVector)},
	        {"bools", vectorOp<bool>(&Parcel::writeBoolVector, &Parcel::readBoolVector)},
	        {"chars", vectorOp<char16_t>(&Parcel::writeCharVector, &Parcel::readCharVector)},
	        {"ints", vectorOp<int32_t>(&Parcel::writeInt32Vector, &Parcel::readInt32Vector)},
	        {"longs", vectorOp<int64_t>(&Parcel::writeInt64Vector, &Parcel::readInt64Vector)},
	        {"floats", vectorOp<float>(&Parcel::writeFloatVector, &Parcel::readFloatVector)},
	        {"doubles", vectorOp<double>(&Parcel::writeDoubleVector, &Parcel::readDoubleVector)},
	        {"texts", texts()},
	        {"noints", word([=](Parcel* p) { check(p->writeInt32Vector(none)); },
	                        [](const Parcel* p) {
		                        optional<vector<int32_t>> v;
		                        check(p->readInt32Vector(&v));
		                        expect(!v);
	                        })},
	        {"smallenums", enums<Small, int8_t>()},
	        {"largeenums", enums<Large, int64_t>()},
	        {"matrix", matrix()},
	        {"point", point()},
	        {"nopoint", word([](Parcel* p) { check(p->writeNullableParcelable(optional<Point>())); },
	                         [](const Parcel* p) {
		                         optional<Point> v;
		                         check(p->readParcelable(&v));
		                         expect(!v);
	                         })},
	        {"holder", holder()},
	        {"bundle", bundle()},
	        {"blob", blob()},
	        {"exception", exception()},
	        {"noexception", word([](Parcel* p) { check(p->writeNoException()); },
	                             [](const Parcel* p) {
		                             binder::Status e;
		                             check(e.readFromParcel(*p));
		                             expect(e.isOk());
	                             })},
	        {"token", word([](Parcel* p) { check(p->writeInterfaceToken(String16("tok"))); },
	                       [](const Parcel* p) { expect(p->enforceInterface(String16("tok"))); })},
	        {"object", word([](Parcel* p) { check(p->writeStrongBinder(object)); },
	                        [](const Parcel* p) {
		                        sp<IBinder> b;
		                        check(p->readStrongBinder(&b));
		                        expect(b == object);
	                        })},
	        {"noobject", word([](Parcel* p) { check(p->writeStrongBinder(nullptr)); },
	                          [](const Parcel* p) {
		                          sp<IBinder> b;
		                          check(p->readNullableStrongBinder(&b));
		                          expect(b == nullptr);
	                          })},
	        {"file", word([](Parcel* p) { check(p->writeFileDescriptor(0)); }, readFile)},
	        {"parcelfile", word([](Parcel* p) { check(p->writeParcelable(os::ParcelFileDescriptor(base::unique_fd(dup(0))))); }, readParcelFile)},
	};
}

static void write(const std::map<string, Op>& all, const vector<string>& words) {
	Parcel p;
	for (size_t i = 1; i < words.size(); i++) {
		size_t eq = words[i].find('=');
		all.at(words[i].substr(0, eq)).write(&p, eq == string::npos ? "" : words[i].substr(eq + 1));
	}
	std::cout << hex(string((const char*)p.data(), p.dataSize()));
	for (size_t i = 0; i < p.ipcObjectsCount(); i++) std::cout << " " << ((binder_size_t*)p.ipcObjects())[i];
}

static void fill(string* data, size_t at, char kind) {
	flat_binder_object o{};
	if (kind == 'f') {
		o.hdr.type = BINDER_TYPE_FD;
		o.handle = dup(0);
	} else {
		o.hdr.type = BINDER_TYPE_BINDER;
		o.binder = (uintptr_t)object->localBinder()->getWeakRefs();
		o.cookie = (uintptr_t)object->localBinder();
	}
	data->replace(at, sizeof o, (const char*)&o, sizeof o);
}

static void read(const std::map<string, Op>& all, const vector<string>& words) {
	string data = unhex(words[1]);
	vector<binder_size_t> offsets;
	if (words[2] != "-")
		for (const string& o : split(words[2], ',')) {
			offsets.push_back(std::stoul(o));
			fill(&data, offsets.back(), o.back());
		}
	Parcel p;
	p.ipcSetDataReference((const uint8_t*)data.data(), data.size(), offsets.data(), offsets.size(),
	                      [](const uint8_t*, size_t, const binder_size_t*, size_t) {});
	std::cout << "read";
	for (size_t i = 3; i < words.size(); i++) {
		string value;
		try {
			value = all.at(words[i]).read(&p);
		} catch (status_t s) {
			std::cout << " failed";
			return;
		}
		std::cout << " " << words[i] << (value.empty() ? "" : "=" + value);
	}
	if (p.dataAvail()) std::cout << " more";
}

static std::atomic<size_t> allocations;

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* malloc(size_t n) { return allocations++, __libc_malloc(n); }
void* calloc(size_t n, size_t size) { return allocations++, __libc_calloc(n, size); }
void* realloc(void* p, size_t n) { return allocations++, __libc_realloc(p, n); }
}

static double now() {
	timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

// timed repeats what it is given and looks at the clock seldom.
template <typename F>
static void timed(double ms, F once) {
	size_t before = allocations, n = 0;
	double start = now(), ns = 0;
	for (int batch = 64; ns < ms * 1e6; batch = std::min(2 * batch, 1 << 14)) {
		for (int i = 0; i < batch; i++) once();
		n += batch;
		ns = now() - start;
	}
	std::cout << ns / n << " " << double(allocations - before) / n << " ";
}

static void bench(const std::map<string, Op>& all, const vector<string>& words) {
	size_t eq = words[2].find('=');
	const Op& op = all.at(words[2].substr(0, eq));
	auto put = op.ready(eq == string::npos ? "" : words[2].substr(eq + 1));
	Parcel sent;
	put(&sent);
	double ms = std::stod(words[1]);
	timed(ms, [&] {
		Parcel p;
		put(&p);
	});
	timed(ms, [&] {
		Parcel p;
		p.ipcSetDataReference(sent.data(), sent.dataSize(), (binder_size_t*)sent.ipcObjects(), sent.ipcObjectsCount(),
		                      [](const uint8_t*, size_t, const binder_size_t*, size_t) {});
		op.take(&p);
	});
	std::cout << sent.dataSize();
}

int main() {
	auto all = ops();
	object = sp<BBinder>::make();
	std::cout << "> ready" << std::endl;
	for (string line; std::getline(std::cin, line);) {
		auto words = split(line, ' ');
		std::cout << "> ";
		words[0] == "write" ? write(all, words) : words[0] == "bench" ? bench(all, words) : read(all, words);
		std::cout << std::endl;
	}
	_exit(0);
}

// The stand-ins. A process that has no driver has no state; a thread is called by nobody.

namespace android {
static uint64_t room[1024]; // for a state that is never looked into
sp<ProcessState> ProcessState::self() { return nullptr; }
sp<IBinder> ProcessState::getStrongProxyForHandle(int32_t) { return nullptr; }
IPCThreadState* IPCThreadState::self() { return (IPCThreadState*)room; }
bool IPCThreadState::backgroundSchedulingDisabled() { return false; }
int32_t IPCThreadState::getStrictModePolicy() const { return 0; }
void IPCThreadState::setStrictModePolicy(int32_t) {}
bool IPCThreadState::shouldPropagateWorkSource() const { return false; }
uid_t IPCThreadState::getCallingWorkSourceUid() const { return kUnsetWorkSource; }
int64_t IPCThreadState::setCallingWorkSourceUidWithoutPropagation(uid_t) { return 0; }
int32_t IPCThreadState::getLastTransactionBinderFlags() const { return 0; }
} // namespace android

extern "C" int __android_log_print(int, const char*, const char*, ...) { return 0; }
extern "C" int __android_log_error_write(int, const char*, int32_t, const char*, uint32_t) { return 0; }
extern "C" void __android_log_assert(const char*, const char*, const char* text, ...) {
	fprintf(stderr, "oracle: libbinder asserts: %s\n", text);
	abort();
}
