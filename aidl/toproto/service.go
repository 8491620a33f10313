package toproto

import (
	"fmt"
	"strings"

	"ubinder/aidl/model"
)

const emptyPath = "google/protobuf/empty.proto"

// service writes an interface, and the messages of its methods behind it.
func (c *converter) service(i *model.Interface) {
	c.line("")
	c.comment(i.Comment)
	service := c.names.of(&i.Declared)
	methods := c.methods(service, i)
	c.block("service "+service, func() {
		full := strings.TrimPrefix(c.names.full(&i.Declared), ".")
		if i.Descriptor != full {
			c.imports[optionsPath] = true
			c.line("option (%s.descriptor) = %q;", c.outer("ubinder"), i.Descriptor)
		}
		c.constants(i.Constants)
		next := uint32(1) // the code of a method that says none; those that say another are not counted
		for _, m := range methods {
			c.method(m, m.Code != next)
			if m.Code == next {
				next++
			}
		}
	})
	for _, m := range methods {
		c.messages(m)
	}
	c.types(&i.Types)
	if i.Permission != nil {
		c.less(i.Position, "%s: who may call it is not said", i.Name)
	}
}

// method is a method with the names that it has in the .proto file.
type method struct {
	*model.Method
	rpc               string
	request, response string // of its messages; "" for none
}

func (c *converter) methods(service string, i *model.Interface) (list []method) {
	used := make(distinct)
	for _, m := range i.Methods {
		one := method{Method: m, rpc: used.name(upper(m.Name))}
		if len(inputs(m)) > 0 {
			one.request = c.names.claim(c.pkg, service+one.rpc+"Request")
		}
		if len(outputs(m)) > 0 {
			one.response = c.names.claim(c.pkg, service+one.rpc+"Response")
		}
		list = append(list, one)
	}
	return list
}

// orEmpty is a message by its name, and one without fields by none.
func (c *converter) orEmpty(message string) string {
	if message == "" {
		c.imports[emptyPath] = true
		return c.outer("google") + ".protobuf.Empty"
	}
	return c.near(message)
}

func (c *converter) method(m method, numbered bool) {
	c.comment(m.Comment)
	var options []string
	if m.Oneway {
		options = append(options, fmt.Sprintf("option (%s.oneway) = true;", c.outer("ubinder")))
	}
	if numbered {
		options = append(options, fmt.Sprintf("option (%s.code) = %d;", c.outer("ubinder"), m.Code))
	}
	head := fmt.Sprintf("rpc %s(%s) returns (%s)", m.rpc, c.orEmpty(m.request), c.orEmpty(m.response))
	if len(options) == 0 {
		c.line("%s;", head)
	} else {
		c.imports[optionsPath] = true
		c.line("%s { %s }", head, strings.Join(options, " "))
	}
	if m.Permission != nil {
		c.less(m.Position, "%s: who may call it is not said", m.Name)
	}
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// part is a field of a request or a response.
type part struct {
	name string
	typ  *model.Type
	at   model.Position
}

func inputs(m *model.Method) []part {
	var list []part
	for _, a := range m.Arguments {
		if a.Direction != model.Out {
			list = append(list, part{a.Name, a.Type, a.Position})
		}
	}
	return list
}

func outputs(m *model.Method) []part {
	var list []part
	if m.Return != nil {
		list = append(list, part{"result", m.Return, m.Position})
	}
	for _, a := range m.Arguments {
		if a.Direction != model.In {
			list = append(list, part{a.Name, a.Type, a.Position})
		}
	}
	return list
}

// messages writes those of a method.
func (c *converter) messages(m method) {
	for _, one := range []struct {
		name  string
		parts []part
	}{{m.request, inputs(m.Method)}, {m.response, outputs(m.Method)}} {
		if one.name == "" {
			continue
		}
		c.line("")
		c.block("message "+one.name, func() {
			used := make(distinct)
			for n, p := range one.parts {
				c.field(n+1, p.name, used, p.typ, inCall, p.at)
			}
		})
	}
}
