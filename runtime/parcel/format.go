package parcel

// Release is a version of Android, of those whose parcels differ: 8 to 16. Zero stands for Newest.
type Release uint8

// Newest is the release that is written when none is named.
const Newest Release = 16

// Partition says who wrote a request, so that code of two copies of libbinder is not mixed by
// accident: the third word of an interface token from Android 11 on.
type Partition uint32

// The partitions.
const (
	System   Partition = 'S'<<24 | 'Y'<<16 | 'S'<<8 | 'T'
	Vendor   Partition = 'V'<<24 | 'N'<<16 | 'D'<<8 | 'R'
	Recovery Partition = 'R'<<24 | 'E'<<16 | 'C'<<8 | 'O'
)

// Format says which of Android's encodings a parcel has. The zero Format is that of the newest
// release's system partition; both ends of a domain use the same.
type Format struct {
	Release   Release
	Partition Partition // zero: System
}

func (f Format) release() Release {
	if f.Release == 0 {
		return Newest
	}
	return f.Release
}

func (f Format) partition() Partition {
	if f.Partition == 0 {
		return System
	}
	return f.Partition
}

// Stability is how long the interface of an object stays as it is, a mask of who may rely on it. It
// follows every object in a parcel, from Android 11 on.
type Stability uint8

// The stabilities that an object can have; a null object has none.
const (
	Undeclared      Stability = 0
	VendorStability Stability = 0b000011
	SystemStability Stability = 0b001100
	VINTF           Stability = 0b111111
)

func (s Stability) declared() bool {
	return s == VendorStability || s == SystemStability || s == VINTF
}

// Android 12 alone wrote a struct of a version, two bytes that are zero, and the level.
const categoryVersion = 1

// stabilityWord returns the word that follows an object, and whether there is one.
func (f Format) stabilityWord(s Stability) (word int32, written bool) {
	switch r := f.release(); {
	case r < 11:
		return 0, false
	case r == 12:
		return int32(s)<<24 | categoryVersion, true
	default:
		return int32(s), true
	}
}

// stabilityOf undoes stabilityWord; ok is false for a word that means nothing.
func (f Format) stabilityOf(word int32) (s Stability, ok bool) {
	if f.release() == 12 {
		s = Stability(word >> 24)
		return s, word == int32(s)<<24|categoryVersion
	}
	s = Stability(word)
	return s, int32(s) == word
}
