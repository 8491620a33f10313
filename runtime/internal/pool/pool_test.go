package pool

import (
	"math/rand/v2"
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
	var off, used, inLists, keptBlocks uint32
	lastFree := false
	for b, prev := head, none; b != none; prev, b = b, p.blocks[b].after {
		require.Equal(t, off, p.blocks[b].off)
		require.Equal(t, prev, p.blocks[b].before)
		off += p.blocks[b].size
		if p.blocks[b].state != free {
			if p.blocks[b].state == handed {
				used += p.blocks[b].size
			} else {
				keptBlocks++
			}
			lastFree = false
			continue
		}
		require.False(t, lastFree, "two free neighbours")
		lastFree = true
		inLists++
	}
	require.Equal(t, p.units, off)
	require.Equal(t, p.used, used)
	for i := range p.free {
		for j, b := range p.free[i] {
			require.Equal(t, b != none, p.bitsL2[i]&(1<<j) != 0)
			for ; b != none; b = p.blocks[b].nextFree {
				require.Equal(t, free, p.blocks[b].state)
				inLists--
			}
		}
		require.Equal(t, p.bitsL2[i] != 0, p.bitsL1&(1<<i) != 0)
	}
	require.Zero(t, inLists)
	for size, b := range p.kept {
		n := uint8(0)
		for ; b != none; b = p.blocks[b].nextFree {
			require.Equal(t, kept, p.blocks[b].state)
			require.EqualValues(t, size, p.blocks[b].size)
			keptBlocks--
			n++
		}
		require.Equal(t, p.keptLen[size], n)
	}
	require.Zero(t, keptBlocks)
}

func TestPoolProperties(t *testing.T) {
	t.Run("all sizes", func(t *testing.T) { checkPool(t, 4096, rapid.IntRange(0, 20000)) })
	// Sizes of few classes in a small area: what fits is often not the first block of its list.
	t.Run("few classes", func(t *testing.T) { checkPool(t, 400, rapid.IntRange(32*Unit, 40*Unit)) })
}

func checkPool(t *testing.T, units int, sizes *rapid.Generator[int]) {
	rapid.Check(t, func(t *rapid.T) {
		p := New(rapid.IntRange(units/8, units).Draw(t, "units") * Unit)
		type slot struct{ off, n int }
		held := map[uint32]slot{}
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				n := sizes.Draw(t, "n")
				fits, used := p.Fits(n), p.Used()
				number, off, ok := p.Alloc(n)
				require.Equal(t, fits, ok, "Fits says what Alloc does")
				if !ok {
					require.Equal(t, used, p.Used())
					return
				}
				require.Equal(t, used+p.Size(number), p.Used())
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
					used, size := p.Used(), p.Size(number)
					require.True(t, p.Free(number))
					require.False(t, p.Free(number), "freed twice")
					require.Equal(t, used-size, p.Used())
					break
				}
			},
			"free what is not held": func(t *rapid.T) {
				number := rapid.Uint32().Draw(t, "number")
				if _, ok := held[number]; !ok {
					require.False(t, p.Free(number))
				}
			},
			"free all": func(t *rapid.T) {
				for number := range held {
					require.True(t, p.Free(number))
				}
				clear(held)
				require.Zero(t, p.Used())
				require.True(t, p.Fits(int(p.units)*Unit), "the parts have become one again")
			},
			"": func(t *rapid.T) { check(t, p) },
		})
	})
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

// TestLongRun plays long enough for what fits to be found behind the first block of a list.
func TestLongRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := New((4000 + random.IntN(4000)) * Unit)
		var held []uint32
		busy := map[uint32]bool{}
		for range 1000 {
			if random.IntN(2) == 0 && len(held) > 0 {
				i := random.IntN(len(held))
				require.True(t, p.Free(held[i]))
				delete(busy, held[i])
				held = append(held[:i], held[i+1:]...)
				continue
			}
			if n, _, ok := p.Alloc((300 + random.IntN(300)) * Unit); ok {
				require.False(t, busy[n], "handed out twice")
				busy[n] = true
				held = append(held, n)
			}
		}
		check(t, p)
	}
}
