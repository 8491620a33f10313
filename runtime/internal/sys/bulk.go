package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"ubinder/runtime/internal/copying"
)

// BulkFile is shared memory that its maker writes, again and again, and others map by MapPeerMemory. A
// page that was written once stays: to write it again costs no more than a copy, where a new page costs
// several. It has one user at a time, who closes it at the end.
type BulkFile struct {
	fd     FD
	size   int
	memory Memory
	mapped int  // up to there the page tables have the pages
	read   byte // what was read for that: else the compiler leaves it out
	sealed bool
}

// CreateBulkFile makes size bytes of shared memory. Pages cost nothing until written.
func CreateBulkFile(name string, size int) (*BulkFile, error) {
	fd, err := createMemfd(name)
	if err != nil {
		return nil, err
	}
	if err := ftruncate(fd.Int(), int64(size)); err != nil {
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
		f.mapPages(len(b))
		copying.Copy(f.memory.bytes, b)
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

// mapPages has the page tables filled up to n: a page that is there and is read brings those beside it along,
// where writing would fault for each.
func (f *BulkFile) mapPages(n int) {
	for ; f.mapped < n; f.mapped += faultAround {
		f.read ^= f.memory.bytes[f.mapped]
	}
}

// faultAround is how much the kernel maps at a read fault, on most machines.
const faultAround = 64 << 10

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
	if _, err := fcntl(f.fd.Int(), unix.F_ADD_SEALS, outboxSeals); err != nil {
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

// FileID returns the number by which the kernel knows a file of shared memory, as long as somebody has it
// open or mapped, and its size.
func FileID(fd FD) (id uint64, size int64, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd.Int(), &st); err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrNotMemory, os.NewSyscallError("fstat", err))
	}
	return st.Ino, st.Size, nil
}

// FirstHole returns where the first page is missing in a file of shared memory. Who reads it there makes the page,
// at its own expense.
func FirstHole(fd FD) (int64, error) {
	off, err := unix.Seek(fd.Int(), 0, unix.SEEK_HOLE)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotMemory, os.NewSyscallError("lseek", err))
	}
	return off, nil
}

// hugePage is what the kernel gives at once to memory that asks for it, on most machines.
const hugePage = 2 << 20

// PrivateMemory maps size bytes of zeroed memory of this process alone, in huge pages where the kernel
// has them. It is not the garbage collector's.
func PrivateMemory(size int) (Memory, error) {
	rounded := (size + hugePage - 1) &^ (hugePage - 1) // only such a mapping is aligned
	b, err := mmap(-1, rounded, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return Memory{}, fmt.Errorf("%w (%w)", ErrNoMemory, os.NewSyscallError("mmap", err))
	}
	madvise(b, unix.MADV_HUGEPAGE) // a wish
	mappings.Add(1)
	return Memory{b}, nil
}

// ErrNoMemory: the kernel gives this process no more.
var ErrNoMemory = errors.New("no memory")

// OfPeer reports whether an error says that a file is not the memory that it should be.
func OfPeer(err error) bool {
	return errors.Is(err, ErrNotMemory) || errors.Is(err, ErrUnsealed) || errors.Is(err, ErrSize)
}
