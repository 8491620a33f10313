package servicemanager

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"ubinder/runtime/status"
)

// Dump implements stub.Dumper: the services in the order of their names, and who waits for names.
func (s *Server) Dump(ctx context.Context, out *os.File, args []string) error {
	if err := s.config.Policy.List(s.caller(ctx)); err != nil {
		return status.Errorf(status.Denied, "policy forbids to list services: %w", err)
	}
	_, err := out.Write(s.describe())
	return err
}

// describe writes into memory: the reader of a dump may be slow, and the lock is held.
func (s *Server) describe() []byte {
	var b bytes.Buffer
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.registry.List(DumpAll)
	fmt.Fprintf(&b, "%d services, %d declared names, policy %T\n", len(list), len(s.declared), s.config.Policy)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(list) > 0 {
		fmt.Fprintln(table, "NAME\tPROCESS\tPID\tUID\tPRIORITY\tISOLATED\tORDER\tWATCHERS")
	}
	for _, e := range list {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%#x\t%v\t%d\t%d\n", e.Name, e.Owner.Process, e.Owner.PID, e.Owner.UID,
			uint32(e.Priority), e.AllowIsolated, e.Order, s.registry.Watchers(e.Name))
	}
	for _, name := range s.registry.Awaited() {
		fmt.Fprintf(table, "%s\tnot there; watchers: %d\n", name, s.registry.Watchers(name))
	}
	table.Flush()
	return b.Bytes()
}
