package stub

import (
	"context"
	"os"
	"strings"
	"sync/atomic"

	"ubinder/runtime/binder"
	"ubinder/runtime/status"
)

// PermissionChecker says whether a caller has a permission, as Android's package manager would. An
// error means that it cannot say; the call then fails with it.
type PermissionChecker func(ctx context.Context, caller *binder.Identity, permission string) (bool, error)

var permissionChecker atomic.Pointer[PermissionChecker]

// SetPermissionChecker sets what answers for permissions that methods demand (@EnforcePermission) in
// this program. Without one, root and the program's own user have all permissions and nobody else has
// any.
func SetPermissionChecker(c PermissionChecker) { permissionChecker.Store(&c) }

// RequireAll fails with status.Denied unless the caller of the transaction that ctx belongs to has all
// permissions.
func RequireAll(ctx context.Context, permissions ...string) error {
	for _, p := range permissions {
		if ok, err := has(ctx, p); err != nil || !ok {
			return denied(ctx, err, "permission "+p)
		}
	}
	return nil
}

// RequireAny fails with status.Denied unless the caller has one of the permissions.
func RequireAny(ctx context.Context, permissions ...string) error {
	for _, p := range permissions {
		if ok, err := has(ctx, p); err != nil || ok {
			return err
		}
	}
	return denied(ctx, nil, "any of "+strings.Join(permissions, ", "))
}

func denied(ctx context.Context, err error, what string) error {
	if err != nil {
		return err
	}
	caller, ok := binder.CallerFrom(ctx)
	if !ok {
		return status.Errorf(status.Denied, "the caller is unknown and needs %s", what)
	}
	return status.Errorf(status.Denied, "pid %d of uid %d has not %s", caller.PID, caller.UID, what)
}

func has(ctx context.Context, permission string) (bool, error) {
	caller, ok := binder.CallerFrom(ctx)
	if !ok {
		return false, nil
	}
	if check := permissionChecker.Load(); check != nil && *check != nil {
		return (*check)(ctx, caller, permission)
	}
	return caller.UID == 0 || caller.UID == uint32(os.Geteuid()), nil
}
