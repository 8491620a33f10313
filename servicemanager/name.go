package servicemanager

import "ubinder/runtime/status"

// MaxName is the length of the longest name of a service.
const MaxName = 127

// CheckName returns an error unless name is 1 to MaxName characters of A-Z, a-z, 0-9 and "_./-",
// as on Android.
func CheckName(name string) error {
	if name == "" {
		return status.Errorf(status.BadValue, "the name of a service is empty")
	}
	if len(name) > MaxName {
		return status.Exceeded(status.BadValue, "characters in the name of a service", uint64(len(name)), MaxName)
	}
	for i := range len(name) {
		if !nameByte(name[i]) {
			return status.Errorf(status.BadValue, "the name of a service, %q, has %q in it: letters, digits and _./- are allowed", name, name[i])
		}
	}
	return nil
}

func nameByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '_' || c == '.' || c == '/' || c == '-'
}
