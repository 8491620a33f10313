package pool

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// check verifies that the blocks tile the area, that no two free ones touch, and that the free
// lists hold exactly the free blocks.
func check(t require.TestingT, p *Pool) {
	head := none
	for i := range p.blocks {
		if p.blocks[i].size > 0 && p.blocks[i].before == none {
			require.Equal(t, none, head, "two first blocks")
			head = int32(i)
		}
	}
	var off, used, free uint32
	lastFree := false
	for b, prev := head, none; b != none; prev, b = b, p.blocks[b].after {
		require.Equal(t, off, p.blocks[b].off)
		require.Equal(t, prev, p.blocks[b].before)
		off += p.blocks[b].size
		if p.blocks[b].busy {
			used += p.blocks[b].size
			lastFree = false
			continue
		}
		require.False(t, lastFree, "two free neighbours")
		lastFree = true
		free++
	}
	require.Equal(t, p.units, off)
	require.Equal(t, p.used, used)
	for i := range p.free {
		for j, b := range p.free[i] {
			require.Equal(t, b != none, p.bitsL2[i]&(1<<j) != 0)
			for ; b != none; b = p.blocks[b].nextFree {
				require.False(t, p.blocks[b].busy)
				free--
			}
		}
		require.Equal(t, p.bitsL2[i] != 0, p.bitsL1&(1<<i) != 0)
	}
	require.Zero(t, free)
}

func TestPoolProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New(rapid.IntRange(1, 4096).Draw(t, "units") * Unit)
		type slot struct{ off, n int }
		held := map[uint32]slot{}
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				n := rapid.IntRange(0, 20000).Draw(t, "n")
				number, off, ok := p.Alloc(n)
				if !ok {
					return
				}
				require.NotContains(t, held, number)
				require.Zero(t, off%Unit)
				require.GreaterOrEqual(t, p.Size(number), n)
				for _, s := range held {
					require.True(t, off+n <= s.off || s.off+s.n <= off, "slots overlap")
				}
				held[number] = slot{off, n}
			},
			"free": func(t *rapid.T) {
				for number := range held {
					delete(held, number)
					require.True(t, p.Free(number))
					break
				}
			},
			"free what is not held": func(t *rapid.T) {
				number := rapid.Uint32().Draw(t, "number")
				if _, ok := held[number]; !ok {
					require.False(t, p.Free(number))
				}
			},
			"": func(t *rapid.T) { check(t, p) },
		})
	})
}

// A block that fits but is not the first of its class is found only when all else is taken; it must
// come back like any other.
func TestABlockFromTheMiddleOfItsList(t *testing.T) {
	p := New(256 * Unit)
	var held []uint32
	alloc := func(units int) uint32 {
		n, _, ok := p.Alloc(units * Unit)
		require.True(t, ok)
		held = append(held, n)
		return n
	}
	// 35 and 34 units are of one class; the smaller is freed last and stands first.
	large := alloc(35)
	alloc(1)
	small := alloc(34)
	alloc(1)
	alloc(256 - 35 - 1 - 34 - 1)
	require.True(t, p.Free(large))
	require.True(t, p.Free(small))
	again := alloc(35)
	check(t, p)
	require.True(t, p.Free(again))
	check(t, p)
	first, offFirst, ok := p.Alloc(34 * Unit)
	require.True(t, ok)
	second, offSecond, ok := p.Alloc(34 * Unit)
	require.True(t, ok)
	require.NotEqual(t, first, second)
	require.NotEqual(t, offFirst, offSecond)
	check(t, p)
}

func TestAWholeAreaComesBack(t *testing.T) {
	p := New(1 << 20)
	var held []uint32
	for {
		n, _, ok := p.Alloc(1000)
		if !ok {
			break
		}
		held = append(held, n)
	}
	assert.Len(t, held, 1<<20/1024)
	for i := range held {
		require.True(t, p.Free(held[(i*7)%len(held)]))
	}
	assert.Zero(t, p.Used())
	_, off, ok := p.Alloc(1 << 20)
	assert.True(t, ok)
	assert.Zero(t, off)
}

func TestTheLastFreedSlotIsHandedOutFirst(t *testing.T) {
	p := New(1 << 20)
	a, offA, _ := p.Alloc(128)
	p.Alloc(128)
	p.Free(a)
	_, off, _ := p.Alloc(128)
	assert.Equal(t, offA, off)
}

func BenchmarkAllocFree(b *testing.B) {
	p := New(1 << 20)
	for b.Loop() {
		n, _, _ := p.Alloc(192)
		p.Free(n)
	}
}
