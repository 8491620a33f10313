// Package transporttest is the conformance suite of binder.Transport: whatever carries objects passes
// it. Every case runs between processes of the domain, which may be OS processes.
package transporttest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
)

// Domain is where a case runs. It is fresh for each case, and ends with it.
type Domain struct {
	// Open connects the test itself.
	Open func() *binder.Process
	// Start starts a process that calls Serve; the result ends it without notice.
	Start func() (kill func())
	// Forks tells that started processes are OS processes of their own.
	Forks bool
}

// Stage is a case's view: its own process, which is the context manager, and its puppets.
type Stage struct {
	testing.TB
	Domain
	*binder.Process
	Ctx     context.Context
	arrived chan binder.Object
	casting sync.Mutex
}

// NewStage makes the stage of a case or a benchmark.
func NewStage(t testing.TB, d Domain) *Stage {
	s := &Stage{TB: t, Domain: d, Process: d.Open(), Ctx: context.Background(), arrived: make(chan binder.Object, 64)}
	conductor := s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		s.arrived <- c.TakeObject(0)
		return nil
	}))
	require.NoError(t, s.BecomeContextManager(s.Ctx, conductor))
	return s
}

// Puppet starts a puppet and waits until it has come.
func (s *Stage) Puppet() *Puppet {
	s.Helper()
	s.casting.Lock() // whoever arrives is the one that was started
	defer s.casting.Unlock()
	kill := s.Start()
	return &Puppet{(<-s.arrived).(*binder.Handle), kill}
}

// Do tells a puppet to do something and returns the reply, which the test releases at its end.
func (s *Stage) Do(p binder.Object, code uint32, payload []byte, list ...binder.Attachment) *binder.Reply {
	s.Helper()
	r, err := s.Try(s.Ctx, p, code, payload, list...)
	require.NoError(s, err)
	return r
}

// Try is Do for what may fail.
func (s *Stage) Try(ctx context.Context, p binder.Object, code uint32, payload []byte, list ...binder.Attachment) (*binder.Reply, error) {
	t := binder.Transaction{Code: code, Data: binder.Data{Payload: payload, Attachments: list}}
	r := new(binder.Reply)
	s.Cleanup(r.Release)
	return r, p.Transact(ctx, &t, r)
}

// Named makes a node that answers with its name and the payload.
func (s *Stage) Named(name string, options ...binder.NodeOption) *binder.Node {
	return s.NewNode(binder.HandlerFunc(func(_ context.Context, c *binder.IncomingCall) error {
		c.Reply.Payload = append([]byte(name+":"), c.Payload...)
		return nil
	}), options...)
}

// object is an attachment of one object.
func object(o binder.Object) binder.Attachment { return binder.Attachment{Object: o} }

// Case is one behaviour.
type Case struct {
	Name string
	Run  func(*Stage)
}

// Run runs every case in a domain of its own.
func Run(t *testing.T, domain func(t testing.TB) Domain) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Play(t, domain) })
	}
}

// Play runs one case.
func (c Case) Play(t *testing.T, domain func(t testing.TB) Domain) { c.Run(NewStage(t, domain(t))) }

// Cases lists the suite.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{
		calls,
		objects,
		references,
		deaths,
		destructions,
		weak,
		freezes,
		loopers,
		nice,
		files,
		limits,
		slow,
		large,
		chaos,
		meta,
		scopes,
		async,
	} {
		all = append(all, group...)
	}
	return all
}
