package bus

import (
	"bytes"
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

var secret = []byte("what must not stay in memory")

// postSecret sends a message whose slot is full of secrets.
func postSecret(t *testing.T, l *Link, d Descriptor, c Class, size int) {
	slot, err := l.Reserve(Need{Class: c, Size: size})
	require.NoError(t, err)
	for b := slot.Bytes; len(b) > 0; b = b[copy(b, secret):] {
	}
	d.Length = uint32(size)
	_, err = l.Post(&d, slot, nil)
	require.NoError(t, err)
}

func (l *Link) remembers(what []byte) bool {
	l.send.Lock()
	defer l.send.Unlock()
	return bytes.Contains(l.out.segment.Bytes(0, l.out.segment.Size()), what)
}

func freeNext(t *testing.T, l *Link) {
	var d Descriptor
	ok, err := l.Next(&d)
	require.NoError(t, err)
	require.True(t, ok)
	l.Free(&d)
}

func TestASecretIsWipedAsSoonAsItIsFreed(t *testing.T) {
	messages := map[string]struct {
		d Descriptor
		c Class
	}{
		"call":   {Descriptor{Kind: KindCall, Flags: FlagClearBuf}, ClassCall},
		"oneway": {Descriptor{Kind: KindCall, Flags: FlagOneway | FlagClearBuf}, ClassOneway},
		"reply":  {Descriptor{Kind: KindReply, Flags: FlagClearBuf}, ClassReply},
	}
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			a, b := quietPair(t)
			for _, size := range []int{30, 100, 5000, 1 << 20} {
				postSecret(t, a, m.d, m.c, size)
			}
			require.True(t, a.remembers(secret))
			for range 4 {
				freeNext(t, b)
			}
			for a.remembers(secret) { // nobody sends anything: the free slot rings for it
				runtime.Gosched()
			}
		})
	}
}

func TestOnlySecretsAreWiped(t *testing.T) {
	a, b := quietPair(t)
	postSecret(t, a, Descriptor{Kind: KindCall}, ClassCall, 100)
	freeNext(t, b)
	slot, err := a.Reserve(Need{Class: ClassCall, Size: 1 << 20}) // takes note of what is free
	require.NoError(t, err)
	a.Abandon(slot)
	require.True(t, a.remembers(secret))
}

func TestASecretThatIsNotPostedIsWiped(t *testing.T) {
	a, _ := quietPair(t)
	slot, err := a.Reserve(Need{Class: ClassCall, Size: 100})
	require.NoError(t, err)
	copy(slot.Bytes, secret)
	a.Close()
	_, err = a.Post(&Descriptor{Kind: KindCall, Flags: FlagClearBuf}, slot, nil)
	require.Error(t, err)
	require.False(t, a.remembers(secret))
}

// A wait for room and secrets share a bell.
func TestSecretsAndWaitsForRoom(t *testing.T) {
	a, b := quietPair(t)
	for range messageCredit / 2 {
		postSecret(t, a, Descriptor{Kind: KindCall, Flags: FlagOneway | FlagClearBuf}, ClassOneway, 100)
	}
	waited := make(chan error)
	go func() { waited <- a.AwaitRoom(context.Background(), Need{Class: ClassOneway, Size: 100}) }()
	freeNext(t, b)
	require.NoError(t, <-waited)
	for range messageCredit/2 - 1 {
		freeNext(t, b)
	}
	for a.remembers(secret) {
		runtime.Gosched()
	}
	require.Zero(t, a.send.secrets)
}

// Spam is told once, while little room is left; again when there was room meanwhile.
func TestSpamIsToldOnce(t *testing.T) {
	for name, size := range map[string]int{"many": 10, "large": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			a, b := quietPair(t)
			told, sent := 0, 0
			fill := func() {
				for {
					slot, err := a.Reserve(Need{Class: ClassOneway, Size: size})
					if err != nil {
						return
					}
					if slot.Spam {
						told++
					}
					_, err = a.Post(&Descriptor{Kind: KindCall, Flags: FlagOneway}, slot, nil)
					require.NoError(t, err)
					sent++
				}
			}
			fill()
			require.Equal(t, 1, told)
			freeNext(t, b)
			fill()
			require.Equal(t, 1, told, "the same episode")
			for range sent - 1 {
				freeNext(t, b)
			}
			fill()
			require.Equal(t, 2, told)
		})
	}
}
