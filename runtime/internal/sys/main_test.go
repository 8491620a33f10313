package sys_test

import (
	"os"
	"testing"

	"ubinder/runtime/internal/leaktest"
)

// roleVariable makes a re-executed test binary the child of a test.
const roleVariable = "UBINDER_SYS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "waker":
		os.Exit(beWaker())
	case "filtered waker":
		os.Exit(beFilteredWaker())
	case "dialler":
		os.Exit(beDialler())
	}
	leaktest.Main(m)
}
