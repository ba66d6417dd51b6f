import DutyWorkflow
import Libp2p

/// `/charon/parsigex/2.0.0`: the partial signatures of one duty, one message per stream, no answer.
package struct ParSigExProtocol: Sendable {
    package static let id = "/charon/parsigex/2.0.0"
    /// For reading and handling one message.
    package static let timeout = Duration.seconds(5)
    /// Streams of one peer at once: one message per duty, so a few in a slot.
    private static let concurrentPerPeer = 32

    /// What to do with shares other than the sender's own. Charon takes them, but no honest node sends any.
    package enum ForeignShares: Sendable {
        case refuse
        /// Accept and report, in case a client is found that forwards shares.
        case report
    }

    private let codec: ParSigExCodec
    private let directory: PeerDirectory
    private let foreignShares: ForeignShares
    private let admits: @Sendable (Duty) -> Bool
    private let authenticate: @Sendable (Duty, ParSignedDataSet) async throws(MessageFault) -> Void
    private let deliver: @Sendable (Duty, ParSignedDataSet) async -> Void
    private let observe: @Sendable (PeerEvent) -> Void

    /// - Parameters:
    ///   - admits: the duty gate, `Deadlines.admits`.
    ///   - authenticate: throws unless every partial signature verifies under the public share it claims.
    ///   - deliver: takes an authentic set; duplicates happen.
    package init(
        codec: ParSigExCodec, directory: PeerDirectory, foreignShares: ForeignShares = .refuse,
        admits: @escaping @Sendable (Duty) -> Bool,
        authenticate: @escaping @Sendable (Duty, ParSignedDataSet) async throws(MessageFault) -> Void,
        deliver: @escaping @Sendable (Duty, ParSignedDataSet) async -> Void,
        observe: @escaping @Sendable (PeerEvent) -> Void
    ) {
        self.codec = codec
        self.directory = directory
        self.foreignShares = foreignShares
        self.admits = admits
        self.authenticate = authenticate
        self.deliver = deliver
        self.observe = observe
    }

    package func serve(on host: Host) {
        host.handle(Self.id, timeout: Self.timeout, concurrentPerPeer: Self.concurrentPerPeer) { stream, peer in
            let bytes = try await stream.readMessage(limit: codec.messageBytesMax)
            await receive(bytes, from: directory.index(of: peer))
        }
    }

    func receive(_ bytes: [UInt8], from peer: PeerIndex?) async {
        do throws(MessageFault) {
            guard let peer else { throw .unknownSender }
            let (duty, set) = try codec.decode(bytes, admits: admits)
            if let foreign = set.values.first(where: { $0.shareIndex != ShareIndex(peer) }) {
                guard foreignShares == .report else { throw .foreignShare(foreign.shareIndex, from: peer) }
                observe(.foreignShare(foreign.shareIndex, from: peer))
            }
            try await authenticate(duty, set)
            await deliver(duty, set)
            observe(.delivered(peer, topic: Self.topic(duty)))
        } catch {
            observe(.refused(peer, protocolID: Self.id, error))
        }
    }

    /// Our own partial signatures, to every other operator; returns when all have been tried.
    package func send(_ duty: Duty, _ set: ParSignedDataSet, by sender: PeerSender) async {
        await sender.send(ParSigExCodec.encode(duty, set), protocolID: Self.id, topic: Self.topic(duty))
    }

    private static func topic(_ duty: Duty) -> String { "parsigex_\(duty.type.name)" }
}
