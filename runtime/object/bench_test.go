package object_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
)

// BenchmarkEcho is a raw call of 128 bytes between two OS processes; only the caller's side is
// profiled and its allocations counted.
func BenchmarkEcho(b *testing.B) { benchmarkEcho(b, forkDomain) }

// BenchmarkEchoBothSides has both ends in this process, so that profile and allocations are of both.
func BenchmarkEchoBothSides(b *testing.B) { benchmarkEcho(b, laneDomain) }

func benchmarkEcho(b *testing.B, domain func(testing.TB) transporttest.Domain) {
	p := transporttest.NewStage(b, domain(b)).Puppet()
	t := binder.Transaction{Code: transporttest.Echo, Data: binder.Data{Payload: make([]byte, 128)}}
	var r binder.Reply
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, p.Transact(ctx, &t, &r))
		r.Release()
	}
}
