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
	service := name(&i.Declared)
	c.block("service "+service, func() {
		full := strings.TrimPrefix(i.Package+"."+service, ".")
		if i.Descriptor != full {
			c.imports[optionsPath] = true
			c.line("option (ubinder.descriptor) = %q;", i.Descriptor)
		}
		c.constants(i.Constants)
		for n, m := range i.Methods {
			c.method(service, m, m.Code != uint32(n)+1)
		}
	})
	for _, m := range i.Methods {
		c.call(service, m)
	}
	c.types(&i.Types)
	if i.Permission != nil {
		c.less(i.Position, "%s: who may call it is not said", i.Name)
	}
}

func (c *converter) method(service string, m *model.Method, numbered bool) {
	c.comment(m.Comment)
	request, response := "google.protobuf.Empty", "google.protobuf.Empty"
	if len(inputs(m)) > 0 {
		request = messageName(service, m, "Request")
	}
	if len(outputs(m)) > 0 {
		response = messageName(service, m, "Response")
	}
	if request == response || request[0] == 'g' || response[0] == 'g' {
		c.imports[emptyPath] = true
	}
	var options []string
	if m.Oneway {
		options = append(options, "option (ubinder.oneway) = true;")
	}
	if numbered {
		options = append(options, fmt.Sprintf("option (ubinder.code) = %d;", m.Code))
	}
	head := fmt.Sprintf("rpc %s(%s) returns (%s)", upper(m.Name), request, response)
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

func messageName(service string, m *model.Method, end string) string {
	return service + upper(m.Name) + end
}

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

// call writes the messages of a method.
func (c *converter) call(service string, m *model.Method) {
	for _, one := range []struct {
		end   string
		parts []part
	}{{"Request", inputs(m)}, {"Response", outputs(m)}} {
		if len(one.parts) == 0 {
			continue
		}
		c.line("")
		c.block("message "+messageName(service, m, one.end), func() {
			for n, p := range one.parts {
				c.field(n+1, p.name, p.typ, inCall, p.at)
			}
		})
	}
}
