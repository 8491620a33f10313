package transporttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/stretchr/testify/assert"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// chaos has puppets pass objects around, call and drop them, while some are killed, and checks that
// each call ends in an answer or in the death of somebody, and that every object is released in the
// end.
var chaos = []Case{{"Chaos", func(s *Stage) {
	const puppets, hands, rounds = 4, 3, 60
	var mu sync.Mutex
	cast := make([]*Puppet, puppets)
	for i := range cast {
		cast[i] = s.Puppet()
	}
	pick := func(r *rand.Rand) *Puppet {
		mu.Lock()
		defer mu.Unlock()
		return cast[r.IntN(puppets)]
	}
	var released sync.WaitGroup
	var wg sync.WaitGroup
	for hand := range hands {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(hand), 1))
			for i := range rounds {
				gone := make(chan struct{}, 1)
				n := s.Named(fmt.Sprint(hand, i), binder.OnRelease(func() {
					select {
					case gone <- struct{}{}:
					default:
					}
				}))
				if chaoticRound(s, r, n, pick) {
					released.Go(func() { <-gone })
				}
				if i%10 == 9 {
					fresh := s.Puppet()
					mu.Lock()
					k := r.IntN(puppets)
					victim := cast[k]
					cast[k] = fresh
					mu.Unlock()
					victim.Kill()
				}
			}
		})
	}
	wg.Wait()
	for _, p := range cast {
		p.Kill()
	}
	released.Wait()
}}}

// chaoticRound gives n to one puppet and lets it go on from there. It reports whether n got away.
func chaoticRound(s *Stage, r *rand.Rand, n *binder.Node, pick func(*rand.Rand) *Puppet) (away bool) {
	a, b := pick(r), pick(r)
	steps := []func() error{
		func() error { return transact(s.Ctx, a, doHold, nil, object(n)) },
		func() error { return transact(s.Ctx, a, doGive, nil, object(b.Handle)) },
		func() error { return transact(s.Ctx, b, doCallHeld, []byte("x")) },
		func() error { return transact(s.Ctx, a, doDrop, nil) },
		func() error {
			return transact(s.Ctx, b, doCallVia, nil, object(a.Handle), binder.Attachment{Field: 1, Object: n})
		},
		func() error { return transact(s.Ctx, b, doDrop, nil) },
	}
	for i, step := range steps {
		if i > 0 && r.IntN(4) == 0 {
			continue
		}
		err := step()
		if err != nil && !expectedInChaos(err) {
			assert.NoError(s, err, "step %d", i)
		}
		away = away || i == 0 && err == nil
	}
	return away
}

// expectedInChaos: somebody was killed, or another hand has dropped what this one wanted to use.
func expectedInChaos(err error) bool {
	return errors.Is(err, status.Dead) || errors.Is(err, status.BadValue) || errors.Is(err, errNothingHeld) ||
		status.CodeOf(err) == status.UnknownTarget
}

var errNothingHeld = status.Errorf(status.UnknownTarget, "this puppet holds nothing")
