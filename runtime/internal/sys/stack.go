package sys

// GrowStack gives the calling goroutine, which has just begun, a stack of 8 KiB at once. Stacks begin with 2 KiB and are
// doubled as calls go deeper; each time what is on them is copied, frame by frame, which for a connection or a lane
// takes longer than some of its system calls.
//
//go:noinline
func GrowStack() { stackRoom(0) }

//go:noinline
func stackRoom(i int) byte {
	var room [5 << 10]byte
	return room[i]
}
