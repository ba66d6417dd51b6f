import NIOCore

/// Walks the fields of one small protobuf message: enough for libp2p's own messages, strict and without copies.
///
/// Refuses groups, field number 0, lengths beyond the message and varints over 64 bits. Unknown fields are the
/// caller's to skip.
struct ProtobufReader {
    enum Failure: Error, Equatable, Sendable {
        case truncated
        case varint
        case fieldNumber
        case wireType(UInt8)
    }

    enum Field {
        case varint(Int, UInt64)
        case bytes(Int, ByteBuffer)
        /// A fixed 32- or 64-bit value; none of our messages has one.
        case fixed(Int)
    }

    private var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    /// - Returns: nil at the end of the message.
    mutating func next() throws(Failure) -> Field? {
        guard buffer.readableBytes > 0 else { return nil }
        let key = try varint()
        guard let number = Int(exactly: key >> 3), (1..<1 << 29).contains(number) else { throw .fieldNumber }
        switch UInt8(key & 7) {
        case 0: return .varint(number, try varint())
        case 1: return .fixed(try skip(8, number))
        case 5: return .fixed(try skip(4, number))
        case 2:
            guard let length = Int(exactly: try varint()), let slice = buffer.readSlice(length: length) else {
                throw .truncated
            }
            return .bytes(number, slice)
        case let other: throw .wireType(other)
        }
    }

    private mutating func skip(_ count: Int, _ number: Int) throws(Failure) -> Int {
        guard buffer.readableBytes >= count else { throw .truncated }
        buffer.moveReaderIndex(forwardBy: count)
        return number
    }

    /// Up to 10 bytes and 64 bits; protobuf allows padding.
    private mutating func varint() throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard let byte: UInt8 = buffer.readInteger() else { throw .truncated }
            if index == 9, byte > 1 { throw .varint }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte & 0x80 == 0 { return value }
        }
        throw .varint
    }
}

/// Appends fields; the counterpart of `ProtobufReader`.
enum ProtobufWriter {
    static func bytes(_ number: UInt64, _ value: some Collection<UInt8>, into buffer: inout ByteBuffer) {
        UVarint.write(number << 3 | 2, into: &buffer)
        UVarint.write(UInt64(value.count), into: &buffer)
        buffer.writeBytes(value)
    }

    static func string(_ number: UInt64, _ value: String, into buffer: inout ByteBuffer) {
        bytes(number, value.utf8, into: &buffer)
    }

    /// Also when it is zero: an explicit presence.
    static func varint(_ number: UInt64, _ value: UInt64, into buffer: inout ByteBuffer) {
        UVarint.write(number << 3, into: &buffer)
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    static func message(_ number: UInt64, into buffer: inout ByteBuffer, _ write: (inout ByteBuffer) -> Void) {
        var body = ByteBuffer()
        write(&body)
        bytes(number, body.readableBytesView, into: &buffer)
    }
}
