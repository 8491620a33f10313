package stub

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

type counter struct {
	n    int
	node *binder.Node
}

func newInterface() *Interface {
	i := NewInterface("test.Counter", 3, "hash")
	i.Define(ClientOf[counterClient])
	return i
}

func TestExportIsTheSameNodeForTheSameImplementation(t *testing.T) {
	p, i, impl := newProcess(), newInterface(), &counter{}
	first, err := Export(p, i, impl)
	require.NoError(t, err)
	second, err := Export(p, i, impl)
	require.NoError(t, err)
	assert.Same(t, first, second)
	assert.Equal(t, "test.Counter", first.Descriptor())
	assert.Same(t, impl, Local(first, i))

	other, err := Export(p, i, &counter{})
	require.NoError(t, err)
	assert.NotSame(t, first, other)
	sameElsewhere, err := Export(newProcess(), i, impl)
	require.NoError(t, err)
	assert.NotSame(t, first, sameElsewhere)
	runtime.KeepAlive(impl)
}

func TestExportOfValues(t *testing.T) {
	p, i := newProcess(), newInterface()
	first, err := Export(p, i, counter{n: 1})
	require.NoError(t, err)
	second, err := Export(p, i, counter{n: 1})
	require.NoError(t, err)
	assert.Same(t, first, second)
	third, err := Export(p, i, counter{n: 2})
	require.NoError(t, err)
	assert.NotSame(t, first, third)
}

func TestExportRefusesWhatCannotBeCompared(t *testing.T) {
	p, i := newProcess(), newInterface()
	for _, impl := range []any{nil, []int{1}, func() {}, struct{ v any }{[]int{1}}} {
		_, err := Export(p, i, impl)
		assert.ErrorIs(t, err, status.BadValue)
	}
}

func TestNodeIsCollectedThatItsImplementationHolds(t *testing.T) {
	p, i := newProcess(), newInterface()
	collected := make(chan struct{})
	func() {
		impl := &counter{}
		impl.node, _ = Export(p, i, impl)
		runtime.AddCleanup(impl, func(c chan struct{}) { close(c) }, collected)
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-collected:
			return !hasProcess(p)
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
}

func hasProcess(p *binder.Process) bool {
	exports.Lock()
	defer exports.Unlock()
	for key := range exports.nodes {
		if key.process == p {
			return true
		}
	}
	return false
}

func TestLocalOfOthers(t *testing.T) {
	p, i := newProcess(), newInterface()
	assert.Nil(t, Local(nil, i))
	assert.Nil(t, Local(p.NewNode(nil), i))
	n, err := Export(p, i, &counter{})
	require.NoError(t, err)
	assert.Nil(t, Local(n, newInterface()), "another interface of the same name is another interface")
}
