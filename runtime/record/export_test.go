package record

import (
	"encoding/binary"
	"hash/crc32"
)

// Frame makes a file with one record, whatever its body.
func Frame(body []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(magic), version), 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(body, castagnoli))
	return append(b, body...)
}
