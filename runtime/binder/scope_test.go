package binder

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

// handled runs fn as the handler of a call of process 9.
func handled(t *testing.T, p *Process, fn func(ctx context.Context)) error {
	t.Helper()
	n := p.NewNode(HandlerFunc(func(ctx context.Context, _ *IncomingCall) error {
		fn(ctx)
		return nil
	}))
	return p.Dispatch(&IncomingCall{Target: n, Caller: &Identity{Process: 9}}, new(Incoming))
}

func callerOf(ctx context.Context) ProcessID {
	id, ok := CallerFrom(ctx)
	if !ok {
		return 0
	}
	return id.Process
}

func TestClearCaller(t *testing.T) {
	assert.Zero(t, callerOf(ClearCaller(context.Background())), "outside of a handler there is none")
	require.NoError(t, handled(t, NewProcess(lonely{}), func(ctx context.Context) {
		assert.EqualValues(t, 9, callerOf(ctx))
		cleared := ClearCaller(ctx)
		assert.EqualValues(t, 1, callerOf(cleared))
		below, cancel := context.WithCancel(cleared)
		defer cancel()
		assert.EqualValues(t, 1, callerOf(below))
		assert.EqualValues(t, 9, callerOf(ctx), "what was before is there again")
		assert.Equal(t, ChainFrom(ctx), ChainFrom(cleared))
	}))
}

func TestGuardCaller(t *testing.T) {
	p := NewProcess(lonely{})
	err := handled(t, p, func(ctx context.Context) { CallerFrom(GuardCaller(ctx, "a timer fired")) })
	require.ErrorIs(t, err, status.Internal)
	require.ErrorContains(t, err, "a timer fired")
	require.NoError(t, handled(t, p, func(ctx context.Context) {
		guarded := GuardCaller(ctx, "a timer fired")
		assert.EqualValues(t, 1, callerOf(ClearCaller(guarded)))
		assert.EqualValues(t, 9, callerOf(ctx))
		n := p.NewNode(HandlerFunc(func(ctx context.Context, _ *IncomingCall) error {
			assert.EqualValues(t, 1, callerOf(ctx), "a call of a node has a caller")
			return nil
		}))
		_, err := Call(guarded, n, 1, nil)
		require.NoError(t, err)
	}))
}

func TestContextOfACallThatHasEndedHasNoChain(t *testing.T) {
	p := NewProcess(lonely{})
	var later, inside context.Context
	n := p.NewNode(HandlerFunc(func(ctx context.Context, _ *IncomingCall) error {
		inside = ctx
		return nil
	}))
	outer := p.NewNode(HandlerFunc(func(ctx context.Context, _ *IncomingCall) error {
		later = ctx
		_, err := Call(ctx, n, 1, nil)
		assert.EqualValues(t, 5, ChainFrom(ctx).Token)
		assert.EqualValues(t, 5, ChainFrom(inside).Token)
		return err
	}))
	require.NoError(t, p.Dispatch(&IncomingCall{Target: outer, Caller: new(Identity)}, &Incoming{Chain: Chain{Token: 5}}))
	assert.Zero(t, ChainFrom(later).Token)
	assert.Zero(t, ChainFrom(inside).Token, "the call inside was part of it")
}

func TestRestrictCalls(t *testing.T) {
	ctx := context.Background()
	for name, test := range map[string]struct {
		option          ProcessOption
		plain, handlers error
	}{
		"none":     {RestrictCalls(AllowSync), nil, nil},
		"all":      {RestrictCalls(RefuseSync), status.Denied, status.Denied},
		"handlers": {RestrictHandlerCalls(RefuseSync), nil, status.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewProcess(lonely{}, test.option)
			h := NewHandle(p, echoing{})
			defer h.Release()
			_, err := Call(ctx, h, 1, nil)
			require.ErrorIs(t, err, test.plain)
			require.NoError(t, h.Transact(ctx, &Transaction{Flags: Oneway}, new(Reply)))
			require.NoError(t, handled(t, p, func(ctx context.Context) {
				_, err := Call(ctx, h, 1, nil)
				require.ErrorIs(t, err, test.handlers)
				_, err = Call(WithRestriction(ctx, AllowSync), h, 1, nil)
				require.NoError(t, err)
				_, err = Call(WithRestriction(ctx, RefuseSync), h, 1, nil)
				require.ErrorIs(t, err, status.Denied)
			}))
		})
	}
}

func TestRestrictedCallsAreLogged(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	h := NewHandle(NewProcess(lonely{}, RestrictCalls(LogSync)), echoing{})
	defer h.Release()
	_, err := Call(context.Background(), h, 77, nil)
	require.NoError(t, err)
	assert.Regexp(t, "level=ERROR .* code=77", log.String())
}

// The behaviours of libbinder's thread state, by contexts.
func TestWorkSource(t *testing.T) {
	none := func(ctx context.Context) {
		t.Helper()
		_, ok := WorkSourceFrom(ctx)
		assert.False(t, ok)
		assert.Empty(t, scopeOf(ctx).notes())
	}
	ctx := context.Background()
	none(ctx)
	set := WithWorkSource(ctx, 100)
	uid, ok := WorkSourceFrom(set)
	assert.True(t, ok)
	assert.EqualValues(t, 100, uid)
	assert.Equal(t, []Note{{Kind: NoteWorkSource, Words: [3]uint64{100}}}, scopeOf(set).notes())
	none(WithoutWorkSource(set))
	none(ctx)
	again := WithWorkSource(WithoutWorkSource(set), 100)
	assert.Len(t, scopeOf(again).notes(), 1)
}

func TestUnknownNotesAreIgnored(t *testing.T) {
	c := new(IncomingCall)
	c.AddNote(Note{Kind: 200, Words: [3]uint64{1, 2, 3}})
	c.AddNote(Note{Kind: NoteWorkSource, Words: [3]uint64{5}})
	p := NewProcess(lonely{})
	c.Target = p.NewNode(HandlerFunc(func(ctx context.Context, _ *IncomingCall) error {
		uid, ok := WorkSourceFrom(ctx)
		assert.True(t, ok)
		assert.EqualValues(t, 5, uid)
		assert.Empty(t, scopeOf(ctx).notes(), "it does not go on by itself")
		return nil
	}))
	c.Caller = new(Identity)
	require.NoError(t, p.Dispatch(c, new(Incoming)))
}

func TestTraceparent(t *testing.T) {
	const text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	trace, err := ParseTraceparent(text)
	require.NoError(t, err)
	assert.Equal(t, text, trace.String())
	assert.Equal(t, trace, traceOf(trace.note()))
	for _, wrong := range []string{"", text[1:], "01" + text[2:], text[:54] + "x", text + "0",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"} {
		_, err := ParseTraceparent(wrong)
		assert.ErrorIs(t, err, status.BadValue, wrong)
	}
}
