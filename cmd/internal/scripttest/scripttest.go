// Package scripttest runs the test scripts of a command: each has a bus path of its own in
// $UBINDER_BUS, and can have commands running while it goes on.
package scripttest

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Run runs the scripts of testdata/script. Beside testscript's own commands they have
//
//	launch NAME COMMAND...   start a command; goes on when it has written its first line
//	interrupt NAME           end it by SIGINT, and fail unless its exit code is 0
//	sigkill NAME             end it by SIGKILL
func Run(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"launch": launch, "interrupt": interrupt, "sigkill": sigkill,
		},
	})
}

// running holds the commands that a script has started.
type running map[string]*exec.Cmd

type runningKey struct{}

func setup(env *testscript.Env) error {
	dir, err := os.MkdirTemp("", "ub") // the script's own folder is too long for a socket
	if err != nil {
		return err
	}
	commands := make(running)
	env.Values[runningKey{}] = commands
	env.Setenv("UBINDER_BUS", filepath.Join(dir, "bus"))
	env.Defer(func() {
		for _, cmd := range commands {
			end(cmd, syscall.SIGINT)
		}
		os.RemoveAll(dir)
	})
	return nil
}

func launch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: launch NAME COMMAND...")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Args[0] = args[1]
	cmd.Env = append(os.Environ(), "UBINDER_BUS="+ts.Getenv("UBINDER_BUS"))
	cmd.Stderr = os.Stderr
	_, err = cmd.StdinPipe() // open until the command ends
	ts.Check(err)
	r, w, err := os.Pipe()
	ts.Check(err)
	cmd.Stdout = w
	ts.Check(cmd.Start())
	w.Close()
	ts.Value(runningKey{}).(running)[args[0]] = cmd
	out := bufio.NewReader(r)
	if _, err := out.ReadString('\n'); err != nil {
		ts.Fatalf("%s ended: %v", args[0], cmd.Wait())
	}
	go func() {
		io.Copy(io.Discard, out)
		r.Close()
	}()
}

func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if err := endNamed(ts, args, syscall.SIGINT); (err == nil) == neg {
		ts.Fatalf("interrupting %v: %v", args, err)
	}
}

func sigkill(ts *testscript.TestScript, _ bool, args []string) { endNamed(ts, args, syscall.SIGKILL) }

func endNamed(ts *testscript.TestScript, args []string, sig syscall.Signal) error {
	commands := ts.Value(runningKey{}).(running)
	if len(args) != 1 || commands[args[0]] == nil {
		ts.Fatalf("nothing of that name runs: %v", args)
	}
	cmd := commands[args[0]]
	delete(commands, args[0])
	return end(cmd, sig)
}

// patience is after what a command that does not end by a signal is killed.
const patience = 20 * time.Second

var errStuck = errors.New("it did not end and was killed")

func end(cmd *exec.Cmd, sig syscall.Signal) error {
	cmd.Process.Signal(sig)
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if !stuck.Stop() {
		return errStuck
	}
	return err
}
