package image

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOtherProgramsReadIt asks cpio for what it finds.
func TestOtherProgramsReadIt(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, []File{
		{Name: "dev", Mode: Directory | 0o755},
		{Name: "dev/console", Mode: Character | 0o600, Device: [2]uint32{5, 1}},
		{Name: "odd", Mode: Regular | 0o644, Content: []byte("12345")},
		{Name: "even", Mode: Regular | 0o600, Content: []byte("12345678")},
	}))
	list := exec.Command("cpio", "-itv", "--quiet")
	list.Stdin = &b
	out, err := list.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Regexp(t, `(?s)drwxr-xr-x .* dev\ncrw------- .*5, +1 .* dev/console\n-rw-r--r-- .* 5 .* odd\n-rw------- .* 8 .* even\n`, string(out))
}
