package wait

import (
	"testing"

	"ubinder/runtime/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
