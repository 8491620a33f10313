package broker_test

import (
	"os"
	"testing"

	"ubinder/runtime/internal/leaktest"
)

// roleVariable makes a re-executed test binary one of the children.
const roleVariable = "UBINDER_BROKER_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		os.Exit(role(os.Args[1:]))
	}
	leaktest.Main(m)
}
