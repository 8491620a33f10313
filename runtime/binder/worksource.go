package binder

import "context"

// workSource is the user that work is done for.
type workSource struct {
	uid        uint32
	set        bool
	propagated bool // calls made in the scope carry it
}

// WithWorkSource has the calls made under the result say for which user they are made: whose request it
// was in the first place, for who accounts for it. It is a caller's word, no identity: nothing may be
// allowed because of it. It is Android's setCallingWorkSourceUid; to restore what was, go back to the
// context before.
func WithWorkSource(ctx context.Context, uid uint32) context.Context {
	s := *scopeOf(ctx)
	s.work = workSource{uid: uid, set: true, propagated: true}
	return s.forCalls(ctx)
}

// WithoutWorkSource has the calls made under the result say nothing of whom they are made for, and
// WorkSourceFrom too.
func WithoutWorkSource(ctx context.Context) context.Context {
	s := *scopeOf(ctx)
	s.work = workSource{}
	return s.in(ctx)
}

// WorkSourceFrom returns the user that the call being handled, or those that are made, are for; ok is
// false when nobody said. What came with a call does not go on with those that its handler makes until
// the handler says so by WithWorkSource: it may not believe it.
func WorkSourceFrom(ctx context.Context) (uid uint32, ok bool) {
	w := scopeOf(ctx).work
	return w.uid, w.set
}
