// Package check judges .aidl files as AOSP's compiler does: what names mean, what constants are
// worth, and which of many rules are broken. Of files without errors it makes the model.
//
// It is the second pass: parsing was lenient, and this one goes on too, so that all errors of a file
// come at once.
package check

import (
	"sync"

	"ubinder/aidl/load"
)

// Program is files whose names are resolved against each other. It is safe for concurrent use.
type Program struct {
	set    *load.Set
	simple map[string]*symbol // of preprocessed files, by simple name

	mu   sync.Mutex
	docs map[*load.File]*entry
}

type entry struct {
	declared, resolved sync.Once
	doc                *document
}

// New makes a program of a set of files, and resolves them in parallel.
func New(set *load.Set) *Program {
	p := &Program{set: set, docs: make(map[*load.File]*entry, len(set.Main)), simple: make(map[string]*symbol)}
	for _, f := range set.Preprocessed {
		for _, s := range p.document(f).all {
			if p.simple[s.name] == nil {
				p.simple[s.name] = s
			}
		}
	}
	load.Each(len(set.Main), func(i int) { p.resolved(set.Main[i]) })
	return p
}

// Files are those that were given, in order.
func (p *Program) Files() []*load.File { return p.set.Main }

func (p *Program) entry(f *load.File) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.docs[f]
	if e == nil {
		e = new(entry)
		p.docs[f] = e
	}
	return e
}

// document is the file's declarations; its names may not be resolved.
func (p *Program) document(f *load.File) *document {
	e := p.entry(f)
	e.declared.Do(func() { e.doc = newDocument(f) })
	return e.doc
}

// resolved is the file's declarations, with names resolved. Resolving looks at the declarations of
// other documents only, so none waits for another to be resolved.
func (p *Program) resolved(f *load.File) *document {
	d := p.document(f)
	p.entry(f).resolved.Do(func() { p.resolve(d) })
	return d
}

// Dependencies are the files that a file needs, directly or not: those it imports, and those that
// declare what it uses. The file itself is not among them.
func (p *Program) Dependencies(f *load.File) []*load.File {
	seen := map[*load.File]bool{f: true}
	var list []*load.File
	add := func(needed *load.File) {
		if needed != nil && !seen[needed] && !needed.Preprocessed {
			seen[needed] = true
			list = append(list, needed)
		}
	}
	for _, i := range f.AST.Imports {
		imported, _ := p.set.File(f, i.Name.Text)
		add(imported)
	}
	for _, d := range p.closure(p.resolved(f)) {
		add(d.file)
	}
	return list
}

// closure is a document and all that it needs, directly or not, with names resolved.
func (p *Program) closure(d *document) []*document {
	seen := map[*document]bool{d: true}
	list := []*document{p.resolved(d.file)}
	for i := 0; i < len(list); i++ {
		for _, n := range list[i].needs {
			if !seen[n] {
				seen[n] = true
				list = append(list, p.resolved(n.file))
			}
		}
	}
	return list
}
