import SSZ

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

/// Reads an object without header: SSZ, else JSON, in the order in which Charon tries them (protocols.md §2.5). What the
/// bytes begin with tells nothing: a slot or an index may have any.
func object<Object: SSZContainer>(_ bytes: [UInt8]) throws -> Object {
    do {
        return try Object(ssz: bytes)
    } catch {
        guard startsJSONObject(bytes) else { throw error }
        return try Object(json: try JSONValue(parsing: bytes))
    }
}

/// Whether the first byte that is no white space opens a JSON object. No SSZ that begins with a fork's number or with
/// fixed offsets does.
func startsJSONObject(_ bytes: [UInt8]) -> Bool { firstCharacter(bytes) == UInt8(ascii: "{") }

/// The first byte that is no white space.
func firstCharacter(_ bytes: [UInt8]) -> UInt8? { bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } }

/// Appends a length-delimited protobuf field.
///
/// - Precondition: a number below 16, so that the tag takes one byte.
func appendField(_ number: UInt8, _ bytes: [UInt8], to out: inout [UInt8]) {
    out.append(number << 3 | 2)
    appendVarint(UInt64(bytes.count), to: &out)
    out += bytes
}

/// Appends a number; the default, zero, is not written.
func appendField(_ number: UInt8, _ value: UInt64, to out: inout [UInt8]) {
    guard value != 0 else { return }
    out.append(number << 3)
    appendVarint(value, to: &out)
}

private func appendVarint(_ value: UInt64, to out: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
        out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
    }
    out.append(UInt8(rest))
}
