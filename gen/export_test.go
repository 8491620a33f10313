package gen

// CodecLocals are the variables of codecs.
var CodecLocals = codecLocals
