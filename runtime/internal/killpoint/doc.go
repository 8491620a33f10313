// Package killpoint names the steps of the protocols, so that a test can have a process die between
// any two of them. Only programs built with the tag killpoints have the points; in all others they
// are nothing.
package killpoint
