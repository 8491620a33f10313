// Package diag says what is wrong in source files, and where: with the line, a caret under what is
// meant, notes and help.
package diag

import (
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// Source is the text of one file. It is safe for concurrent use.
type Source struct {
	Path string
	Text string

	once  sync.Once
	lines []int32 // offset of each line's first byte
}

// NewSource makes a source of a text. Offsets are 32 bits, so it must be shorter than 2 GiB.
func NewSource(path, text string) *Source { return &Source{Path: path, Text: text} }

// Span is a range of bytes of a source.
type Span struct{ Start, End int32 }

// To is the span from the beginning of s to the end of t.
func (s Span) To(t Span) Span { return Span{s.Start, max(s.End, t.End)} }

// Slice is the text of a span.
func (s *Source) Slice(at Span) string { return s.Text[at.Start:at.End] }

// Position of an offset: line and column count from 1, the column in bytes.
func (s *Source) Position(offset int32) (line, column int) {
	s.once.Do(s.split)
	line = sort.Search(len(s.lines), func(i int) bool { return s.lines[i] > offset })
	return line, int(offset-s.lines[line-1]) + 1
}

// Line is the text of a line, which counts from 1, without what ends it.
func (s *Source) Line(n int) string {
	s.once.Do(s.split)
	text := s.Text[s.lines[n-1]:]
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSuffix(text, "\r")
}

func (s *Source) split() {
	s.lines = append(s.lines, 0)
	for i := 0; i < len(s.Text); i++ {
		if s.Text[i] == '\n' {
			s.lines = append(s.lines, int32(i+1))
		}
	}
}

// width is the number of columns that a text takes, a tab being one.
func width(s string) int { return utf8.RuneCountInString(s) }
