package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"ubinder/bench/page"
)

// show writes results as they are wanted, and keeps their lines if there is to be a report.
func (o *options) show(out io.Writer, table, lines func(io.Writer) error) error {
	if o.report != "" {
		if err := lines(&o.lines); err != nil {
			return err
		}
	}
	if o.json {
		return lines(out)
	}
	return table(out)
}

// withReport gives fn the report to write, which takes the place of an older one if that went well.
// That there can be one shows before fn has measured for long.
func withReport(name string, fn func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".report-*")
	if err != nil {
		return fmt.Errorf("-report: %w", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(fn(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func draw(w io.Writer, saved io.Reader) error {
	lines, err := page.Read(saved)
	if err != nil {
		return err
	}
	return page.Write(w, lines)
}

// drawSaved draws what other runs have saved.
func drawSaved(o *options, w io.Writer) error {
	var lines []page.Line
	for _, name := range o.from {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		more, err := page.Read(f)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		lines = append(lines, more...)
	}
	return page.Write(w, lines)
}
