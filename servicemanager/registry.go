// Package servicemanager keeps objects under names: the registry, the server that puts it behind
// handle 0 of a bus, and the client that programs use.
package servicemanager

import (
	"maps"
	"slices"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// DumpPriority says when a service is dumped in a bug report. The values are Android's, and are
// combined as a mask.
type DumpPriority uint32

// The dump priorities.
const (
	DumpCritical DumpPriority = 1
	DumpHigh     DumpPriority = 2
	DumpNormal   DumpPriority = 4
	DumpDefault  DumpPriority = 8
	DumpAll      DumpPriority = 15
)

// Entry is a service under its name.
type Entry struct {
	Name          string
	Service       binder.Object
	Owner         *binder.Identity // of the process that added it
	AllowIsolated bool             // isolated callers may find it
	Priority      DumpPriority
	Order         uint64 // of being added; not zero when an earlier registry gave it
}

// Watcher is told of what happens under a name. Both methods are called with the registry's owner
// in the middle of a change: they must neither block nor call back.
type Watcher interface {
	Added(e *Entry)
	Removed(name string)
}

// WatchKey names a watcher under a name: the object that is told.
type WatchKey = binder.ObjectID

// Registry is the state of a service manager, and nothing else: it does no I/O, starts nothing and
// is not safe for concurrent use.
type Registry struct {
	entries  map[string]*Entry
	watchers map[string]map[WatchKey]Watcher
	base     uint64 // every order given here is higher, those of earlier registries are not
	order    uint64 // the last given
}

// NewRegistry makes an empty registry. base is at least the highest order that an earlier registry
// of the same bus has given.
func NewRegistry(base uint64) *Registry {
	return &Registry{base: base, order: base, entries: make(map[string]*Entry), watchers: make(map[string]map[WatchKey]Watcher)}
}

// Add puts a service under its name and tells the watchers. It returns the stored entry, by which
// Died knows it, and the one that it replaced, if any. An entry with an order is restored, which
// fails with status.Denied when a later one has the name.
func (r *Registry) Add(e Entry) (added, replaced *Entry, err error) {
	if e.Priority == 0 {
		e.Priority = DumpDefault
	}
	if err := r.check(&e); err != nil {
		return nil, nil, err
	}
	if e.Order == 0 {
		r.order++
		e.Order = r.order
	}
	replaced = r.entries[e.Name]
	r.entries[e.Name] = &e
	for _, w := range r.watchers[e.Name] {
		w.Added(&e)
	}
	return &e, replaced, nil
}

func (r *Registry) check(e *Entry) error {
	if err := CheckName(e.Name); err != nil {
		return err
	}
	switch now := r.entries[e.Name]; {
	case e.Service == nil:
		return status.Errorf(status.BadValue, "a null object cannot be the service %q", e.Name)
	case e.Priority&^DumpAll != 0:
		return status.Errorf(status.BadValue, "dump priority %#x of %q: it is a mask of %#x", uint32(e.Priority), e.Name, uint32(DumpAll))
	case e.Order > r.base:
		return status.Errorf(status.BadValue, "order %d of %q was given by no earlier service manager", e.Order, e.Name)
	case e.Order != 0 && now != nil && now.Order > e.Order:
		return status.Errorf(status.Denied, "%q is taken by a later service, of process %d", e.Name, now.Owner.Process)
	}
	return nil
}

// Get returns the entry of a name, nil when there is none. A name that could never be registered is
// an error.
func (r *Registry) Get(name string) (*Entry, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return r.entries[name], nil
}

// Remove takes a service back for the process that added it.
func (r *Registry) Remove(name string, by binder.ProcessID) (*Entry, error) {
	e, err := r.Get(name)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, status.Errorf(status.UnknownTarget, "no service is registered as %q", name)
	case e.Owner.Process != by:
		return nil, status.Errorf(status.Denied, "%q was added by process %d, only that may take it back", name, e.Owner.Process)
	}
	r.drop(e)
	return e, nil
}

// Died forgets an entry whose service has died, and reports whether it was there: an entry that was
// replaced meanwhile is not.
func (r *Registry) Died(e *Entry) bool {
	if r.entries[e.Name] != e {
		return false
	}
	r.drop(e)
	return true
}

func (r *Registry) drop(e *Entry) {
	delete(r.entries, e.Name)
	for _, w := range r.watchers[e.Name] {
		w.Removed(e.Name)
	}
}

// List returns the entries whose priority is in the mask, by name.
func (r *Registry) List(mask DumpPriority) []*Entry {
	var list []*Entry
	for _, name := range slices.Sorted(maps.Keys(r.entries)) {
		if e := r.entries[name]; e.Priority&mask != 0 {
			list = append(list, e)
		}
	}
	return list
}

// Watch has w told of what happens under a name from now on, and at once of what is there. A watcher
// that is there under the same key stays; Watch then returns false.
func (r *Registry) Watch(name string, key WatchKey, w Watcher) (bool, error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	if r.watchers[name][key] != nil {
		return false, nil
	}
	if r.watchers[name] == nil {
		r.watchers[name] = make(map[WatchKey]Watcher)
	}
	r.watchers[name][key] = w
	if e := r.entries[name]; e != nil {
		w.Added(e)
	}
	return true, nil
}

// Unwatch takes a Watch back and returns its watcher.
func (r *Registry) Unwatch(name string, key WatchKey) (Watcher, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	w := r.watchers[name][key]
	if w == nil {
		return nil, status.Errorf(status.UnknownTarget, "the callback is not registered for %q", name)
	}
	delete(r.watchers[name], key)
	if len(r.watchers[name]) == 0 {
		delete(r.watchers, name)
	}
	return w, nil
}

// Watchers returns how many watchers a name has.
func (r *Registry) Watchers(name string) int { return len(r.watchers[name]) }

// Awaited returns the names, sorted, that have watchers and no service.
func (r *Registry) Awaited() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.watchers)) {
		if r.entries[name] == nil {
			names = append(names, name)
		}
	}
	return names
}
