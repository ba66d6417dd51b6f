import NIOCore

/// The 12-byte header before every yamux frame, big-endian: version, type, flags, stream id, length.
/// Source: spec/p2p.md §5.
package struct YamuxHeader: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// `length` bytes of payload follow.
        case data = 0
        /// `length` more bytes may be sent on the stream.
        case windowUpdate = 1
        /// `length` is an opaque value, echoed with ACK.
        case ping = 2
        /// `length` is the reason, 0 for a normal end.
        case goAway = 3
    }

    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
        package static let syn = Flags(rawValue: 1)
        package static let ack = Flags(rawValue: 2)
        package static let fin = Flags(rawValue: 4)
        package static let rst = Flags(rawValue: 8)
    }

    package static let bytes = 12

    package var kind: Kind
    package var flags: Flags
    package var stream: UInt32
    package var length: UInt32

    package init(_ kind: Kind, _ flags: Flags = [], stream: UInt32, length: UInt32) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.length = length
    }

    /// - Returns: nil, with `input` as it was, until 12 bytes are there.
    package static func read(_ input: inout ByteBuffer) throws(YamuxError) -> YamuxHeader? {
        guard input.readableBytes >= bytes,
            let (version, type, flags, stream, length) = input.readMultipleIntegers(
                as: (UInt8, UInt8, UInt16, UInt32, UInt32).self)
        else { return nil }
        guard version == 0 else { throw .version(version) }
        guard let kind = Kind(rawValue: type) else { throw .type(type) }
        return YamuxHeader(kind, Flags(rawValue: flags), stream: stream, length: length)
    }

    package func write(into output: inout ByteBuffer) {
        output.writeMultipleIntegers(UInt8(0), kind.rawValue, flags.rawValue, stream, length)
    }
}

/// The peer broke the protocol; the session is over. All of them are answered with GoAway(1).
package enum YamuxError: Error, Equatable, Sendable {
    case version(UInt8)
    case type(UInt8)
    /// A stream frame on id 0, or a session frame on another id.
    case streamZero
    /// A new stream with an id of our parity.
    case parity(UInt32)
    /// A new stream with the id of a live one.
    case duplicateStream(UInt32)
    case windowExceeded(UInt32)
    /// A credit that overflows the send window.
    case windowOverflow(UInt32)
    /// A payload no window allows.
    case frameTooLong(UInt32)
    /// More answers owed than the limit, and the peer does not read them.
    case flooded
}
