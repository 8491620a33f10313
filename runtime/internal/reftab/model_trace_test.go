package reftab_test

import "fmt"

// This file tells people how a state is reached.

// trace plays the steps again that lead to a state.
func (e *explorer) trace(last parent) (lines []string) {
	steps := []step{last.step}
	for n := last.from; n != 0; n = e.parents[n].from {
		steps = append([]step{e.parents[n].step}, steps...)
	}
	s := e.first()
	for i, st := range steps {
		if s == nil {
			break
		}
		line := fmt.Sprintf("%3d  %s", i+1, e.describe(s, st))
		if st.kind < stepCrash {
			for _, note := range e.run(s, st, true).notes {
				line += "\n       " + note
			}
		}
		lines = append(lines, line)
		s = e.follow(s, st)
	}
	return lines
}

func (e *explorer) follow(s *state, st step) (found *state) {
	e.successors(s, func(n *state, x step, _ bool, _ string) bool {
		if x == st {
			found = n
		}
		return found == nil
	})
	return found
}

func (e *explorer) describe(s *state, st step) string {
	p, q := name(uint64(st.p)), name(uint64(st.a))
	switch st.kind {
	case stepDrain:
		return fmt.Sprintf("%s drains a message of %s", p, q)
	case stepHangUp:
		return fmt.Sprintf("%s sees the hang-up of %s", p, q)
	case stepFlush:
		return fmt.Sprintf("%s has credit towards %s", p, q)
	case stepRegister:
		return fmt.Sprintf("%s takes part in the introduction to %s", p, q)
	case stepReady:
		return fmt.Sprintf("%s hears that %s takes part", p, q)
	case stepFail:
		return fmt.Sprintf("%s sees the introduction to %s fail", p, q)
	case stepAsk:
		return fmt.Sprintf("%s has asked the broker for a lane to %s", p, q)
	case stepDead:
		return fmt.Sprintf("%s is told by the broker that there is no %s", p, q)
	case stepCrash:
		return "CRASH of " + p
	case stepIntroduce:
		return fmt.Sprintf("the broker introduces %s and %s", p, q)
	case stepBrokerEnds:
		if st.b != 0 {
			return fmt.Sprintf("the BROKER ENDS before it has told %s of %s", p, q)
		}
		return "the BROKER ENDS"
	case stepEvilPost:
		return fmt.Sprintf("EVIL %s posts %s to %s", p, e.lanes.messages[e.evilMessages(s, st.p, st.a)[st.b]], q)
	case stepEvilHangUp:
		return fmt.Sprintf("EVIL %s hangs up on %s", p, q)
	}
	return e.describeProgram(e.list[s.processes[st.p]], st)
}

func (e *explorer) describeProgram(me *process, st step) string {
	p := name(uint64(st.p))
	object := func() string {
		r := me.tokens[st.a].ref.Resolve()
		return fmt.Sprintf("%s's n%d%s", name(r.Owner), r.Node, r.State())
	}
	switch st.kind {
	case stepDrop:
		return fmt.Sprintf("%s drops %s", p, object())
	case stepDropAll:
		return fmt.Sprintf("%s drops everything", p)
	case stepRoot:
		return fmt.Sprintf("%s gets the node behind handle 0", p)
	case stepCall:
		return fmt.Sprintf("%s prepares a call of %s", p, object())
	case stepPut:
		return fmt.Sprintf("%s prepares a message to %s with %s", p, name(uint64(st.b)), object())
	case stepPutWeak:
		return fmt.Sprintf("%s prepares a message to %s with a weak reference to %s", p, name(uint64(st.b)), object())
	case stepAskFor:
		return fmt.Sprintf("%s asks for a reference to %s (%d: 1 is weak)", p, object(), st.b)
	case stepDestroy:
		return fmt.Sprintf("%s destroys its n%d", p, st.a)
	case stepDisown:
		return fmt.Sprintf("%s destroys its n%d as soon as nobody else holds it", p, st.a)
	case stepSendWeak:
		return fmt.Sprintf("%s prepares to send a weak reference to its n%d to %s", p, st.a, name(uint64(st.b)))
	case stepSend:
		return fmt.Sprintf("%s prepares to send its n%d to %s", p, st.a, name(uint64(st.b)))
	case stepPublish:
		return fmt.Sprintf("%s publishes a prepared message", p)
	case stepAbort:
		return fmt.Sprintf("%s gives up %s to %s, which it has prepared", p, me.outgoing[st.a].message, name(me.outgoing[st.a].to))
	case stepHand:
		return fmt.Sprintf("%s has the object that came home", p)
	case stepRun:
		return fmt.Sprintf("%s ends the handler of a call of n%d", p, me.pins[st.a])
	}
	return fmt.Sprintf("%s does %v", p, st)
}
