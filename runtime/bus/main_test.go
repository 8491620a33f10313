package bus_test

import (
	"os"
	"testing"

	"ubinder/runtime/internal/leaktest"
)

// roleVariable makes a re-executed test binary one of the children below.
const roleVariable = "UBINDER_BUS_TEST_ROLE"

var roles = map[string]func() int{
	"far end": serveFarEnd,
}

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		os.Exit(role())
	}
	leaktest.Main(m)
}
