package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"sync"

	"ubinder/runtime/status"
)

const (
	magic      = "ubrecord"
	version    = 1
	headerSize = 16

	// maxBody is enough for the largest payload and the largest reply of a bus, and all beside them.
	maxBody = 2<<30 + 16<<20
	// keptBuffer is how much memory a Writer keeps from one record for the next.
	keptBuffer = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes a file of transactions. It is safe for concurrent use.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
	err error // the first; nothing is written after it
}

// NewWriter begins a file. w stays the caller's, and gets each record in one piece.
func NewWriter(w io.Writer) (*Writer, error) {
	header := binary.LittleEndian.AppendUint32([]byte(magic), version)
	if _, err := w.Write(append(header, 0, 0, 0, 0)); err != nil {
		return nil, err
	}
	return &Writer{w: w}, nil
}

// Write adds a transaction. After an error, which it returns again and again, the file has a valid
// beginning.
func (w *Writer) Write(t *Transaction) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.buf = t.appendTo(append(w.buf[:0], 0, 0, 0, 0, 0, 0, 0, 0))
	body := w.buf[8:]
	if len(body) > maxBody {
		return status.Exceeded(status.TooBig, "bytes of one recorded transaction", uint64(len(body)), maxBody)
	}
	binary.LittleEndian.PutUint32(w.buf, uint32(len(body)))
	binary.LittleEndian.PutUint32(w.buf[4:], crc32.Checksum(body, castagnoli))
	_, w.err = w.w.Write(w.buf)
	if cap(w.buf) > keptBuffer {
		w.buf = nil
	}
	return w.err
}

// close lets nothing more be written, and returns the error of what was.
func (w *Writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	if err == nil {
		w.err = io.ErrClosedPipe
	}
	return err
}

// Reader reads a file of transactions. It is not safe for concurrent use.
type Reader struct {
	r    io.Reader
	body bytes.Buffer
	cut  bool
	err  error
}

// NewReader reads the beginning of a file, and fails with status.Encoding if it is none.
func NewReader(r io.Reader) (*Reader, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, status.Errorf(status.Encoding, "this is no record of transactions: %w", err)
	}
	if string(header[:len(magic)]) != magic {
		return nil, status.Errorf(status.Encoding, "this is no record of transactions: it begins with %q", header[:len(magic)])
	}
	if v := binary.LittleEndian.Uint32(header[len(magic):]); v != version {
		return nil, status.Errorf(status.Encoding, "the record has version %d of the format; this program reads %d", v, version)
	}
	return &Reader{r: r}, nil
}

// Next returns the next transaction, which is the caller's, and io.EOF at the end. What cannot be right
// is the error status.Encoding, and the end.
func (r *Reader) Next() (*Transaction, error) {
	if r.err != nil {
		return nil, r.err
	}
	var t *Transaction
	t, r.err = r.next()
	return t, r.err
}

func (r *Reader) next() (*Transaction, error) {
	var head [8]byte
	if n, err := io.ReadFull(r.r, head[:]); err != nil {
		return nil, r.ended(n, err)
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxBody {
		return nil, status.Errorf(status.Encoding, "a record of %d bytes; the longest has %d", size, maxBody)
	}
	r.body.Reset() // it grows with what comes, not with what is announced
	if _, err := io.CopyN(&r.body, r.r, int64(size)); err != nil {
		return nil, r.ended(len(head), err)
	}
	body := bytes.Clone(r.body.Bytes())
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, status.Errorf(status.Encoding, "a record of %d bytes is damaged: its checksum is another", size)
	}
	return parse(body)
}

// ended makes io.EOF of the end of the file, wherever that is.
func (r *Reader) ended(read int, err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	r.cut = read > 0
	return io.EOF
}

// Truncated reports, at the end, whether the file ends in the middle of a record.
func (r *Reader) Truncated() bool { return r.cut }
