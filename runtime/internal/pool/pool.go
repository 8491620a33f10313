// Package pool hands out parts of a slot area. It is a two-level segregated fit allocator (M. Masmano
// et al., "TLSF: a new dynamic memory allocator for real-time systems", 2004): constant time, little
// waste, and the part freed last is handed out first, so that its memory is still warm. Small parts
// are kept whole for the next of their size, as Doug Lea's fast bins are, until room is short. All its
// state is private to the writer of the area; what a peer acknowledges is looked up here.
package pool

import "math/bits"

// Unit is the granularity and alignment of slots, in bytes: a cache line.
const Unit = 64

const (
	secondBits = 4 // 16 size classes between powers of two
	second     = 1 << secondBits
	first      = 32
	none       = int32(-1)
)

// Pool allocates slots of an area. Not safe for concurrent use. Slots have small numbers that are
// used again.
type Pool struct {
	units  uint32
	used   uint32
	blocks []block
	spare  []int32 // numbers of blocks that exist no more
	free   [first][second]int32
	bitsL2 [first]uint32
	bitsL1 uint32

	kept    [keptSizes]int32 // by size: the first of those kept, linked by nextFree
	keptLen [keptSizes]uint8
}

// Parts of fewer than keptSizes units are kept when they are freed, of each size up to keptMost.
const (
	keptSizes = 65 // up to 4 KiB
	keptMost  = 16
)

// block is a part of the area; sizes and offsets in units.
type block struct {
	off, size          uint32
	state              state
	before, after      int32 // neighbours in the area
	prevFree, nextFree int32
}

type state uint8

const (
	free   state = iota // in a list of its class, or in none and about to be
	kept                // free, but not joined with its neighbours
	handed              // out
)

// New makes a pool over an area of size bytes, a multiple of Unit, all free.
func New(size int) *Pool {
	p := &Pool{units: uint32(size / Unit)}
	for i := range p.free {
		for j := range p.free[i] {
			p.free[i][j] = none
		}
	}
	for i := range p.kept {
		p.kept[i] = none
	}
	p.insert(p.newBlock(block{size: p.units, before: none, after: none}))
	return p
}

// Used returns how many bytes are handed out, rounding included.
func (p *Pool) Used() int { return int(p.used) * Unit }

// Alloc hands out n bytes (at least one unit). ok is false when no free part is large enough.
func (p *Pool) Alloc(n int) (number uint32, offset int, ok bool) {
	size := units(n)
	if size < keptSizes && p.kept[size] != none {
		b := p.kept[size]
		block := &p.blocks[b]
		p.kept[size], block.nextFree = block.nextFree, none
		p.keptLen[size]--
		block.state = handed
		p.used += size
		return uint32(b), int(block.off) * Unit, true
	}
	return p.cut(size)
}

// cut is Alloc for a size of which none is kept.
func (p *Pool) cut(size uint32) (number uint32, offset int, ok bool) {
	b := p.findFree(size)
	if b == none {
		return 0, 0, false
	}
	p.remove(b)
	if rest := p.blocks[b].size - size; rest > 0 {
		p.split(b, size)
	}
	p.blocks[b].state = handed
	p.used += size
	return uint32(b), int(p.blocks[b].off) * Unit, true
}

// Fits reports whether Alloc of n bytes would succeed.
func (p *Pool) Fits(n int) bool {
	size := units(n)
	return size < keptSizes && p.kept[size] != none || p.findFree(size) != none
}

// units is how many a slot of n bytes takes.
func units(n int) uint32 { return max(1, uint32(uint(n+Unit-1)/Unit)) }

// takeKept takes a kept block of just that size, which is below keptSizes.
func (p *Pool) takeKept(size uint32) int32 {
	b := p.kept[size]
	if b != none {
		p.kept[size] = p.blocks[b].nextFree
		p.blocks[b].nextFree = none
		p.keptLen[size]--
	}
	return b
}

// findFree is find; before it gives up it joins what is kept.
func (p *Pool) findFree(size uint32) int32 {
	b := p.find(size)
	if b == none && p.joinKept() {
		b = p.find(size)
	}
	return b
}

// joinKept frees what is kept for good; false when that is nothing.
func (p *Pool) joinKept() (any bool) {
	for size := range uint32(keptSizes) {
		for b := p.takeKept(size); b != none; b = p.takeKept(size) {
			p.release(b)
			any = true
		}
	}
	return any
}

// Free takes a slot back. ok is false, and nothing happens, when that number is not handed out.
func (p *Pool) Free(number uint32) (ok bool) {
	if number >= uint32(len(p.blocks)) || p.blocks[number].state != handed {
		return false
	}
	b := &p.blocks[number]
	size := b.size
	p.used -= size
	if size < keptSizes && p.keptLen[size] < keptMost {
		b.state = kept
		b.nextFree = p.kept[size]
		p.kept[size] = int32(number)
		p.keptLen[size]++
		return true
	}
	p.release(int32(number))
	return true
}

// release joins b with its free neighbours and puts it in its list.
func (p *Pool) release(b int32) {
	p.blocks[b].state = free
	b = p.join(b, p.blocks[b].after)
	b = p.join(p.blocks[b].before, b)
	p.insert(b)
}

// Size returns how many bytes the slot holds.
func (p *Pool) Size(number uint32) int { return int(p.blocks[number].size) * Unit }

// Offset returns where in the area the slot lies, in bytes.
func (p *Pool) Offset(number uint32) int { return int(p.blocks[number].off) * Unit }

// class maps a size to the list that holds blocks of at least that size and below the next class.
func class(size uint32) (l1, l2 int) {
	l1 = bits.Len32(size) - 1
	if l1 < secondBits {
		return 0, int(size)
	}
	return l1 - secondBits + 1, int(size>>(l1-secondBits)) & (second - 1)
}

// find returns a free block of at least size. The class of size itself may hold smaller ones, so
// its first block is tried, then any block of a higher class.
func (p *Pool) find(size uint32) int32 {
	l1, l2 := class(size)
	if b := p.free[l1][l2]; b != none && p.blocks[b].size >= size {
		return b
	}
	m := p.bitsL2[l1] >> (l2 + 1) << (l2 + 1)
	if m == 0 {
		above := p.bitsL1 >> (l1 + 1) << (l1 + 1)
		if above == 0 {
			return p.search(l1, l2, size)
		}
		l1 = bits.TrailingZeros32(above)
		m = p.bitsL2[l1]
	}
	return p.free[l1][bits.TrailingZeros32(m)]
}

// search is the last resort: the rest of the class's own list.
func (p *Pool) search(l1, l2 int, size uint32) int32 {
	for b := p.free[l1][l2]; b != none; b = p.blocks[b].nextFree {
		if p.blocks[b].size >= size {
			return b
		}
	}
	return none
}

func (p *Pool) insert(b int32) {
	l1, l2 := class(p.blocks[b].size)
	head := p.free[l1][l2]
	p.blocks[b].prevFree, p.blocks[b].nextFree = none, head
	if head != none {
		p.blocks[head].prevFree = b
	}
	p.free[l1][l2] = b
	p.bitsL2[l1] |= 1 << l2
	p.bitsL1 |= 1 << l1
}

func (p *Pool) remove(b int32) {
	l1, l2 := class(p.blocks[b].size)
	prev, next := p.blocks[b].prevFree, p.blocks[b].nextFree
	p.blocks[b].prevFree, p.blocks[b].nextFree = none, none // or it would seem listed when it is freed
	if next != none {
		p.blocks[next].prevFree = prev
	}
	if prev != none {
		p.blocks[prev].nextFree = next
		return
	}
	p.free[l1][l2] = next
	if next == none {
		p.bitsL2[l1] &^= 1 << l2
		if p.bitsL2[l1] == 0 {
			p.bitsL1 &^= 1 << l1
		}
	}
}

// split cuts b down to size and makes the rest a free block.
func (p *Pool) split(b int32, size uint32) {
	o := p.blocks[b]
	r := p.newBlock(block{off: o.off + size, size: o.size - size, before: b, after: o.after})
	if o.after != none {
		p.blocks[o.after].before = r
	}
	p.blocks[b].size, p.blocks[b].after = size, r
	p.insert(r)
}

// join makes one block of a and its neighbour b behind it, if both are free and there; at least one
// of them is in no list. It returns the block that was asked about.
func (p *Pool) join(a, b int32) int32 {
	switch {
	case a == none:
		return b
	case b == none || p.blocks[b].state != free:
		return a
	case p.blocks[a].state != free:
		return b
	}
	p.removeIfListed(a)
	p.removeIfListed(b)
	p.blocks[a].size += p.blocks[b].size
	p.blocks[a].after = p.blocks[b].after
	if p.blocks[a].after != none {
		p.blocks[p.blocks[a].after].before = a
	}
	p.blocks[b] = block{before: none, after: none, prevFree: none, nextFree: none}
	p.spare = append(p.spare, b)
	return a
}

func (p *Pool) removeIfListed(b int32) {
	l1, l2 := class(p.blocks[b].size)
	if p.blocks[b].prevFree != none || p.free[l1][l2] == b {
		p.remove(b)
	}
}

func (p *Pool) newBlock(b block) int32 {
	b.prevFree, b.nextFree = none, none
	if n := len(p.spare); n > 0 {
		i := p.spare[n-1]
		p.spare = p.spare[:n-1]
		p.blocks[i] = b
		return i
	}
	p.blocks = append(p.blocks, b)
	return int32(len(p.blocks) - 1)
}
