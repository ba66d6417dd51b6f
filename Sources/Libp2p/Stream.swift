import NIOCore

/// One conversation with a peer, over a protocol both agreed on. Any task may use it; one reads at a time.
///
/// Dropping the last reference resets a stream that was not closed. Bytes wait in the peer's window (at least
/// 256 KiB), so writes are back-pressured by how fast the peer reads.
package final class Stream: Sendable {
    package let peer: PeerID
    package let protocolID: String
    let core: StreamCore

    init(_ core: StreamCore, protocolID: String) {
        self.core = core
        self.protocolID = protocolID
        peer = core.connection.peer
    }

    deinit {
        core.abandon()
        core.releaseClaim()
    }

    package var connection: Connection { core.connection }

    // MARK: Reading

    /// At least one byte, at most `bytesMax`, as soon as there is one; nil at the peer's end.
    package func read(upTo bytesMax: Int = 1 << 16) async throws -> ByteBuffer? {
        try await core.read { buffer in
            guard buffer.readableBytes > 0 else { return nil }
            return buffer.readSlice(length: min(bytesMax, buffer.readableBytes))
        }
    }

    /// Exactly `count` bytes.
    package func read(exactly count: Int) async throws -> [UInt8] {
        guard let bytes = try await core.read({ $0.readBytes(length: count) }) else { throw StreamError.truncated }
        return bytes
    }

    /// A message: unsigned varint length, body. A length above `limit`, or above what this peer may still have
    /// in hand, is refused before anything is stored. It counts as in hand while this stream lives.
    package func readMessage(limit: Int) async throws -> [UInt8] {
        guard let message = try await readMessageIfAny(limit: limit) else { throw StreamError.truncated }
        return message
    }

    /// Like `readMessage`, but nil when the stream ends before one begins.
    package func readMessageIfAny(limit: Int) async throws -> [UInt8]? {
        var reader = DelimitedReader(limit: limit)
        let message = try await core.read { [core] input in try reader.receive(&input, admit: core.claim) }
        if let message { return message }
        guard !reader.hasStarted else { throw StreamError.truncated }
        return nil
    }

    // MARK: Writing

    /// Queues `bytes`; waits while more than 256 KiB are queued. Cancelling it resets the stream.
    ///
    /// - Parameter closing: also end our side; nothing is waited for, and all leaves in one packet if it fits.
    package func write(_ bytes: ByteBuffer, closing: Bool = false) async throws {
        try await core.write(bytes, closing: closing)
    }

    /// Queues `bytes`; waits while more than `queuedMax` are queued.
    func write(_ bytes: ByteBuffer, queuedMax: Int) async throws {
        try await core.write(bytes, closing: false, queuedMax: queuedMax)
    }

    package func write(_ bytes: [UInt8], closing: Bool = false) async throws {
        try await core.write(ByteBuffer(bytes: bytes), closing: closing)
    }

    /// Unsigned varint length, then `body`.
    package func writeMessage(_ body: [UInt8], closing: Bool = false) async throws {
        var message = ByteBuffer()
        message.reserveCapacity(UVarint.bytesMax + body.count)
        UVarint.write(UInt64(body.count), into: &message)
        message.writeBytes(body)
        try await core.write(message, closing: closing)
    }

    /// Ends our side, and returns once all of it was handed to the connection; throws when that failed.
    package func closeWrite() async throws { try await core.finish() }

    // MARK: Ending

    /// Ends our side after what is queued and ignores what still comes. Does not wait.
    package func close() { core.close() }

    /// Gives up both directions at once.
    package func reset(code: UInt32 = 0) { core.reset(code: code) }
}

extension StreamCore {
    /// The user let go.
    fileprivate func abandon() {
        let (isClosed, isFinished) = state.withLock { ($0.closeRequested || $0.failure != nil, $0.finishRequested) }
        if isClosed { return }
        if isFinished { close() } else { reset(code: 0) }
    }
}
