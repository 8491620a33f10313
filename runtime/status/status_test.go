package status

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestErrorMatchesItsCode(t *testing.T) {
	err := fmt.Errorf("calling: %w", Errorf(Dead, "process %d ended", 7))
	assert.ErrorIs(t, err, Dead)
	assert.NotErrorIs(t, err, Full)
	assert.Equal(t, Dead, CodeOf(err))
	assert.Equal(t, "calling: DEAD: process 7 ended", err.Error())
}

func TestContextErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	assert.NoError(t, FromContext(ctx))
	cancel()
	assert.ErrorIs(t, FromContext(ctx), Cancelled)
	assert.ErrorIs(t, FromContext(ctx), context.Canceled)
	assert.Equal(t, Deadline, CodeOf(context.DeadlineExceeded))
	assert.ErrorIs(t, Errorf(Deadline, "late"), context.DeadlineExceeded)
}

func TestCauseIsKept(t *testing.T) {
	cause := errors.New("boom")
	assert.ErrorIs(t, Errorf(Internal, "handler: %w", cause), cause)
	assert.Equal(t, Internal, CodeOf(cause))
	assert.Equal(t, OK, CodeOf(nil))
}

func TestEveryCodeHasANameAndAnAndroidStatus(t *testing.T) {
	for c := OK; c <= Service; c++ {
		assert.True(t, c.Known())
		assert.NotContains(t, c.String(), "CODE_")
		if c != OK {
			assert.NotZero(t, c.Android(), c)
		}
	}
	assert.Equal(t, "CODE_99", Code(99).String())
	assert.False(t, Code(99).Known())
}

func TestRemoteAndServiceText(t *testing.T) {
	e := ServiceError(42, "no seat in row %d", 3)
	e.Remote = true
	assert.Equal(t, "SERVICE(42) (remote): no seat in row 3", e.Error())
	assert.Equal(t, Limit{Resource: "payload", Max: 5, Used: 9}, Exceeded(TooBig, "payload", 9, 5).Limit)
}

func TestAboutKeepsAllButTheMessage(t *testing.T) {
	assert.NoError(t, About(nil, "nothing"))
	limit := Exceeded(Full, "calls", 3, 2)
	limit.Remote = true
	var e *Error
	assert.ErrorAs(t, About(fmt.Errorf("wrapped: %w", limit), "freezing process %d", 7), &e)
	assert.Equal(t, Full, e.Code)
	assert.True(t, e.Remote)
	assert.Equal(t, limit.Limit, e.Limit)
	assert.ErrorIs(t, About(FromContext(cancelled()), "waiting"), context.Canceled)
	assert.Equal(t, "FULL (remote): freezing process 7: calls: 3 asked for, limit is 2", About(limit, "freezing process %d", 7).Error())
	assert.Equal(t, "calls: 3 asked for, limit is 2", limit.Message)
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
