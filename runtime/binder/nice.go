package binder

// NiceRange bounds the nice value at which handlers of a node run.
type NiceRange struct {
	Most  int // the most urgent, the lowest number
	Least int // the least urgent
}

// InheritNice has the node's handlers run at the nice value of their caller, within a range: least is
// also what a caller without one gets. A oneway call only makes its handler as urgent as least. The
// range is from -20 to 19; what a caller tells is its own word, so most is what the node grants to any.
//
// A handler has a thread for itself meanwhile, which goes back to its own value when it has returned.
// Where the kernel refuses a more urgent value (it takes CAP_SYS_NICE or RLIMIT_NICE) the thread stays
// as it is. Calls inside one process stay as they are too, and so do calls that come back to a waiting
// caller, but for what makes them more urgent. Calls that the handler makes carry the value on.
func InheritNice(most, least int) NodeOption {
	most = min(max(most, -20), 19)
	least = min(max(least, most), 19)
	return func(n *Node) { n.nice = &NiceRange{Most: most, Least: least} }
}

// NiceRange returns what InheritNice was told, or nil. It is for transports.
func (n *Node) NiceRange() *NiceRange { return n.nice }

// SetNice sets the nice value that calls of this process carry: until then that of the thread which
// opened the process. It changes no thread.
func (p *Process) SetNice(n int) { p.transport.SetNice(min(max(n, -20), 19)) }
