package binder

// routine runs work on a goroutine of its own, and once more when a function of the program's has ended
// that (runtime.Goexit): what comes later must not wait for ever.
func routine(work func()) {
	go func() {
		returned := false
		defer func() {
			if !returned {
				routine(work)
			}
		}()
		work()
		returned = true
	}()
}
