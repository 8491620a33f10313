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
)

// startLimit is how long a process may take until it is ready.
const startLimit = 20 * time.Second

// process is a child that speaks in lines on its fd stack.ReadyFD. The first one says that it is ready.
type process struct {
	cmd    *exec.Cmd
	lines  *bufio.Reader
	pipe   *os.File
	output *tail
}

// start runs cmd and waits until it is ready. The child dies with this process.
func start(ctx context.Context, cmd *exec.Cmd, cpu int) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, pipe: r, lines: bufio.NewReader(r), output: &tail{}}
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = onCPU(cpu, cmd.Start)
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	if _, err := p.line(ctx, startLimit); err != nil {
		p.stop()
		return nil, p.explain(err)
	}
	return p, nil
}

// line waits for what the process says next.
func (p *process) line(ctx context.Context, limit time.Duration) ([]byte, error) {
	if err := p.pipe.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { p.pipe.SetReadDeadline(time.Now()) })
	defer stop()
	line, err := p.lines.ReadBytes('\n')
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

var errEnded = errors.New("the process ended")

// stop ends the process and waits until it is gone.
func (p *process) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p.pipe.Close()
}

// explain adds the last words of the process to err.
func (p *process) explain(err error) error {
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
