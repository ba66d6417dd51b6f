import Libp2p

/// The two shapes of a Charon conversation, from the client's side. Source: p2p.md §10.
enum PeerStream {
    /// One message, no answer.
    static func send(_ message: [UInt8], to peer: PeerID, protocolID: String, host: Host) async throws {
        try await withTimeLimit(PeerSender.timeout) {
            let stream = try await host.newStream(to: peer, protocols: [protocolID], within: PeerSender.timeout)
            try await stream.writeMessage(message, closing: true)
            // The bytes are on their way; a peer that refuses the protocol would otherwise go unnoticed.
            try await stream.confirm()
            stream.close()
        }
    }

    /// One message, one answer.
    ///
    /// - Returns: the answer, and the time from just before writing to just after reading.
    static func request(
        _ message: [UInt8], to peer: PeerID, protocolID: String, answerBytesMax: Int, host: Host
    ) async throws -> (answer: [UInt8], roundTrip: Duration) {
        try await withTimeLimit(PeerSender.timeout) {
            let stream = try await host.newStream(to: peer, protocols: [protocolID], within: PeerSender.timeout)
            let clock = ContinuousClock()
            let start = clock.now
            try await stream.writeMessage(message, closing: true)
            let answer = try await stream.readMessage(limit: answerBytesMax)
            let roundTrip = clock.now - start
            stream.close()
            return (answer, roundTrip)
        }
    }

    private static func withTimeLimit<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw StreamError.timedOut
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
