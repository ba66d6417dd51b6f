import NIOCore

/// Unsigned LEB128 as libp2p writes it: 7 bits a byte, low bits first, the top bit says "more follows".
///
/// At most 9 bytes (63 bits) and no padding: `81 00` is refused. Source: multiformats/unsigned-varint.
package enum UVarint {
    package static let bytesMax = 9

    package enum Failure: Error, Equatable, Sendable {
        /// More than 9 bytes.
        case tooLong
        /// The last of several bytes is zero: the same value has a shorter form.
        case notMinimal
    }

    /// - Precondition: `value < 2^63`.
    package static func write(_ value: UInt64, into buffer: inout ByteBuffer) {
        precondition(value >> 63 == 0, "63 bits")
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    /// - Returns: nil, with `buffer` as it was, when more bytes are needed.
    package static func read(_ buffer: inout ByteBuffer) throws(Failure) -> UInt64? {
        guard let (value, length) = try parse(buffer.readableBytesView) else { return nil }
        buffer.moveReaderIndex(forwardBy: length)
        return value
    }

    /// - Returns: the value and how many bytes it took; nil when more bytes are needed.
    package static func parse(_ bytes: some Sequence<UInt8>) throws(Failure) -> (value: UInt64, length: Int)? {
        var value: UInt64 = 0
        var length = 0
        for byte in bytes {
            guard length < bytesMax else { throw .tooLong }
            value |= UInt64(byte & 0x7f) << UInt64(7 * length)
            length += 1
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || length == 1 else { throw .notMinimal }
            return (value, length)
        }
        if length >= bytesMax { throw .tooLong }
        return nil
    }

    /// How many bytes `write` takes.
    package static func length(_ value: UInt64) -> Int {
        max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }
}
