/// Writes protobuf by hand, so that targets can say what no encoder of ours would.
struct ProtobufBytes {
    private(set) var bytes: [UInt8] = []

    /// Nothing for zero, as proto3 has it.
    mutating func varint(_ number: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        append(number << 3)
        append(value)
    }

    mutating func int(_ number: UInt64, _ value: Int64) { varint(number, UInt64(bitPattern: value)) }

    mutating func field(_ number: UInt64, _ value: [UInt8]) {
        append(number << 3 | 2)
        append(UInt64(value.count))
        bytes += value
    }

    mutating func raw(_ more: [UInt8]) { bytes += more }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    static func message(_ write: (inout ProtobufBytes) -> Void) -> [UInt8] {
        var message = ProtobufBytes()
        write(&message)
        return message.bytes
    }
}
