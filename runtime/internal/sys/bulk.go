package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// BulkFile is shared memory that its maker writes, again and again, and others read by ReadBulk. A
// page that was written once stays: to write it again costs no more than a copy, where a new page costs
// several. It has one user at a time, who closes it at the end.
type BulkFile struct {
	fd     FD
	size   int
	memory Memory
	sealed bool
}

// CreateBulkFile makes size bytes of shared memory. Pages cost nothing until written.
func CreateBulkFile(name string, size int) (*BulkFile, error) {
	fd, err := createMemfd(name)
	if err != nil {
		return nil, err
	}
	if err := unix.Ftruncate(fd.Int(), int64(size)); err != nil {
		fd.Close()
		return nil, os.NewSyscallError("ftruncate", err)
	}
	return &BulkFile{fd: fd, size: size}, nil
}

// Size returns how many bytes there are.
func (f *BulkFile) Size() int { return f.size }

// Fill writes b at the beginning. The first time it does so by write(2), which makes a page for less than
// half of what a page fault takes.
func (f *BulkFile) Fill(b []byte) error {
	if f.memory.bytes != nil {
		copy(f.memory.bytes, b)
		return nil
	}
	for off := 0; off < len(b); {
		n, err := unix.Pwrite(f.fd.Int(), b[off:], int64(off))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return os.NewSyscallError("pwrite", err)
		}
		off += max(n, 0)
	}
	return nil
}

// Bytes returns the memory, to be written in place; it is valid until Close.
func (f *BulkFile) Bytes() ([]byte, error) {
	if f.memory.bytes == nil {
		m, err := mapFile(f.fd.Int(), f.size, unix.PROT_READ|unix.PROT_WRITE)
		if err != nil {
			return nil, err
		}
		f.memory = m
	}
	return f.memory.bytes, nil
}

// Seal lets nobody write or resize it but this BulkFile, and returns the descriptor to pass on, which
// stays the BulkFile's.
func (f *BulkFile) Seal() (int, error) {
	if f.sealed {
		return f.fd.Int(), nil
	}
	if _, err := f.Bytes(); err != nil {
		return -1, err
	}
	if _, err := unix.FcntlInt(uintptr(f.fd.Int()), unix.F_ADD_SEALS, outboxSeals); err != nil {
		return -1, os.NewSyscallError("fcntl(F_ADD_SEALS)", err)
	}
	f.sealed = true
	return f.fd.Int(), nil
}

// Wipe clears the first n bytes.
func (f *BulkFile) Wipe(n int) {
	if b, err := f.Bytes(); err == nil {
		clear(b[:n])
	}
}

// Close gives the memory back; whoever has the descriptor still has the bytes.
func (f *BulkFile) Close() {
	f.memory.Unmap()
	f.fd.Close()
}

// ReadBulk copies len(dst) bytes from the beginning of shared memory that a peer made. It never blocks on
// the peer, whatever the peer has sent and does meanwhile: the file must be one of shared memory, else it
// fails with ErrNotMemory, and with ErrSize if it is too short.
func ReadBulk(fd FD, dst []byte) error {
	if _, err := unix.FcntlInt(uintptr(fd.Int()), unix.F_GET_SEALS, 0); err != nil { // only a file of memory has them
		return ErrNotMemory
	}
	for off := 0; off < len(dst); {
		n, err := unix.Pread(fd.Int(), dst[off:], int64(off))
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOMEM) || errors.Is(err, unix.EFAULT): // of the copy's own memory
			return os.NewSyscallError("pread", err)
		case err != nil:
			return fmt.Errorf("%w: %w", ErrNotMemory, os.NewSyscallError("pread", err))
		case n == 0:
			return fmt.Errorf("%w: %d bytes, not %d", ErrSize, off, len(dst))
		}
		off += max(n, 0)
	}
	return nil
}

// hugePage is what the kernel gives at once to memory that asks for it, on most machines.
const hugePage = 2 << 20

// PrivateMemory maps size bytes of zeroed memory of this process alone, in huge pages where the kernel
// has them. It is not the garbage collector's.
func PrivateMemory(size int) (Memory, error) {
	rounded := (size + hugePage - 1) &^ (hugePage - 1) // only such a mapping is aligned
	b, err := unix.Mmap(-1, 0, rounded, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return Memory{}, fmt.Errorf("%w (%w)", ErrNoMemory, os.NewSyscallError("mmap", err))
	}
	unix.Madvise(b, unix.MADV_HUGEPAGE) // a wish
	mappings.Add(1)
	return Memory{b}, nil
}

// ErrNoMemory: the kernel gives this process no more.
var ErrNoMemory = errors.New("no memory")

// OfPeer reports whether an error of ReadBulk says that the file is not what it should be.
func OfPeer(err error) bool { return errors.Is(err, ErrNotMemory) || errors.Is(err, ErrSize) }
