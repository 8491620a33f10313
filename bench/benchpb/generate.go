// Package benchpb holds the message and the service that the typed stacks share.
package benchpb

//go:generate sh generate.sh
