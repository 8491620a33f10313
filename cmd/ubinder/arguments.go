package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"ubinder/runtime/binder"
)

// argumentKinds packs the arguments of "service call".
var argumentKinds = map[string]func(d *binder.Data, value string) error{
	"i32":  func(d *binder.Data, v string) error { return packInteger(d, v, 32) },
	"i64":  func(d *binder.Data, v string) error { return packInteger(d, v, 64) },
	"f32":  func(d *binder.Data, v string) error { return packFloat(d, v, 32) },
	"f64":  func(d *binder.Data, v string) error { return packFloat(d, v, 64) },
	"s16":  packString16,
	"raw":  packRaw,
	"hex":  packHex,
	"file": packFile,
	"fd":   attachFile,
}

// parseArguments packs pairs of kind and value. The caller closes the files.
func parseArguments(args []string) (binder.Data, error) {
	var d binder.Data
	for len(args) > 0 {
		pack := argumentKinds[args[0]]
		if pack == nil {
			known := slices.Sorted(maps.Keys(argumentKinds))
			return fail(d, fmt.Errorf("%q is no kind of argument; there are %s", args[0], strings.Join(known, ", ")))
		}
		if len(args) == 1 {
			return fail(d, fmt.Errorf("%s is the last argument: its value is missing", args[0]))
		}
		if err := pack(&d, args[1]); err != nil {
			return fail(d, fmt.Errorf("%s %q: %w", args[0], args[1], err))
		}
		args = args[2:]
	}
	return d, nil
}

func fail(d binder.Data, err error) (binder.Data, error) {
	closeFiles(d)
	return binder.Data{}, err
}

func closeFiles(d binder.Data) {
	for _, a := range d.Attachments {
		a.File.Close()
	}
}

// packInteger takes signed and unsigned numbers, in any base that Go writes.
func packInteger(d *binder.Data, v string, bits int) error {
	n, err := strconv.ParseInt(v, 0, bits)
	if err != nil {
		u, uerr := strconv.ParseUint(v, 0, bits)
		if uerr != nil {
			return errors.Unwrap(err)
		}
		n = int64(u)
	}
	packBits(d, uint64(n), bits)
	return nil
}

func packFloat(d *binder.Data, v string, bits int) error {
	x, err := strconv.ParseFloat(v, bits)
	if err != nil {
		return errors.Unwrap(err)
	}
	if bits == 32 {
		packBits(d, uint64(math.Float32bits(float32(x))), bits)
	} else {
		packBits(d, math.Float64bits(x), bits)
	}
	return nil
}

func packBits(d *binder.Data, n uint64, bits int) {
	if bits == 32 {
		d.Payload = binary.LittleEndian.AppendUint32(d.Payload, uint32(n))
	} else {
		d.Payload = binary.LittleEndian.AppendUint64(d.Payload, n)
	}
}

func packString16(d *binder.Data, v string) error {
	units := utf16.Encode([]rune(v))
	packBits(d, uint64(len(units)), 32)
	for _, u := range append(units, 0) {
		d.Payload = binary.LittleEndian.AppendUint16(d.Payload, u)
	}
	for len(d.Payload)%4 != 0 {
		d.Payload = append(d.Payload, 0)
	}
	return nil
}

func packRaw(d *binder.Data, v string) error {
	d.Payload = append(d.Payload, v...)
	return nil
}

func packHex(d *binder.Data, v string) (err error) {
	d.Payload, err = hex.AppendDecode(d.Payload, []byte(v))
	return err
}

func packFile(d *binder.Data, v string) error {
	b, err := os.ReadFile(v)
	d.Payload = append(d.Payload, b...)
	return err
}

// attachFile passes an open file; its field is its place among the attachments, from 1.
func attachFile(d *binder.Data, v string) error {
	f, err := os.Open(v)
	if err != nil {
		return err
	}
	d.Attachments = append(d.Attachments, binder.Attachment{Field: uint32(len(d.Attachments) + 1), File: f})
	return nil
}
