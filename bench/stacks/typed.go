package stacks

import "fmt"

// checkN reads the number in a typed answer.
func checkN(got, want uint64) error {
	if got != want {
		return fmt.Errorf("answer numbered %d to a request numbered %d", got, want)
	}
	return nil
}
