package crowd

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	"ubinder/bench/cases"
	"ubinder/bench/stack"
)

// roleVar and busVar tell a re-executed process what it is.
const (
	roleVar = "UBINDER_BENCH_CROWD"
	busVar  = "UBINDER_BENCH_CROWD_BUS"

	roleBroker = "broker"
	roleHub    = "hub"
	roleLeaf   = "leaf"
)

// order asks a process for something; its answer is a reply.
type order struct {
	Do    string        `json:"do"`
	N     int           `json:"n,omitempty"`     // connections, calls or objects
	Peers int           `json:"peers,omitempty"` // how many lanes are used in turn
	Of    []int         `json:"of,omitempty"`    // processes that the hub knows, in the order in which they joined it
	For   time.Duration `json:"for,omitempty"`
}

// What there is to do.
const (
	doUsage = "usage"
	doOpen  = "open"  // N connections at once
	doMeet  = "meet"  // each of them gets handle 0 and calls it
	doJoin  = "join"  // each of them gives its own node to the hub
	doProbe = "probe" // N more come, meet the hub, and leave, one after the other
	doCall  = "call"  // calls Peers in turn

	doKnow   = "know"   // asks the hub for Of
	doVisit  = "visit"  // N connections, each of which gives its own node to each of Of
	doUse    = "use"    // each of these calls each of Of
	doGreet  = "greet"  // calls those that have joined this process
	doLeave  = "leave"  // ends the connections
	doPart   = "part"   // waits until all that have joined this process are gone
	doTake   = "take"   // gets N objects of Of, and keeps them
	doDrop   = "drop"   // gives these back, and waits until their owner was told of each
	doSettle = "settle" // collects garbage
	doBatch  = "batch"  // N calls of Of, on the goroutine that takes the orders
)

type reply struct {
	Error  string      `json:"error,omitempty"`
	Usage  *usage      `json:"usage,omitempty"`
	Visits []visit     `json:"visits,omitempty"`
	Calls  *cases.Wire `json:"calls,omitempty"`
}

func childCommand(role, path string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"bench-" + role} // for who looks at the list of processes
	cmd.Env = append(os.Environ(), roleVar+"="+role, busVar+"="+path)
	return cmd
}

// Child does not return if this process was started as one of a crowd. The program calls it before
// anything else.
func Child() {
	role := os.Getenv(roleVar)
	if role == "" {
		return
	}
	if err := child(role, os.Getenv(busVar)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(role, path string) error {
	m := &member{path: path}
	var err error
	switch role {
	case roleBroker:
		err = m.serveBroker()
	case roleHub:
		err = m.serveHub()
	}
	if err != nil {
		return err
	}
	parent := os.NewFile(stack.ReadyFD, "parent")
	fmt.Fprintln(parent, "ready")
	orders, replies := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(parent)
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return err
		}
		r, err := m.obey(o)
		if err != nil {
			r.Error = fmt.Sprintf("%s: %v", o.Do, err)
		}
		if err := replies.Encode(r); err != nil {
			return err
		}
	}
}

func (m *member) obey(o order) (r reply, err error) {
	switch o.Do {
	case doUsage:
		r.Usage, err = takeUsage()
	case doOpen:
		err = m.open(o.N)
	case doMeet:
		err = m.meet()
	case doJoin:
		err = m.join()
	case doProbe:
		r.Visits, err = m.probe(o.N)
	case doCall:
		r.Calls, err = m.measure(o)
	case doBatch:
		r.Calls, err = m.batch(o)
	default:
		err = m.obeyAmongMany(o)
	}
	return r, err
}
