/// Little-endian numbers of the SSZ headers around our wire objects.
func littleEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// - Precondition: four bytes from `offset`.
func littleEndian32(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
}

/// - Precondition: eight bytes from `offset`.
func littleEndian64(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    UInt64(littleEndian32(bytes, at: offset)) | UInt64(littleEndian32(bytes, at: offset + 4)) << 32
}

/// Whether the first byte that is no white space opens a JSON object: Charon then reads JSON instead of SSZ. None of
/// our SSZ objects starts so.
func startsJSONObject(_ bytes: [UInt8]) -> Bool {
    bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: "{")
}
