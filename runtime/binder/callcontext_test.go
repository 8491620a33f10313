package binder

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever looks at a context while its handler returns sees the end, whichever comes first.
func TestTheEndOfACallIsSeen(t *testing.T) {
	looks := map[string]func(*CallContext) <-chan struct{}{
		"Done": func(c *CallContext) <-chan struct{} { return c.Done() },
		"Err, then Done": func(c *CallContext) <-chan struct{} {
			c.Err()
			return c.Done()
		},
		"AfterFunc": func(c *CallContext) <-chan struct{} {
			ch := make(chan struct{})
			c.AfterFunc(func() { close(ch) })
			return ch
		},
		"a child": func(c *CallContext) <-chan struct{} {
			child, cancel := context.WithCancel(c)
			t.Cleanup(cancel)
			return child.Done()
		},
	}
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			for range 2000 {
				c := new(CallContext)
				go c.finish()
				ended := look(c)
				select {
				case <-ended:
				case <-time.After(time.Minute):
					require.Fail(t, "the end was not seen")
				}
				assert.ErrorIs(t, c.Err(), context.Canceled)
			}
		})
	}
}

func TestAContextThatNobodyLookedAtHasEnded(t *testing.T) {
	c := new(CallContext)
	require.NoError(t, c.Err())
	c.finish()
	assert.ErrorIs(t, c.Err(), context.Canceled)
	<-c.Done()
	late := make(chan struct{})
	c.AfterFunc(func() { close(late) })
	<-late
}
