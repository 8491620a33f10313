package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"ubinder/cmd/internal/console"
	"ubinder/runtime/binder"
	"ubinder/runtime/record"
)

func (f *recordFlags) print(cmd *cobra.Command, path string) error {
	known, err := newSchema(cmd.Context(), f.protos, f.includes)
	if err != nil {
		return err
	}
	c := console.New(cmd.OutOrStdout())
	cut, err := eachTransaction(path, func(t *record.Transaction) error {
		s := known.shown(t)
		if f.json {
			return json.NewEncoder(c).Encode(s)
		}
		s.print(c)
		return nil
	})
	if cut {
		fmt.Fprintf(os.Stderr, "%s ends in the middle of a transaction.\n", path)
	}
	return err
}

// shown is a transaction as JSON.
type shown struct {
	Time      time.Time       `json:"time"`
	Took      time.Duration   `json:"took_ns"`
	Side      string          `json:"side"`
	PID       int32           `json:"pid"` // of the caller
	UID       uint32          `json:"uid"`
	Process   uint64          `json:"process"`
	Node      uint64          `json:"node,omitempty"`
	Interface string          `json:"interface,omitempty"`
	Code      string          `json:"code"`
	Method    string          `json:"method,omitempty"`
	Oneway    bool            `json:"oneway,omitempty"`
	Status    string          `json:"status"`
	Error     string          `json:"error,omitempty"`
	Encoding  string          `json:"encoding"`
	Payload   []byte          `json:"payload"`
	Request   json.RawMessage `json:"request,omitempty"` // decoded
	Passed    []string        `json:"passed,omitempty"`
	Reply     []byte          `json:"reply,omitempty"`
	Answer    json.RawMessage `json:"answer,omitempty"` // decoded
	Returned  []string        `json:"returned,omitempty"`
}

func (k schema) shown(t *record.Transaction) *shown {
	s := &shown{Time: t.Time.UTC(), Took: t.Took, Side: "handled", PID: t.Caller.PID, UID: t.Caller.UID, Process: uint64(t.Caller.Process),
		Node: t.Node, Interface: t.Descriptor, Code: binder.CodeName(t.Code), Oneway: t.Oneway(), Status: t.Status.String(), Error: t.Error,
		Encoding: encodingName(t.Encoding), Payload: t.Payload, Passed: places(t.Passed), Reply: t.Reply, Returned: places(t.Returned)}
	if t.Side == record.Made {
		s.Side = "made"
	}
	m := k.method(t)
	if m == nil {
		return s
	}
	s.Method = string(m.Name())
	if t.Encoding == binder.Protobuf {
		s.Request = json.RawMessage(decode(m.Input(), t.Payload))
	}
	if t.ReplyEncoding == binder.Protobuf {
		s.Answer = json.RawMessage(decode(m.Output(), t.Reply))
	}
	return s
}

// method finds what was called. Who made a call knows the hash of the interface's name, if that.
func (k schema) method(t *record.Transaction) protoreflect.MethodDescriptor {
	if t.Descriptor != "" {
		return k[t.Descriptor][t.Code]
	}
	for descriptor, methods := range k {
		if binder.InterfaceID(descriptor) == t.Interface {
			return methods[t.Code]
		}
	}
	return nil
}

func places(list []record.Attachment) []string {
	var texts []string
	for _, a := range list {
		what := map[record.Kind]string{record.Null: "null", record.Object: "object", record.File: "file"}[a.Kind]
		texts = append(texts, fmt.Sprintf("%s %d", what, a.Field))
	}
	return texts
}

func (s *shown) print(c *console.Console) {
	name := s.Method
	if name == "" {
		name = s.Code
	}
	if s.Interface != "" {
		name = s.Interface + "." + name
	}
	fmt.Fprintf(c, "%s %s %s, pid %d: ", c.Faint(s.Time.Format("15:04:05.000000")), s.Side, c.Strong(name), s.PID)
	if s.Oneway {
		fmt.Fprint(c, "oneway, ")
	}
	fmt.Fprintf(c, "%s after %v\n", s.Status, s.Took)
	printContent(c, "  >", s.Request, s.Payload, s.Passed)
	if s.Error != "" {
		fmt.Fprintf(c, "  < %s\n", c.Bad(s.Error))
	}
	printContent(c, "  <", s.Answer, s.Reply, s.Returned)
}

func printContent(w io.Writer, mark string, decoded json.RawMessage, payload []byte, places []string) {
	switch {
	case len(decoded) > 0:
		fmt.Fprintf(w, "%s %s\n", mark, decoded)
	case len(payload) > 0 && printable(payload):
		fmt.Fprintf(w, "%s %q\n", mark, payload)
	case len(payload) > 0:
		fmt.Fprintf(w, "%s %s\n", mark, hex.EncodeToString(payload))
	}
	for _, p := range places {
		fmt.Fprintf(w, "%s %s\n", mark, p)
	}
}
