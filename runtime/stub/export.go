package stub

import (
	"reflect"
	"runtime"
	"sync"
	"weak"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
	"ubinder/runtime/stub/wire"
)

// exports finds the node that an implementation was exported as, so that it is one object however
// often it is passed. The node is held weakly: it lives while another process or the program holds
// it, and its entry goes with it.
var exports = struct {
	sync.Mutex
	nodes map[exportKey]weak.Pointer[binder.Node]
}{nodes: make(map[exportKey]weak.Pointer[binder.Node])}

type exportKey struct {
	process *binder.Process
	iface   *Interface
	impl    any // a value, or an address
}

// address stands for a pointer. The key must not keep the implementation alive: one that holds its
// own node would keep that alive too, for ever. While the node lives, so does the implementation,
// and its address means nothing else.
type address struct {
	of reflect.Type
	at uintptr
}

func keyOf(p *binder.Process, i *Interface, impl any) (exportKey, error) {
	v := reflect.ValueOf(impl)
	if !v.IsValid() || !v.Comparable() {
		return exportKey{}, status.Errorf(status.BadValue, "%T cannot be told apart from its copies; implement %s on a pointer", impl, i.descriptor)
	}
	if v.Kind() == reflect.Pointer {
		impl = address{v.Type(), v.Pointer()}
	}
	return exportKey{p, i, impl}, nil
}

// Export returns the node of p that impl is served as; the same implementation is always the same
// node while anyone holds it. impl must be comparable: a pointer, usually. Options are for the new node:
// with them, an implementation that is a node already is an error. It panics as Interface.Define does.
func Export(p *binder.Process, i *Interface, impl any, options ...binder.NodeOption) (*binder.Node, error) {
	wire.Check()
	key, err := keyOf(p, i, impl)
	if err != nil {
		return nil, err
	}
	exports.Lock()
	defer exports.Unlock()
	if n := exports.nodes[key].Value(); n != nil {
		if len(options) > 0 {
			return nil, status.Errorf(status.BadValue, "%T is served as a %s already: options come too late", impl, i.descriptor)
		}
		return n, nil
	}
	n := p.NewNode(&server{iface: i, impl: impl}, append(i.nodeOptions(impl), options...)...)
	exports.nodes[key] = weak.Make(n)
	runtime.AddCleanup(n, forget, key)
	return n, nil
}

// forget drops the entry of a node that is gone, unless a newer node took its place.
func forget(key exportKey) {
	exports.Lock()
	defer exports.Unlock()
	if exports.nodes[key].Value() == nil {
		delete(exports.nodes, key)
	}
}

// ObjectOf returns what to pass for impl: nil for nil, the called object for a generated client,
// and the exported node for an implementation.
func ObjectOf(p *binder.Process, i *Interface, impl any) (binder.Object, error) {
	if impl == nil {
		return nil, nil
	}
	if c, ok := i.client(impl); ok {
		return c.object, nil
	}
	n, err := Export(p, i, impl)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Local returns the implementation behind an object that lives in this process and was exported as
// i; nil for every other object.
func Local(o binder.Object, i *Interface) any {
	n, ok := o.(*binder.Node)
	if !ok {
		return nil
	}
	if s, ok := n.Handler().(*server); ok && s.iface == i {
		return s.impl
	}
	return nil
}
