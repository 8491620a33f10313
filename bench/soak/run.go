package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What a started program of this command is, and its name.
const (
	roleVariable = "UBINDER_SOAK_ROLE"
	nameVariable = "UBINDER_SOAK_NAME"
)

// process is one that was started. It answers each line on its standard input with a sample.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start starts this program in a role; it has done when it says "ready".
func start(role, name, bus string) (*process, error) {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), roleVariable+"="+role, nameVariable+"="+name, "UBINDER_BUS="+bus)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	p := &process{name, c, in, bufio.NewReader(out)}
	if line, err := p.out.ReadString('\n'); err != nil || line != "ready\n" {
		return nil, fmt.Errorf("%s did not start: %q %v", name, line, err)
	}
	return p, nil
}

func (p *process) ask(what string) (s sample, err error) {
	if _, err = fmt.Fprintln(p.in, what); err != nil {
		return s, fmt.Errorf("%s: %w", p.name, err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return s, fmt.Errorf("%s: %w", p.name, err)
	}
	return s, json.Unmarshal(line, &s)
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// soak is one that runs.
type soak struct {
	config
	bus      string
	measured []*process
	mortals  []*process
	report   report
}

func run(c *config) (*report, error) {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &soak{config: *c, bus: filepath.Join(dir, "bus")}
	defer func() {
		for _, p := range append(s.mortals, s.measured...) {
			p.kill()
		}
	}()
	if err := s.open(); err != nil {
		return nil, err
	}
	began := time.Now()
	looked := began
	for time.Since(began) < s.duration {
		time.Sleep(time.Duration(rand.Int64N(int64(2 * s.kills))))
		if err := s.killOne(); err != nil {
			return nil, err
		}
		if time.Since(looked) >= s.every {
			looked = time.Now()
			if err := s.look(time.Since(began), "look"); err != nil {
				return nil, err
			}
		}
	}
	s.report.Seconds = time.Since(began).Seconds()
	return &s.report, s.end()
}

func (s *soak) open() error {
	for _, role := range []string{"broker", "manager"} {
		p, err := start(role, role, s.bus)
		if err != nil {
			return err
		}
		s.measured = append(s.measured, p)
	}
	for i := range s.survivors {
		p, err := start("worker", fmt.Sprint("survivor", i), s.bus)
		if err != nil {
			return err
		}
		s.measured = append(s.measured, p)
	}
	for i := range s.config.mortals {
		p, err := start("worker", fmt.Sprint("mortal", i), s.bus)
		if err != nil {
			return err
		}
		s.mortals = append(s.mortals, p)
	}
	return nil
}

// killOne kills a mortal and starts another in its place.
func (s *soak) killOne() (err error) {
	i := rand.IntN(len(s.mortals))
	s.mortals[i].kill()
	s.report.Kills++
	s.mortals[i], err = start("worker", s.mortals[i].name, s.bus)
	return err
}

// look has every measured process say what it has.
func (s *soak) look(at time.Duration, what string) error {
	var line []string
	for i, p := range s.measured {
		m, err := p.ask(what)
		if err != nil {
			return err
		}
		if i == len(s.report.Processes) {
			s.report.Processes = append(s.report.Processes, history{Name: p.name})
		}
		h := &s.report.Processes[i]
		h.Samples = append(h.Samples, m)
		line = append(line, fmt.Sprintf("%s %s", p.name, m))
	}
	if !s.json {
		fmt.Printf("%4.0f s  %d kills  %s\n", at.Seconds(), s.report.Kills, strings.Join(line, " | "))
	}
	return nil
}

// end stops the load, has every call end, and judges.
func (s *soak) end() error {
	for i, p := range s.measured {
		last, err := p.ask("stop")
		if err != nil {
			return err
		}
		if !s.json {
			fmt.Println("at rest:", p.name, last)
		}
		s.report.add(&s.report.Processes[i], &last)
	}
	return nil
}
