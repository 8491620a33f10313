package stub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/connect"
	"ubinder/runtime/parcel"
	"ubinder/runtime/status"
)

// secretOf is a text that no other test has. In a parcel it is longer than all vector registers together:
// a copy leaves its last bytes there, and when the thread is interrupted then, they are saved where nobody
// can wipe them.
func secretOf(number int) string {
	return fmt.Sprintf("secret number %d of the parcels", number) + strings.Repeat("; keep it to yourself", 20)
}

// inParcel is how a text lies in a parcel, and nowhere else in a Go program.
func inParcel(text string) (b []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// secretMethods answer a request that is a secret with it, in all ways in which that can end.
var secretMethods = []func(c *IncomingParcel, secret string) error{
	func(c *IncomingParcel, secret string) error {
		c.Reply().WriteString(secret)
		return c.Request().Finish()
	},
	func(c *IncomingParcel, secret string) error {
		w := c.Reply()
		w.WriteString(secret)
		WriteNonNullObject(w, nil)
		return nil
	},
	func(c *IncomingParcel, secret string) error {
		c.Reply().WriteString(secret)
		return &parcel.Exception{Code: parcel.ExSecurity, Message: secret}
	},
	func(c *IncomingParcel, secret string) error {
		c.Reply().WriteString(secret)
		return status.Errorf(status.Full, "no room")
	},
	func(c *IncomingParcel, secret string) error {
		c.Reply().WriteString(secret)
		panic("on purpose")
	},
	func(c *IncomingParcel, secret string) error {
		c.Reply().WriteString(secret)
		c.Reply().WriteString(secret)
		c.Request().ReadString()
		return c.Request().Finish()
	},
	func(c *IncomingParcel, secret string) error { // grows again and again
		w := c.Reply()
		for range 1000 {
			w.WriteString(secret)
		}
		return nil
	},
	func(c *IncomingParcel, secret string) error { // an object that cannot be sent, behind it
		w := c.Reply()
		w.WriteString(secret)
		WriteInterface(w, secretInterface, incomparable{})
		return nil
	},
}

var secretInterface = NewAIDL("stub.test.ISecret", 0, "", false)

func init() {
	var methods []Method
	for n, answer := range secretMethods {
		methods = append(methods, Method{Name: fmt.Sprint("tell", n), Code: uint32(n) + 1, HandleParcel: func(_ context.Context, _ any, c *IncomingParcel) error {
			return answer(c, c.Request().ReadString())
		}})
	}
	secretInterface.Define(ClientOf[counterClient], methods...)
}

// The variables by which this program is told to be a process of the test, on the bus of that path.
const (
	busOfSecrets  = "STUB_TEST_SECRETS"
	busOfConfider = "STUB_TEST_CONFIDER"
	confided      = "STUB_TEST_CONFIDED" // a file that the client makes when it is through: its pid and the service's
)

// confide calls every method with secrets, oneway too. The last call, whose text is no secret, is one that
// a search of the memory finds.
func confide(path string) {
	ctx := context.Background()
	p, err := connect.Open(ctx, path)
	if err != nil {
		panic(err)
	}
	h, err := p.ContextManager(ctx)
	for status.CodeOf(err) == status.UnknownTarget {
		h, err = p.ContextManager(ctx)
	}
	if err != nil {
		panic(err)
	}
	c := NewClient(h, secretInterface)
	for n := range secretMethods {
		tell(ctx, c, n, true, true)
		tell(ctx, c, n, true, false)
	}
	tell(ctx, c, 0, false, false)
	service, err := binder.DebugPID(ctx, h)
	if err == nil {
		done := os.Getenv(confided)
		err = errors.Join(os.WriteFile(done+"~", fmt.Append(nil, os.Getpid(), service), 0o600), os.Rename(done+"~", done))
	}
	if err != nil {
		panic(err)
	}
	select {}
}

func tell(ctx context.Context, c Client, n int, secret, oneway bool) {
	call := BeginParcel(c)
	defer call.End()
	text := secretOf(n)
	if secret {
		call.Request().MarkSensitive()
	} else {
		text = secretOf(-1)
	}
	call.Request().WriteString(text)
	if oneway {
		call.Oneway(ctx, uint32(n)+1)
		return
	}
	if r, err := call.Transact(ctx, uint32(n)+1); err == nil {
		r.ReadString()
		r.ReadInt64() // too much
	}
}

// secretsIn tells which secrets are in the memory of a process as they lie in parcels.
func secretsIn(t *testing.T, pid int) map[string]bool {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	require.NoError(t, err)
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Skip("the memory of other processes cannot be read here: ", err)
	}
	defer mem.Close()
	found := make(map[string]bool)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var access string
		_, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &access)
		require.NoError(t, err)
		if strings.HasPrefix(access, "rw") || strings.Contains(lines.Text(), "ubinder-outbox") {
			secretsAt(mem, from, to, found)
		}
	}
	return found
}

// secretsAt adds those between two addresses.
func secretsAt(mem *os.File, from, to uint64, found map[string]bool) {
	const step, beyond = 1 << 20, 2000 // one may begin in a step and end beyond it
	head := inParcel(secretOf(0))[:2*len("secret number ")]
	most := inParcel(strings.Repeat("; keep it to yourself", 17)) // over 700 bytes
	for part := make([]byte, step+beyond); from < to; from += step {
		n, _ := mem.ReadAt(part[:min(step+beyond, to-from)], int64(from))
		for rest := part[:n]; ; rest = rest[len(head):] {
			i := bytes.Index(rest, head)
			if i < 0 || len(rest)-i < len(head)+4 {
				break
			}
			rest = rest[i:]
			if bytes.Contains(rest[:min(len(rest), beyond/2)], most) {
				found[string([]byte{rest[len(head)], rest[len(head)+2]})] = true
			}
		}
	}
}

// Soon after sensitive calls the bytes of their parcels are nowhere in the memory of the client and of
// the service: in no outbox, no buffer, no Writer and no garbage.
func TestSecretsAreNowhere(t *testing.T) {
	path, done := brokertest.Start(t), filepath.Join(t.TempDir(), "done")
	transporttest.Fork(t, busOfSecrets+"="+path)
	transporttest.Fork(t, busOfConfider+"="+path, confided+"="+done)
	var client, service int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(done)
		fmt.Sscan(string(text), &client, &service)
		return err == nil
	}, time.Minute, time.Millisecond)
	for who, pid := range map[string]int{"client": client, "service": service} {
		found := secretsIn(t, pid)
		for end := time.Now().Add(time.Minute); len(found) > 1 && time.Now().Before(end); found = secretsIn(t, pid) {
		}
		require.Equal(t, map[string]bool{"-1": true}, found, "in the %s; the test finds -1, which is there", who)
	}
}
