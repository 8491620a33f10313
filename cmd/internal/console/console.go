// Package console writes for people: in colour on a terminal, plainly elsewhere.
package console

import (
	"io"
	"os"

	"github.com/charmbracelet/lipgloss"
	"golang.org/x/term"
)

// Console is where a command writes.
type Console struct {
	io.Writer
	Terminal bool // a person sees it at once: symbols and progress are welcome
	renderer *lipgloss.Renderer
}

// New makes a console of w. Colours follow the terminal, and NO_COLOR.
func New(w io.Writer) *Console {
	f, ok := w.(*os.File)
	return &Console{Writer: w, Terminal: ok && term.IsTerminal(int(f.Fd())), renderer: lipgloss.NewRenderer(w)}
}

// Strong marks what matters most on a line.
func (c *Console) Strong(s string) string { return c.renderer.NewStyle().Bold(true).Render(s) }

// Faint marks what can be skipped.
func (c *Console) Faint(s string) string { return c.renderer.NewStyle().Faint(true).Render(s) }

// Good marks what went well.
func (c *Console) Good(s string) string { return c.colour("2", s) }

// Bad marks what went wrong.
func (c *Console) Bad(s string) string { return c.colour("1", s) }

// Accent marks figures and names.
func (c *Console) Accent(s string) string { return c.colour("6", s) }

func (c *Console) colour(n, s string) string {
	return c.renderer.NewStyle().Foreground(lipgloss.Color(n)).Render(s)
}

// Mark is what stands before a step: how it ended.
func (c *Console) Mark(ok bool) string {
	switch {
	case ok && c.Terminal:
		return c.Good("✓")
	case ok:
		return "ok  "
	case c.Terminal:
		return c.Bad("✗")
	}
	return "FAIL"
}
