// Package parcel writes and reads Android's parcels, byte for byte as libbinder does: the payload of
// every AIDL call, its reply and its exceptions.
//
// Values lie one after the other, each at a multiple of 4 bytes, little-endian; there are no tags, so
// who reads must know what was written. Scalars take 4 bytes (bool, byte, char, int, float) or 8
// (long, double). Arrays, strings, lists and maps begin with an int32 length, -1 for null, and only
// byte arrays are packed. Parcelables begin with 1, or 0 for null.
//
// # Errors
//
// A Writer and a Reader keep their first error, so that code which writes or reads field after field
// need ask only once, at the end: Err. A Reader that has failed reads nothing more: it returns zero
// values and no elements. What a Writer that has failed has written is of no use but for its table. Errors are of package
// status and name the offset. What is read is hostile:
// nothing is read beyond its bounds, and no memory is allocated on the word of a length that the bytes
// left cannot fulfil.
//
// # Objects and files
//
// An object or a file takes 24 bytes in the parcel, the place of a struct flat_binder_object, and an
// Entry in a table beside the bytes. This package knows neither objects nor files; what it is given to
// write comes out of the table as it went in. The bytes of the place are zero when written here: on the
// bus the table travels as attachments, whose field is the offset, and on the kernel's driver whoever
// sends the parcel fills the places in. A Reader trusts the table alone, never the bytes, and gives
// each entry out once. Plain reads that would reach into such a place fail, as in libbinder.
//
// A null object has no entry: its 24 bytes say so.
//
// # Sources
//
// AOSP, main branch: frameworks/native libs/binder Parcel.cpp, Parcel.h, Status.cpp, Stability.cpp,
// ParcelableHolder.cpp, PersistableBundle.cpp and ndk/parcel.cpp; frameworks/base core/java/android/os
// Parcel.java and BaseBundle.java; system/tools/aidl generate_cpp.cpp and generate_java.cpp; for what
// older releases wrote, mer-hybris libgbinder src/gbinder_rpc_protocol.c too.
package parcel
