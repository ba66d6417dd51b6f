/// Bytes of a sync stream ↔ messages: an 8-byte little-endian signed length, then the message. Source: spec/dkg.md §2.
///
/// Charon writes the length and the message apart, and reads each message with one read: write a frame at once.
package struct SyncFrames: Sendable {
    private static let lengthBytes = 8

    private let bytesMax: Int
    private var buffer: [UInt8] = []

    /// - Parameter bytesMax: of one message. Far below the 32 MiB of the protocol: what is longer is of no honest peer.
    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package static func frame(_ message: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: Int64(message.count).littleEndian) { Array($0) } + message
    }

    /// Takes what was read; returns the messages it completes. Holds at most one unfinished frame.
    ///
    /// - Throws: for a length outside 1 to the limit, before anything of that length is held. The stream is over then.
    package mutating func receive(_ bytes: some Collection<UInt8>) throws(WireFault) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var rest = bytes[...]
        while true {
            let end = Self.lengthBytes + (try length ?? 0)
            let taken = rest.prefix(end - buffer.count)
            buffer += taken
            rest = rest.dropFirst(taken.count)
            guard buffer.count == end else { return messages }
            guard end > Self.lengthBytes else {
                // The length is complete: checked at the next turn.
                _ = try length
                continue
            }
            messages.append(Array(buffer.dropFirst(Self.lengthBytes)))
            buffer = []
        }
    }

    /// Nil until its bytes are there.
    private var length: Int? {
        get throws(WireFault) {
            guard buffer.count >= Self.lengthBytes else { return nil }
            let length = buffer.prefix(Self.lengthBytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length > 0 else { throw .outOfRange(field: "length", value: 0) }
            guard length <= UInt64(bytesMax) else {
                throw .oversized(message: "sync message", bytes: Int(clamping: length), limit: bytesMax)
            }
            return Int(length)
        }
    }
}
