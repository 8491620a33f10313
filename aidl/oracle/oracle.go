// Package oracle compares this front end with AOSP's own compiler, where that is at hand: what both
// accept, the dumps that both make, the changes that both refuse, and the codes of transactions. The
// script fetch makes the compiler of Debian's packages.
package oracle
