package status

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorsOfCalls(t *testing.T) {
	require.NoError(t, At(StepPost, nil))
	shared := Exceeded(Full, "bytes", 3, 2)
	err := OfCall(At(StepReply, At(StepReserve, fmt.Errorf("first: %w", shared))), Call{Process: 5, Node: 7, Code: 9, Step: StepReply})
	err = OfInterface(fmt.Errorf("second: %w", err), "a.IB")
	require.Equal(t, err, OfInterface(err, "another"))
	require.Nil(t, shared.Call, "an error that was returned is never changed")
	var e *Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, &Call{Process: 5, Node: 7, Interface: "a.IB", Code: 9, Step: StepReserve}, e.Call)
	require.Equal(t, Limit{"bytes", 2, 3}, e.Limit)
	require.ErrorIs(t, err, Full)
	require.ErrorIs(t, err, shared)
	require.ErrorContains(t, err, "[call 9 of a.IB (node 7 of process 5), step reserve]")
	require.Equal(t, Dead, OfInterface(Dead, "a.IB"))
	require.Equal(t, "step 9", Step(9).String())
}
