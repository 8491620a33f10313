// Package sys is the only user of golang.org/x/sys below runtime: memory that is shared and sealed,
// futexes, sockets that carry file descriptors, and what the kernel knows of a peer.
package sys

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Seals that make a file safe to map for whoever did not make it: its size is fixed, and only
// mappings made before the seal can be written. Exec is sealed too where the kernel can.
const outboxSeals = sizeSeals | unix.F_SEAL_FUTURE_WRITE

// sizeSeals fix the size alone: of memory that both sides write.
const sizeSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// Why a file that a peer sent cannot be mapped.
var (
	ErrNotMemory = errors.New("file is not anonymous shared memory")
	ErrUnsealed  = errors.New("memory is not sealed against shrinking, growing and further writing")
	ErrSize      = errors.New("memory has not the size agreed on")
)

// Memory is a mapping. Its owner calls Unmap once, when nobody can touch it any more.
type Memory struct{ bytes []byte }

// Bytes returns the mapped bytes; they are invalid after Unmap.
func (m Memory) Bytes() []byte { return m.bytes }

// Unmap ends the mapping. A zero Memory needs none.
func (m *Memory) Unmap() error {
	b := m.bytes
	m.bytes = nil
	if b == nil {
		return nil
	}
	mappings.Add(-1)
	return munmap(b)
}

// CreateMemory makes size bytes of shared memory that only the returned mapping can write: the file
// is mapped, then sealed. Pages cost nothing until touched. The caller owns both results.
func CreateMemory(name string, size int) (FD, Memory, error) { return create(name, size, outboxSeals) }

// CreateCommon makes size bytes of shared memory that whoever has the file can write. The caller owns both
// results.
func CreateCommon(name string, size int) (FD, Memory, error) { return create(name, size, sizeSeals) }

func create(name string, size, seals int) (FD, Memory, error) {
	fd, err := createMemfd(name)
	if err != nil {
		return FD{}, Memory{}, err
	}
	m, err := fillMemory(fd, size, seals)
	if err != nil {
		fd.Close()
		return FD{}, Memory{}, err
	}
	return fd, m, nil
}

func createMemfd(name string) (FD, error) {
	n, err := memfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		n, err = memfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return FD{}, os.NewSyscallError("memfd_create", err)
	}
	return NewFD(n), nil
}

func fillMemory(fd FD, size, seals int) (Memory, error) {
	if err := ftruncate(fd.Int(), int64(size)); err != nil {
		return Memory{}, os.NewSyscallError("ftruncate", err)
	}
	m, err := mapFile(fd.Int(), size, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return Memory{}, err
	}
	if _, err := fcntl(fd.Int(), unix.F_ADD_SEALS, seals); err != nil {
		m.Unmap()
		return Memory{}, os.NewSyscallError("fcntl(F_ADD_SEALS)", err)
	}
	return m, nil
}

// CheckSealed reports whether a file that a peer sent is memory that nobody can truncate, and that only
// mappings made before can write. No file system of the peer's is asked for it, nor when it is closed.
func CheckSealed(fd FD) error { return checkSeals(fd, outboxSeals) }

func checkSeals(fd FD, want int) error {
	seals, err := fcntl(fd.Int(), unix.F_GET_SEALS, 0)
	if err != nil {
		return ErrNotMemory
	}
	if seals&want != want {
		return fmt.Errorf("%w (seals %#x)", ErrUnsealed, seals)
	}
	return nil
}

// CheckSize is CheckSealed of memory that has to have a size. What is sealed keeps it.
func CheckSize(fd FD, size int) error {
	if err := CheckSealed(fd); err != nil {
		return err
	}
	return checkSize(fd, size)
}

func checkSize(fd FD, size int) error {
	var st unix.Stat_t
	if err := fstat(fd.Int(), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if st.Size != int64(size) {
		return fmt.Errorf("%w: %d bytes, not %d", ErrSize, st.Size, size)
	}
	return nil
}

// MapPeerMemory maps memory that a peer made, for reading, after it has checked that the peer can
// neither truncate it under us nor hand it to somebody else to write.
func MapPeerMemory(fd FD, size int) (Memory, error) {
	return mapPeerMemory(fd, size, outboxSeals, unix.PROT_READ)
}

// MapCommon maps memory that a peer made by CreateCommon, for reading and writing; the peer cannot truncate it.
func MapCommon(fd FD, size int) (Memory, error) {
	return mapPeerMemory(fd, size, sizeSeals, unix.PROT_READ|unix.PROT_WRITE)
}

func mapPeerMemory(fd FD, size, seals, prot int) (Memory, error) {
	if err := checkSeals(fd, seals); err != nil {
		return Memory{}, err
	}
	var fs unix.Statfs_t
	if err := fstatfs(fd.Int(), &fs); err != nil {
		return Memory{}, os.NewSyscallError("fstatfs", err)
	}
	if int64(fs.Type) != unix.TMPFS_MAGIC {
		return Memory{}, ErrNotMemory
	}
	if err := checkSize(fd, size); err != nil {
		return Memory{}, err
	}
	return mapFile(fd.Int(), size, prot)
}

// mapFile maps what can be written with MADV_DONTFORK: a child that does not exec must not write in its
// parent's name.
func mapFile(fd, size, prot int) (Memory, error) {
	b, err := mmap(fd, size, prot, unix.MAP_SHARED)
	if err != nil {
		return Memory{}, os.NewSyscallError("mmap", err)
	}
	if prot&unix.PROT_WRITE != 0 {
		if err := madvise(b, unix.MADV_DONTFORK); err != nil {
			munmap(b)
			return Memory{}, os.NewSyscallError("madvise", err)
		}
	}
	mappings.Add(1)
	return Memory{b}, nil
}

// PlainMemory returns zeroed memory of this process alone, aligned as a mapping is to 64 bytes, for
// links that do not leave the process.
func PlainMemory(size int) []byte {
	words := make([]uint64, size/8+8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	skip := -int(uintptr(unsafe.Pointer(&b[0]))) & 63
	return b[skip : skip+size : skip+size]
}
