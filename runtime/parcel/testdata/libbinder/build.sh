#!/usr/bin/env bash
# Makes FOLDER/oracle, which writes and reads parcels with libbinder of Android 14, and prints how to
# have the tests use it:
#
#   runtime/parcel/testdata/libbinder/build.sh FOLDER
#
# The sources are AOSP's, as Debian has them in android-platform-tools; one line is added for gcc. It
# needs about 100 MB in FOLDER and a minute, and installs nothing. Where it cannot (no network, no
# compiler), it says why and exits with status 77.
set -euo pipefail
folder=$(mkdir -p "${1:?which folder?}" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
tarball=android-platform-tools_34.0.5.orig.tar.xz
sum=4893f6a85b205f1df2c35cde5d6ca3bedd5e9f19afdb3b5ac781e647aa2243f4

skip() {
	echo "skipped: $*" >&2
	exit 77
}

for tool in g++ curl xz tar sha256sum; do
	command -v $tool >/dev/null || skip "no $tool"
done
[ -e /usr/include/linux/android/binder.h ] || skip "no linux/android/binder.h (Debian: linux-libc-dev)"

cd "$folder"
curl -sSf -m 300 -O "$mirror/pool/main/a/android-platform-tools/$tarball" || skip "cannot fetch $tarball"
echo "$sum  $tarball" | sha256sum --quiet -c
binder=frameworks/native/libs/binder utils=system/core/libutils cutils=system/core/libcutils
includes=($binder $binder/include frameworks/native/include $utils/include $cutils/include system/core/include
	system/core/libsystem/include system/libbase/include system/logging/liblog/include external/fmtlib/include)
tar xJf $tarball ./$binder ./frameworks/native/include ./system/core ./system/libbase/include ./system/logging/liblog/include ./external/fmtlib/include
# gcc wants the constructor of a nested class before it is used (gcc bug 88165).
sed -i 's/^    struct KernelFields {$/&\n        KernelFields() {}/' $binder/include/binder/Parcel.h

# Of the kernel's header in Android, and not of Linux's.
flags=(-std=gnu++20 -O2 -w -DBINDER_WITH_KERNEL_IPC -DFLAT_BINDER_FLAG_SCHED_POLICY_SHIFT=9 -DFLAT_BINDER_FLAG_INHERIT_RT=0x800)
for header in algorithm atomic bitset condition_variable cstdint cstring deque functional limits map memory mutex optional set string thread variant vector; do
	flags+=(-include $header) # clang's library has them already where these are used
done
sources=("$here/oracle.cpp" $binder/{Parcel,Status,Stability,Binder,Utils,PersistableBundle,ParcelableHolder,ParcelFileDescriptor,OS}.cpp
	$utils/{RefBase,String16,String8,Unicode,SharedBuffer,VectorImpl,Threads,misc,Errors,StrongPointer}.cpp $cutils/{ashmem-host,native_handle}.cpp)
for source in "${sources[@]}"; do
	g++ "${flags[@]}" "${includes[@]/#/-I}" -c "$source" -o "$(basename "$source" .cpp).o"
done
# What RPC binder and the driver's loop would need is not called.
g++ -no-pie -o oracle ./*.o -Wl,--unresolved-symbols=ignore-all -lpthread
rm -rf frameworks system external ./*.o $tarball
echo "UBINDER_LIBBINDER=$folder/oracle"
