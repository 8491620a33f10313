package stack

// Window gives one-way messages an end-to-end limit where the stack itself has none and would
// lose messages or grow without bound: at most limit bytes are sent between two answers.
type Window struct {
	limit, used int
}

// NewWindow returns a window of limit bytes.
func NewWindow(limit int) Window { return Window{limit: limit} }

// Charge takes the bytes of req. When they no longer fit it first runs catchUp, a call that is
// answered behind everything sent before.
func (w *Window) Charge(req []byte, catchUp func() error) error {
	if w.used += len(req); w.used <= w.limit {
		return nil
	}
	w.used = len(req)
	return catchUp()
}
