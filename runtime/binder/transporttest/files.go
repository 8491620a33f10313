package transporttest

import (
	"fmt"
	"io"
	"os"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// pipeWith returns the reading end of a pipe that has text in it and no writer.
func pipeWith(s *Stage, text string) *os.File {
	r, w, err := os.Pipe()
	require.NoError(s, err)
	s.Cleanup(func() { r.Close() })
	_, err = w.WriteString(text)
	require.NoError(s, err)
	require.NoError(s, w.Close())
	return r
}

var files = []Case{
	{"FilesAreRead", func(s *Stage) {
		p := s.Puppet()
		a := binder.Attachment{File: pipeWith(s, "one ")}
		b := binder.Attachment{File: pipeWith(s, "two")}
		assert.Equal(s, "one two", string(s.Do(p, doRead, nil, a, b).Payload))
	}},
	{"FilesComeBack", func(s *Stage) {
		f := s.Do(s.Puppet(), doOpen, []byte("inside")).TakeFile(0)
		require.NotNil(s, f)
		defer f.Close()
		b, err := io.ReadAll(f)
		require.NoError(s, err)
		assert.Equal(s, "inside", string(b))
	}},
	{"FilesMixWithObjects", func(s *Stage) {
		n := s.Named("n")
		r := s.Do(s.Puppet(), Echo, []byte("p"), object(n), binder.Attachment{File: pipeWith(s, "f")}, object(nil))
		f := r.TakeFile(0)
		require.NotNil(s, f)
		defer f.Close()
		assert.Same(s, n, r.TakeObject(0))
		assert.Equal(s, "p", string(r.Payload))
	}},
	{"FilesNobodyTakesAreClosed", func(s *Stage) {
		r, w, err := os.Pipe()
		require.NoError(s, err)
		defer r.Close()
		s.Do(s.Puppet(), doLogged, nil, binder.Attachment{File: w})
		w.Close()
		_, err = io.ReadAll(r) // ends when the last writer is closed
		require.NoError(s, err)
	}},
	{"TooManyFiles", func(s *Stage) {
		f := pipeWith(s, "")
		var list []binder.Attachment
		for range 1000 {
			list = append(list, binder.Attachment{File: f})
		}
		p := s.Puppet()
		_, err := s.Try(s.Ctx, p, doRead, nil, list...)
		require.ErrorIs(s, err, status.TooBig)
		_, err = s.Try(s.Ctx, p, doRead, nil, list[:200]...)
		require.ErrorIs(s, err, status.TooBig)
		s.Do(p, doRead, nil, list[:100]...)
	}},
	{"AClosedFile", func(s *Stage) {
		f := pipeWith(s, "")
		f.Close()
		_, err := s.Try(s.Ctx, s.Puppet(), doRead, nil, binder.Attachment{File: f})
		require.ErrorIs(s, err, status.BadValue)
	}},
	{"ManyFilesOneAfterTheOther", func(s *Stage) {
		p := s.Puppet()
		for i := range 100 {
			text := fmt.Sprint(i)
			assert.Equal(s, text, string(s.Do(p, doRead, nil, binder.Attachment{File: pipeWith(s, text)}).Payload))
		}
	}},
}
