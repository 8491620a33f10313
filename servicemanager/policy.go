package servicemanager

import "ubinder/runtime/binder"

// Policy decides who may do what with names. Methods return nil, or an error that says why not; they
// are called concurrently and must not block.
type Policy interface {
	Add(caller *binder.Identity, name string) error
	Find(caller *binder.Identity, name string) error
	List(caller *binder.Identity) error

	// Isolated reports whether the caller finds only services that allow isolated callers.
	Isolated(caller *binder.Identity) bool
}

// AllowAll is the policy that allows everything to everyone.
type AllowAll struct{}

// Add implements Policy.
func (AllowAll) Add(*binder.Identity, string) error { return nil }

// Find implements Policy.
func (AllowAll) Find(*binder.Identity, string) error { return nil }

// List implements Policy.
func (AllowAll) List(*binder.Identity) error { return nil }

// Isolated implements Policy.
func (AllowAll) Isolated(*binder.Identity) bool { return false }
