import DutyWorkflow
import Libp2p

/// `/charon/consensus/qbft/2.0.0`: one message per stream, no answer.
package struct ConsensusProtocol: Sendable {
    package static let id = "/charon/consensus/qbft/2.0.0"
    /// For reading and handling one message.
    package static let timeout = Duration.seconds(5)
    /// Streams of one peer at once: it sends a handful of messages per duty, each with all its values.
    private static let concurrentPerPeer = 32

    private let codec: ConsensusCodec
    private let directory: PeerDirectory
    private let admits: @Sendable (Duty) -> Bool
    private let deliver: @Sendable (ConsensusMessage) async -> Void
    private let observe: @Sendable (PeerEvent) -> Void

    /// - Parameters:
    ///   - admits: the duty gate, `Deadlines.admits`.
    ///   - deliver: takes an authentic message; duplicates happen.
    package init(
        codec: ConsensusCodec, directory: PeerDirectory, admits: @escaping @Sendable (Duty) -> Bool,
        deliver: @escaping @Sendable (ConsensusMessage) async -> Void, observe: @escaping @Sendable (PeerEvent) -> Void
    ) {
        self.codec = codec
        self.directory = directory
        self.admits = admits
        self.deliver = deliver
        self.observe = observe
    }

    package func serve(on host: Host) {
        host.handle(Self.id, timeout: Self.timeout, concurrentPerPeer: Self.concurrentPerPeer) { stream, peer in
            let bytes = try await stream.readMessage(limit: ConsensusCodec.messageBytesMax)
            await receive(bytes, from: directory.index(of: peer))
        }
    }

    /// - Parameter peer: who opened the stream; not necessarily who signed.
    func receive(_ bytes: [UInt8], from peer: PeerIndex?) async {
        do throws(MessageFault) {
            guard let peer else { throw .unknownSender }
            let message = try codec.decode(bytes, admits: admits)
            await deliver(message)
            observe(.delivered(peer, topic: Self.topic(message)))
        } catch {
            observe(.refused(peer, protocolID: Self.id, error))
        }
    }

    /// To every other operator; returns when all have been tried.
    package func send(_ message: ConsensusMessage, by sender: PeerSender) async throws(MessageFault) {
        let bytes = try ConsensusCodec.encode(message)
        await sender.send(bytes, protocolID: Self.id, topic: Self.topic(message))
    }

    private static func topic(_ message: ConsensusMessage) -> String {
        switch message.message.kind {
        case .prePrepare: "qbft_pre_prepare"
        case .prepare: "qbft_prepare"
        case .commit: "qbft_commit"
        case .roundChange: "qbft_round_change"
        case .decided: "qbft_decided"
        }
    }
}
