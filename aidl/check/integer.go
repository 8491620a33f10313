package check

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"ubinder/aidl/ast"
)

// rank orders the types that constants have while they are worked out, as AOSP does: of two integers
// the wider counts, and a comparison makes a boolean.
type rank int

const (
	rankNone rank = iota
	rankBool
	rankInt8
	rankInt32
	rankInt64
	rankArray
	rankChar
	rankString
	rankFloat
)

func (r rank) String() string {
	return [...]string{"nothing", "a boolean", "an 8-bit integer", "a 32-bit integer", "a 64-bit integer", "an array",
		"a character", "a string", "a number with a fraction"}[r]
}

func (r rank) isInteger() bool { return r >= rankBool && r <= rankInt64 }

// bits is the width in which integers of a rank are reckoned.
func (r rank) bits() int {
	switch r {
	case rankInt8:
		return 8
	case rankInt32:
		return 32
	}
	return 64
}

// fits reports whether a value can be held.
func (r rank) fits(v int64) bool {
	switch r {
	case rankBool:
		return v == 0 || v == 1
	case rankInt8:
		return v == int64(int8(v))
	case rankInt32:
		return v == int64(int32(v))
	}
	return true
}

// wrap cuts a value to the width of a rank.
func (r rank) wrap(v int64) int64 {
	switch r {
	case rankBool:
		return truth(v != 0)
	case rankInt8:
		return int64(int8(v))
	case rankInt32:
		return int64(int32(v))
	}
	return v
}

func (r rank) min() int64 {
	if r == rankBool {
		return 0
	}
	return -1 << (r.bits() - 1)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// integer reads an integer as written. A hexadecimal one may use the sign bit: 0xFFFFFFFF is -1.
// Without a suffix a decimal one is as wide as it must be, a hexadecimal one 32 bits at least.
func integer(text string) (v int64, r rank, ok bool) {
	digits, suffix, ok := cutSuffix(text)
	if !ok {
		return 0, rankNone, false
	}
	for _, part := range strings.Split(digits, "_") {
		if part == "" {
			return 0, rankNone, false
		}
	}
	digits = strings.ReplaceAll(digits, "_", "")
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		return hexadecimal(digits[2:], suffix)
	}
	return decimal(digits, suffix)
}

// cutSuffix cuts u8, u32, u64, l or L off; more than one of them is wrong.
func cutSuffix(text string) (digits, suffix string, ok bool) {
	digits, n := text, 0
	for _, s := range []string{"u8", "u32", "l", "L", "u64"} {
		if strings.HasSuffix(digits, s) {
			digits = strings.TrimSuffix(digits, s)
			suffix = strings.ToLower(s)
			n++
		}
	}
	return digits, suffix, n <= 1
}

func hexadecimal(digits, suffix string) (int64, rank, bool) {
	if suffix == "u8" {
		u, err := strconv.ParseUint(digits, 16, 8)
		return int64(int8(u)), rankInt8, err == nil
	}
	if suffix != "l" {
		if u, err := strconv.ParseUint(digits, 16, 32); err == nil {
			return int64(int32(u)), rankInt32, true
		}
	}
	u, err := strconv.ParseUint(digits, 16, 64)
	return int64(u), rankInt64, err == nil
}

func decimal(digits, suffix string) (int64, rank, bool) {
	if suffix == "u64" {
		u, err := strconv.ParseUint(digits, 10, 64)
		return int64(u), rankInt64, err == nil
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, rankNone, false
	}
	switch {
	case suffix == "u8":
		return int64(int8(v)), rankInt8, v <= math.MaxUint8
	case suffix == "u32":
		return int64(int32(v)), rankInt32, v <= math.MaxUint32
	case suffix == "l":
		return v, rankInt64, true
	case rankInt8.fits(v):
		return v, rankInt8, true
	case rankInt32.fits(v):
		return v, rankInt32, true
	}
	return v, rankInt64, true
}

// unaryInteger applies an operator; false is an overflow.
func unaryInteger(op ast.TokenKind, x int64, r rank) (int64, bool) {
	switch op {
	case '-':
		if x == r.min() {
			return 0, false
		}
		return r.wrap(-x), true
	case '!':
		return truth(x == 0), true
	case '~':
		return r.wrap(^x), true
	}
	return x, true
}

// binaryInteger applies an arithmetic, bitwise or comparing operator; false is an overflow, or a
// division by zero.
func binaryInteger(op ast.TokenKind, x, y int64, r rank) (int64, bool) {
	x, y = r.wrap(x), r.wrap(y)
	switch op {
	case '+':
		return sum(x, y, r)
	case '-':
		if y == math.MinInt64 {
			return x - y, x < 0
		}
		return sum(x, -y, r)
	case '*':
		return product(x, y, r)
	case '/', '%':
		if y == 0 || x == r.min() && y == -1 {
			return 0, false
		}
		if op == '/' {
			return x / y, true
		}
		return x % y, true
	case '|':
		return x | y, true
	case '^':
		return x ^ y, true
	case '&':
		return x & y, true
	}
	return truth(compare(op, x, y)), true
}

func compare(op ast.TokenKind, x, y int64) bool {
	switch op {
	case ast.EqualEqual:
		return x == y
	case ast.NotEqual:
		return x != y
	case '<':
		return x < y
	case '>':
		return x > y
	case ast.LessEqual:
		return x <= y
	}
	return x >= y
}

func sum(x, y int64, r rank) (int64, bool) {
	s := x + y
	return s, (s > x) == (y > 0) && r.fits(s)
}

func product(x, y int64, r rank) (int64, bool) {
	if x == 0 || y == 0 {
		return 0, true
	}
	p := x * y
	return p, p/y == x && !(x == -1 && y == math.MinInt64) && !(y == -1 && x == math.MinInt64) && r.fits(p)
}

// shift shifts a value of a rank; by a negative number of bits, the other way. Negative values cannot
// be shifted, and no bit may be lost on the left but into the sign.
func shift(left bool, x, by int64, r rank) (int64, bool) {
	x = r.wrap(x)
	if by < 0 {
		left, by = !left, -by
	}
	by = r.wrap(by)
	if by < 0 || by >= int64(r.bits()) || x < 0 {
		return 0, false
	}
	if !left {
		return x >> by, true
	}
	if free := bits.LeadingZeros64(uint64(x)) - (64 - r.bits()); by > int64(free) {
		return 0, false
	}
	return r.wrap(x << by), true
}
