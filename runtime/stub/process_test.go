package stub

import "ubinder/runtime/binder"

// lonely is the transport of a process that is alone: calls on its own nodes do not need one.
type lonely struct{ binder.Transport }

func (lonely) Start(*binder.Process)  {}
func (lonely) Self() *binder.Identity { return &binder.Identity{Process: 1} }

func newProcess() *binder.Process { return binder.NewProcess(lonely{}) }
