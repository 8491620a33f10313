package reftab_test

// everyMutation is every rule, taken out. Where a rule is kept by the object layer, it is the model's
// part in place of that layer that is changed.
var everyMutation = []mutation{
	{"R1: the grant is published before the message", "sends=1 passes=1", []change{
		{"model_env_test.go", "	case reftab.Grant, reftab.Ask:\n		m.valid,", "	case reftab.Grant:\n		defer func() { p.late = p.turn.posts[len(p.turn.posts)-1:]; p.turn.posts = p.turn.posts[:len(p.turn.posts)-1] }()\n		m.valid,"},
		{"model_process_test.go", "type process struct {\n", "type process struct {\n	late []post\n"},
		{"model_program_test.go", "	p.publish(out.to, out.message)\n", "	p.publish(out.to, out.message)\n	p.turn.posts = append(p.turn.posts, p.late...)\n"},
	}},
	{"R1: a message that is given up takes its grant back", "sends=1 passes=1", []change{
		{"message.go", "			t.Unpass(e.ref, p, e.Position)", ""},
	}},
	{"R2: a claim comes before the first use", "sends=1 passes=2", []change{
		{"claim.go", "	if r.claim == NoClaim && !t.postClaim(owner, r) {", "	if false && !t.postClaim(owner, r) {"},
	}},
	{"R2: a call names its claim", "hostile=A evil=1 sends=1 calls=1 only=MSG", []change{
		{"owner.go", "	if by != NoClaim {", "	if false {"},
	}},
	{"R2: a grant names its claim", "hostile=A evil=1 sends=1 passes=1 only=MSG", []change{
		{"grants.go", "t.entitled(from, c.Node, c.By, c.Weak)", "t.entitled(from, c.Node, NoClaim, c.Weak)"},
	}},
	{"R2: a merge waits for the end of uses", "sends=1 passes=1 calls=1", []change{
		{"claim.go", "	case r.settled || r.uses > 0:", "	case r.settled:"},
	}},
	{"R3: a claim never waits for what may come", "hostile=A evil=1 sends=1 calls=1 only=MSG", []change{
		{"grants.go", "	good := t.judge(from, c)", "	good := t.judge(from, c)\n	if !good && t.peers[c.Peer] != nil {\n		return nil\n	}"},
	}},
	{"R3: a claim drains the granter's lane", "sends=1 passes=1 calls=1", []change{
		{"grants.go", "	t.Drain(c.Peer, c.Position+1)", ""},
	}},
	{"R3: a claim is on a grant to the claimer", "processes=4 nodes=D hostile=C evil=1 sends=1 passes=1 only=CLAIM", []change{
		{"grants.go", "	g, ok := t.grantAt(c.Peer, from.id, c.Position)\n	return", "	g, ok := t.grantAt(c.Peer, from.id, c.Position)\n	for to := range t.recipients {\n		if !ok {\n			g, ok = t.grantAt(c.Peer, to, c.Position)\n		}\n	}\n	return"},
	}},
	{"R3: a claim is on the node that was granted", "nodes=CC hostile=B evil=1 sends=2 passes=1 only=CLAIM", []change{
		{"grants.go", "	return ok && g == grant{c.Node, c.Weak}", "	return ok && t.nodes[c.Node] != nil && g.weak == c.Weak"},
	}},
	{"R3: a grant is claimed once", "hostile=B evil=2 sends=1 passes=1 only=CLAIM", []change{
		{"grants.go", "		t.takeGrant(c.Peer, from.id, c.Position)\n", "		t.nodes[c.Node].ref(c.Weak)\n"},
	}},
	{"R3: who grants must hold", "hostile=A evil=1 sends=1 only=GRANT", []change{
		{"grants.go", "x := t.entitled(from, c.Node, c.By, c.Weak)", "x := t.nodes[c.Node]"},
	}},
	{"R4: a lane is not drained within itself", "hostile=A evil=3 sends=1 calls=1 only=CLAIM,GRANT,MSG", []change{
		{"table.go", "	if from == nil || from.draining {", "	if from == nil {"},
	}},
	{"R5: a queued call pins its target", "sends=1 calls=1", []change{
		{"owner.go", "	x.refs++\n	return Pin{x}", "	return Pin{x}"},
		{"owner.go", "func (t *Table) Unpin(p Pin) { t.unrefNode(p.node, false, 1) }", "func (t *Table) Unpin(p Pin) {}"},
	}},
	{"R5: what waits for credit goes before uses", "credit=1 sends=1 passes=2 calls=1", []change{
		{"claim.go", "	if r.asked || !t.flush(owner) {", "	if r.asked {"},
	}},
	{"R6: a drop before the claim is told to the granter", "sends=1 passes=1", []change{
		{"holder.go", "		if via := t.peers[r.via]; via != nil {", "		if via := t.peers[r.via]; false {"},
	}},
	{"R6: a drop before the claim is not told to the owner", "sends=1 passes=1", []change{
		{"holder.go", "			t.send(via, Control{Kind: Unused, Peer: r.Owner, Position: r.position})", "			t.send(owner, Control{Kind: Drop, Peer: r.via, Position: r.position})"},
		{"table.go", "		t.dropClaim(from, c.By)", "		t.dropClaim(from, c.By)\n		t.removeGrant(c.Peer, p, c.Position)"},
	}},
	{"R6: a drop after the claim is told to the owner", "sends=1 passes=1 calls=1", []change{
		{"holder.go", "		t.send(owner, Control{Kind: Drop, By: r.claim})", ""},
	}},
	{"R6: a release gives back all that was received", "sends=2", []change{
		{"holder.go", "Count: r.recv, Weak: r.weak", "Count: 1, Weak: r.weak"},
	}},
	{"R7: a lane is drained before its process is dead", "sends=1 passes=1 crashes=1", []change{
		{"model_steps_test.go", "		p.table.Drain(a, math.MaxUint64)\n		p.table.Died(a)", "		_ = uint64(math.MaxUint64)\n		p.table.Died(a)"},
	}},
	{"R7: the dead hold nothing", "sends=1 crashes=1", []change{
		{"death.go", "	for n, h := range p.held {", "	for n, h := range map[uint64]*holding{} {"},
	}},
	{"R7: the dead claim nothing", "sends=1 passes=1 calls=1 crashes=1", []change{
		{"death.go", "		t.dropClaim(p, k)", "		_ = k"},
	}},
	{"R7: grants to the dead go", "sends=1 passes=1 crashes=1", []change{
		{"death.go", "		t.removeGrants(from, p.id)\n	}\n	for _, r := range p.refs {", "		_ = from\n	}\n	for _, r := range p.refs {"},
	}},
	{"R8: grants of the dead stay", "sends=1 passes=1 crashes=1", []change{
		{"death.go", "		t.fenceGrants(p)\n", "		if g := t.granters[p]; g != nil {\n			for to := range g.batches {\n				t.removeGrants(p, to)\n			}\n		}\n"},
	}},
	{"R8: an owner asks for what grants of the dead are left", "sends=1 passes=1 crashes=1", []change{
		{"death.go", "		t.fenceGrants(p)\n", ""},
	}},
	{"R8: it asks those too whom it does not know yet", "sends=1 passes=1 crashes=1 apart=BC", []change{
		{"fence.go", "			t.env.Introduce(id)", ""},
	}},
	{"R8: it asks when they are introduced", "sends=1 passes=1 crashes=1 apart=BC", []change{
		{"table.go", "	t.fenceRecipient(to)", ""},
	}},
	{"R8: grants of the dead to those who cannot be reached go", "sends=1 passes=1 crashes=2 apart=BC", []change{
		{"death.go", "			t.removeGrants(from, p)\n		}\n	}\n}", "			_ = from\n		}\n	}\n}"},
	}},
	{"R8: a fence is answered when the granter's lane is drained", "sends=1 passes=1 crashes=1", []change{
		{"fence.go", " || t.peers[granter] != nil || t.unclaimed", " || t.unclaimed"},
	}},
	{"R8: a fence is answered when nothing of the granter's is left unclaimed", "sends=1 passes=1 crashes=1", []change{
		{"fence.go", " || t.unclaimed[pair{owner, granter}] > 0 {", " {"},
	}},
	{"R8: the last claim or drop answers a fence", "sends=1 passes=1 crashes=1", []change{
		{"holder.go", "		t.answerFence(r.Owner, r.via)", ""},
	}},
	{"R8: the granter's hang-up answers a fence", "sends=1 passes=1 crashes=1", []change{
		{"death.go", "		t.fenceGrants(p)\n		t.answerFencesAbout(p)", "		t.fenceGrants(p)"},
	}},
	{"R9: a granter tells of its recipient's death", "sends=1 passes=1 crashes=1", []change{
		{"death.go", "		t.send(owner, Control{Kind: RevokePeer, Peer: p.id})", ""},
	}},
	{"R9: the recipient's own lane is drained first", "sends=1 passes=1 calls=1 crashes=1", []change{
		{"grants.go", "	if t.peers[recipient] == nil {", "	{"},
	}},
	{"R10: references to the dead are dead", "sends=1 crashes=1", []change{
		{"death.go", "	for _, r := range p.refs {\n		t.lose(r)\n	}", ""},
	}},
	{"R10: provisional references to the dead are dead", "sends=1 passes=1 crashes=1", []change{
		{"death.go", "	t.loseProvisional(p.id)", ""},
	}},
	{"R11: a release of more than is held cuts off", "hostile=A evil=1 sends=2 only=RELEASE", []change{
		{"owner.go", "c.Count > held {", "held == 0 {"},
	}},
	{"R11: the grants of who is cut off go", "hostile=A evil=2 sends=1 crashes=1 only=GRANT,RELEASE", []change{
		{"death.go", "				t.removeGrants(p, to)", "				_ = to"},
	}},
	{"R11: a grant is to somebody else", "hostile=A evil=1 sends=1 crashes=1 only=GRANT", []change{
		{"grants.go", " || c.Peer == from.id || c.Peer == t.self {", " {"},
	}},
	{"R5: a release does not overtake a message that sends home", "sends=1 homes=1", []change{
		{"message.go", "		r.local++ // until the message is posted, which a release must not overtake", ""},
		{"message.go", "	t.EndUse(e.ref, e.Position)\n	t.Release(e.ref)", "	t.EndUse(e.ref, e.Position)"},
	}},
	{"R13: holders are told", "sends=1 destroys=1", []change{
		{"destroy.go", "			t.tellDestroyed(h.peer, n)\n		}\n	}\n	if", "			_ = n\n		}\n	}\n	if"},
	}},
	{"R13: claimers are told", "sends=1 passes=1 calls=1 destroys=1", []change{
		{"destroy.go", "			t.send(h.peer, Control{Kind: Destroyed, Node: n, By: k, OK: x.root})", "			_ = k"},
	}},
	{"R13: the claim is named to who is told", "sends=1 passes=1 calls=1 destroys=1", []change{
		{"destroy.go", "Control{Kind: Destroyed, Node: n, By: k, OK: x.root}", "Control{Kind: Destroyed, Node: n, By: k - k, OK: x.root}"},
	}},
	{"R13: the verdict tells", "sends=1 passes=1 calls=1 destroys=1", []change{
		{"grants.go", "		dead = h.node.destroyed", ""},
	}},
	{"R13: a message that was under way is followed by the news", "sends=1 destroys=1", []change{
		{"message.go", "				t.tellDestroyed(to, e.Node)", "				_ = to"},
	}},
	{"R14: nothing is given of what was destroyed", "sends=1 asks=1 destroys=1", []change{
		{"owner.go", "	if ok && !dead {\n		t.give", "	if ok {\n		t.give"},
	}},
	{"R14: what was asked for and is not wanted any more goes back", "sends=1 asks=1", []change{
		{"claim.go", "		t.send(owner, Control{Kind: Release, Node: r.Node, Count: 1, Weak: r.weak})", ""},
	}},
	{"R15: a weak reference is not called", "hostile=A weak evil=1 weaks=1 only=CALL", []change{
		{"owner.go", "(h.strong > 0 || weak && h.weak > 0)", "(h.strong > 0 || h.weak > 0)"},
	}},
	{"R15: a weak claim is not called", "hostile=B weak evil=2 weaks=1 sends=1 only=CLAIM,CALL", []change{
		{"owner.go", "!ok || c.node != n || !weak && c.weak {", "!ok || c.node != n {"},
	}},
	{"R15: a claim has its grant's strength", "hostile=B weak evil=1 weaks=1 sends=1 only=CLAIM", []change{
		{"grants.go", "	return ok && g == grant{c.Node, c.Weak}", "	return ok && g.node == c.Node"},
	}},
	{"R1: a node in a message that is given up is taken back", "sends=1", []change{
		{"message.go", "			t.unsendRef(p, e.Node, e.Weak)", ""},
	}},
	{"R5: what comes home is pinned", "sends=1 homes=1", []change{
		{"message.go", "		x.refs++\n		taken.pin", "		taken.pin"},
		{"message.go", "	if e.pin != (Pin{}) {", "	if false {"},
	}},
	{"R5: what has come home is unpinned", "sends=1 homes=1", []change{
		{"message.go", "	if e.pin != (Pin{}) {", "	if false {"},
	}},
	{"R6: a release is of all the nodes that it names", "nodes=CC sends=2", []change{
		{"owner.go", "n <= c.Node+c.Span; n++", "n < c.Node+max(c.Span, 1); n++"},
	}},
	{"R13: who knows handle 0 is told of its end", "root=C destroys=1", []change{
		{"destroy.go", "			t.tellDestroyed(p, n)\n		}\n	}\n}", "			_ = p\n		}\n	}\n}"},
	}},
	{"R13: who gets a lane is told that handle 0 has ended", "root=C apart=AC asks=1 destroys=1", []change{
		{"table.go", "		t.send(to, Control{Kind: Destroyed, Node: t.root.id, OK: true})", ""},
	}},
	{"R13: a handle 0 that has ended is known to have", "root=C asks=1 destroys=1", []change{
		{"destroy.go", "		owner.goneRoot = c.Node", ""},
	}},
}
