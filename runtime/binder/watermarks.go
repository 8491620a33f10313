package binder

// HandleWatermarks is for a program that wants to know when it holds very many objects of one other process: somebody
// may be leaking them, or the other may be filling it. It is libbinder's BpBinder::setBinderProxyCountWatermarks,
// counted by process and not by user; Android's marks are 2000, 2250 and 2500 (BpBinder.cpp).
type HandleWatermarks struct {
	Low, Warning, High int // different objects held strongly; those that came through a third process count when their owner has confirmed them
	// Reached is called, on a goroutine of its own, when held has come to Warning, and when it has come to High; once
	// each, until no more than Low are left.
	Reached func(owner *Identity, held int, high bool)
}

// WithHandleWatermarks sets the watermarks of a process; there are none otherwise. It panics when nobody is to be told.
func WithHandleWatermarks(w HandleWatermarks) ProcessOption {
	if w.Reached == nil {
		panic("binder: WithHandleWatermarks: Reached is nil")
	}
	return func(p *Process) { p.watermarks = &w }
}

// HandleWatermarks is for transports; nil: there are none.
func (p *Process) HandleWatermarks() *HandleWatermarks { return p.watermarks }
