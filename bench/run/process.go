package run

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"ubinder/bench/stack"
)

// startLimit is how long a process may take until it is ready: some make thousands of connections.
const startLimit = time.Minute

// Process is a child that speaks in lines on its fd stack.ReadyFD. The first one says that it is ready.
type Process struct {
	cmd    *exec.Cmd
	lines  *bufio.Reader
	pipe   *os.File
	output *tail
}

// Start runs cmd on cpu and waits until it is ready. The child dies with this process.
func Start(ctx context.Context, cmd *exec.Cmd, cpu int) (*Process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, pipe: r, lines: bufio.NewReader(r), output: &tail{}}
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = onCPU(cpu, cmd.Start)
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	if _, err := p.Line(ctx, startLimit); err != nil {
		p.Stop()
		return nil, p.Explain(err)
	}
	return p, nil
}

// Line waits for what the process says next.
func (p *Process) Line(ctx context.Context, limit time.Duration) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { p.pipe.SetReadDeadline(time.Now()) })
	defer stop()
	line, err := p.readLine(ctx, stack.NewLimit(limit))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case os.IsTimeout(err):
		return nil, fmt.Errorf("no answer within %v", limit)
	case err == io.EOF:
		return nil, errEnded
	}
	return line, err
}

// readLine waits in pieces: of each the limit counts no more than its length.
func (p *Process) readLine(ctx context.Context, limit *stack.Limit) (line []byte, err error) {
	for {
		if err := p.pipe.SetReadDeadline(time.Now().Add(stack.Tick)); err != nil {
			return nil, err
		}
		part, err := p.lines.ReadBytes('\n')
		line = append(line, part...)
		if !os.IsTimeout(err) || ctx.Err() != nil || limit.Passed() {
			return line, err
		}
	}
}

var errEnded = errors.New("the process ended")

// Kill ends the process. Stop must follow.
func (p *Process) Kill() { p.cmd.Process.Kill() }

// Stop ends the process and waits until it is gone.
func (p *Process) Stop() {
	p.Kill()
	p.cmd.Wait()
	p.pipe.Close()
}

// Explain adds the last words of the process to err.
func (p *Process) Explain(err error) error {
	if last := p.output.last(); last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}

// tail keeps the end of what a process prints.
type tail struct {
	mu  sync.Mutex
	end []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	t.end = t.end[max(0, len(t.end)-tailSize):]
	return len(p), nil
}

// last is the line that says most: that of a panic, or else the last one.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := bytes.Index(t.end, []byte("panic: ")); i >= 0 {
		line, _, _ := strings.Cut(string(t.end[i:]), "\n")
		return line
	}
	lines := strings.Split(strings.TrimSpace(string(t.end)), "\n")
	return lines[len(lines)-1]
}
