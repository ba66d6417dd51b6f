import NIOCore

/// Frames of noise: a two-byte big-endian length, then that many bytes. Handshake and transport alike.
package enum NoiseFrame {
    package static let bytesMax = 65535
    static let lengthBytes = 2

    /// - Returns: nil, with `input` as it was, until a whole frame is there.
    package static func read(
        _ input: inout ByteBuffer, bytesMax: Int = bytesMax
    ) throws(NoiseError) -> ByteBuffer? {
        guard let length = input.getInteger(at: input.readerIndex, as: UInt16.self) else { return nil }
        guard Int(length) <= bytesMax else { throw .messageTooLong(Int(length)) }
        return input.readLengthPrefixedSlice(as: UInt16.self)
    }

    /// - Precondition: at most `bytesMax` bytes.
    package static func write(_ message: ByteBuffer, into output: inout ByteBuffer) {
        output.writeInteger(UInt16(message.readableBytes))
        output.writeImmutableBuffer(message)
    }
}

/// The encrypted channel: a cipher per direction. Frames must be opened in the order they came.
package struct NoiseTransport: ~Copyable {
    package static let plaintextBytesMax = NoiseFrame.bytesMax - NoiseCipher.tagBytes

    private var outgoing: NoiseCipher
    private var incoming: NoiseCipher

    init(_ pair: consuming NoiseCipherPair, role: NoiseHandshake.Role) {
        switch role {
        case .initiator:
            outgoing = pair.fromInitiator
            incoming = pair.fromResponder
        case .responder:
            outgoing = pair.fromResponder
            incoming = pair.fromInitiator
        }
    }

    /// Consumes `plaintext` and appends as many full frames as it takes.
    package mutating func seal(_ plaintext: inout ByteBuffer, into output: inout ByteBuffer) throws(NoiseError) {
        while plaintext.readableBytes > 0 {
            let count = min(plaintext.readableBytes, Self.plaintextBytesMax)
            output.reserveCapacity(minimumWritableBytes: NoiseFrame.lengthBytes + count + NoiseCipher.tagBytes)
            output.writeInteger(UInt16(count + NoiseCipher.tagBytes))
            do {
                try plaintext.withUnsafeReadableBytes {
                    try outgoing.seal(UnsafeRawBufferPointer(rebasing: $0[..<count]), into: &output)
                }
            } catch let error as NoiseError { throw error } catch { preconditionFailure("\(error)") }
            plaintext.moveReaderIndex(forwardBy: count)
        }
    }

    /// Opens one frame and appends its plaintext, which may be empty.
    ///
    /// - Returns: false, with nothing changed, until a whole frame is there.
    package mutating func open(_ input: inout ByteBuffer, into plaintext: inout ByteBuffer) throws(NoiseError) -> Bool {
        guard let frame = try NoiseFrame.read(&input) else { return false }
        try incoming.open(frame, into: &plaintext)
        return true
    }
}
