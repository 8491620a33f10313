package bus

import "fmt"

func Debug(l Link) string {
	x := l.(*lane)
	s := fmt.Sprintf("pub %d pos %d posted %d ", x.Published(), x.Position(), x.send.ring.Next())
	for i := 0; i <= bellTake; i++ {
		s += fmt.Sprintf("[%d a%x b%x]", i, x.out.head.Uint32(offArmed+4*i).Load(), x.in.head.Uint32(offBell+4*i).Load())
	}
	for i := 0; i < 4; i++ {
		s += fmt.Sprintf("{%d a%x b%x}", i, x.out.head.Uint32(offCallerArmed+4*i).Load(), x.in.head.Uint32(offCallerBell+4*i).Load())
	}
	return s
}
