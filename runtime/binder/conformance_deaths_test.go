package binder_test

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/status"
)

var libDeaths = []conformance{
	{name: "DeathNotificationStrongRef", checks: "a process that exits is told dead; the link is used up, calls fail with DEAD", run: func(s *stage) {
		server := s.server()
		died := make(chan struct{})
		link, err := server.LinkToDeath(s.ctx, func() { close(died) })
		require.NoError(s, err)
		s.post(server, opExit, "")
		await(s, died, "the death")
		assert.False(s, link.Unlink())
		assert.False(s, server.Alive())
		_, err = s.try(server, opNop, "")
		require.ErrorIs(s, err, status.Dead)
	}},
	{name: "DeathNotificationMultiple", checks: "of four processes that hold an object, the two that are linked to its death are told", run: func(s *stage) {
		target := s.server()
		var told []chan struct{}
		for range 2 {
			linked, passive := s.server(), s.server()
			back, called := s.callback()
			s.post(linked, opWatch, "", object(target), objectIn(1, back))
			s.do(passive, opHold, "", object(target))
			s.do(linked, opHold, "", object(target)) // behind opWatch in its lane: the link is made, or about to be
			told = append(told, called)
		}
		s.post(target, opExit, "")
		for _, called := range told {
			await(s, called, "the death")
		}
	}},
	{name: "DeathNotificationThread", checks: "an object that is dead when it is passed on: who links to it is told, though the thread that linked waits", run: func(s *stage) {
		target, client := s.server(), s.server()
		died := make(chan struct{})
		_, err := target.LinkToDeath(s.ctx, func() { close(died) })
		require.NoError(s, err)
		s.post(target, opExit, "")
		await(s, died, "the death")
		s.do(client, opLoopers, "\x01")
		back, called := s.callback()
		s.post(client, opWatch, "", object(target), objectIn(1, back))
		await(s, called, "the death, at a process that was given the dead object")
	}},
}
