package interceptor

import (
	"cmp"
	"context"
	"encoding/json"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// Metrics counts calls, by interface and code, and how long they take. It is made for both sides:
// Client and Server are its interceptors. It is an expvar.Var: expvar.Publish("binder", m).
type Metrics struct {
	mu     sync.RWMutex
	series map[seriesKey]*series
}

// maxSeries bounds what callers with codes of their own making can have kept; further ones share one
// series of each side, with the interface "other".
const maxSeries = 1000

type seriesKey struct {
	side  string
	iface string
	code  uint32
}

type series struct {
	calls    atomic.Uint64
	failed   [status.Service + 1]atomic.Uint64 // by code
	nanos    atomic.Uint64
	received atomic.Uint64
	sent     atomic.Uint64
	buckets  [latencyBuckets]atomic.Uint64
}

// latencyBuckets is how many there are: bucket i counts calls of less than 2^i microseconds and not
// less than half of that; the last one also those that took longer.
const latencyBuckets = 32

// NewMetrics makes an empty collection.
func NewMetrics() *Metrics { return &Metrics{series: make(map[seriesKey]*series)} }

// Server is the interceptor of the calls that are handled.
func (m *Metrics) Server() binder.ServerInterceptor {
	return func(next binder.Handler) binder.Handler {
		return binder.HandlerFunc(func(ctx context.Context, c *binder.IncomingCall) error {
			s := m.of(seriesKey{"server", c.Target.Descriptor(), c.Code})
			s.received.Add(uint64(len(c.Payload)))
			since := time.Now()
			err := next.Transact(ctx, c)
			s.sent.Add(uint64(size(&c.Reply)))
			s.add(time.Since(since), err)
			return err
		})
	}
}

// Client is the interceptor of the calls that are made. They are counted under no interface: a handle
// does not know which it has.
func (m *Metrics) Client() binder.ClientInterceptor {
	return func(next binder.Invoker) binder.Invoker {
		return func(ctx context.Context, o *binder.Handle, t *binder.Transaction, r *binder.Reply) error {
			s := m.of(seriesKey{"client", "", t.Code})
			s.sent.Add(uint64(size(&t.Data)))
			since := time.Now()
			err := next(ctx, o, t, r)
			if r != nil {
				s.received.Add(uint64(len(r.Payload)))
			}
			s.add(time.Since(since), err)
			return err
		}
	}
}

func size(d *binder.Data) int {
	if d.Body != nil {
		return d.Body.Size()
	}
	return len(d.Payload)
}

func (m *Metrics) of(k seriesKey) *series {
	m.mu.RLock()
	s := m.series[k]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.series[k] == nil && len(m.series) >= maxSeries {
		k.iface, k.code = "other", 0
	}
	if s = m.series[k]; s == nil {
		s = new(series)
		m.series[k] = s
	}
	return s
}

func (s *series) add(took time.Duration, err error) {
	s.calls.Add(1)
	s.nanos.Add(uint64(took))
	s.buckets[min(bits.Len64(uint64(took/time.Microsecond)), latencyBuckets-1)].Add(1)
	if err != nil {
		code := status.CodeOf(err)
		if !code.Known() {
			code = status.Internal
		}
		s.failed[code].Add(1)
	}
}

// Series is the calls of one code on one side.
type Series struct {
	Side      string            `json:"side"`      // server or client
	Interface string            `json:"interface"` // "" where it is not known
	Code      string            `json:"code"`
	Calls     uint64            `json:"calls"`
	Failed    map[string]uint64 `json:"failed,omitempty"` // by name of the status
	Time      time.Duration     `json:"time_ns"`          // of all together
	Received  uint64            `json:"received_bytes"`   // of payloads
	Sent      uint64            `json:"sent_bytes"`
	Latency   []Bucket          `json:"latency"`
}

// Bucket is how many calls took less than a time, and not less than that of the bucket before.
type Bucket struct {
	Below time.Duration `json:"below_ns"` // zero in the last: no limit
	Calls uint64        `json:"calls"`
}

// Snapshot returns what was counted so far, the busiest first. Calls that end meanwhile may be in some
// of a series' figures already, and not yet in others.
func (m *Metrics) Snapshot() []Series {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []Series
	for k, s := range m.series {
		all = append(all, s.snapshot(k))
	}
	slices.SortFunc(all, func(a, b Series) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Code, b.Code))
	})
	return all
}

func (s *series) snapshot(k seriesKey) Series {
	out := Series{Side: k.side, Interface: k.iface, Code: binder.CodeName(k.code), Calls: s.calls.Load(),
		Time: time.Duration(s.nanos.Load()), Received: s.received.Load(), Sent: s.sent.Load()}
	for code := range s.failed {
		if n := s.failed[code].Load(); n > 0 {
			if out.Failed == nil {
				out.Failed = make(map[string]uint64)
			}
			out.Failed[status.Code(code).String()] = n
		}
	}
	for i := range s.buckets {
		n := s.buckets[i].Load()
		if n == 0 {
			continue
		}
		b := Bucket{Below: time.Microsecond << i, Calls: n}
		if i == latencyBuckets-1 {
			b.Below = 0
		}
		out.Latency = append(out.Latency, b)
	}
	return out
}

// String returns the snapshot as JSON.
func (m *Metrics) String() string {
	b, err := json.Marshal(m.Snapshot())
	if err != nil {
		return "null"
	}
	return string(b)
}
