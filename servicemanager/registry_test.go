package servicemanager

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// told is one thing that a watcher was told: a service, or nil for a removal.
type told struct{ service binder.Object }

// recorder is a watcher that remembers.
type recorder struct{ told []told }

func (r *recorder) Added(e *Entry) { r.told = append(r.told, told{e.Service}) }
func (r *recorder) Removed(string) { r.told = append(r.told, told{}) }

// testBase leaves room for orders that an earlier registry gave.
const testBase = 5

// modelWatch is what the model expects one watcher to have been told.
type modelWatch struct {
	name     string
	key      WatchKey
	recorder *recorder
	want     []told
}

// model is the registry as its documentation says it is: plain lists, no serial numbers.
type model struct {
	real    *Registry
	process binder.Process
	entries map[string]*Entry // the registry's, by name
	old     []*Entry          // replaced or gone
	watches []*modelWatch
	last    uint64 // order given
}

var names = rapid.SampledFrom([]string{"a", "b", "c/d", "", "no good", strings.Repeat("x", 127), strings.Repeat("x", 128)})
var owners = rapid.Uint64Range(1, 3)

func validName(name string) bool { return CheckName(name) == nil }

func (m *model) tell(name string, service binder.Object) {
	for _, w := range m.watches {
		if w.name == name {
			w.want = append(w.want, told{service})
		}
	}
}

func (m *model) gone(e *Entry) {
	delete(m.entries, e.Name)
	m.old = append(m.old, e)
	m.tell(e.Name, nil)
}

func (m *model) Add(t *rapid.T) {
	e := Entry{Name: names.Draw(t, "name"), Owner: &binder.Identity{Process: binder.ProcessID(owners.Draw(t, "owner"))},
		Priority: DumpPriority(rapid.Uint32Range(0, 20).Draw(t, "priority"))}
	if rapid.Bool().Draw(t, "restore") {
		e.Order = rapid.Uint64Range(1, testBase+1).Draw(t, "order")
	}
	if rapid.IntRange(0, 9).Draw(t, "null") > 0 {
		e.Service = m.process.NewNode(nil)
	}
	before := m.entries[e.Name]
	added, replaced, err := m.real.Add(e)
	if !validName(e.Name) || e.Service == nil || e.Priority > DumpAll || e.Order > testBase {
		require.ErrorIs(t, err, status.BadValue)
		return
	}
	if e.Order != 0 && before != nil && before.Order > e.Order {
		require.ErrorIs(t, err, status.Denied)
		return
	}
	require.NoError(t, err)
	require.Same(t, before, replaced)
	if e.Order == 0 {
		require.Greater(t, added.Order, m.last, "a new service comes after all others")
		m.last = added.Order
	}
	if before != nil {
		m.old = append(m.old, before)
	}
	m.entries[e.Name] = added
	m.tell(e.Name, e.Service)
}

func (m *model) Remove(t *rapid.T) {
	name, by := names.Draw(t, "name"), binder.ProcessID(owners.Draw(t, "by"))
	e := m.entries[name]
	removed, err := m.real.Remove(name, by)
	switch {
	case !validName(name):
		require.ErrorIs(t, err, status.BadValue)
	case e == nil:
		require.ErrorIs(t, err, status.UnknownTarget)
	case e.Owner.Process != by:
		require.ErrorIs(t, err, status.Denied)
	default:
		require.NoError(t, err)
		require.Same(t, e, removed)
		m.gone(e)
	}
}

func (m *model) Die(t *rapid.T) {
	var living []*Entry
	for _, name := range slices.Sorted(maps.Keys(m.entries)) {
		living = append(living, m.entries[name])
	}
	if all := append(living, m.old...); len(all) > 0 {
		e := rapid.SampledFrom(all).Draw(t, "entry")
		lives := m.entries[e.Name] == e
		require.Equal(t, lives, m.real.Died(e))
		if lives {
			m.gone(e)
		}
	}
}

func (m *model) Watch(t *rapid.T) {
	name, key := names.Draw(t, "name"), WatchKey{Node: owners.Draw(t, "key")}
	w := &modelWatch{name: name, key: key, recorder: new(recorder)}
	added, err := m.real.Watch(name, key, w.recorder)
	if !validName(name) {
		require.ErrorIs(t, err, status.BadValue)
		return
	}
	require.NoError(t, err)
	require.Equal(t, m.find(name, key) < 0, added)
	if added {
		m.watches = append(m.watches, w)
		if e := m.entries[name]; e != nil {
			w.want = append(w.want, told{e.Service})
		}
	}
}

func (m *model) find(name string, key WatchKey) int {
	return slices.IndexFunc(m.watches, func(w *modelWatch) bool { return w.name == name && w.key == key })
}

func (m *model) Unwatch(t *rapid.T) {
	name, key := names.Draw(t, "name"), WatchKey{Node: owners.Draw(t, "key")}
	i := m.find(name, key)
	got, err := m.real.Unwatch(name, key)
	switch {
	case !validName(name):
		require.ErrorIs(t, err, status.BadValue)
	case i < 0:
		require.ErrorIs(t, err, status.UnknownTarget)
	default:
		require.NoError(t, err)
		require.Same(t, m.watches[i].recorder, got)
		require.Equal(t, m.watches[i].want, m.watches[i].recorder.told)
		m.watches = slices.Delete(m.watches, i, i+1)
	}
}

// Check compares all that can be seen.
func (m *model) Check(t *rapid.T) {
	for name, e := range m.entries {
		got, err := m.real.Get(name)
		require.NoError(t, err)
		require.Same(t, e, got)
	}
	mask := DumpPriority(rapid.Uint32Range(0, 15).Draw(t, "mask"))
	var want []string
	for _, name := range slices.Sorted(maps.Keys(m.entries)) {
		if m.entries[name].Priority&mask != 0 {
			want = append(want, name)
		}
	}
	var got []string
	for _, e := range m.real.List(mask) {
		got = append(got, e.Name)
	}
	require.Equal(t, want, got)
	for _, w := range m.watches {
		require.Equal(t, w.want, w.recorder.told, "watcher of %s", w.name)
	}
}

func TestRegistryAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{real: NewRegistry(testBase), entries: make(map[string]*Entry)}
		t.Repeat(map[string]func(*rapid.T){
			"add": m.Add, "remove": m.Remove, "die": m.Die, "watch": m.Watch, "unwatch": m.Unwatch, "": m.Check,
		})
		if len(m.watches) == 0 {
			require.Empty(t, m.real.watchers, "nothing is left of watchers that are gone")
		}
	})
}
