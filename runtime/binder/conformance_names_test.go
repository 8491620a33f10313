package binder_test

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ubinder/runtime/binder"
	"ubinder/runtime/binder/transporttest"
	"ubinder/runtime/broker/brokertest"
	"ubinder/runtime/status"
	"ubinder/servicemanager/smpb"
)

var libNames = []conformance{
	{name: "AddManagerToManager", checks: "the service manager itself may stand under a name", run: func(s *stage) {
		manager := s.manager()
		require.NoError(s, s.names.AddService(s.ctx, "conformance-manager", manager))
		found, err := s.names.CheckService(s.ctx, "conformance-manager")
		require.NoError(s, err)
		defer binder.Release(found)
		assert.True(s, binder.Same(s.ctx, manager, found))
		require.NoError(s, s.names.RemoveService(s.ctx, "conformance-manager"))
	}},
	{name: "RegisterForNotificationsFailure", checks: "no notifications without a callback, or under a name that cannot be", run: func(s *stage) {
		m := smpb.NewServiceManagerClient(s.manager())
		err := m.RegisterForNotifications(s.ctx, &smpb.RegisterForNotificationsRequest{Name: "ValidName"}, nil)
		require.ErrorIs(s, err, status.BadValue)
		err = m.RegisterForNotifications(s.ctx, &smpb.RegisterForNotificationsRequest{Name: "InvalidName!$"}, s.listener())
		require.ErrorIs(s, err, status.BadValue)
	}},
	{name: "UnregisterForNotificationsFailure", checks: "only what was registered is taken back: not without a callback, not under another name", run: func(s *stage) {
		m, callback := smpb.NewServiceManagerClient(s.manager()), s.listener()
		require.NoError(s, m.RegisterForNotifications(s.ctx, &smpb.RegisterForNotificationsRequest{Name: "ValidName"}, callback))
		require.ErrorIs(s, unregister(s, m, "ValidName", nil), status.BadValue)
		require.Error(s, unregister(s, m, "AnotherValidName", callback))
		require.Error(s, unregister(s, m, "InvalidName!!!", callback))
		require.NoError(s, unregister(s, m, "ValidName", callback))
	}},
	{name: "ServiceNotifications.Unregister", checks: "a registration is taken back, once", run: func(s *stage) {
		m, callback := smpb.NewServiceManagerClient(s.manager()), s.listener()
		require.NoError(s, m.RegisterForNotifications(s.ctx, &smpb.RegisterForNotificationsRequest{Name: "RogerRafa"}, callback))
		require.NoError(s, unregister(s, m, "RogerRafa", callback))
		require.Error(s, unregister(s, m, "RogerRafa", callback))
	}},
	{name: "ServiceManagerNoAidlServer.SanityCheck", checks: "a bus without a service manager says so, and has one as soon as there is one", run: func(s *stage) {
		s.bus = brokertest.Start(s)
		p := s.connect()
		_, err := p.ContextManager(s.ctx)
		require.ErrorIs(s, err, status.UnknownTarget)
		transporttest.Fork(s, beManager+"=1", "UBINDER_BUS="+s.bus)
		found, err := s.connectNames(p).CheckService(s.ctx, "no_services_exist")
		require.NoError(s, err)
		assert.Nil(s, found)
	}},
	{name: "CheckServiceAccessOk", left: accessCheck},
	{name: "CheckServiceAccessNotOk", left: accessCheck},
	{name: "CheckServiceAccessBadArgs", left: accessCheck},
}

const accessCheck = "asks the service manager what SELinux would allow a third process; here the service manager's policy judges the caller it has"

// manager returns the object behind handle 0.
func (s *stage) manager() *binder.Handle {
	h, err := s.ContextManager(s.ctx)
	require.NoError(s, err)
	s.Cleanup(h.Release)
	return h
}

// listener makes a callback that hears of services.
func (s *stage) listener() smpb.ServiceCallback {
	n, err := smpb.ExportServiceCallback(s.Process, smpb.UnimplementedServiceCallback{})
	require.NoError(s, err)
	return smpb.AsServiceCallback(n)
}

func unregister(s *stage, m *smpb.ServiceManagerClient, name string, callback smpb.ServiceCallback) error {
	return m.UnregisterForNotifications(s.ctx, &smpb.UnregisterForNotificationsRequest{Name: name}, callback)
}
