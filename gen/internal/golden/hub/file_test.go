package hub

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/connect"
	"ubinder/runtime/status"
)

func temporary(t *testing.T, content string) *os.File {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func read(t *testing.T, f *os.File) string {
	require.NotNil(t, f)
	_, err := f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	return string(b)
}

func TestFileOfARequest(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		e, f := newEar(), temporary(t, "content")
		require.NoError(t, hub.Lend(t.Context(), e, f))
		lent := receive(t, s.lent)
		assert.Equal(t, "content", read(t, lent))
		require.NoError(t, lent.Close())
		assert.Equal(t, "content", read(t, f), "the caller's file is its own")
		assert.Equal(t, "lent", receive(t, e.heard).Topic)
	})
}

func TestFilesOfAReply(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		_, _, _, one, _, _, several, err := hub.Everything(t.Context(), nil, nil, nil, temporary(t, "1"), nil, nil,
			[]*os.File{temporary(t, "2"), nil, temporary(t, "3")})
		require.NoError(t, err)
		assert.Equal(t, "1", read(t, one))
		require.Len(t, several, 2, "there are no null files")
		assert.Equal(t, "2", read(t, several[0]))
		assert.Equal(t, "3", read(t, several[1]))
		for _, f := range append(several, one) {
			assert.NoError(t, f.Close())
		}
	})
}

func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(list)
}

// A request that cannot be decoded brings a file all the same, as does one for a method that takes
// none.
func TestFilesThatNobodyTakes(t *testing.T) {
	connections(t, func(t *testing.T, hub *HubClient, s *service) {
		f := temporary(t, "content")
		call := func(code uint32, payload string) error {
			return hub.Object().Transact(t.Context(), &binder.Transaction{Code: code, Data: binder.Data{
				Payload: []byte(payload), Encoding: binder.Protobuf, Attachments: []binder.Attachment{{Field: 4, File: f}},
			}}, new(binder.Reply))
		}
		require.NoError(t, call(HubEchoCode, "")) // the lane is made
		before := openFiles(t)
		for range 20 {
			require.NoError(t, call(HubEchoCode, ""))
			require.ErrorIs(t, call(HubEverythingCode, "\xff"), status.Encoding)
			require.ErrorIs(t, call(0xffff, ""), status.UnknownMethod)
		}
		require.Eventually(t, func() bool { return openFiles(t) <= before }, 10*time.Second, time.Millisecond)
	})
}

// unexportable is an implementation that cannot be told apart from its copies.
type unexportable struct {
	UnimplementedHub
	_ []int
}

// careless returns a file beside an object that cannot be passed.
type careless struct {
	UnimplementedHub
	file *os.File
}

func (c *careless) Bare(context.Context, []Hub, *os.File) ([]Hub, *os.File, error) {
	return []Hub{unexportable{}}, c.file, nil
}

func TestFileBesideAnObjectThatCannotBePassed(t *testing.T) {
	p, err := connect.Open(t.Context(), "inproc:"+t.Name())
	require.NoError(t, err)
	defer p.Close()
	impl := &careless{file: temporary(t, "content")}
	n, err := ExportHub(p, impl)
	require.NoError(t, err)
	_, _, err = NewHubClient(n).Bare(t.Context(), nil, nil)
	require.ErrorIs(t, err, status.BadValue)
	_, err = impl.file.Stat()
	assert.ErrorIs(t, err, os.ErrClosed, "it was given away")
}
