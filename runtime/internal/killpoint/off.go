//go:build !killpoints

package killpoint

// Variable is empty: this program does not kill itself.
const Variable = ""

// At does nothing, and costs nothing.
func At(string) {}

// Passed tells nothing.
func Passed() map[string]int { return nil }
