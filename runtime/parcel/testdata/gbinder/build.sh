#!/usr/bin/env bash
# Makes FOLDER/oracle, which writes and reads parcels with libgbinder from Debian sid, and prints how
# to have the tests use it:
#
#   runtime/parcel/testdata/gbinder/build.sh FOLDER
#
# It unpacks two packages into FOLDER and installs nothing. Where it cannot (no network, no compiler,
# no glib, another processor), it says why and exits with status 77.
set -euo pipefail
folder=$(mkdir -p "${1:?which folder?}" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

skip() {
	echo "skipped: $*" >&2
	exit 77
}

for tool in gcc curl xz dpkg-deb dpkg sha256sum; do
	command -v $tool >/dev/null || skip "no $tool"
done
arch=$(dpkg --print-architecture)
ldconfig -p | grep -q 'libglib-2\.0\.so\.0' || skip "no libglib-2.0.so.0 (Debian: libglib2.0-0)"
[ -e /usr/include/linux/android/binder.h ] || skip "no linux/android/binder.h (Debian: linux-libc-dev)"

cd "$folder"
curl -sSf -m 300 "$mirror/dists/sid/main/binary-$arch/Packages.xz" | xz -d >Packages || skip "no package list at $mirror"
field() { # PACKAGE NAME
	awk -v p="$1" -v f="$2:" '/^Package: /{here=$2==p} here && $1==f{print $2; exit}' Packages
}
for package in libgbinder1 libglibutil1; do
	file=$(field $package Filename)
	[ -n "$file" ] || skip "sid has no $package for $arch"
	curl -sSf -m 300 -o $package.deb "$mirror/$file" || skip "cannot fetch $file"
	echo "$(field $package SHA256)  $package.deb" | sha256sum --quiet -c
	dpkg-deb -x $package.deb root
done
rm Packages

lib=$(dirname "$(find "$folder/root" -name 'libgbinder.so.1' | head -1)")
gcc -O1 -Wall -Wno-unused-value -o oracle -rdynamic "$here/oracle.c" "$lib/libgbinder.so.1" -Wl,--unresolved-symbols=ignore-in-shared-libs -Wl,-rpath,"$lib" \
	-Wl,--disable-new-dtags
echo "UBINDER_GBINDER=$folder/oracle"
