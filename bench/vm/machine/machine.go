// Package machine makes the virtual machine, runs it, and reads what it printed.
package machine

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ubinder/bench/vm/guest"
	"ubinder/bench/vm/image"
)

// Counts is what was measured.
type Counts struct {
	Machine string
	List    []guest.Count
}

// Of returns one count; zero when it was not measured.
func (c *Counts) Of(stack string, size int) int64 {
	for _, x := range c.List {
		if x.Stack == stack && x.Size == size {
			return x.Instructions
		}
	}
	return 0
}

// unsupported is why this machine cannot run the measurement.
type unsupported struct{ reason string }

func (u unsupported) Error() string { return u.reason }

// Unsupported reports whether err means that this machine cannot measure, and why.
func Unsupported(err error) (reason string, ok bool) {
	var u unsupported
	ok = errors.As(err, &u)
	return u.reason, ok
}

// Measure builds the guest, boots it and returns its counts. dir keeps the kernel between runs; empty
// stands for the user's cache.
func Measure(ctx context.Context, dir string, p guest.Plan) (*Counts, error) {
	if err := needTools(ctx); err != nil {
		return nil, err
	}
	k, err := findKernel(ctx, dir)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "ubinder-vm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if err := buildImage(ctx, work, k, p); err != nil {
		return nil, err
	}
	if err := run(ctx, work, k); err != nil {
		return nil, err
	}
	return read(filepath.Join(work, "out"))
}

// buildImage writes work/initrd.gz: this program as the first process, the peers in C, and the driver.
func buildImage(ctx context.Context, work string, k kernel, p guest.Plan) error {
	initFile, peers := filepath.Join(work, "init"), filepath.Join(work, "peers")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", initFile, "ubinder/bench/vm")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	compile := exec.CommandContext(ctx, "gcc", "-O2", "-Wall", "-static", "-x", "c", "-o", peers, "-")
	compile.Stdin = strings.NewReader(peersSource)
	for _, c := range []*exec.Cmd{build, compile} {
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", c, err, out)
		}
	}
	plan, err := json.Marshal(p)
	if err != nil {
		return err
	}
	files := []image.File{
		{Name: "dev", Mode: image.Directory | 0o755},
		{Name: "dev/console", Mode: image.Character | 0o600, Device: [2]uint32{5, 1}},
		{Name: guest.PlanFile[1:], Mode: image.Regular | 0o644, Content: plan},
	}
	for name, path := range map[string]string{"init": initFile, guest.PeersFile[1:]: peers, guest.ModuleFile[1:]: k.module} {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files = append(files, image.File{Name: name, Mode: image.Regular | 0o755, Content: content})
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if err := errors.Join(image.Write(zip, files), zip.Close()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, "initrd.gz"), packed.Bytes(), 0o644)
}

// run boots the machine and waits until it has switched itself off. With icount one instruction takes
// one nanosecond of its clock; without the string instructions that an emulator counts as one, a copy
// costs what it copies.
func run(ctx context.Context, work string, k kernel) error {
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "max,-erms,-fsrm,-la57", "-smp", "1", "-m", "1024",
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-serial", "file:"+filepath.Join(work, "console"), "-serial", "file:"+filepath.Join(work, "out"),
		"-kernel", k.image, "-initrd", filepath.Join(work, "initrd.gz"),
		"-append", "console=ttyS0 quiet panic=-1 tsc=reliable")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("qemu: %w\n%s", err, out)
	}
	return nil
}

func read(path string) (*Counts, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, ended := &Counts{}, false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		var n guest.Count
		switch release, begins := strings.CutPrefix(line, guest.Begin); {
		case begins:
			c.Machine = "Linux" + release + ", 1 CPU, one instruction a nanosecond"
		case line == guest.End:
			ended = true
		case json.Unmarshal([]byte(line), &n) == nil:
			c.List = append(c.List, n)
		}
	}
	if !ended {
		return nil, fmt.Errorf("the machine did not finish; it printed:\n%s", text)
	}
	return c, nil
}
