#include "textflag.h"

// func streamLines(dst, src *byte, n int)
//
// MOVNTDQ and PREFETCHT0 are in every amd64. Such stores are ordered with later ones by the SFENCE alone (Intel 64
// Architectures SDM, volume 1, 10.4.6.2).
TEXT ·streamLines(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

line:
	PREFETCHT0 1024(SI)
	MOVOU      (SI), X0
	MOVOU      16(SI), X1
	MOVOU      32(SI), X2
	MOVOU      48(SI), X3
	MOVNTO     X0, (DI)
	MOVNTO     X1, 16(DI)
	MOVNTO     X2, 32(DI)
	MOVNTO     X3, 48(DI)
	ADDQ       $64, SI
	ADDQ       $64, DI
	SUBQ       $64, CX
	JNZ        line
	SFENCE
	RET
