//go:build race

package object_test

// raceDetector: under it sync.Pool forgets on purpose.
const raceDetector = true
