import Libp2p
import Timing

/// One message, one answer, from the client's side. Source: p2p.md §10.
enum PeerStream {
    /// - Parameter protocols: ids of the protocol, most wanted first.
    /// - Returns: the answer, and the time from just before writing to just after reading.
    static func request(
        _ message: [UInt8], to peer: PeerID, protocols: [String], answerBytesMax: Int, host: Host
    ) async throws -> (answer: [UInt8], roundTrip: Duration) {
        do {
            return try await withDeadline(PeerSender.timeout) {
                let stream = try await host.newStream(to: peer, protocols: protocols, within: PeerSender.timeout)
                let clock = ContinuousClock()
                let start = clock.now
                try await stream.writeMessage(message, closing: true)
                let answer = try await stream.readMessage(limit: answerBytesMax)
                let roundTrip = clock.now - start
                stream.close()
                return (answer, roundTrip)
            }
        } catch is DeadlineExceeded { throw StreamError.timedOut }
    }
}
