package wait

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// pingPong lets two goroutines wake each other n times over one pair of words each.
func pingPong(p Parker, n int) {
	var words [4]atomic.Uint32
	var turn atomic.Int64
	play := func(me int64, armed, bell, peerArmed, peerBell *atomic.Uint32) {
		w, r := NewWaiter(armed, bell), NewRinger(peerArmed, peerBell)
		var s Sleeper
		for turn.Load() < int64(n) {
			if turn.Load()%2 == me {
				turn.Add(1)
				if r.Ring() == OnFutex {
					p.Wake(r.Bell())
				}
				continue
			}
			b, v := w.Arm(OnFutex)
			if t := turn.Load(); t < int64(n) && t%2 != me {
				s.Sleep(p, b, v, 0)
			}
			w.Disarm()
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { play(0, &words[0], &words[1], &words[2], &words[3]) })
	wg.Go(func() { play(1, &words[2], &words[3], &words[0], &words[1]) })
	wg.Wait()
}

func TestNoWakeUpIsLost(t *testing.T) {
	t.Run("futex", func(t *testing.T) { pingPong(new(Futex), 20000) })
	t.Run("channels", func(t *testing.T) {
		synctest.Test(t, func(*testing.T) { pingPong(&Channels{}, 2000) })
	})
}

func TestPokeEndsEverySleep(t *testing.T) {
	for name, p := range map[string]Parker{"futex": new(Futex), "channels": &Channels{}} {
		t.Run(name, func(t *testing.T) {
			var s Sleeper
			var bells [2]atomic.Uint32
			var sleeps atomic.Int64
			done := make(chan struct{})
			go func() {
				defer close(done)
				var set Set
				for i := range 2000 {
					if i%2 == 0 {
						s.Sleep(p, &bells[0], 0, 0)
					} else {
						set.Reset()
						set.Add(&bells[0], 0)
						set.Add(&bells[1], 0)
						s.SleepAny(p, &set)
					}
					sleeps.Add(1)
				}
			}()
			for running := true; running; {
				s.Poke(p)
				runtime.Gosched()
				select {
				case <-done:
					running = false
				default:
				}
			}
			assert.EqualValues(t, 2000, sleeps.Load())
		})
	}
}

func TestAWaiterIsRungOncePerArming(t *testing.T) {
	var armed, bell atomic.Uint32
	w, r := NewWaiter(&armed, &bell), NewRinger(&armed, &bell)
	assert.Equal(t, Absent, r.Ring())
	w.Present()
	assert.Equal(t, Awake, r.Ring())
	w.Arm(OnFutex)
	assert.True(t, w.Armed())
	assert.Equal(t, OnFutex, r.Ring())
	assert.Equal(t, Awake, r.Ring())
	assert.False(t, w.Armed())
	w.Arm(OnPoll)
	assert.Equal(t, OnPoll, r.Ring())
	w.Arm(OnFutex)
	w.Disarm()
	assert.Equal(t, Absent, r.Ring())
}

func TestTimeoutEndsASleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Sleeper
		var bell atomic.Uint32
		start := time.Now()
		s.Sleep(&Channels{}, &bell, 0, time.Hour)
		assert.Equal(t, time.Hour, time.Since(start))
	})
}

func TestWaitAnyWithoutTheSystemCall(t *testing.T) {
	var words [2]atomic.Uint32
	var set Set
	set.Add(&words[0], 0)
	set.Add(&words[1], 0)
	go words[1].Store(1)
	waitAnyPolling(&set)
	assert.EqualValues(t, 1, words[1].Load())
}
