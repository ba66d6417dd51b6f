/// Writes protobuf: callers give fields in ascending order, and zero values are left out, which is how Charon writes.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    static func message(_ write: (inout FieldWriter) -> Void) -> [UInt8] {
        var writer = FieldWriter()
        write(&writer)
        return writer.bytes
    }

    mutating func number(_ number: Int, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(number) << 3)
        varint(value)
    }

    /// A negative `int64` takes ten bytes.
    mutating func number(_ number: Int, _ value: Int64) { self.number(number, UInt64(bitPattern: value)) }

    /// - Precondition: not negative; an index.
    mutating func number(_ number: Int, _ value: Int) { self.number(number, UInt64(value)) }

    mutating func bool(_ number: Int, _ value: Bool) { self.number(number, UInt64(value ? 1 : 0)) }

    mutating func field(_ number: Int, _ value: some Collection<UInt8>) {
        if !value.isEmpty { element(number, value) }
    }

    mutating func text(_ number: Int, _ value: String) { field(number, value.utf8) }

    /// An entry of a list, or a message inside the message: written even if it is empty.
    mutating func element(_ number: Int, _ value: some Collection<UInt8>) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func message(_ number: Int, _ write: (inout FieldWriter) -> Void) {
        element(number, FieldWriter.message(write))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
