package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"ubinder/cmd/internal/latency"
)

// Step is one thing shown. What it says is what the processes reported.
type Step struct {
	Title   string            `json:"step"`
	Says    []string          `json:"says"`
	Error   string            `json:"error,omitempty"`
	Latency *latency.Summary  `json:"latency,omitempty"`
	calls   *latency.Recorder // of Latency
}

var steps = []struct {
	title string
	run   func(ctx context.Context, s *stage) (Step, error)
}{
	{"typed call", typedCall},
	{"oneway call", onewayCall},
	{"object passed on", objectPassedOn},
	{"open file passed", filePassed},
	{"latency", measured},
	{"death", death},
}

func says(format string, args ...any) Step {
	return Step{Says: strings.Split(fmt.Sprintf(format, args...), "\n")}
}

// unlikely returns a text that nobody can have from elsewhere.
func unlikely(text string) string { return fmt.Sprintf("%s (%08x)", text, rand.Uint32()) }

func typedCall(ctx context.Context, s *stage) (Step, error) {
	for _, a := range []*actor{s.alice, s.bob} {
		r, err := a.do(ctx, order{Do: "enter"})
		if err != nil {
			return Step{}, err
		}
		if !slices.Contains(r.Names, a.name) {
			return Step{}, fmt.Errorf("%s entered, but the room knows only %v", a.name, r.Names)
		}
	}
	r, err := s.alice.do(ctx, order{Do: "ask"})
	if err != nil {
		return Step{}, err
	}
	if r.PID != s.room.pid() {
		return Step{}, fmt.Errorf("the room says that its pid is %d, it was started as %d", r.PID, s.room.pid())
	}
	return says("alice asked the room for its pid and got %d, after %s", r.PID, latency.Format(r.Took)), nil
}

func onewayCall(ctx context.Context, s *stage) (Step, error) {
	text := unlikely("hello, everybody")
	said, err := s.alice.do(ctx, order{Do: "say", Text: text})
	if err != nil {
		return Step{}, err
	}
	heard, err := s.bob.expect(ctx, kindHeard)
	if err != nil {
		return Step{}, err
	}
	if heard.Text != text || heard.From != s.alice.name || heard.Caller != s.room.pid() {
		return Step{}, fmt.Errorf("alice said %q, bob heard %q of %s from pid %d", text, heard.Text, heard.From, heard.Caller)
	}
	return says("alice said %q and went on after %s;\nbob heard it from the room, %s after she spoke",
		text, latency.Format(said.Took), latency.Format(heard.At.Sub(said.At))), nil
}

func objectPassedOn(ctx context.Context, s *stage) (Step, error) {
	text := unlikely("psst")
	answer, err := s.bob.do(ctx, order{Do: "whisper", Name: s.alice.name, Text: text})
	if err != nil {
		return Step{}, err
	}
	got, err := s.alice.expect(ctx, kindWhispered)
	if err != nil {
		return Step{}, err
	}
	switch {
	case got.Text != text || answer.Text != text+"!":
		return Step{}, fmt.Errorf("bob whispered %q, alice got %q, bob got %q back", text, got.Text, answer.Text)
	case got.Caller != s.bob.pid():
		return Step{}, fmt.Errorf("bob has pid %d, but alice was called by pid %d", s.bob.pid(), got.Caller)
	}
	return says("the room gave bob the object that alice had entered with; he called it and got\n%q after %s; "+
		"her caller was pid %d: bob himself, not the room", answer.Text, latency.Format(answer.Took), got.Caller), nil
}

func filePassed(ctx context.Context, s *stage) (Step, error) {
	first := unlikely("what nobody else can open")
	text := first + "\n" + strings.Repeat("and many more lines\n", 500)
	r, err := s.bob.do(ctx, order{Do: "show", Text: text})
	if err != nil {
		return Step{}, err
	}
	if r.Text != first || r.Bytes != uint64(len(text)) {
		return Step{}, fmt.Errorf("bob showed %d bytes that begin with %q, the room read %d that begin with %q", len(text), first, r.Bytes, r.Text)
	}
	return says("bob passed an open file that has no name any more; the room read its %d bytes:\n%q", r.Bytes, r.Text), nil
}

func measured(ctx context.Context, s *stage) (Step, error) {
	calls := s.config.Calls
	if _, err := s.alice.do(ctx, order{Do: "measure", Count: calls / 10}); err != nil { // warm up
		return Step{}, err
	}
	before, err := s.room.do(ctx, order{Do: "count"})
	if err != nil {
		return Step{}, err
	}
	r, err := s.alice.do(ctx, order{Do: "measure", Count: calls})
	if err != nil {
		return Step{}, err
	}
	after, err := s.room.do(ctx, order{Do: "count"})
	if err != nil {
		return Step{}, err
	}
	if n := after.Count - before.Count; n != calls || len(r.Samples) != calls {
		return Step{}, fmt.Errorf("%d calls were to be made, alice made %d and the room answered %d", calls, len(r.Samples), n)
	}
	step := says("alice made %d typed calls, one after the other; the room answered as many", calls)
	step.calls = latency.New()
	for _, d := range r.Samples {
		step.calls.Add(d)
	}
	summary := step.calls.Summary()
	step.Latency = &summary
	return step, nil
}

func death(ctx context.Context, s *stage) (Step, error) {
	killed := time.Now()
	if err := s.room.process.Kill(); err != nil {
		return Step{}, err
	}
	step := says("the room (pid %d) was killed with SIGKILL", s.room.pid())
	for _, a := range []*actor{s.alice, s.bob} {
		r, err := a.expect(ctx, kindDied)
		if err != nil {
			return step, err
		}
		if _, err := a.expect(ctx, kindForgotten); err != nil {
			return step, err
		}
		after, err := a.try(ctx, order{Do: "ask"})
		if err != nil {
			return step, err
		}
		if !strings.HasPrefix(after.Error, "DEAD") {
			return step, fmt.Errorf("%s called the dead room and got %q", a.name, after.Error)
		}
		step.Says = append(step.Says, fmt.Sprintf("%s was told after %s, and that the name is free; a call then fails with DEAD", a.name, latency.Format(r.At.Sub(killed))))
	}
	var status syscall.WaitStatus
	if state := s.room.process.State(); state != nil {
		status = state.Sys().(syscall.WaitStatus)
	}
	if !status.Signaled() || status.Signal() != syscall.SIGKILL {
		return step, fmt.Errorf("the room did not end by SIGKILL: %v", s.room.process.Err())
	}
	return step, nil
}
