package binder_test

var libFreeze = []conformance{
	{name: "Freeze", left: laterFreeze},
	{name: "FreezeTxn", left: laterFreeze},
	{name: "FrozenStateChangeNotification", left: laterFreeze},
	{name: "AddFrozenCallbackWhenFrozen", left: laterFreeze},
	{name: "NoFrozenNotificationAfterCallbackRemoval", left: laterFreeze},
	{name: "MultipleFrozenStateChangeCallbacks", left: laterFreeze},
	{name: "RemoveThenAddFrozenStateChangeCallbacks", left: laterFreeze},
	{name: "CoalesceFreezeCallbacksWhenListenerIsFrozen", left: laterFreeze},
	{name: "ReturnErrorIfKernelDoesNotSupportFreezeNotification", left: "asks what the kernel's driver can do; there is none here"},
}

const laterFreeze = "not there yet: freezing"
