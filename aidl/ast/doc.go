package ast

import (
	"regexp"
	"strings"
)

// Doc is what the comments before a declaration say.
type Doc struct {
	Text       string // without marks and tags, a line each; every line ends in a newline
	Deprecated bool
	Reason     string // what follows @deprecated, on one line
	Hidden     bool
}

var hideTag = regexp.MustCompile(`@hide\b`)

// Doc reads comments. The text is that of the last documentation comment, or, without one, of the
// comments that stand right before what they are about.
func (f *File) Doc(comments []Comment) Doc {
	var d Doc
	text := -1
	for i, c := range comments {
		if !c.Block {
			continue
		}
		body := f.Source.Slice(c.Span)
		d.Hidden = d.Hidden || hideTag.MatchString(body)
		for _, tag := range tags(blockLines(body)) {
			if tag.name == "@deprecated" && !d.Deprecated {
				d.Deprecated, d.Reason = true, tag.text
			}
		}
		if strings.HasPrefix(body, "/**") {
			text = i
		}
	}
	if text >= 0 {
		d.Text = docText(blockLines(f.Source.Slice(comments[text].Span)))
	} else {
		d.Text = docText(f.adjacent(comments))
	}
	return d
}

// adjacent is the lines of the comments at the end that no empty line separates.
func (f *File) adjacent(comments []Comment) []string {
	first := len(comments)
	for first > 0 {
		if first < len(comments) {
			between := f.Source.Text[comments[first-1].End:comments[first].Start]
			if strings.Count(between, "\n") > 1 {
				break
			}
		}
		first--
	}
	var lines []string
	for _, c := range comments[first:] {
		body := f.Source.Slice(c.Span)
		if c.Block {
			lines = append(lines, blockLines(body)...)
		} else {
			lines = append(lines, strings.TrimPrefix(strings.TrimRight(body[2:], " \t"), " "))
		}
	}
	return lines
}

// blockLines is the text of a block comment, without the asterisks at the beginnings of lines and
// without empty lines at both ends.
func blockLines(body string) []string {
	body = strings.TrimSuffix(strings.TrimPrefix(body, "/*"), "*/")
	var lines []string
	for _, line := range strings.Split(body, "\n") {
		line = strings.TrimLeft(line, " \t\r\v\f")
		line = strings.TrimPrefix(strings.TrimPrefix(line, "*"), " ")
		line = strings.TrimRight(line, " \t\r\v\f")
		if line != "" || len(lines) > 0 {
			lines = append(lines, line)
		}
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// tag is a block tag of a documentation comment, with the lines up to the next.
type tag struct{ name, text string }

func tags(lines []string) []tag {
	var list []tag
	var paragraph []string
	for _, line := range lines {
		line = strings.TrimLeft(line, " \t")
		switch {
		case line == "":
		case line[0] == '@':
			end := 1
			for end < len(line) && (line[end]|0x20 >= 'a' && line[end]|0x20 <= 'z') {
				end++
			}
			closeTag(list, paragraph)
			paragraph = nil
			list = append(list, tag{name: line[:end]})
			if rest := strings.TrimPrefix(line[end:], " "); rest != "" {
				paragraph = append(paragraph, rest)
			}
		case len(list) > 0:
			paragraph = append(paragraph, line)
		}
	}
	closeTag(list, paragraph)
	return list
}

func closeTag(list []tag, paragraph []string) {
	if len(list) > 0 {
		list[len(list)-1].text = strings.Join(paragraph, " ")
	}
}

// docText joins lines, without what the tags @hide and @deprecated say.
func docText(lines []string) string {
	var b strings.Builder
	skipping := false
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "@") {
			skipping = strings.HasPrefix(trimmed, "@hide") || strings.HasPrefix(trimmed, "@deprecated")
		}
		if skipping {
			continue
		}
		if line != "" {
			line = " " + line
		}
		b.WriteString(line + "\n")
	}
	if text := strings.TrimRight(b.String(), "\n"); text != "" {
		return text + "\n"
	}
	return ""
}

// DeclComments are the comments that belong to a declaration: before its annotations and its keyword.
func (f *File) DeclComments(d *Decl) []Comment {
	return append(f.annotationComments(d.Annotations), f.CommentsBefore(d.Keyword)...)
}

// TypeComments are those that belong to a type and to what it is the type of.
func (f *File) TypeComments(t *Type) []Comment {
	return append(f.annotationComments(t.Annotations), f.CommentsBefore(t.Name.Token)...)
}

// MethodComments are those that belong to a method.
func (f *File) MethodComments(m *Method) []Comment {
	list := f.annotationComments(m.Type.Annotations[:m.OuterAnnotations])
	if m.Oneway >= 0 {
		list = append(list, f.CommentsBefore(m.Oneway)...)
	}
	list = append(list, f.annotationComments(m.Type.Annotations[m.OuterAnnotations:])...)
	list = append(list, f.CommentsBefore(m.Type.Name.Token)...)
	return append(list, f.CommentsBefore(m.Name.Token)...)
}

// ConstantComments are those that belong to a constant.
func (f *File) ConstantComments(c *Constant) []Comment {
	list := append(f.annotationComments(c.Type.Annotations), f.CommentsBefore(c.Keyword)...)
	return append(list, f.CommentsBefore(c.Type.Name.Token)...)
}

// HeadComments are those before the package and the imports, which belong to the file.
func (f *File) HeadComments() []Comment {
	var list []Comment
	if f.Package != nil {
		list = append(list, f.CommentsBefore(f.Package.Token)...)
	}
	for _, i := range f.Imports {
		list = append(list, f.CommentsBefore(i.Token)...)
	}
	return list
}

func (f *File) annotationComments(annotations []*Annotation) []Comment {
	var list []Comment
	for _, a := range annotations {
		list = append(list, f.CommentsBefore(a.Token)...)
	}
	return list
}
